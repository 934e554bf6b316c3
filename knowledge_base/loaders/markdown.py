"""Markdown as policy libraries write it: a line is a paragraph and never joins its neighbour.

Headings and pipe tables are recognised, emphasis and links are reduced to their words, comments
and horizontal rules are dropped. Numbers such as `1.` are the text's own and stay; a bullet is not.
"""

import re

from knowledge_base.loaders.cleaning import split_lines, tidy
from knowledge_base.loaders.decoding import decode
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.records import Block, BlockKind

_HEADING = re.compile(r"(#{1,6})(?:\s+(.*?))?(?:\s+#+)?$")
_RULE = re.compile(r"([-*_=])(?:\s*\1){2,}|`{3,}\w*|~{3,}\w*")
_MARKER = re.compile(r"(?:>\s*)*(?:[-*+]\s+)?(?:\[[ xX]\]\s+)?")
_DELIMITER_ROW = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_INLINE = (
    (re.compile(r"<br\s*/?>", re.IGNORECASE), " "),
    (
        re.compile(
            r"</?(?:a|b|center|del|div|em|font|i|ins|p|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?>", re.I
        ),
        "",
    ),
    (re.compile(r"<((?:https?://|mailto:)[^\s<>]+)>"), r"\1"),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"(?<![\\`])(`+)([^`]+)\1(?!`)"), r"\2"),
    (re.compile(r"(?<!\\)(\*{2,3})(?=\S)(.+?)(?<=[^\s\\])\1"), r"\2"),
    # A single star between figures multiplies.
    (re.compile(r"(?<![\w\\*])\*(?=[^\s*])([^*]+)(?<=[^\s\\])\*(?![\w*])", re.ASCII), r"\1"),
    (re.compile(r"(?<![\w\\])(_{1,3})(?=\S)(.+?)(?<=[^\s\\])\1(?!\w)", re.ASCII), r"\2"),
    (re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])"), r"\1"),
)


def read(data: bytes) -> tuple[Block, ...]:
    """Return headings with their level, table rows with their header, and the other lines as paragraphs.

    Raises:
        UnreadableFile: If the bytes are not text (see `decode`).
    """
    lines = split_lines(_without_comments(decode(data)))
    blocks: list[Block] = []
    position = 0
    while position < len(lines):
        if position + 1 < len(lines) and _opens_table(lines[position], lines[position + 1]):
            end = position + 2
            while end < len(lines) and _CELL_BORDER.search(lines[end]):
                end += 1
            rows = [_cells(line) for line in (lines[position], *lines[position + 2 : end])]
            blocks += table_blocks(rows, header_rows=1)
            position = end
        else:
            blocks += _line_block(lines[position])
            position += 1
    return tuple(blocks)


def _without_comments(text: str) -> str:
    # Not a regular expression: on a file of unclosed comments that would take quadratic time.
    kept: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[position:start])
        position = end + 3
    return "\n".join([*kept, text[position:]])


def _opens_table(line: str, below: str) -> bool:
    return "|" in line and "|" in below and _DELIMITER_ROW.fullmatch(below) is not None


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_words(cell) for cell in _CELL_BORDER.split(inner)]


def _line_block(line: str) -> list[Block]:
    if _RULE.fullmatch(line):
        return []
    if heading := _HEADING.fullmatch(line):
        text = _words(heading.group(2) or "")
        return [Block(BlockKind.HEADING, text, level=len(heading.group(1)))] if text else []
    text = _words(line[_MARKER.match(line).end() :])  # type: ignore[union-attr]
    return [Block(BlockKind.PARAGRAPH, text)] if text else []


def _words(marked_up: str) -> str:
    for pattern, replacement in _INLINE:
        marked_up = pattern.sub(replacement, marked_up)
    return tidy(marked_up)
