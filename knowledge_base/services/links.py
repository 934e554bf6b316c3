"""Checking the doors: does each web address of the catalogue still lead to what it promised?

Dead is what cannot serve a citizen: an answer 404, a certificate nobody trusts, a page that says there is no
such page. What only keeps robots out tells nothing, and what fails once is asked again before it is believed.
Where no host at all can be reached the fault is most likely here, and nothing is called dead.
"""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

from knowledge_base.errors import FetchError, UnreadableFile
from knowledge_base.fetching import Fetched, Fetcher
from knowledge_base.loaders.decoding import decode
from knowledge_base.services.records import LinkState

_PAGE_BYTES = 2 * 1024 * 1024
_GONE = frozenset({404, 410})
# Sites that let no program in answer like this; a citizen's browser may well get through.
_KEEPS_OUT = frozenset({401, 403, 405, 406, 412, 418, 421, 429, 521})
_NO_CONNECTION = frozenset({"name", "connection", "time"})
_SOFT_GONE = re.compile(
    r"(?:页面|网页|内容|文章|事项|服务|资源|链接)[^。，\s]{0,6}(?:不存在|已删除|已被删除|已下线|已取消|已失效|已过期|找不到|未找到|不见了|走丢)"
    r"|找不到(?:您|你)?[^。，\s]{0,8}(?:页面|网页|内容)|没有找到(?:您|你)?[^。，\s]{0,8}(?:页面|网页|内容)"
    r"|(?:访问|查看|请求)的(?:页面|网页|内容|地址)[^。]{0,8}(?:不存在|有误|错误)|404\s*(?:not\s*found|错误|页面)|page\s*not\s*found"
    r"|暂停服务|停止服务|网站已关闭|域名(?:已过期|出售)",
    re.IGNORECASE,
)
# A page that says in passing that something does not exist is no error page; those are short.
_SHORT_CHARS = 600
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(
    r"<(script|style|head|template)\b.*?</\1\s*>|<!--.*?-->|<[^>]+>", re.IGNORECASE | re.DOTALL
)
_HOME_PATHS = frozenset({"", "/", "/index.html", "/index.htm", "/index.jsp", "/index.shtml", "/index"})


@dataclass(frozen=True, slots=True)
class LinkChecker:
    """How addresses are checked.

    Attributes:
        fetcher: Bounded in time and size for each address.
        hosts_at_once: Hosts asked at the same time; of one host, one address after another.
        pause_s: Between two requests to one host.
        retry_after_s: Before what failed for a moment's reason is asked again.
        total_s: For the whole run; what is not asked by then keeps the state it had.
    """

    fetcher: Fetcher = field(
        default_factory=lambda: Fetcher(max_bytes=_PAGE_BYTES, max_redirects=5, timeout_s=10.0)
    )
    hosts_at_once: int = 8
    pause_s: float = 0.5
    retry_after_s: float = 3.0
    total_s: float = 1800.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def check(
        self, urls: Iterable[str], *, on_progress: Callable[[int, int], None] | None = None
    ) -> list[LinkState]:
        """Return what is found of each address, those left out that time did not suffice for."""
        by_host: dict[str, list[str]] = defaultdict(list)
        for url in dict.fromkeys(urls):
            by_host[urlsplit(url).netloc.lower()].append(url)
        until = time.monotonic() + self.total_s
        total, done, lock = sum(map(len, by_host.values())), [0], threading.Lock()

        def of_host(of_one: Sequence[str]) -> list[_Found]:
            found: list[_Found] = []
            for number, url in enumerate(of_one):
                if number:
                    time.sleep(self.pause_s)
                if time.monotonic() >= until:
                    break
                found.append(self._find(url))
                with lock:
                    done[0] += 1
                    if on_progress is not None:
                        on_progress(done[0], total)
            return found

        with ThreadPoolExecutor(self.hosts_at_once, thread_name_prefix="links") as pool:
            found = [each for of_one in pool.map(of_host, by_host.values()) for each in of_one]
        if any(each.reached for each in found):
            return [each.state for each in found]
        return [_doubted(each.state) for each in found]

    def _find(self, url: str) -> "_Found":
        found = self._ask(url)
        if not found.final:
            time.sleep(self.retry_after_s)
            found = self._ask(url)
        return found

    def _ask(self, url: str) -> "_Found":
        def state(state: Literal["ok", "dead", "unsure"], reason: str = "", final_url: str = "") -> LinkState:
            return LinkState(
                url=url, state=state, reason=reason, final_url=final_url, checked_at=self.clock()
            )

        try:
            fetched = self.fetcher.fetch(url)
        except FetchError as error:
            if error.kind in ("size", "empty"):
                # A large file is served; so is an entry that answers a program without a page.
                return _Found(state("ok" if error.kind == "size" else "unsure", _reason(error)))
            if error.kind == "refused" or error.status in _KEEPS_OUT:
                return _Found(state("unsure", _reason(error)))
            return _Found(
                state("dead", _reason(error)),
                reached=error.kind not in _NO_CONNECTION,
                final=error.kind in ("url", "tls", "redirects") or error.status in _GONE,
            )
        final_url = fetched.url if _differs(fetched.url, url) else ""
        if _was_sent_home(url, fetched.url):
            return _Found(state("dead", "跳转到了网站首页，原来的页面多半已经没有了", final_url))
        if said := _says_gone(fetched):
            return _Found(state("dead", f"页面能打开，内容却是“{said}”", final_url))
        return _Found(state("ok", "已跳转到新的网址，请更新" if final_url else "", final_url))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of an address.

    Attributes:
        reached: Whether its host answered at all.
        final: Whether asking again could tell nothing else.
    """

    state: LinkState
    reached: bool = True
    final: bool = True


def _reason(error: FetchError) -> str:
    if error.status:
        return f"应答 HTTP {error.status}"
    return str(error).split("：", 1)[0]


def _doubted(state: LinkState) -> LinkState:
    reason = f"一个网站都连不上，可能是这台机器的网络问题（{state.reason}）"
    return state.model_copy(update={"state": "unsure", "reason": reason})


def _differs(final: str, asked: str) -> bool:
    """Tell whether a redirect led elsewhere; from http to https of the same page is nothing to mend."""
    one, other = urlsplit(final), urlsplit(asked)
    return (one.netloc.lower(), one.path.rstrip("/")) != (other.netloc.lower(), other.path.rstrip("/"))


def _was_sent_home(asked: str, final: str) -> bool:
    return urlsplit(asked).path.lower() not in _HOME_PATHS and (
        urlsplit(final).path.lower() in _HOME_PATHS and not urlsplit(final).query
    )


def _says_gone(fetched: Fetched) -> str:
    """Return the words by which a page says that it is none; empty for one that is."""
    if fetched.content_type not in ("text/html", "application/xhtml+xml", "text/plain", ""):
        return ""
    try:
        page = decode(fetched.data, declared=fetched.charset)
    except UnreadableFile:
        return ""
    title = _TITLE.search(page)
    if title and (said := _SOFT_GONE.search(unescape(title[1]))):
        return said[0]
    text = " ".join(unescape(_UNSEEN.sub(" ", page)).split())
    said = _SOFT_GONE.search(text) if len(text) <= _SHORT_CHARS else None
    return said[0] if said else ""
