"""What OCR found on a page, laid out as the pages of a pdf are: lines, columns one after the other, tables.

Only what comes out honestly: columns of running text with a gutter between them, and tables whose
rows have their cells side by side. Where cells and rows do not agree, each row is a line of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from knowledge_base.loaders.ocr import Placed, Recognised
from knowledge_base.loaders.pages import Page, Table
from knowledge_base.loaders.pdf_letters import Letter, Line, lines_of
from knowledge_base.loaders.pdf_lines import PageLines

SAME_SIZE = 0.22  # boxes of one type size differ by this much
COLUMN_LINES = 4
COLUMN_CHARS = 8
CELL_GAP_EM = 1.5

_ARTICLE = re.compile(r"第[〇零一二三四五六七八九十百千]{1,7}条(?:之[一二三四五六七八九十]{1,3})?")
_NARROW = re.compile("[\x20-\x7e]")
_WIDE_PAREN = re.compile(r"[（(]([一二三四五六七八九十百]+|\d{1,2})[)）]")


def page_of(found: Recognised, number: int, *, unit: float = 1.0) -> Page:
    """Lay out one page; `number` counts from 0, places are multiplied by `unit`."""
    em = _em(found.lines)
    sizes = _sizes(found.lines, em)
    margin = min((line.x0 for line in found.lines), default=0.0)
    letters = [
        Letter(
            _as_printed(line.text, indented=line.x0 - margin > em),
            unit * line.x0,
            unit * line.x1,
            unit * (line.middle - size / 2),
            unit * (line.middle + size / 2),
            unit * size,
        )
        for line, size in zip(found.lines, sizes, strict=True)
    ]
    strips = _strips(letters, unit * em)
    lines: list[Line] = []
    tables: list[Table] = []
    shift = 0.0
    for strip in strips:
        # Columns are set one below the other, at one left edge, as the text is read.
        left = min(letter.x0 for letter in strip) if len(strips) > 1 else 0.0
        down = max(0.0, shift - min(letter.top for letter in strip)) if len(strips) > 1 else 0.0
        moved = [_moved(letter, left, down) for letter in strip]
        more, cells = _lines_and_tables(moved, unit * em, number)
        lines += more
        tables += cells
        shift = max(letter.bottom for letter in moved) + 0.5 * unit * em
    height = max(unit * found.height, shift)
    return Page(PageLines(height, tuple(lines)), tuple(tables), own_margins=len(strips) > 1)


def _as_printed(text: str, *, indented: bool) -> str:
    """Undo two habits of the recogniser: half-width brackets, and no blank after the number of a 条."""
    text = _WIDE_PAREN.sub(r"（\1）", text)
    number = _ARTICLE.match(text)
    return f"{number[0]} {text[number.end() :].lstrip()}" if number and indented else text


def _em(lines: Sequence[Placed]) -> float:
    """Return the type size in pixels: the advance of a full-width character in the longer lines."""
    advances = [
        (line.x1 - line.x0) / chars
        for line in lines
        if (chars := sum(0.5 if _NARROW.match(letter) else 1.0 for letter in line.text)) >= 6
    ]
    heights = [line.height for line in lines]
    return median(advances) if advances else 0.8 * median(heights) if heights else 1.0


def _sizes(lines: Sequence[Placed], em: float) -> list[float]:
    """Return each line's type size; boxes that differ by no more than print does have the text's size."""
    long = [line.height for line in lines if len(line.text) >= 6] or [line.height for line in lines]
    usual = median(long) if long else 1.0
    return [
        em
        if abs(line.height - usual) <= SAME_SIZE * usual or len(line.text) < 4
        else em * line.height / usual
        for line in lines
    ]


def _moved(letter: Letter, left: float, down: float) -> Letter:
    return replace(
        letter,
        x0=letter.x0 - left,
        x1=letter.x1 - left,
        top=letter.top + down,
        bottom=letter.bottom + down,
    )


def _strips(letters: Sequence[Letter], em: float) -> list[list[Letter]]:
    """Part a page at a gutter: what stands above the columns, each column, what stands below."""
    if not letters:
        return []
    gutter = _gutter(letters, em)
    if gutter is None:
        return [list(letters)]
    crossing = [letter for letter in letters if letter.x0 < gutter < letter.x1]
    sides = [letter for letter in letters if letter not in crossing]
    first, last = min(letter.top for letter in sides), max(letter.bottom for letter in sides)
    above = [letter for letter in crossing if letter.bottom <= first + em]
    below = [letter for letter in crossing if letter.top >= last - em]
    between = [letter for letter in crossing if letter not in above and letter not in below]
    if between:
        return [list(letters)]
    left = [letter for letter in sides if letter.x1 <= gutter]
    right = [letter for letter in sides if letter.x0 >= gutter]
    return [strip for strip in (above, left, right, below) if strip]


def _gutter(letters: Sequence[Letter], em: float) -> float | None:
    """Return where two columns of running text part, None where there are none."""
    left_edge, right_edge = min(each.x0 for each in letters), max(each.x1 for each in letters)
    for share in (0.5, 0.48, 0.52, 0.46, 0.54, 0.44, 0.56):
        x = left_edge + share * (right_edge - left_edge)
        sides = (
            [each for each in letters if each.x1 < x - em / 4],
            [each for each in letters if each.x0 > x + em / 4],
        )
        if all(_is_running_text(side) for side in sides):
            return x
    return None


def _is_running_text(side: Sequence[Letter]) -> bool:
    return len(side) >= COLUMN_LINES and median(len(letter.text) for letter in side) >= COLUMN_CHARS


def _lines_and_tables(letters: Sequence[Letter], em: float, number: int) -> tuple[list[Line], list[Table]]:
    rows = list(_rows(letters, em))
    lines: list[Line] = []
    tables: list[Table] = []
    for tabular, group in groupby(rows, key=lambda row: len(row) > 1):
        run = list(group)
        if not tabular or len(run) < 2:
            lines += [
                line for row in run for line in lines_of([each for cell in row for each in cell], number)
            ]
            continue
        cells = [tuple(" ".join(each.text for each in cell) for cell in row) for row in run]
        agree = len({len(row) for row in cells}) == 1
        shown = cells if agree else [(" ".join(row),) for row in cells]
        tables.append(Table(min(each.top for cell in run[0] for each in cell), tuple(shown)))
    return lines, tables


def _rows(letters: Sequence[Letter], em: float) -> Iterator[list[list[Letter]]]:
    """Yield rows of cells from top to bottom; pieces of one line that stand close are one cell."""
    row: list[Letter] = []
    for letter in [*sorted(letters, key=lambda each: each.top + each.bottom), None]:
        middle = (row[0].top + row[0].bottom) / 2 if row else 0.0
        if row and (letter is None or (letter.top + letter.bottom) / 2 - middle > em / 2):
            cells: list[list[Letter]] = []
            for each in sorted(row, key=lambda each: each.x0):
                if cells and each.x0 - cells[-1][-1].x1 < CELL_GAP_EM * em:
                    cells[-1].append(each)
                else:
                    cells.append([each])
            yield cells
            row = []
        if letter is not None:
            row.append(letter)
