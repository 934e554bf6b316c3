"""Links checked against a real server on this machine: dead, soft-dead, moved, slow, and shut to robots."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from knowledge_base.database import open_database
from knowledge_base.fetching import Fetcher
from knowledge_base.services.catalogue import Catalogue
from knowledge_base.services.links import LinkChecker
from knowledge_base.services.records import Batch, LinkState
from knowledge_base.services.store import ServiceStore
from knowledge_base.services.watching import LinkWatch, check_links
from tests.knowledge_base.services.samples import ACTIVATE, changed

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
LONG = "办理须知。" * 200
PAGES: dict[str, tuple[int, dict[str, str], str]] = {
    "/good": (200, {}, f"<title>社保卡补领</title><p>{LONG}</p><p>页面不存在的，请致电。</p>"),
    "/gone": (404, {}, "没有"),
    "/broken": (500, {}, "出错"),
    "/keeps-out": (403, {}, "禁止"),
    "/soft": (200, {}, "<html><script>var a='办理';</script><body><h1>您访问的页面不存在</h1></body></html>"),
    "/soft-title": (200, {}, f"<title>404 Not Found</title><p>{LONG}</p>"),
    "/soft-gbk": (200, {"Content-Type": "text/html; charset=gbk"}, "<p>该事项已下线</p>"),
    "/moved": (301, {"Location": "/good"}, ""),
    "/home": (302, {"Location": "/"}, ""),
    "/loop": (302, {"Location": "/loop"}, ""),
    "/": (200, {}, "<title>首页</title>欢迎"),
}


class Site(BaseHTTPRequestHandler):
    """Answers as `PAGES` says; `/flaky` fails the first time, `/slow` never comes to an end."""

    asked: ClassVar[list[str]] = []
    at_once: ClassVar[int] = 0
    most_at_once: ClassVar[int] = 0

    def do_GET(self) -> None:
        self.asked.append(self.path)
        Site.at_once += 1
        Site.most_at_once = max(Site.most_at_once, Site.at_once)
        with suppress(OSError):
            self._answer()

    def _answer(self) -> None:
        time.sleep(1.0 if self.path == "/slow" else 0.01)
        Site.at_once -= 1
        if self.path == "/slow":
            return
        status, headers, text = PAGES.get(self.path, (200, {}, "好的页面"))
        if self.path == "/flaky" and self.asked.count("/flaky") == 1:
            status = 503
        self.send_response(status)
        for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode("gbk" if "gbk" in headers.get("Content-Type", "") else "utf-8"))

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
    while Site.at_once:  # one asked in vain may still be at it
        time.sleep(0.01)
    Site.asked.clear()
    Site.most_at_once = 0


def resolve(host: str, port: int) -> Sequence[str]:
    if host == "inner.example":
        return ["10.0.0.8"]
    if not host.endswith(".gov.example"):
        raise OSError("no such name")
    return ["127.0.0.1"]


def checker(timeout_s: float = 5.0, **changes: float) -> LinkChecker:
    fetcher = Fetcher(resolve=resolve, allowed=lambda address: address == "127.0.0.1", timeout_s=timeout_s)
    numbers = {"pause_s": 0.0, "retry_after_s": 0.0} | changes
    return LinkChecker(fetcher=fetcher, clock=lambda: NOON, **numbers)  # type: ignore[arg-type]


def check(port: int, *paths: str, timeout_s: float = 5.0) -> list[LinkState]:
    return checker(timeout_s).check([f"http://a.gov.example:{port}{path}" for path in paths])


@pytest.mark.parametrize(
    ("path", "state", "reason"),
    [
        ("/good", "ok", ""),
        ("/flaky", "ok", ""),
        ("/gone", "dead", "应答 HTTP 404"),
        ("/broken", "dead", "应答 HTTP 500"),
        ("/keeps-out", "unsure", "应答 HTTP 403"),
        ("/soft", "dead", "页面能打开，内容却是“访问的页面不存在”"),
        ("/soft-title", "dead", "页面能打开，内容却是“404 Not Found”"),
        ("/soft-gbk", "dead", "页面能打开，内容却是“事项已下线”"),
        ("/moved", "ok", "已跳转到新的网址，请更新"),
        ("/home", "dead", "跳转到了网站首页，原来的页面多半已经没有了"),
        ("/loop", "dead", "网址跳转超过 5 次"),
        ("/", "ok", ""),
    ],
)
def test_what_is_found_of_a_page(port: int, path: str, state: str, reason: str) -> None:
    (found,) = check(port, path)
    assert (found.state, found.reason, found.checked_at) == (state, reason, NOON)


def test_a_redirect_says_where_to(port: int) -> None:
    assert check(port, "/moved")[0].final_url == f"http://a.gov.example:{port}/good"


def test_what_fails_for_the_moment_is_asked_again_what_is_gone_is_not(port: int) -> None:
    check(port, "/broken", "/gone")
    assert (Site.asked.count("/broken"), Site.asked.count("/gone")) == (2, 1)


def test_a_server_that_speaks_no_tls_is_dead_by_https(port: int) -> None:
    (found,) = checker().check([f"https://a.gov.example:{port}/good"])
    assert found.state == "dead"
    assert "证书不可信或加密方式不支持" in found.reason


def test_time_is_bounded(port: int) -> None:
    begun = time.monotonic()
    ok, slow = check(port, "/good", "/slow", timeout_s=0.3)
    assert (ok.state, slow.state) == ("ok", "dead")
    assert "0 秒内没有传完" in slow.reason or "没有正常应答" in slow.reason
    assert time.monotonic() - begun < 3


def test_what_time_does_not_suffice_for_is_left_out(port: int) -> None:
    assert checker(total_s=0.0).check([f"http://a.gov.example:{port}/good"]) == []


def test_an_inner_address_tells_nothing(port: int) -> None:
    good, inner = checker().check([f"http://a.gov.example:{port}/good", "http://inner.example/x"])
    assert (good.state, inner.state) == ("ok", "unsure")


def test_one_unknown_host_is_dead_but_where_none_is_reached_the_fault_may_be_here(port: int) -> None:
    unknown = "http://nowhere.example/x"
    good, dead = checker().check([f"http://a.gov.example:{port}/good", unknown])
    assert (good.state, dead.state) == ("ok", "dead")
    (alone,) = checker().check([unknown])
    assert alone.state == "unsure"
    assert alone.reason.startswith("一个网站都连不上")


def test_one_host_is_asked_one_page_after_another(port: int) -> None:
    done: list[tuple[int, int]] = []
    urls = [f"http://a.gov.example:{port}/{number}" for number in range(6)]
    states = checker().check([*urls, urls[0]], on_progress=lambda *each: done.append(each))
    assert [each.url for each in states] == urls
    assert Site.most_at_once == 1
    assert done[-1] == (6, 6)


def test_dead_entries_are_kept_hidden_and_forgotten_when_no_longer_used(port: int, database_url: str) -> None:
    engine = open_database(database_url)
    store = ServiceStore(engine)
    entry, form = f"http://a.gov.example:{port}/gone", f"http://a.gov.example:{port}/good"
    materials = [{"name": "申请表", "form_guid": form}]
    item = changed(ACTIVATE, {"link_addr": entry, "materials": materials})
    store.take_in(Batch(items=(item,)), by="小王")
    states = check_links(store, checker())
    assert [(each.url, each.state) for each in states] == [(entry, "dead"), (form, "ok")]
    catalogue = Catalogue(store.snapshot())
    assert (catalogue.is_dead(entry), catalogue.is_dead(form)) == (True, False)
    store.take_in(Batch(items=(ACTIVATE,)), by="小王")
    check_links(store, checker())
    assert store.snapshot().links == {}
    engine.dispose()


def test_the_watch_checks_when_it_is_time(port: int, database_url: str) -> None:
    engine = open_database(database_url)
    store = ServiceStore(engine)
    item = changed(ACTIVATE, {"link_addr": f"http://a.gov.example:{port}/gone"})
    store.take_in(Batch(items=(item,)), by="小王")
    now = [NOON]
    watch = LinkWatch(store, checker(), every=timedelta(hours=24), clock=lambda: now[0])
    assert watch.look()
    assert not watch.look()
    now[0] += timedelta(hours=24)
    assert watch.look()
    assert Site.asked == ["/gone", "/gone"]
    assert Catalogue(store.snapshot()).items_on(date(2026, 11, 25)) == [item]
    watch.start()
    watch.stop()
    engine.dispose()
