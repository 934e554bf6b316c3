"""`wenzheng eval transcripts`: conversations played to a running service over WebSocket, and written down.

The service is a process of its own on a copy of the data directory; what is written down is what came over
the line, nothing else. A scene says what its people do and what each waits for.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import websockets
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from eval.model_stub import ModelStub
from knowledge_base.errors import WenzhengError

SCENES_FILE = Path(__file__).parent / "data" / "scenes.json"
READY_WITHIN_S = 180
HEARD_WITHIN_S = 60
Frame: TypeAlias = dict[str, JsonValue]


class SceneFailed(WenzhengError):
    """What a scene waits for did not come, or the service did not start."""


class Deed(BaseModel):
    """Something one of a scene's people does.

    Attributes:
        who: The citizen, or the agent at the desk.
        send: The message, without ids.
        tap: Asks the option of the last answer whose label holds these words.
        until: Type of the message that is waited for, on the same line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: Literal["citizen", "agent"] = "citizen"
    send: Frame = {}
    tap: str = ""
    until: str = "answer"


class Scene(BaseModel):
    """A conversation.

    Attributes:
        settings: Of the service, by environment variable.
        model_says: What a language model answers to everything, for the scene of a hostile one.
        with_agent: Somebody is at the desk.
        ends: Status of the last answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z-]+$")
    title: str
    region: str | None = None
    locale: str = "zh-CN"
    settings: Mapping[str, str] = {}
    model_says: str = ""
    with_agent: bool = False
    deeds: tuple[Deed, ...]
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What came and went over the lines of a scene, in order: who sent or was sent which frame."""

    scene: Scene
    frames: tuple[tuple[str, Frame], ...]

    def last_status(self) -> str:
        """Return how the last answer ended; empty for none."""
        ended = [frame["answer"] for who, frame in self.frames if who == "service" and "answer" in frame]
        last = ended[-1] if ended else {}
        return str(last.get("status", "")) if isinstance(last, dict) else ""


def read_scenes(path: Path = SCENES_FILE) -> tuple[Scene, ...]:
    """Read scenes.

    Raises:
        pydantic.ValidationError: If one is malformed.
    """
    return tuple(Scene.model_validate(row) for row in json.loads(path.read_text(encoding="utf-8")))


def record_scenes(scenes: Sequence[Scene], data_dir: Path) -> Iterator[Transcript]:
    """Play scenes one after the other, each to a service freshly started on a copy of the data.

    Raises:
        SceneFailed: If one does not go as it says.
    """
    for scene in scenes:
        with tempfile.TemporaryDirectory(prefix="wenzheng-scene-") as folder:
            copy = Path(folder) / "data"
            shutil.copytree(data_dir, copy, symlinks=True)
            transcript = _record(scene, copy)
        if scene.ends and transcript.last_status() != scene.ends:
            raise SceneFailed(f"{scene.name} ended as {transcript.last_status()!r}, not {scene.ends!r}")
        yield transcript


def _record(scene: Scene, data_dir: Path) -> Transcript:
    stub = ModelStub(lambda _system, _user: scene.model_says)
    with stub.serving() if scene.model_says else nullcontext("") as url:
        settings = {**scene.settings}
        if url:
            settings |= {"WENZHENG_LLM_URL": url, "WENZHENG_LLM_MODEL": "stub"}
        token = _add_agent(data_dir) if scene.with_agent else ""
        with _serving(data_dir, settings) as port:
            return asyncio.run(play(scene, port, token))


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "channels.cli", *arguments]


def _add_agent(data_dir: Path) -> str:
    made = subprocess.run(  # noqa: S603 our own command
        _command("desk", "add-agent", "小李", "--json", "--data-dir", str(data_dir)),
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(made.stdout)["token"])


