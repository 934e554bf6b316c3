"""The lines of pdf pages: leaving out page furniture, joining wrapped lines into paragraphs.

A pdf knows glyphs and places only. Here is decided, from places alone, which lines belong together;
units are points (1/72 inch), from the top left corner of the page.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from knowledge_base.loaders.pdf_letters import Line
from knowledge_base.records import Block, BlockKind

MARGIN_SHARE = 0.12
TITLE_RATIO = 1.15
MAX_TITLE_CHARS = 120

_PAGE_NUMBER = re.compile(
    r"[—–\-－·\s]*[0-9０-９]{1,4}[—–\-－·\s]*|[—–\-－\s]*第\s*[0-9]{1,4}\s*页[—–\-－\s]*"
    r"|第?\s*[0-9]{1,4}\s*页?\s*[/，,]?\s*共?\s*[0-9]{1,4}\s*页|[0-9]{1,4}\s*/\s*[0-9]{1,4}|[Pp]age\s*[0-9]{1,4}.{0,9}"
)
_MARKER = re.compile(
    r"第[〇零一二三四五六七八九十百千0-9]{1,7}[编章节条]|[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十0-9]{1,3}[)）]"
    r"|[0-9]{1,3}(?:[、．]|\.(?![0-9]))|[①-⑳⑴-⒇]|附件|附：|——"
)
# 第三条 with a space behind it is no reference to it, which would run on.
_ARTICLE = re.compile(
    r"第[〇零一二三四五六七八九十百千0-9]{1,7}[编章节条](?:之[一二三四五六七八九十]{1,3})?[\s\u3000]+\S"
)
# A 发文字号 or a date of signature never shares a line with a sentence.
_ALONE = re.compile(
    r"[一-鿿]{2,12}[〔\[(（【]\s*[0-9]{4}\s*[〕\])）】]\s*第?\s*[0-9]{1,5}\s*号"
    r"|[0-9〇零一二三四五六七八九十]{4}\s*年\s*[0-9一二三四五六七八九十]{1,3}\s*月\s*[0-9一二三四五六七八九十]{1,3}\s*日"
)
_SENTENCE_ENDS = tuple("。；：！？…;:!?”」")
_LATIN_RUN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class PageLines:
    """The lines of one page from top to bottom."""

    height: float
    lines: tuple[Line, ...]


def drop_furniture(pages: Sequence[PageLines]) -> tuple[list[list[Line]], list[Line]]:
    """Part the pages' lines into those of the text and those of the page: numbers, running headers.

    A line counts as running when it stands first or last in the margin of at least three pages (two
    in a file of up to four), its digits apart.
    """
    repeated = Counter(_shape(line) for page in pages for line in {*_top_edge(page), *_bottom_edge(page)})
    enough = 2 if len(pages) <= 4 else 3
    kept: list[list[Line]] = []
    dropped: list[Line] = []
    for page in pages:
        furniture: set[Line] = set()
        for edge in (_top_edge(page), _bottom_edge(page)):
            for line in edge:
                if not (_PAGE_NUMBER.fullmatch(line.text) or repeated[_shape(line)] >= enough):
                    break
                furniture.add(line)
        kept.append([line for line in page.lines if line not in furniture])
        dropped += [line for line in page.lines if line in furniture]
    return kept, dropped


def _top_edge(page: PageLines) -> list[Line]:
    return [line for line in page.lines[:3] if line.bottom < page.height * MARGIN_SHARE]


def _bottom_edge(page: PageLines) -> list[Line]:
    return [line for line in page.lines[:-4:-1] if line.top > page.height * (1 - MARGIN_SHARE)]


def _shape(line: Line) -> str:
    return re.sub(r"[0-9０-９]+", "#", line.text)


class TypeArea:
    """Where the text of a file's pages stands, and from that, which of its lines belong together."""

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes: Counter[float] = Counter()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
        self._em = sizes.most_common(1)[0][0] if sizes else 1.0
        body = [line for line in lines if abs(line.size - self._em) < 0.1 * self._em]
        # Facing pages may have different margins.
        sides = {side: [line for line in body if line.page % 2 == side] for side in (0, 1)}
        self._left = {side: -self._edge([-line.x0 for line in each]) for side, each in sides.items()}
        self._right = {side: self._edge([line.x1 for line in each]) for side, each in sides.items()}
        indents = [0.7 < self._indent(line) < 4 for line in body]
        self._indents = sum(indents) > 0.1 * len(body)
        gaps = [b.top - a.bottom for a, b in pairwise(body) if a.page == b.page]
        self._gap = median(gaps) if gaps else self._em

    def paragraphs(self, lines: Sequence[Line]) -> Iterator[Block]:
        """Join wrapped lines: an indent, a number, another size or a short line above starts a paragraph."""
        group: list[Line] = []
        for line in lines:
            if group and self._starts(group[-1], line):
                yield self._block(group)
                group = []
            group.append(line)
        if group:
            yield self._block(group)

    def _starts(self, above: Line, line: Line) -> bool:
        if _ARTICLE.match(line.text) or _ALONE.fullmatch(line.text) or _ALONE.fullmatch(above.text):
            return True
        if abs(above.size - line.size) > 0.12 * self._em:
            return True
        if self._is_title(above) and self._is_title(line):
            return above.page != line.page
        spaced = above.page == line.page and line.top - above.bottom > self._gap + 0.7 * self._em
        if spaced or self._is_centred(above) or self._is_centred(line) or self._is_short(above, line):
            return True
        ended = above.text.endswith(_SENTENCE_ENDS)
        indent, indent_above = self._indent(line), self._indent(above)
        if indent > 0.7:
            hanging = not ended and 0.7 < indent_above < 6 and indent_above - 0.3 <= indent < 6
            return not hanging or _MARKER.match(line.text) is not None
        return ended and _MARKER.match(line.text) is not None

    def _edge(self, ends: Sequence[float]) -> float:
        """Return where the type area ends: the furthest place that two lines reach."""
        furthest = sorted(ends, reverse=True)
        shared = (a for a, b in pairwise(furthest) if a - b < self._em)
        return next(shared, furthest[0] if furthest else 0.0)

    def _is_short(self, above: Line, line: Line) -> bool:
        room = (self._right[above.page % 2] - above.x1) / self._em
        if above.text.endswith(_SENTENCE_ENDS):
            return room > 0.9
        if self._indents and self._indent(line) <= 0.7 and not _MARKER.match(line.text):
            return room > 6  # where paragraphs are indented, a line that is not goes on, however ragged
        latin = _LATIN_RUN.match(line.text)  # a word or number is not broken, so it leaves room above
        return room > 2.2 + (0.6 * len(latin.group()) if latin else 0)

    def _indent(self, line: Line) -> float:
        return (line.x0 - self._left[line.page % 2]) / self._em

    def _is_centred(self, line: Line) -> bool:
        left, right = line.x0 - self._left[line.page % 2], self._right[line.page % 2] - line.x1
        return left > 2.5 * self._em and abs(left - right) < 1.5 * self._em

    def _is_title(self, line: Line) -> bool:
        left, right = line.x0 - self._left[line.page % 2], self._right[line.page % 2] - line.x1
        return line.size >= TITLE_RATIO * self._em and abs(left - right) < 2 * line.size

    def _block(self, group: Sequence[Line]) -> Block:
        text = group[0].text
        for line in group[1:]:
            text = join(text, line.text)
        # The name of the issuing body over a 公文 is set larger than its title.
        letterhead = text.replace(" ", "").endswith("文件")
        if self._is_title(group[0]) and len(text) <= MAX_TITLE_CHARS and not letterhead:
            return Block(BlockKind.HEADING, text, level=1)
        return Block(BlockKind.PARAGRAPH, text)


def join(above: str, below: str) -> str:
    """Join two halves of a wrapped line: with a space between Latin words, with nothing in Chinese."""
    spaced = above[-1:].isascii() and below[:1].isascii() and below[:1].isalpha() and above[-1:] not in "-/("
    return f"{above} {below}" if spaced and above[-1:] else f"{above}{below}"
