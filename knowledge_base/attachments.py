"""Parting a document from its 附件, each of which is stored as a child document."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.matter import is_matter, is_signature_date, opens_sentence
from knowledge_base.normalising import PlacedBlock, SourceText, assemble
from knowledge_base.records import BlockKind
from knowledge_base.structure import Rank, marker_of

_NUMERAL = "0-9０-９一二三四五六七八九十"
_LABEL = re.compile(
    rf"(?P<label>(?:附件|附录|附表|附)\s?[{_NUMERAL}]*)\s?(?:[：:]\s?(?P<named>[^。；]{{0,60}})|\s(?P<titled>[^。；]{{1,60}})|)$"
)
_MAX_TITLE_LINES = 3


@dataclass(frozen=True, slots=True)
class Attachment:
    """A 附件 with its own text; `start`/`end` tell where it stood in the whole.

    Attributes:
        label: As written, such as `附件1`; unique in its document.
        title: Empty where the text gives none.
        passed_on: True for a text without a label that a 印发 notice passes on, a document in its own right.
    """

    label: str
    title: str
    passed_on: bool
    source: SourceText
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parts:
    """A document's main text and its 附件 in order."""

    main: SourceText
    attachments: tuple[Attachment, ...]


def split_attachments(source: SourceText) -> Parts:
    """Part a document from its 附件.

    A 附件 begins after the signature, or after the last 条 of a law, at a line such as `附件1` or
    `附录：`. What a 印发 notice passes on stands after its signature without such a line and is a
    附件 too. The 附件说明 before the signature (`附件：1.申请表`) begins nothing.
    """
    blocks = source.blocks
    openings = [index for index in _openings(blocks) if _holds_something(blocks, index)]
    if not openings:
        return Parts(source, ())
    ends = [*openings[1:], len(blocks)]
    attachments: list[Attachment] = []
    for start, end in zip(openings, ends, strict=True):
        label, title = _name(blocks[start:end])
        known = sum(each.label.split("（")[0] == label for each in attachments)
        attachments.append(
            Attachment(
                label=f"{label}（{known + 1}）" if known else label,
                title=title,
                passed_on=not _is_label(blocks[start]),
                source=assemble([placed.block for placed in blocks[start:end]]),
                start=blocks[start].start,
                end=blocks[end - 1].end,
            )
        )
    return Parts(assemble([placed.block for placed in blocks[: openings[0]]]), tuple(attachments))


def _openings(blocks: Sequence[PlacedBlock]) -> list[int]:
    ends = _end_of_main(blocks)
    if ends is None:
        return []
    labelled = [n for n in range(ends, len(blocks)) if _is_label(blocks[n])]
    first = labelled[0] if labelled else len(blocks)
    passed_on = _passed_on(blocks, ends, first)
    return [*passed_on, *labelled]


def _end_of_main(blocks: Sequence[PlacedBlock]) -> int | None:
    """Index after the first signature that follows some body, else after the last 条 of the first run."""
    body_seen = False
    last_article: int | None = None
    previous = None
    for index, placed in enumerate(blocks):
        text = placed.block.text
        if body_seen and is_signature_date(text) and placed.block.kind is not BlockKind.TABLE_ROW:
            return index + 1
        marker = marker_of(text)
        if marker and marker.rank is Rank.ARTICLE and (previous is None or marker.number > previous.number):
            last_article, previous = index, marker
        body_seen = body_seen or marker is not None or opens_sentence(text)
    return None if last_article is None else last_article + 1


def _is_label(placed: PlacedBlock) -> bool:
    return (
        placed.block.kind is not BlockKind.TABLE_ROW
        and _LABEL.fullmatch(placed.block.text.strip()) is not None
    )


def _passed_on(blocks: Sequence[PlacedBlock], start: int, end: int) -> list[int]:
    """Index of the title of a text that follows the signature without a label, if there is one."""
    index = start
    while index < end and (
        is_matter(blocks[index].block.text) or is_signature_date(blocks[index].block.text)
    ):
        index += 1
    if index == start and start and not is_signature_date(blocks[start - 1].block.text):
        return []
    if index >= end or marker_of(blocks[index].block.text) or opens_sentence(blocks[index].block.text):
        return []
    numbered = any(marker_of(placed.block.text) for placed in blocks[index + 1 : end])
    return [index] if numbered else []


def _holds_something(blocks: Sequence[PlacedBlock], index: int) -> bool:
    """A label with nothing but names after it is an 附件说明, not a 附件."""
    rest = blocks[index + 1 :]
    return any(
        placed.block.kind is BlockKind.TABLE_ROW
        or marker_of(placed.block.text)
        or opens_sentence(placed.block.text)
        for placed in rest
    )


def _name(blocks: Sequence[PlacedBlock]) -> tuple[str, str]:
    found = _LABEL.fullmatch(blocks[0].block.text.strip())
    label = re.sub(r"\s", "", found["label"]) if found else "附件"
    title = ((found["named"] or found["titled"] or "") if found else blocks[0].block.text).strip()
    if title and found:
        return label, title
    for placed in blocks[1:_MAX_TITLE_LINES]:
        text = placed.block.text
        if (
            placed.block.kind is BlockKind.TABLE_ROW
            or marker_of(text)
            or opens_sentence(text)
            or is_matter(text)
        ):
            break
        title += text.strip()
    return label, title
