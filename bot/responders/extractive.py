"""The default responder: it quotes. From each 条 it takes the sentences or items that answer the question.

A short 条 is quoted whole; of a longer one, the list that answers with the words that introduce it, else
the sentences around the best one. Every quotation is one stretch of the stored text.
"""

import re
from dataclasses import dataclass

from bot.responders.layout import Part, cells, item_starts, lay_out, lay_out_rows
from bot.turn import Evidence
from knowledge_base.records import ChunkKind
from knowledge_base.sentences import sentence_spans
from retrieval.cues import CUES, Cue, held
from retrieval.query import Query

WHOLE_CHARS = 240
WINDOW_CHARS = 200
BRIEF_CHARS = 100
LIST_CHARS = 800
BRIEF_LIST_LINES = 5
_CUE_BONUS = 0.02
_WORD_BONUS = 0.06
_LABEL = re.compile(r"^第[一二三四五六七八九十百千零〇\d]+条(?:之[一二三四五六七八九十]+)?[\s　]+")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A stretch of a 条 to be quoted.

    Attributes:
        start, end: Code points in the version's text, end exclusive.
        text: The words, verbatim.
        parts: The same as it is shown.
        verbatim: Whether the parts are the document's words alone; a table's cells have their columns named.
    """

    start: int
    end: int
    text: str
    parts: tuple[Part, ...]
    verbatim: bool = True


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
    if evidence.chunk.draft.kind is ChunkKind.TABLE_ROW:
        return _rows(evidence, brief=brief)
    body = _body_start(text)
    units = _units(evidence, query, body)
    if len(text) - body <= (BRIEF_CHARS if brief else WHOLE_CHARS) or not units:
        return _quotation(evidence, body, len(text))
    best = max(range(len(units)), key=lambda place: units[place].score)
    listed = _list_with(best, units, text, query)
    if listed is not None and not (brief and listed[1] - listed[0] >= BRIEF_LIST_LINES):
        first, last = listed
        if units[last].end - units[first].start > LIST_CHARS:
            first, last = _best_item(first, last, units)
    else:
        first, last = _window(units, best, BRIEF_CHARS if brief else WINDOW_CHARS)
    return _quotation(evidence, units[first].start, units[last].end)


def _rows(evidence: Evidence, *, brief: bool) -> Quotation:
    """Quote a small table whole, of a larger one the row that matched."""
    row = evidence.chunk.draft
    rows = [line for line in evidence.text.split("\n") if line.strip()]
    # A 条 may hold a table among its words; a row of one cell speaks for the rows below it.
    is_table = {len(cells(each)) for each in rows} == {len(cells(row.text))} - {1}
    if brief or not is_table or len(evidence.text) > WHOLE_CHARS:
        return Quotation(row.start, row.end, row.text, lay_out_rows([row.text], row.lead), verbatim=False)
    end = evidence.start + len(evidence.text)
    return Quotation(evidence.start, end, evidence.text, lay_out_rows(rows, row.lead), verbatim=False)


def _body_start(text: str) -> int:
    label = _LABEL.match(text)
    return label.end() if label and text[label.end() :].strip() else 0


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
    items = item_starts(text)
    units = []
    for start, end in sentence_spans(text):
        if end <= body:
            continue
        sentence = text[start:end]
        score = known.get(start, lowest) + _WORD_BONUS * _share(words, sentence)
        score += _CUE_BONUS * _shared_cues(query.cues, held(sentence))
        units.append(_Unit(max(start, body), end, score, start in items))
    return units


def _share(words: tuple[str, ...], sentence: str) -> float:
    return sum(word in sentence for word in words) / len(words) if words else 0.0


def _shared_cues(asked: Cue, found: Cue) -> int:
    return sum(1 for cue in CUES if cue in asked and cue in found)


def _lists(units: list[_Unit], text: str) -> list[tuple[int, int]]:
    """Return first and last unit of each list, the words that introduce it included."""
    lists: list[tuple[int, int]] = []
    for place, unit in enumerate(units):
        goes_on = unit.is_item or (place > 0 and "\n" not in text[units[place - 1].end : unit.start])
        if lists and lists[-1][1] == place - 1 and goes_on:
            lists[-1] = (lists[-1][0], place)
        elif unit.is_item:
            introduced = place > 0 and text.endswith(("：", ":"), 0, units[place - 1].end)
            lists.append((place - 1 if introduced else place, place))
    return lists


def _list_with(best: int, units: list[_Unit], text: str, query: Query) -> tuple[int, int] | None:
    """Return the list the best unit belongs to, or the only one where a list is asked for."""
    lists = _lists(units, text)
    if Cue.LIST in query.cues and len(lists) == 1:
        return lists[0]
    return next((each for each in lists if each[0] <= best <= each[1]), None)


def _best_item(first: int, last: int, units: list[_Unit]) -> tuple[int, int]:
    """Return first and last unit of the item that answers best, of a long one those around its best."""
    items = [place for place in range(first, last + 1) if units[place].is_item]
    ends = [*(place - 1 for place in items[1:]), last]
    start, end = max(
        zip(items, ends, strict=True),
        key=lambda item: max(unit.score for unit in units[item[0] : item[1] + 1]),
    )
    if units[end].end - units[start].start <= WINDOW_CHARS:
        return start, end
    best = max(range(start, end + 1), key=lambda place: units[place].score)
    first, last = _window(units[start : end + 1], best - start, WINDOW_CHARS)
    return start + first, start + last


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
    start += evidence.start
    return Quotation(start, start + len(stripped), stripped, lay_out(stripped))
