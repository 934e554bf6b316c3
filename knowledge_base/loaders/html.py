"""Web pages: headings, paragraphs and tables of the main text, read as a stream of tags.

No tree is built, so depth of nesting costs nothing. Navigation, scripts, controls and what is
hidden are left out; `header` and `footer` are page furniture except inside `main` or `article`.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.cleaning import split_lines, tidy
from knowledge_base.loaders.decoding import decode
from knowledge_base.loaders.html_tables import HtmlTable
from knowledge_base.loaders.numbering import ends_closed, formatted, is_numbered
from knowledge_base.records import Block, BlockKind

MAX_TABLE_DEPTH = 100

_DROPPED = re.compile(
    "title|script|style|nav|aside|noscript|template|iframe|object|svg|math|canvas|select|button|textarea"
)
_FURNITURE = re.compile("header|footer")
_MAIN = re.compile("main|article")
# Only tags that must be closed: a hidden <p> or <li> need not say where it ends.
_HIDEABLE = re.compile("a|article|b|div|em|label|ol|section|span|strong|table|ul")
_BREAKS = re.compile(
    "address|article|blockquote|body|caption|center|d[dlt]|details|div|fieldset|figcaption|figure|footer|form"
    "|h[1-6]|header|hr|html|legend|li|main|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_HEADING = re.compile(r"h[1-6]")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_WIDE = "[\u2014-\u2026\u2e80-\u9fff\uff00-\uffef]"
_WRAP = re.compile(f"(?<={_WIDE})[ \\t]*[\\r\\n]\\s*(?={_WIDE})")
_LIST_FORMATS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def read(data: bytes) -> tuple[Block, ...]:
    """Return the blocks of the page's main text.

    Raises:
        UnreadableFile: If the bytes are not text (see `decode`), tables nest too deep, or the page
            breaks off inside a part that is left out.
    """
    return read_text(decode(data, declared=declared_charset(data)))


def declared_charset(data: bytes) -> str:
    """Return the encoding that the page names in its own head; empty when it names none."""
    named = _CHARSET.search(data[:4096])
    return named.group(1).decode("ascii", "replace") if named else ""


def read_text(text: str) -> tuple[Block, ...]:
    """Return the blocks of a page that is decoded already; see `read`."""
    page = _Page()
    page.feed(text)
    return page.finish()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Block] = []
        self._tables: list[HtmlTable] = []
        self._lists: list[tuple[str, int]] = []  # number format (empty for bullets) and next number
        self._words: list[str] = []
        self._number = ""
        self._level = 0
        self._main_depth = 0
        self._preformatted = False
        self._skipped_tag = ""
        self._skipped_depth = 0

    def finish(self) -> tuple[Block, ...]:
        self.close()
        if self._skipped_tag:
            raise UnreadableFile(
                f"网页不完整：<{self._skipped_tag}> 没有结束标签，其后内容无法判断；请重新保存网页"
            )
        while self._tables:
            self._close_table()
        self._flush()
        return tuple(self._blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped_tag:
            self._skipped_depth += tag == self._skipped_tag
            return
        attributes = {name: value or "" for name, value in attrs}
        if self._is_left_out(tag, attributes):
            self._skipped_tag, self._skipped_depth = tag, 1
            return
        if tag == "br":
            self._break_line()
        if _BREAKS.fullmatch(tag):
            self._flush()
        if _MAIN.fullmatch(tag):
            self._main_depth += 1
        elif tag == "pre":
            self._preformatted = True
        elif _HEADING.fullmatch(tag):
            self._level = int(tag[1])
        elif tag in {"ol", "ul", "li"}:
            self._open_list_part(tag, attributes)
        else:
            self._open_table_part(tag, attributes)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<div/>` opens a div in HTML, but `<script/>` of an XHTML page must not swallow the rest.
        if not _DROPPED.fullmatch(tag):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped_tag:
            self._skipped_depth -= tag == self._skipped_tag
            if not self._skipped_depth:
                self._skipped_tag = ""
            return
        if _BREAKS.fullmatch(tag):
            self._flush()
        if _MAIN.fullmatch(tag):
            self._main_depth = max(0, self._main_depth - 1)
        elif tag == "pre":
            self._preformatted = False
        elif _HEADING.fullmatch(tag):
            self._level = 0
        elif tag in {"ol", "ul"} and self._lists:
            self._lists.pop()
        elif tag == "table" and self._tables:
            self._close_table()
        elif tag == "thead" and self._tables:
            self._tables[-1].in_head = False

    def handle_data(self, data: str) -> None:
        if not self._skipped_tag:
            self._words.append(data)

    def _is_left_out(self, tag: str, attributes: Mapping[str, str]) -> bool:
        if tag == "button":
            return not self._level  # a folding section's heading is a button
        if _FURNITURE.fullmatch(tag):
            return not self._main_depth
        hidden = "hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style", "")) is not None
        return _DROPPED.fullmatch(tag) is not None or (hidden and _HIDEABLE.fullmatch(tag) is not None)

    def _open_list_part(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "ul":
            self._lists.append(("", 0))
        elif tag == "ol":
            style = _LIST_FORMATS.get(attributes.get("type", ""), "decimal")
            self._lists.append((style, _integer(attributes.get("start", ""), 1)))
        elif self._lists:
            style, number = self._lists[-1]
            number = _integer(attributes.get("value", ""), number)
            self._number = f"{formatted(number, style)}." if style else ""
            self._lists[-1] = (style, number + 1)

    def _open_table_part(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "table":
            if len(self._tables) == MAX_TABLE_DEPTH:
                raise UnreadableFile(
                    f"网页表格嵌套超过 {MAX_TABLE_DEPTH} 层，无法读取：请另存一份结构简单的文件"
                )
            self._tables.append(HtmlTable())
        elif not self._tables:
            return
        elif tag == "tr":
            self._tables[-1].open_row()
        elif tag in {"td", "th"}:
            columns = _integer(attributes.get("colspan", ""), 1)
            self._tables[-1].open_cell(columns, _integer(attributes.get("rowspan", ""), 1))
        elif tag in {"thead", "tbody", "tfoot"}:
            self._tables[-1].in_head = tag == "thead"

    def _close_table(self) -> None:
        self._flush()
        blocks = self._tables.pop().blocks()
        self._sink().extend(blocks)

    def _sink(self) -> list[Block]:
        cells = (table.cell for table in reversed(self._tables))
        return next((cell.blocks for cell in cells if cell), self._blocks)

    def _break_line(self) -> None:
        if self._level:
            self._words.append("\n")
        else:
            self._flush()

    def _flush(self) -> None:
        written = "".join(self._words)
        self._words.clear()
        lines = split_lines(written) if self._preformatted else [tidy(_WRAP.sub("", written))]
        for line in filter(None, lines):
            text = _numbered(self._number, line)
            self._number = ""
            kind = BlockKind.HEADING if self._level else BlockKind.PARAGRAPH
            self._sink().append(Block(kind, text, level=self._level))


def _numbered(number: str, line: str) -> str:
    if not number or is_numbered(line):  # many pages write the numbers out and hide the list's own
        return line
    return f"{number}{'' if ends_closed(number) else ' '}{line}"


def _integer(written: str, default: int) -> int:
    return int(written) if re.fullmatch(r"[0-9]{1,4}", written.strip()) else default
