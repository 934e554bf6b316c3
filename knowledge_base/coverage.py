"""An independent check that no 条 was lost or doubled: labels counted in the raw text against groups."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.records import ChunkDraft

_ARTICLE_LINE = re.compile(
    r"^[#\s]*(第[零〇一二三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?)(?=\s|$)", re.M
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the 条 found in a raw text stand in its chunks.

    Attributes:
        found: Article labels at the start of a line.
        in_exactly_one_group: Those of them that one group holds, and holds alone.
        missing: Labels no chunk carries.
        doubled: Labels in several groups, or sharing a group with another 条.
    """

    found: int
    in_exactly_one_group: int
    missing: tuple[str, ...]
    doubled: tuple[str, ...]


def article_coverage(text: str, chunks: Sequence[ChunkDraft]) -> Coverage:
    """Count article labels in `text` by a plain expression and look each up in the chunks cut from it."""
    places = [(found[1], found.start(1)) for found in _ARTICLE_LINE.finditer(text)]
    holders = [
        {chunk.group for chunk in chunks if chunk.article == label and chunk.start <= offset < chunk.end}
        for label, offset in places
    ]
    times_used: dict[int, int] = {}
    for groups in holders:
        for group in groups:
            times_used[group] = times_used.get(group, 0) + 1
    missing = tuple(label for (label, _), groups in zip(places, holders, strict=True) if not groups)
    doubled = tuple(
        label
        for (label, _), groups in zip(places, holders, strict=True)
        if len(groups) > 1 or any(times_used[group] > 1 for group in groups)
    )
    return Coverage(len(places), len(places) - len(missing) - len(doubled), missing, doubled)
