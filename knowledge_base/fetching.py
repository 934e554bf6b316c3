"""Fetching one page or file by its URL, for an operator: public addresses only, bounded in size and time.

Every address a name resolves to is checked, and the connection is made to the checked address
itself, so that a name which resolves differently a moment later changes nothing. Each redirect
goes through the same.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from knowledge_base.addresses import is_public
from knowledge_base.errors import FetchError
from knowledge_base.loaders.bounds import shown_size
from knowledge_base.loaders.reading_bytes import MAX_BYTES

USER_AGENT = "WenzhengBot/0.1 (fetches one page at an operator's request)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._?"


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the system resolves it.

    Raises:
        OSError: If it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address gave.

    Attributes:
        url: The last one, after redirects.
        content_type: Lower case, without parameters, such as `text/html`; empty when not said.
        charset: As the header says; empty when it does not.
    """

    url: str
    content_type: str
    charset: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How pages are fetched.

    Attributes:
        allowed: Which addresses may be asked; tests that serve pages themselves say otherwise.
        timeout_s: For the whole of it, redirects included.
    """

    resolve: Callable[[str, int], Sequence[str]] = resolve
    allowed: Callable[[str], bool] = is_public
    max_bytes: int = MAX_BYTES
    max_redirects: int = 5
    timeout_s: float = 60.0

    def fetch(self, url: str) -> Fetched:
        """Return what stands at `url`.

        Raises:
            FetchError: If the URL is not plain http or https, an address is not public, or the server
                fails, takes too long, sends too much, nothing, or more redirects than allowed.
        """
        until = time.monotonic() + self.timeout_s
        address = url
        for _ in range(self.max_redirects + 1):
            parts = split_url(address)
            response = self._ask(parts, until)
            if isinstance(response, Fetched):
                return response
            address = urljoin(urlunsplit(parts), response)
        raise FetchError(f"网址跳转超过 {self.max_redirects} 次：请直接给出最后的网址", kind="redirects")

    def _ask(self, parts: SplitResult, until: float) -> Fetched | str:
        """Ask one server; return where it redirects to, or what it gave."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        connection = self._connect(parts.scheme, host, port, until)
        peer = connection.sock
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            if peer is not None:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)

        # A server that sends a byte now and then never runs into the socket's own time-out.
        watch = threading.Timer(max(0.0, until - time.monotonic()), expire)
        watch.daemon = True
        watch.start()
        try:
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            headers = {
                "Host": _authority(host, parts.port),
                "User-Agent": USER_AGENT,
                "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }
            connection.request("GET", target, headers=headers, preload_content=False)
            response = connection.getresponse()
            answer = self._answer(parts, response, expired)
        except (HTTPError, OSError, ValueError) as error:
            if expired.is_set():
                raise self._too_slow() from error
            raise FetchError(
                f"{host} 没有正常应答（{type(error).__name__}）：请稍后再试，或在浏览器里保存后导入"
            ) from error
        finally:
            watch.cancel()
            connection.close()
        if expired.is_set():
            raise self._too_slow()
        return answer

    def _answer(
        self, parts: SplitResult, response: urllib3.BaseHTTPResponse, expired: threading.Event
    ) -> Fetched | str:
        if response.status in _REDIRECTS and (location := response.headers.get("Location")):
            return location
        if response.status != 200:
            raise FetchError(
                f"网址应答 HTTP {response.status}：请在浏览器里核对它能否打开",
                kind="status",
                status=response.status,
            )
        declared = int(length) if (length := response.headers.get("Content-Length", "")).isdecimal() else 0
        data = bytearray()
        while declared <= self.max_bytes and not expired.is_set() and (piece := response.read(65_536)):
            data += piece
            if len(data) > self.max_bytes:
                break
        if max(declared, len(data)) > self.max_bytes:
            raise FetchError(
                f"网址的内容超过上限 {shown_size(self.max_bytes)}：请下载后拆分，或调高上限", kind="size"
            )
        if not data and not expired.is_set():
            raise FetchError("网址应答了空白内容：请在浏览器里核对", kind="empty")
        header = Message()
        header["Content-Type"] = response.headers.get("Content-Type", "")
        kind = header.get_content_type() if header["Content-Type"] else ""
        charset = header.get_content_charset() or ""
        return Fetched(urlunsplit(parts), kind, charset, bytes(data))

    def _connect(self, scheme: str, host: str, port: int, until: float) -> HTTPConnection:
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchError(
                f"查不到 {host} 的地址：请核对网址，或检查这台机器的网络", kind="name"
            ) from error
        refused = [address for address in addresses if not self.allowed(address)]
        if refused or not addresses:
            raise FetchError(
                f"{host} 指向内部或保留的地址 {'、'.join(refused)}，不能抓取：只收公网上的网页",
                kind="refused",
            )
        fault: Exception | None = None
        for address in addresses:
            left = until - time.monotonic()
            if left <= 0:
                raise self._too_slow()
            connection = (
                HTTPConnection(address, port, timeout=left)
                if scheme == "http"
                else HTTPSConnection(
                    address,
                    port,
                    timeout=left,
                    server_hostname=host,
                    ssl_context=ssl.create_default_context(),
                )
            )
            try:
                connection.connect()
            except (HTTPError, OSError) as error:
                connection.close()
                fault = error
            else:
                return connection
        secure = isinstance(fault, ssl.SSLError) or "SSL" in type(fault).__name__
        reason = "的证书不可信或加密方式不支持" if secure else "连接不上"
        raise FetchError(
            f"{host} {reason}：请核对网址，或在浏览器里保存后导入", kind="tls" if secure else "connection"
        ) from fault

    def _too_slow(self) -> FetchError:
        return FetchError(f"网址在 {self.timeout_s:.0f} 秒内没有传完：请稍后再试，或下载后导入", kind="time")


def split_url(url: str) -> SplitResult:
    """Take a URL apart, its host in ASCII, its path and query escaped, its fragment dropped.

    Raises:
        FetchError: If it is not http or https, names a user, or has no proper host or port.
    """
    if any(ord(character) <= 32 or character == "\\" for character in url):
        raise FetchError("网址里有空格或不可见字符：请重新复制", kind="url")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (
            (parts.hostname or "").encode("idna").decode("ascii")
            if ":" not in (parts.hostname or "")
            else parts.hostname
        )
    except (ValueError, UnicodeError) as error:
        raise FetchError(f"网址 {url[:80]} 不合规范：请重新复制", kind="url") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise FetchError(f"只能抓取 http 和 https 网址，不能是 {scheme or '没有协议的地址'}", kind="url")
    if not host or port == 0:
        raise FetchError(f"网址 {url[:80]} 没有写明网站：请重新复制", kind="url")
    if "@" in parts.netloc:
        raise FetchError("网址里带有用户名或密码，不能抓取：请用公开的网址", kind="url")
    return SplitResult(
        scheme, _authority(host, port), quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE), ""
    )


def _authority(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"
