"""Reading the outline of a document: what each line is, and under which headings it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from knowledge_base.matter import (
    MAX_SIGNERS,
    is_matter,
    is_signature_date,
    opens_note,
    opens_sentence,
    signers_above,
)
from knowledge_base.normalising import PlacedBlock, SourceText
from knowledge_base.records import BlockKind
from knowledge_base.structure import REFERENCE, Marker, Rank, marker_of, tidy_heading

MAX_HEADING_CHARS = 40
MAX_BARE_CHARS = 20

_ATTACHMENT = re.compile(r"(?:附件|附录|附表|附)\s?[0-9０-９一二三四五六七八九十]*\s?[：:]?(?:\s.{0,40})?$")
_LABEL = re.compile(
    r"[^，。；、：:]{0,8}(?:条件|对象|范围|标准|材料|流程|程序|时限|期限|时间|收费|费用|地点|地址|依据|电话|渠道|方式"
    r"|机构|部门|咨询|投诉|监督|结果|事项|问题|说明|情形)[^，。；、：:]{0,4}[：:]$"
)
_LEADS = re.compile(r"下列|以下|如下|应当|需|须|有|为")
_CLOSING = re.compile(
    r"本(?:通知|意见|方案|办法|规定|细则|公告|政策|措施|指南|标准)[^。]{0,20}[自从由].{0,60}(?:施行|实施|执行|生效)"
)
_BRACKETED = re.compile(r"【[^】]{1,20}】$")


class Role(StrEnum):
    """What a line is to the chunker."""

    MATTER = "matter"  # before, after or between the body: title, history, signature
    HEADING = "heading"
    ARTICLE = "article"
    ITEM = "item"
    BODY = "body"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in force over the lines below it.

    Attributes:
        rank: Of its numbering marker; None for a heading without one.
        level: Depth the file gives it, from 1; 0 where only the words tell.
        label: The numbering marker as written, else empty.
    """

    text: str
    rank: Rank | None
    level: int
    label: str

    def closes(self, earlier: "Heading") -> bool:
        """Tell whether this heading ends the part that `earlier` opened."""
        if self.rank and earlier.rank:
            return earlier.rank >= self.rank
        if self.level and earlier.level:
            return earlier.level >= self.level
        if self.rank:
            return False
        return bool(self.level) or not earlier.rank


@dataclass(frozen=True, slots=True)
class Line:
    """One line (a heading written on two lines is one) with its role and its headings."""

    role: Role
    start: int
    end: int
    text: str
    marker: Marker | None = None
    header: str = ""
    path: tuple[Heading, ...] = ()


def outline(source: SourceText, *, title: str) -> tuple[Line, ...]:
    """Return the lines of a document in order, each with its role and headings.

    A heading with nothing beneath it (a table of contents) comes back as matter, so that
    every line is either a line of content, matter, or a heading in some content's path.
    """
    reader = _Reader(source.blocks, title)
    lines = reader.read()
    carried = {id(heading) for line in lines if line.role is not Role.HEADING for heading in line.path}
    return tuple(
        replace(line, role=Role.MATTER, path=())
        if line.role is Role.HEADING and id(line.path[-1]) not in carried
        else line
        for line in lines
    )


