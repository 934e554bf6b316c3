"""FAQ sheets, columns 问题、答案、相似问、依据、地区、生效、失效: CSV and JSON; xlsx is read only."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge_base.dates import read_date
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqRow
from knowledge_base.loaders.faq_sheet import read_faq_sheet

COLUMNS = ("问题", "答案", "相似问", "依据", "地区", "生效", "失效")
_REQUIRED = frozenset({"问题", "答案", "依据"})
_SEPARATORS = re.compile(r"[\n|｜；;]+")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a sheet, and what became of it.

    Attributes:
        number: As an operator counts: from 1 after the header; in xlsx, the sheet's own number of the row.
        row: None where a cell cannot be understood.
        column: Heading of the column at fault; empty for none.
        fault: Why, in Chinese; empty for a row that was read.
        sheet: Name of the worksheet; empty where the file has but one table.
    """

    number: int
    row: FaqRow | None
    column: str = ""
    fault: str = ""
    sheet: str = ""


def read_sheet(path: Path) -> list[SheetRow]:
    """Read a FAQ sheet: `.json` (a list of objects), `.xlsx`, else CSV (UTF-8 or GB18030).

    A cell of 相似问 or 依据 may hold several, a line each or parted by `|` or `；`; in JSON also a list.

    Raises:
        FaqError: If the file cannot be read at all, or its columns are not those of a FAQ sheet.
        LoadError: If an xlsx file cannot, bears 密级 or has no FAQ sheet.
    """
    if path.suffix.lower() == ".xlsx":
        return _workbook_rows(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FaqError(f"问答表 {path} 无法读取：{error.strerror}") from error
    text = _decode(data, path)
    read = _json_records if path.suffix.lower() == ".json" else _csv_records
    return read_records(read(text, path), path.name)


def read_records(records: Iterable[Mapping[str, object]], name: str) -> list[SheetRow]:
    """Read the rows of any sheet whose cells are named by `COLUMNS`; `name` is the sheet's, for messages.

    Raises:
        FaqError: If a column is missing or unknown.
    """
    rows = []
    for number, record in enumerate(records, start=1):
        unknown = [each for each in record if each not in COLUMNS]
        missing = [each for each in COLUMNS if each in _REQUIRED and each not in record]
        if unknown or missing:
            said = [f"不认识的列 {'、'.join(map(repr, unknown))}"] if unknown else []
            said += [f"缺少列 {'、'.join(missing)}"] if missing else []
            raise FaqError(
                f"问答表 {name} 第 {number} 行：{'，'.join(said)}；应有的列是 {'、'.join(COLUMNS)}"
            )
        if not any(record.values()):
            continue  # a line left blank between rows
        try:
            rows.append(SheetRow(number, _row(record)))
        except FaqError as fault:
            rows.append(SheetRow(number, None, fault.column, str(fault)))
    return rows


def write_csv(rows: Sequence[FaqRow]) -> str:
    """Return the rows as CSV with a header, `\\n` line ends; reading it gives the same rows."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row, "\n".join) for row in rows)
    return out.getvalue()


def write_json(rows: Sequence[FaqRow]) -> str:
    """Return the rows as a JSON list; reading it gives the same rows."""
    return json.dumps([_cells(row, list) for row in rows], ensure_ascii=False, indent=1) + "\n"


def _workbook_rows(path: Path) -> list[SheetRow]:
    read = read_faq_sheet(path)
    rows = [
        SheetRow(
            each.row,
            FaqRow(
                question=each.question,
                answer=each.answer,
                sources=each.sources,
                variants=each.variants,
                region=each.region,
                effective_from=each.effective_from,
                effective_to=each.effective_to,
            ),
            sheet=each.sheet,
        )
        for each in read.rows
    ]
    rows += [SheetRow(each.row, None, each.column, each.reason, each.sheet) for each in read.faults]
    order = {name: place for place, name in enumerate(dict.fromkeys(each.sheet for each in rows))}
    return sorted(rows, key=lambda each: (order[each.sheet], each.number))


def _cells(row: FaqRow, join: Callable[[Sequence[str]], object]) -> dict[str, object]:
    return {
        "问题": row.question,
        "答案": row.answer,
        "相似问": join(row.variants),
        "依据": join(row.sources),
        "地区": row.region,
        "生效": row.effective_from.isoformat() if row.effective_from else "",
        "失效": row.effective_to.isoformat() if row.effective_to else "",
    }


def _row(record: Mapping[str, object]) -> FaqRow:
    return FaqRow(
        question=_text(record, "问题"),
        answer=_text(record, "答案"),
        sources=_several(record, "依据"),
        variants=_several(record, "相似问"),
        region=_text(record, "地区"),
        effective_from=_day(record, "生效"),
        effective_to=_day(record, "失效"),
    )


def _text(record: Mapping[str, object], column: str) -> str:
    value = record.get(column)
    if value is None:
        return ""
    if isinstance(value, date):  # as a spreadsheet gives it
        return value.isoformat()[:10]
    if not isinstance(value, str):
        raise FaqError(f"{column}应当是文字，读到 {value!r}", column=column)
    return value.strip()


def _several(record: Mapping[str, object], column: str) -> tuple[str, ...]:
    value = record.get(column)
    if isinstance(value, list):
        if not all(isinstance(each, str) for each in value):
            raise FaqError(f"{column}应当是文字的列表，读到 {value!r}", column=column)
        return tuple(each.strip() for each in value if each.strip())
    return tuple(each.strip() for each in _SEPARATORS.split(_text(record, column)) if each.strip())


def _day(record: Mapping[str, object], column: str) -> date | None:
    words = _text(record, column)
    day = read_date(words) if words else None
    if words and day is None:
        raise FaqError(f"{column}应当是日期（如 2026-03-01），读到 {words!r}", column=column)
    return day


def _decode(data: bytes, path: Path) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FaqError(f"问答表 {path.name} 既不是 UTF-8 也不是 GB18030 编码")


def _csv_records(text: str, path: Path) -> list[Mapping[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    records: list[Mapping[str, object]] = []
    for number, record in enumerate(reader, start=1):
        if None in record:
            raise FaqError(
                f"问答表 {path.name} 第 {number} 行的格数多于表头的 {len(reader.fieldnames or ())} 列"
            )
        records.append({(name or "").strip(): value for name, value in record.items()})
    return records


def _json_records(text: str, path: Path) -> list[Mapping[str, object]]:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise FaqError(f"问答表 {path.name} 不是有效的 JSON：第 {error.lineno} 行 {error.msg}") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise FaqError(f"问答表 {path.name} 应当是一个 JSON 列表，每条问答一个对象")
    return records
