"""A sheet of questions and answers: recognised by its columns, read row by row, faults named by cell.

Columns, in any order: 问题 and 答案 (both needed); 相似问, 依据, 地区, 生效, 失效 (optional). Several
相似问 or 依据 stand in one cell on lines of their own, or parted by `；` or `|`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge_base.dates import read_date
from knowledge_base.errors import ClassifiedDocument, UnsupportedFormat
from knowledge_base.loaders.reading_bytes import MAX_BYTES, read_bytes
from knowledge_base.loaders.workbook import Row, Sheet, Workbook, open_workbook
from knowledge_base.records import Block, BlockKind
from knowledge_base.secrecy import secrecy_marking

MAX_QUESTION_CHARS = 500
HEADER_WITHIN_ROWS = 5

_NAMES: Mapping[str, str] = {
    "问题": "问题|标准问题?|常见问题|问|提问|question",
    "答案": "答案|标准答案|回答|解答|答复|答|answer",
    "相似问": "相似问题?|相似问法|相似提问|扩展问题?|variants?",
    "依据": "依据|政策依据|来源|依据文件|sources?",
    "地区": "地区|适用地区|区域|region",
    "生效": "生效|生效日期?|起始日期|effective(?:_from)?",
    "失效": "失效|失效日期?|截止日期|effective_to",
}
_PARTED = re.compile(r"[\n；;|]+")


@dataclass(frozen=True, slots=True)
class FaqRow:
    """A question with its answer, as a row of the sheet gives it.

    Attributes:
        row: As the sheet counts it, from 1.
        answer: With its line breaks.
        sources: What it rests on, as written: titles, 发文字号, file names or links.
        region: A path such as `云岭省/云州市`; empty where the sheet says nothing.
        effective_to: First day no longer in force.
    """

    sheet: str
    row: int
    question: str
    answer: str
    variants: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    region: str = ""
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class FaqFault:
    """What is wrong with a cell, in Chinese with its cure; `column` is the header, such as `答案`."""

    sheet: str
    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class FaqSheet:
    """The rows that can be taken in, and the faults of those that cannot, both in the sheet's order."""

    rows: tuple[FaqRow, ...]
    faults: tuple[FaqFault, ...]


def read_faq_sheet(path: Path, *, max_bytes: int = MAX_BYTES) -> FaqSheet:
    """Read the questions and answers of an xlsx file; a row with a fault is left out of `rows`.

    Raises:
        UnsupportedFormat: If no sheet has a column 问题 and a column 答案.
        ClassifiedDocument: If the file bears 密级.
        LoadError: If it cannot be read at all.
    """
    book = open_workbook(read_bytes(path, max_bytes))
    for sheet in book.sheets:
        blocks = [Block(BlockKind.PARAGRAPH, cell) for row in sheet.rows for cell in row.cells if cell]
        if marking := secrecy_marking(blocks):
            raise ClassifiedDocument(f"工作表“{sheet.name}”标有密级“{marking}”，涉密文件不得导入")
    found = faq_rows(book)
    if not found:
        raise UnsupportedFormat("没有找到“问题”和“答案”两列：请把列名写在表的前几行，一行一问")
    rows: list[FaqRow] = []
    faults: list[FaqFault] = []
    asked: dict[tuple[str, str], int] = {}
    for sheet, row, cells in found:
        wrong = _faults(sheet, row, cells)
        key = (re.sub(r"\s", "", cells.get("问题", "")), cells.get("地区", ""))
        if key[0] and key in asked:
            reason = f"与第 {asked[key]} 行的问题相同：请合并成一行"
            wrong.append(FaqFault(sheet.name, row.number, "问题", reason))
        asked.setdefault(key, row.number)
        faults += wrong
        if not wrong:
            rows.append(_faq_row(sheet, row, cells))
    return FaqSheet(tuple(rows), tuple(faults))


def faq_rows(book: Workbook) -> list[tuple[Sheet, Row, Mapping[str, str]]]:
    """Return the rows below a header with 问题 and 答案, their cells by column."""
    found: list[tuple[Sheet, Row, Mapping[str, str]]] = []
    for sheet in book.sheets:
        columns: dict[int, str] = {}
        for position, row in enumerate(sheet.rows):
            if columns:
                if len(row.cells) > 1:
                    found.append((sheet, row, {name: row.cells[x] for x, name in columns.items()}))
                continue
            if position == HEADER_WITHIN_ROWS:
                break
            named = {x: name for x, cell in enumerate(row.cells) if (name := _column(cell))}
            columns = named if {"问题", "答案"} <= set(named.values()) else {}
    return found


def _column(cell: str) -> str:
    words = re.sub(r"[\s*＊]|[（(][^）)]*[）)]", "", cell).lower()
    return next((name for name, pattern in _NAMES.items() if re.fullmatch(pattern, words)), "")


def _faults(sheet: Sheet, row: Row, cells: Mapping[str, str]) -> list[FaqFault]:
    reasons: list[tuple[str, str]] = [
        (name, f"{name}是空的：请补上，或删去这一行") for name in ("问题", "答案") if not cells[name]
    ]
    if len(cells["问题"]) > MAX_QUESTION_CHARS:
        reasons.append(("问题", f"问题有 {len(cells['问题'])} 字，上限 {MAX_QUESTION_CHARS} 字：请写短"))
    for name in ("生效", "失效"):
        written = cells.get(name, "")
        if written and read_date(written) is None:
            reasons.append((name, f"“{written}”不是日期：请写成 2026-03-01 或 2026年3月1日"))
    begins, ends = read_date(cells.get("生效", "")), read_date(cells.get("失效", ""))
    if begins and ends and ends <= begins:
        reasons.append(("失效", f"失效日 {ends} 不晚于生效日 {begins}：请核对"))
    return [FaqFault(sheet.name, row.number, column, reason) for column, reason in reasons]


def _faq_row(sheet: Sheet, row: Row, cells: Mapping[str, str]) -> FaqRow:
    return FaqRow(
        sheet=sheet.name,
        row=row.number,
        question=" ".join(cells["问题"].split()),
        answer=cells["答案"],
        variants=_several(cells.get("相似问", "")),
        sources=_several(cells.get("依据", "")),
        region=cells.get("地区", ""),
        effective_from=read_date(cells.get("生效", "")),
        effective_to=read_date(cells.get("失效", "")),
    )


def _several(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in _PARTED.split(cell) if part.strip()))