class _Reader:
    """Goes through the lines once, keeping the open headings and the last article."""

    def __init__(self, blocks: Sequence[PlacedBlock], title: str) -> None:
        self._blocks = [placed for placed in blocks if placed.block.text.strip()]
        self._markers = [marker_of(placed.block.text) for placed in self._blocks]
        self._title = re.sub(r"\s", "", title)
        self._stack: tuple[Heading, ...] = ()
        self._article: Marker | None = None
        self._in_article = False
        self._in_front = True
        self._in_note = False
        self._matter = self._find_signatures()
        self._lines: list[Line] = []

    def read(self) -> list[Line]:
        index = 0
        while index < len(self._blocks):
            index += self._take(index)
        return self._lines

    def _find_signatures(self) -> set[int]:
        """Indexes of 署名, 成文日期 and the imprint lines that follow them."""
        texts = [placed.block.text for placed in self._blocks]
        found: set[int] = set()
        for index, text in enumerate(texts):
            if self._blocks[index].block.kind is not BlockKind.TABLE_ROW and is_signature_date(text):
                above = texts[max(0, index - MAX_SIGNERS) : index]
                found.update(range(index - signers_above(above), index + 1))
        return found

    def _take(self, index: int) -> int:
        """Give the line at `index` its role; returns how many lines were used."""
        block = self._blocks[index].block
        text, marker = block.text, self._markers[index]
        if block.kind is BlockKind.TABLE_ROW:
            self._in_front = self._in_note = False
            self._add(index, Role.ROW)
        elif marker and self._is_article(marker, text):
            self._in_front, self._in_note = False, False
            self._article, self._in_article = marker, True
            self._add(index, Role.ARTICLE)
        elif index in self._matter:
            self._in_front = self._in_note = is_signature_date(text)
            self._in_article = False
            self._stack = ()
            self._add(index, Role.MATTER)
        elif (heading := self._heading(index)) is not None:
            self._in_front = self._in_note = False
            return self._open(index, heading)
        elif self._is_matter(index):
            self._add(index, Role.MATTER)
        else:
            self._in_front = False
            if not self._in_article and _CLOSING.match(text):
                self._stack = ()  # the last words of a circular speak for the whole of it
            self._add(index, Role.ITEM if marker and marker.rank > Rank.ARTICLE else Role.BODY)
        return 1

    def _add(self, index: int, role: Role) -> None:
        placed = self._blocks[index]
        marker = self._markers[index] if role in {Role.ARTICLE, Role.ITEM} else None
        path = () if role is Role.MATTER else self._stack
        self._lines.append(
            Line(role, placed.start, placed.end, placed.block.text, marker, placed.block.header, path)
        )

    def _is_article(self, marker: Marker, text: str) -> bool:
        if marker.rank is not Rank.ARTICLE:
            return False
        if marker.follows(self._article):
            return True
        return marker.spaced and not REFERENCE.match(text[marker.end :])

    def _is_matter(self, index: int) -> bool:
        block = self._blocks[index].block
        if opens_note(block.text):
            self._in_note = True
            return True
        if self._in_note and not opens_sentence(block.text):
            return True
        self._in_note = False
        if is_matter(block.text):
            return True
        return self._in_front and self._markers[index] is None and not opens_sentence(block.text)

    def _heading(self, index: int) -> Heading | None:
        """Return the heading this line is, if it is one."""
        block = self._blocks[index].block
        if block.kind is BlockKind.HEADING and not block.text.rstrip().endswith(("。", "；", ";")):
            if self._in_front and not self._stack and self._is_title(index):
                return None
            return _heading_of(tidy_heading(block.text), self._markers[index], block.level)
        if len(block.text) > MAX_HEADING_CHARS or re.search("[。；;]", block.text):
            return None
        return self._heading_by_words(index, block.text, self._markers[index])

    def _heading_by_words(self, index: int, text: str, marker: Marker | None) -> Heading | None:
        words = tidy_heading(text)
        if marker and marker.rank < Rank.ARTICLE:
            return None if re.search("[，：]", text) else _heading_of(words, marker, 0)
        if _ATTACHMENT.fullmatch(text) and not opens_note(text) and index:
            return Heading(words, None, 1, "")
        if self._in_article or (self._article and self._precedes_article(index)):
            bare = marker is None and self._precedes_article(index) and not re.search("[，：:]", text)
            return Heading(words, Rank.CHAPTER, 0, "") if bare and len(text) <= MAX_BARE_CHARS else None
        if _BRACKETED.fullmatch(text) or (_LABEL.fullmatch(text) and not _LEADS.search(text)):
            return Heading(words, None, 0, "")
        if marker and not re.search("[，：:！？]$", text) and self._has_body_beneath(index, marker):
            return _heading_of(words, marker, 0)
        return None

    def _is_title(self, index: int) -> bool:
        text = re.sub(r"\s", "", self._blocks[index].block.text)
        if self._title and (text in self._title or self._title in text):
            return True
        return index == 0 and self._markers[index] is None

    def _precedes_article(self, index: int) -> bool:
        after = self._markers[index + 1] if index + 1 < len(self._markers) else None
        return after is not None and after.rank is Rank.ARTICLE

    def _has_body_beneath(self, index: int, marker: Marker) -> bool:
        """A numbered short line is a heading when something stands under it, else an item."""
        if index + 1 >= len(self._blocks) or index + 1 in self._matter:
            return False
        before = self._markers[index - 1] if index else None
        if before and before.rank == marker.rank and marker.number > 1:
            return False
        after = self._markers[index + 1]
        return after is None or after.rank > marker.rank

    def _open(self, index: int, heading: Heading) -> int:
        used = 1
        start, end, text = self._blocks[index].start, self._blocks[index].end, self._blocks[index].block.text
        if (heading.label == heading.text or _ATTACHMENT.fullmatch(text)) and self._continues_heading(
            index + 1
        ):
            placed = self._blocks[index + 1]
            heading = replace(heading, text=tidy_heading(f"{heading.text} {placed.block.text}"))
            used, end, text = 2, placed.end, f"{text} {placed.block.text}"
        kept = next((n for n, earlier in enumerate(self._stack) if heading.closes(earlier)), len(self._stack))
        self._stack = (*self._stack[:kept], heading)
        self._in_article = False
        self._lines.append(Line(Role.HEADING, start, end, text, path=self._stack))
        return used

    def _continues_heading(self, index: int) -> bool:
        if index >= len(self._blocks) or self._markers[index] or index in self._matter:
            return False
        block = self._blocks[index].block
        return (
            block.kind is not BlockKind.TABLE_ROW and len(block.text) <= 20 and not opens_sentence(block.text)
        )


def _heading_of(words: str, marker: Marker | None, level: int) -> Heading:
    if marker is None:
        return Heading(words, None, level, "")
    return Heading(words, marker.rank, level, marker.label)
