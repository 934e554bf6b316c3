"""The default responder: it quotes. From each 条 it takes the sentences or items that answer the question.

A short 条 is quoted whole; a list stays a list with the words that introduce it; from anything longer the
sentences around the best one are taken. Every quotation is one stretch of the stored text.
"""

import re
from dataclasses import dataclass

from bot.turn import Evidence
from knowledge_base.sentences import sentence_spans
from knowledge_base.structure import marker_of
from retrieval.cues import CUES, Cue, held
from retrieval.query import Query

WHOLE_CHARS = 240
WINDOW_CHARS = 200
LIST_CHARS = 800
_CUE_BONUS = 0.02
_WORD_BONUS = 0.06
_LABEL = re.compile(r"^第[一二三四五六七八九十百千零〇\d]+条(?:之[一二三四五六七八九十]+)?[\s　]+")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A stretch of a 条 to be quoted.

    Attributes:
        start, end: Code points in the version's text, end exclusive.
        text: The words, verbatim.
        lead: For a list, the words that introduce it; part of `text`.
        items: For a list, its items; empty for plain text.
    """

    start: int
    end: int
    text: str
    lead: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or item of the 条: offsets in its text, how well it answers, whether it is a list's item."""

    start: int
    end: int
    score: float
    is_item: bool


def quote(evidence: Evidence, query: Query, *, brief: bool = False) -> Quotation:
    """Choose what to quote from a 条.

    Args:
        brief: Keep to the best few sentences, as for a rule that is only mentioned beside the answer.
    """
    text = evidence.text
    body = _body_start(text)
    units = _units(evidence, query, body)
    if not units:
        return _quotation(evidence, body, len(text))
    best = max(range(len(units)), key=lambda place: units[place].score)
    listed = _list_around(units, text, best, query)
    if listed is not None and (
        not brief or text[units[listed[0]].start : units[listed[1]].end].count("\n") <= 4
    ):
        first, last = listed
        if units[last].end - units[first].start <= LIST_CHARS:
            return _as_list(evidence, units[first : last + 1])
        return _quotation(evidence, units[best].start, units[best].end)
    limit = WINDOW_CHARS // 2 if brief else WHOLE_CHARS
    if len(text) - body <= limit:
        return _quotation(evidence, units[0].start, units[-1].end)
    first, last = _window(units, best, limit if brief else WINDOW_CHARS)
    return _quotation(evidence, units[first].start, units[last].end)


def _body_start(text: str) -> int:
    label = _LABEL.match(text)
    return label.end() if label else 0


def _units(evidence: Evidence, query: Query, body: int) -> list[_Unit]:
    """Return the sentences of the 条 with their scores; outside the matched chunk there is no cosine."""
    text, chunk = evidence.text, evidence.chunk.draft
    shift = chunk.start - evidence.start
    known = {
        shift + start: cosine
        for (start, _), cosine in zip(sentence_spans(chunk.text), evidence.hit.spans, strict=False)
    }
    lowest = min(known.values(), default=0.0)
    words = (*query.words, *query.official)
    units = []
    for start, end in sentence_spans(text):
        if end <= body:
            continue
        sentence = text[start:end]
        score = known.get(start, lowest) + _WORD_BONUS * _share(words, sentence)
        score += _CUE_BONUS * _shared_cues(query.cues, held(sentence))
        marker = marker_of(sentence)
        is_item = marker is not None and start > body
        units.append(_Unit(max(start, body), end, score, is_item))
    return units


def _share(words: tuple[str, ...], sentence: str) -> float:
    return sum(word in sentence for word in words) / len(words) if words else 0.0


def _shared_cues(asked: Cue, found: Cue) -> int:
    return sum(1 for cue in CUES if cue in asked and cue in found)


def _list_around(units: list[_Unit], text: str, best: int, query: Query) -> tuple[int, int] | None:
    """Return the first and last unit of the list around the best unit, introduction first; None if none."""
    introductions = [
        place
        for place in range(len(units) - 1)
        if text[units[place].start : units[place].end].rstrip().endswith(("：", ":"))
        and units[place + 1].is_item
    ]
    for first in introductions:
        last = first
        while last + 1 < len(units) and (units[last + 1].is_item or text[units[last].end - 1] not in "。\n"):
            last += 1
        if first <= best <= last:
            return first, last
    if Cue.LIST in query.cues and len(introductions) == 1:
        first = introductions[0]
        last = max(place for place in range(first, len(units)) if place == first or units[place].is_item)
        return first, last
    return None


def _as_list(evidence: Evidence, units: list[_Unit]) -> Quotation:
    text = evidence.text
    items: list[str] = []
    for unit in units[1:]:
        words = text[unit.start : unit.end].strip()
        if unit.is_item or not items:
            items.append(words)
        else:
            items[-1] += words
    start, end = units[0].start, units[-1].end
    return Quotation(
        evidence.start + start,
        evidence.start + end,
        text[start:end],
        lead=text[units[0].start : units[0].end].strip(),
        items=tuple(items),
    )


def _window(units: list[_Unit], best: int, max_chars: int) -> tuple[int, int]:
    """Return first and last of the units around the best one, the better neighbour taken first."""
    first = last = best
    while True:
        before = units[first - 1] if first > 0 else None
        after = units[last + 1] if last + 1 < len(units) else None
        sides = sorted((unit for unit in (before, after) if unit is not None), key=lambda unit: -unit.score)
        for unit in sides:
            start, end = min(units[first].start, unit.start), max(units[last].end, unit.end)
            if end - start <= max_chars:
                first, last = (first - 1, last) if unit is before else (first, last + 1)
                break
        else:
            return first, last


def _quotation(evidence: Evidence, start: int, end: int) -> Quotation:
    text = evidence.text[start:end]
    stripped = text.strip()
    start += text.index(stripped) if stripped else 0
    return Quotation(evidence.start + start, evidence.start + start + len(stripped), stripped)
