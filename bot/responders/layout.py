"""How a quotation is laid out on screen: a list stays a list, a cell of a table has its column named."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge_base.loaders.tables import SEPARATOR
from knowledge_base.structure import Rank, marker_of

_INTRODUCES = ("：", ":")


@dataclass(frozen=True, slots=True)
class Part:
    """Words and the items they introduce: without items a paragraph, without words a bare list."""

    text: str
    items: tuple[str, ...] = ()


def item_starts(text: str) -> frozenset[int]:
    """Return where the items of lists start in `text`, code points.

    A numbered line is an item where another line is numbered alike, or where it follows an item or words
    that introduce it. A single （一） is a provision of its own.
    """
    lines = list(_lines(text))
    ranks = [_rank(line) for _, line in lines]
    alike = Counter(rank for rank in ranks if rank)
    starts: set[int] = set()
    in_list = False
    for (start, line), rank in zip(lines, ranks, strict=True):
        is_item = rank is not None and (in_list or alike[rank] > 1)
        if is_item:
            starts.add(start)
        in_list = is_item or line.endswith(_INTRODUCES)
    return frozenset(starts)


def lay_out(text: str) -> tuple[Part, ...]:
    """Return the parts of a quotation in order; together they hold every non-blank character of it."""
    starts = item_starts(text)
    parts: list[Part] = []
    words: list[str] = []
    items: list[str] = []
    for start, line in _lines(text):
        if start in starts:
            if not items:
                introduction = words.pop() if words and words[-1].endswith(_INTRODUCES) else ""
                parts += [Part("\n".join(words))] if words else []
                words = [introduction]
            items.append(line)
            continue
        if items:
            parts.append(Part(words[0], tuple(items)))
            words, items = [], []
        words.append(line)
    return (*parts, *([Part("\n".join(words), tuple(items))] if words else []))


def cells(row: str) -> list[str]:
    """Return the cells of a table row as stored."""
    return [cell.strip() for cell in row.split(SEPARATOR)]


def lay_out_rows(rows: Sequence[str], header: str) -> tuple[Part, ...]:
    """Return table rows as a list: `列名：值` one to an item for a single row, else one row to an item.

    Args:
        header: The header row in the same form as the rows; empty for a table of names and values.
    """
    pairs = [_pairs(cells(row), cells(header) if header else []) for row in rows]
    items = pairs[0] if len(pairs) == 1 else ["；".join(row) for row in pairs]
    return (Part("", tuple(items)),)


def _pairs(row: list[str], columns: list[str]) -> list[str]:
    if len(row) == len(columns):
        return [
            f"{name}：{value}" if name else value for name, value in zip(columns, row, strict=True) if value
        ]
    name, *values = row
    return [f"{name}：{'，'.join(values)}" if values else name]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold anything, without their blank edges, and where each starts."""
    start = 0
    for line in text.split("\n"):
        words = line.strip()
        if words:
            yield start + line.index(words), words
        start += len(line) + 1


def _rank(line: str) -> Rank | None:
    marker = marker_of(line)
    return marker.rank if marker and marker.rank > Rank.ARTICLE else None
