"""Fetching from a server on this machine, by a resolver and a policy that say it may be asked."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from knowledge_base.errors import FetchError
from knowledge_base.fetching import USER_AGENT, Fetcher, split_url

Answer = tuple[int, Mapping[str, str], bytes]


class Site(BaseHTTPRequestHandler):
    """Answers as told, by path; keeps what it was asked."""

    answers: ClassVar[dict[str, Answer]] = {}
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path, self.headers["User-Agent"]))
        if self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b".")
                    self.wfile.flush()
                    time.sleep(0.05)
            return
        status, headers, body = self.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _clean() -> None:
    Site.answers.clear()
    Site.asked.clear()


NAMES = {
    "www.gov.example": ["127.0.0.1"],
    "inner.example": ["10.0.0.8"],
    "both.example": ["127.0.0.1", "192.168.1.1"],
}


def resolve(host: str, port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


def fetcher(**changes: object) -> Fetcher:
    return Fetcher(**({"resolve": resolve, "allowed": lambda address: address == "127.0.0.1"} | changes))  # type: ignore[arg-type]


def test_a_page_with_its_type_and_charset(port: int) -> None:
    Site.answers["/a/%E9%80%9A%E7%9F%A5.html?id=1"] = (
        200,
        {"Content-Type": "text/html; charset=GBK"},
        "通知".encode("gbk"),
    )
    fetched = fetcher().fetch(f"http://www.gov.example:{port}/a/通知.html?id=1#top")
    assert (fetched.content_type, fetched.charset, fetched.data) == ("text/html", "gbk", "通知".encode("gbk"))
    assert fetched.url == f"http://www.gov.example:{port}/a/%E9%80%9A%E7%9F%A5.html?id=1"
    assert Site.asked == [(f"www.gov.example:{port}", "/a/%E9%80%9A%E7%9F%A5.html?id=1", USER_AGENT)]


def test_the_name_is_resolved_once_a_hop_and_the_checked_address_is_asked(port: int) -> None:
    """A name that answers with another address the second time (DNS rebinding) gains nothing."""
    answers = iter([["127.0.0.1"], ["10.0.0.8"]])
    Site.answers["/"] = (200, {}, b"x")
    assert fetcher(resolve=lambda *_: next(answers)).fetch(f"http://turns.example:{port}").data == b"x"
    assert next(answers) == ["10.0.0.8"]


@pytest.mark.parametrize("host", ["inner.example", "both.example"])
def test_one_address_that_is_not_public_is_enough_to_refuse(port: int, host: str) -> None:
    with pytest.raises(FetchError, match="内部或保留的地址"):
        fetcher().fetch(f"http://{host}:{port}/")
    assert Site.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_by_default_this_machine_is_not_asked(port: int, host: str) -> None:
    with pytest.raises(FetchError, match=r"内部或保留的地址|查不到"):
        Fetcher().fetch(f"http://{host}:{port}/")
    assert Site.asked == []


def test_redirects_are_followed_checked_and_counted(port: int) -> None:
    for n in range(7):
        Site.answers[f"/{n}"] = (302, {"Location": f"/{n + 1}"}, b"")
    Site.answers["/5"] = (200, {}, b"end")
    here = f"http://www.gov.example:{port}"
    assert fetcher().fetch(f"{here}/0").url == f"{here}/5"
    Site.answers["/5"] = (307, {"Location": "/6"}, b"")
    with pytest.raises(FetchError, match="超过 5 次"):
        fetcher().fetch(f"{here}/0")
    for target, words in [
        (f"http://inner.example:{port}/", "内部或保留"),
        ("file:///etc/passwd", "只能抓取"),
        ("//a:b@www.gov.example/", "用户名"),
    ]:
        Site.answers["/away"] = (301, {"Location": target}, b"")
        with pytest.raises(FetchError, match=words):
            fetcher().fetch(f"{here}/away")


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "2000"}])
def test_too_much(port: int, headers: dict[str, str]) -> None:
    Site.answers["/"] = (200, headers, b"x" * 2000)
    with pytest.raises(FetchError, match="上限 1999 字节"):
        fetcher(max_bytes=1999).fetch(f"http://www.gov.example:{port}/")
    assert len(fetcher(max_bytes=2000).fetch(f"http://www.gov.example:{port}/").data) == 2000


def test_too_slow_also_when_a_byte_comes_now_and_then(port: int) -> None:
    started = time.monotonic()
    with pytest.raises(FetchError, match="没有传完"):
        fetcher(timeout_s=0.5).fetch(f"http://www.gov.example:{port}/drip")
    assert time.monotonic() - started < 4


def test_what_servers_say_instead(port: int) -> None:
    with pytest.raises(FetchError, match="HTTP 404"):
        fetcher().fetch(f"http://www.gov.example:{port}/nothing")
    Site.answers["/"] = (200, {}, b"")
    with pytest.raises(FetchError, match="空白内容"):
        fetcher().fetch(f"http://www.gov.example:{port}/")
    with pytest.raises(FetchError, match="查不到"):
        fetcher().fetch("http://unknown.example/")
    with pytest.raises(FetchError, match=r"证书|连接不上"):
        fetcher().fetch(f"https://www.gov.example:{port}/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.cn/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///a",
        "http://a.cn:99999/",
        "http://a.cn:0/",
        "http://u:p@a.cn/",
        "http://a.cn\\@b.cn/",
        "http://a.cn/ b",
        "http://a.cn/\r\nX: y",
        "http://[::1",
    ],
)
def test_urls_that_are_not_taken(url: str) -> None:
    with pytest.raises(FetchError):
        split_url(url)


def test_urls_are_written_in_ascii() -> None:
    parts = split_url("HTTPS://政务.example:8443/通知?类=一&b=%E4#段")
    assert parts.geturl() == "https://xn--zfr164b.example:8443/%E9%80%9A%E7%9F%A5?%E7%B1%BB=%E4%B8%80&b=%E4"
