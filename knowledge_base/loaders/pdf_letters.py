"""Letters with places to lines of text; units are points from the top left corner of the page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LATIN_GAP = 0.15  # of a letter's size; where a space is not written, it is left as a gap
WIDE_GAP = 0.5  # justified Chinese spreads by less than this


@dataclass(frozen=True, slots=True)
class Letter:
    """A printed character, which may be a blank."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its place; `size` is that of its largest letter."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    page: int


def lines_of(letters: Iterable[Letter], page: int) -> Iterator[Line]:
    """Yield the lines that letters form, from top to bottom; blank ones are left out."""
    for row in _rows(letters):
        printed = [letter for letter in row if not letter.text.isspace()]
        if printed:
            yield Line(
                _written(row).strip(),
                printed[0].x0,
                max(letter.x1 for letter in printed),
                min(letter.top for letter in printed),
                max(letter.bottom for letter in printed),
                max(letter.size for letter in printed),
                page,
            )


def _rows(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    row: list[Letter] = []
    middle = 0.0
    for letter in sorted(letters, key=lambda each: each.top + each.bottom):
        its_middle = (letter.top + letter.bottom) / 2
        if row and its_middle - middle > letter.size / 2:
            yield sorted(row, key=lambda each: each.x0)
            row = []
        if not row:
            middle = its_middle
        row.append(letter)
    if row:
        yield sorted(row, key=lambda each: each.x0)


def _written(row: Sequence[Letter]) -> str:
    written = row[0].text
    for before, letter in pairwise(row):
        # A second, slightly shifted copy of a letter is how some programs print bold.
        if letter.text == before.text and letter.x0 - before.x0 < 0.2 * letter.size:
            continue
        latin = before.text.isascii() and letter.text.isascii()
        gap = LATIN_GAP if latin else WIDE_GAP
        if letter.x0 - before.x1 > gap * min(before.size, letter.size):
            written += " "
        written += letter.text
    return written
