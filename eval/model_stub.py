"""A stand-in for a language model: a real HTTP server that speaks the OpenAI wire and says what it is told.

It can also fail in the ways that servers do.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE_CHARS = 7


class Failure(StrEnum):
    """How a server lets one down."""

    REFUSES = "refuses"
    BREAKS_OFF = "breaks_off"
    DRIPS = "drips"
    BABBLES = "babbles"
    IS_SILENT = "is_silent"


class ModelStub:
    """What the server answers with, and what it was asked.

    Attributes:
        reply: Given the system prompt and the user's, returns the text.
        failure: How to fail; None for not.
        prompts: The user's prompts so far; `bodies` are the requests whole.
    """

    def __init__(self, reply: Callable[[str, str], str], failure: Failure | None = None) -> None:
        self.reply = reply
        self.failure = failure
        self.bodies: list[dict[str, object]] = []
        self.prompts: list[str] = []
        self.keys: list[str] = []

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port of loopback; gives the base URL."""
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                stub._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent: tests read stderr."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        messages = {message["role"]: message["content"] for message in body["messages"]}
        self.bodies.append(body)
        self.prompts.append(messages["user"])
        self.keys.append(handler.headers.get("Authorization", ""))
        if self.failure is Failure.REFUSES:
            handler.send_response(503)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        try:
            for event in self._events(messages.get("system", ""), messages["user"]):
                handler.wfile.write(f"data: {event}\n\n".encode())
                handler.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            return  # whoever listened has heard enough

    def _events(self, system: str, user: str) -> Iterator[str]:
        if self.failure is Failure.BABBLES:
            yield "{not json"
            return
        text = "" if self.failure is Failure.IS_SILENT else self.reply(system, user)
        for start in range(0, len(text), PIECE_CHARS):
            yield _chunk({"content": text[start : start + PIECE_CHARS]})
            if self.failure is Failure.BREAKS_OFF:
                yield "{"
                return
            if self.failure is Failure.DRIPS:
                time.sleep(0.2)
        yield _chunk({}, "stop")
        yield "[DONE]"


def _chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": "stub", "choices": [choice]},
        ensure_ascii=False,
    )