@contextmanager
def _serving(data_dir: Path, settings: Mapping[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    service = subprocess.Popen(  # noqa: S603 our own command
        _command("serve", "--no-sample", "--port", str(port), "--data-dir", str(data_dir)),
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_wait_until_ready(service, port))
        yield port
    finally:
        service.terminate()
        service.wait(timeout=30)


async def _wait_until_ready(service: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(READY_WITHIN_S * 2):
        if service.poll() is not None:
            raise SceneFailed(f"the service ended with code {service.returncode} before it was ready")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            await asyncio.sleep(0.5)
    raise SceneFailed(f"the service was not ready within {READY_WITHIN_S} s")


class _Line:
    """One person's line to the service, and everything that goes over it."""

    def __init__(
        self, who: str, connection: websockets.ClientConnection, frames: list[tuple[str, Frame]]
    ) -> None:
        self._who = who
        self._connection = connection
        self._frames = frames
        self._sent = 0
        self.handover: JsonValue = None
        self.options: list[Frame] = []

    async def send(self, frame: Frame) -> None:
        self._sent += 1
        if frame["type"] in ("question", "say", "open_ticket"):
            frame = {"client_id": f"{self._who}-{self._sent}", **frame}
        if self._who == "agent" and frame["type"] in ("say", "end", "transfer"):
            frame = {"handover_id": self.handover, **frame}
        self._frames.append((self._who, frame))
        await self._connection.send(json.dumps(frame, ensure_ascii=False))

    async def hear(self, until: str) -> None:
        """Listen until a message of this type has come.

        Raises:
            SceneFailed: If it does not come in time, or the service refuses something.
        """
        to = "service" if self._who == "citizen" else "desk"
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                while True:
                    frame: Frame = json.loads(await self._connection.recv())
                    self._frames.append((to, frame))
                    if frame["type"] == "assigned" and isinstance(frame["handover"], dict):
                        self.handover = frame["handover"]["id"]
                    if frame["type"] == "answer" and isinstance(frame["answer"], dict):
                        self.options = _rows(frame["answer"]["options"])
                    if frame["type"] == "error":
                        raise SceneFailed(f"refused: {frame['message']}")
                    if frame["type"] == until:
                        return
        except TimeoutError:
            raise SceneFailed(f"waited {HEARD_WITHIN_S} s for {until!r} in vain") from None

    def option(self, words: str) -> Frame:
        """Return the question of the option that holds these words.

        Raises:
            SceneFailed: If the last answer offered none.
        """
        for option in self.options:
            if words in str(option["label"]):
                return {"type": "question", "text": option["question"], "region": option.get("region")}
        raise SceneFailed(f"no option with {words!r} among {[each['label'] for each in self.options]}")


async def play(scene: Scene, port: int, token: str) -> Transcript:
    """Play a scene to the service on a port of loopback; `token` signs an agent on, empty for none.

    Raises:
        SceneFailed: If it does not go as it says.
    """
    frames: list[tuple[str, Frame]] = []
    address = f"ws://127.0.0.1:{port}/ws/v1"
    async with websockets.connect(f"{address}/chat") as chat:
        lines = {"citizen": _Line("citizen", chat, frames)}
        if token:
            desk = await websockets.connect(f"{address}/desk")
            lines["agent"] = _Line("agent", desk, frames)
            await lines["agent"].send({"type": "sign_on", "token": token})
            frames[-1] = ("agent", {"type": "sign_on", "token": "…"})
            await lines["agent"].hear("signed_on")
        await lines["citizen"].send({"type": "hello", "region": scene.region, "locale": scene.locale})
        await lines["citizen"].hear("welcome")
        for deed in scene.deeds:
            line = lines[deed.who]
            if deed.tap:
                await line.send(line.option(deed.tap))
            elif deed.send:
                await line.send(dict(deed.send))
            await line.hear(deed.until)
    return Transcript(scene, tuple(frames))


def as_markdown(transcript: Transcript) -> str:
    """Return a transcript to read; the frames as they were are saved beside it."""
    lines = [f"# {transcript.scene.title}", ""]
    for who, frame in transcript.frames:
        shown = _shown(who, frame)
        if shown:
            lines += [shown, ""]
    return "\n".join(lines)


_WHO = {"citizen": "市民", "agent": "坐席"}


def _shown(who: str, frame: Frame) -> str:
    kind = frame["type"]
    answer = frame.get("answer")
    if kind == "answer" and isinstance(answer, dict):
        return _answer(answer)
    if who in _WHO:
        said = frame.get("text") or {"call_person": "（转人工）", "end": "（转回智能问答）"}.get(
            str(kind), ""
        )
        return f"**{_WHO[who]}**：{said}" if said else ""
    return _told(str(kind), frame)


_TOLD = {
    "queued": "（排队，第 {position} 位）",
    "agent_joined": "（人工客服{name}已接入）",
    "agent_message": "**市民看到**：{text}",
    "handed_back": "（转回智能问答：{reason}）",
    "ticket_offered": "（提议留工单：{reason}）",
    "ticket": "（工单 {number}，查询码 {code}，{department}，{due} 前答复）",
}


def _told(kind: str, frame: Frame) -> str:
    if kind == "assigned":
        return f"（坐席收到会话，此前 {len(_rows(frame['past']))} 句）"
    if kind == "suggestion":
        return f"（给坐席的参考：{str(_text_of(frame['advice']))[:60]}…）"
    return _TOLD[kind].format_map(frame) if kind in _TOLD else ""


def _rows(value: JsonValue) -> list[Frame]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text_of(advice: JsonValue) -> JsonValue:
    answer = advice.get("answer") if isinstance(advice, dict) else None
    return answer.get("text") if isinstance(answer, dict) else None


def _answer(answer: Frame) -> str:
    quoted = "\n".join(f"> {line}" for line in str(answer["text"]).splitlines())
    parts = [f"**问政**（`{answer['status']}`）：", "", quoted]
    for name, shown in (
        ("引文", [_citation(each) for each in _rows(answer["citations"])]),
        ("选项", [str(each["label"]) for each in _rows(answer["options"])]),
        ("事项", [f"{each['name']}（{each['url'] or '线下办理'}）" for each in _rows(answer["services"])]),
    ):
        if shown:
            parts += ["", f"{name}：" + "；".join(shown)]
    return "\n".join(parts)


def _citation(citation: Frame) -> str:
    document = citation["document"]
    title = document["title"] if isinstance(document, dict) else ""
    return f"《{title}》{citation.get('article') or ''}"
