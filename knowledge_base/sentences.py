"""Sentences and list items as spans of a text, for splitting and for quoting."""

from knowledge_base.structure import Rank, marker_of

Span = tuple[int, int]

MAX_WHOLE_ITEM_CHARS = 100

_OPENING = "“‘（(《〈【「『〔["
_CLOSING = "”’）)》〉】」』〕]"
_FULL_STOPS = "。！？!?"
_STOPS = _FULL_STOPS + "；;"
_QUOTES = "”’」』"
_RUNS_ON = _STOPS + _CLOSING
_QUOTE_RUNS_ON = _RUNS_ON + "，、：的等"


def sentence_spans(text: str) -> tuple[Span, ...]:
    """Return the sentences of `text` in order, code points, end exclusive, blank edges left out.

    A line ends a sentence, and so do 。！？； outside quotes, brackets and 书名号. A numbered item
    is one span; one longer than 100 characters is divided at 。！？ only. Together the spans hold
    every non-blank character.
    """
    spans: list[Span] = []
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        spans.extend(_spans_of_line(text, start, end))
        start = end + 1
    return tuple(spans)


def _spans_of_line(text: str, start: int, end: int) -> list[Span]:
    marker = marker_of(text[start:end])
    stops = _STOPS
    if marker and marker.rank > Rank.ARTICLE:
        stops = _FULL_STOPS if end - start > MAX_WHOLE_ITEM_CHARS else ""
    spans: list[Span] = []
    opened = start
    depth = 0
    for position in range(start, end):
        character = text[position]
        if character in _OPENING:
            depth += 1
            continue
        quoted_stop = False
        if character in _CLOSING:
            depth = max(0, depth - 1)
            quoted_stop = bool(stops) and character in _QUOTES and text[position - 1] in _FULL_STOPS
        runs_on = _QUOTE_RUNS_ON if quoted_stop else _RUNS_ON
        ends = depth == 0 and (character in stops or quoted_stop)
        if ends and (position + 1 == end or text[position + 1] not in runs_on):
            spans.append((opened, position + 1))
            opened = position + 1
    spans.append((opened, end))
    stripped = (_strip(text, span) for span in spans)
    return [span for span in stripped if span[0] < span[1]]


def _strip(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
