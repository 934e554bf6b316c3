"""What every HTTP exchange passes through: a bound on its size, and headers that keep browsers careful."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.protocol import ErrorCode
from channels.web.errors import error_response


class BodyLimit:
    """Refuses a request body over `max_bytes`, announced or not, without reading the rest."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > self._max_bytes:
            await self._refuse(int(announced) if announced.isdigit() else 0, scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                await self._refuse(len(body), scope, receive, send)
                return
        pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def read() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, read, send)

    async def _refuse(self, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        words = f"请求有 {size} 字节，最多 {self._max_bytes} 字节。"
        response = error_response(413, ErrorCode.TOO_LARGE, words, {"Connection": "close"})
        await response(scope, receive, send)


class SecurityHeaders:
    """Adds the headers that forbid foreign scripts, sniffing, framing and leaking of addresses."""

    def __init__(self, app: ASGIApp, allowed_origins: tuple[str, ...] = ()) -> None:
        self._app = app
        ancestors = " ".join(("'self'", *allowed_origins))
        self._headers = {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                f"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
