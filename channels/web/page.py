"""The pages: the chat at `/`, and a stored text to read. Everything that is not ours is escaped."""

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from bot.settings import Settings
from channels.web.documents import DocumentText

STATIC = Path(__file__).parent / "static"
WITHDRAWN = "这份文件已由发布单位撤下，不再提供正文，也不再作为答复依据。需要了解现行规定，请返回咨询。"


def chat_page(settings: Settings, *, home_region: str) -> str:
    """Return the chat page, named after the region it preselects; empty for none."""
    place = home_region.rpartition("/")[2]
    return _template("index.html").substitute(
        title=escape(f"{place}政务咨询" if place else "问政 政务咨询"),
        home_region=escape(home_region),
        hotline=escape(settings.hotline),
        max_chars=settings.max_question_chars,
    )


def document_page(found: DocumentText) -> str:
    """Return a page with the whole text, its metadata, and the span asked for as `<mark id="quote">`."""
    document = found.document
    return _template("document.html").substitute(
        title=escape(document.title),
        state_class="in-force" if found.in_force else "ended",
        state=_state(found),
        facts="\n".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
            for name, value in _facts(found)
            if value
        ),
        official=_official_link(document.url),
        body=f"<p>{WITHDRAWN}</p>" if found.withdrawn else "\n".join(_paragraphs(found)),
    )


def _state(found: DocumentText) -> str:
    if found.withdrawn:
        return "已撤下"
    return "现行有效" if found.in_force else "现已失效或尚未施行"


def _facts(found: DocumentText) -> tuple[tuple[str, str], ...]:
    document = found.document
    return (
        ("发文字号", document.doc_number),
        ("发文机关", document.issuer),
        ("效力层级", document.level),
        ("适用地区", document.region.replace("/", " ")),
        ("发布日期", _day(document.published)),
        ("施行日期", _day(found.effective_from)),
        ("失效日期", _day(found.effective_to)),
        ("版本", f"第 {found.version} 版" if found.version > 1 else ""),
    )


def _day(day: object) -> str:
    return str(day) if day else ""


def _official_link(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        return ""
    return f'<a href="{escape(url)}" rel="noopener noreferrer" target="_blank">官方原文</a>'


def _paragraphs(found: DocumentText) -> Iterator[str]:
    """Yield each line as a paragraph; a quotation over several lines is marked in each of them."""
    quote = (found.span.start, found.span.end) if found.span else (-1, -1)
    headed = {entry.start for entry in found.outline if entry.article}
    start, marked = 0, False
    for line in found.text.split("\n"):
        low, high = max(quote[0], start) - start, min(quote[1], start + len(line)) - start
        inner = escape(line)
        if low < high:
            opening = "<mark>" if marked else '<mark id="quote" tabindex="-1">'
            inner = f"{escape(line[:low])}{opening}{escape(line[low:high])}</mark>{escape(line[high:])}"
            marked = True
        if line.strip():
            yield f'<p class="article">{inner}</p>' if start in headed else f"<p>{inner}</p>"
        start += len(line) + 1


@cache
def _template(name: str) -> Template:
    return Template((STATIC / name).read_text(encoding="utf-8"))
