"""Reading the catalogue: a workbook, CSV, JSON, a folder or zip. A row is read, or it is said why not."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knowledge_base.archives import members
from knowledge_base.errors import ServicesUnreadable
from knowledge_base.loaders.reading_bytes import read_bytes
from knowledge_base.loaders.workbook import open_workbook
from knowledge_base.services.cells import (
    CHILDREN,
    ELSEWHERE,
    ITEM_CODE,
    SHEETS,
    SheetKind,
    columns_of,
    title_of,
    values_of,
)
from knowledge_base.services.findings import Finding, Place, Severity
from knowledge_base.services.records import Batch, Office, Record, ServiceItem

_READABLE = (".json", ".xlsx", ".csv")
_HEADER_WITHIN_ROWS = 5
_MAX_BYTES = 64 * 1024 * 1024

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Reading:
    """What files hold: records that can be kept, each with its place, and what is wrong with the rest.

    Attributes:
        items: By 实施编码. offices: By 地点编号. The first of two with one code is kept.
    """

    items: Mapping[str, tuple[ServiceItem, Place]]
    offices: Mapping[str, tuple[Office, Place]]
    findings: tuple[Finding, ...]

    @property
    def batch(self) -> Batch:
        return Batch(
            offices=tuple(office for office, _ in self.offices.values()),
            items=tuple(item for item, _ in self.items.values()),
        )


@dataclass(slots=True)
class _Table:
    """A sheet as read: its columns' names by position, its rows with their numbers."""

    kind: SheetKind
    place: Place
    names: dict[int, str]
    rows: list[tuple[int, tuple[str, ...]]]


@dataclass(slots=True)
class _Collected:
    items: dict[str, tuple[ServiceItem, Place]] = field(default_factory=dict)
    offices: dict[str, tuple[Office, Place]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def keep(self, record: ServiceItem | Office, place: Place) -> None:
        """Keep a record, unless there is one of its code already."""
        code = record.task_code if isinstance(record, ServiceItem) else record.id
        kept: dict[str, tuple[Any, Place]] = self.items if isinstance(record, ServiceItem) else self.offices
        if code not in kept:
            kept[code] = (record, place)
            return
        column = title_of(type(record), ITEM_CODE if isinstance(record, ServiceItem) else "id")
        message = f"{column} {code} 与{kept[code][1]}重复：只收前一行，请改编码或合并成一行"
        self.findings.append(Finding(place, column, message, Severity.ERROR, code))


def read_catalogue(path: Path) -> Reading:
    """Read a workbook, a JSON file, a CSV file, or a folder or zip of these; several are read together.

    Raises:
        ServicesUnreadable: If there is nothing of a catalogue in it, or a file cannot be read at all.
        LoadError: If a workbook or zip is damaged, encrypted, or beyond the bounds of a file taken in.
    """
    collected = _Collected()
    tables: list[_Table] = []
    for name, data in _files(path):
        suffix = Path(name).suffix.lower()
        if suffix == ".json":
            _read_json(name, data, collected)
        elif suffix == ".xlsx":
            tables += _workbook_tables(name, data, collected)
        else:
            tables += _csv_tables(name, data, collected)
    _read_tables(tables, collected)
    if not collected.items and not collected.offices and not collected.findings:
        raise ServicesUnreadable(
            f"{path.name} 里没有事项，也没有办理地点：请对照 wenzheng service export 的样子"
        )
    return Reading(collected.items, collected.offices, tuple(collected.findings))


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files to read with their names, in the order of these."""
    if path.is_dir():
        for file in sorted(each for each in path.rglob("*") if each.suffix.lower() in _READABLE):
            yield file.relative_to(path).as_posix(), read_bytes(file, _MAX_BYTES)
    elif path.suffix.lower() == ".zip":
        packed = members(read_bytes(path, _MAX_BYTES), max_bytes=_MAX_BYTES)
        for member in sorted(packed, key=lambda each: each.name):
            if Path(member.name).suffix.lower() in _READABLE:
                yield member.name, member.read()
    elif path.suffix.lower() in _READABLE:
        yield path.name, read_bytes(path, _MAX_BYTES)
    else:
        raise ServicesUnreadable(f"{path.name} 不是事项库的文件：可以是 xlsx、json、csv，或它们的文件夹、zip")


def _read_json(name: str, data: bytes, collected: _Collected) -> None:
    try:
        held = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ServicesUnreadable(f"{name} 不是有效的 JSON（UTF-8）：{error}") from error
    if not isinstance(held, dict) or not set(held) <= {"items", "offices"}:
        raise ServicesUnreadable(f'{name} 应当是 {{"offices": […], "items": […]}}')
    for key, model in (("offices", Office), ("items", ServiceItem)):
        rows = held.get(key, [])
        if not isinstance(rows, list):
            raise ServicesUnreadable(f"{name} 的 {key} 应当是列表")
        for number, values in enumerate(rows, start=1):
            place = Place(name, key, number)
            record = _validated(model, values, place, collected)
            if isinstance(record, ServiceItem | Office):
                collected.keep(record, place)


def _workbook_tables(name: str, data: bytes, collected: _Collected) -> list[_Table]:
    tables = []
    for sheet in open_workbook(data).sheets:
        rows = [(row.number, row.cells) for row in sheet.rows]
        tables += _table(name, sheet.name, rows, collected)
    return tables


def _csv_tables(name: str, data: bytes, collected: _Collected) -> list[_Table]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ServicesUnreadable(f"{name} 既不是 UTF-8 也不是 GB18030 编码")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows = [(number, tuple(row)) for number, row in enumerate(reader, start=1) if any(row)]
    except csv.Error as error:
        raise ServicesUnreadable(f"{name} 第 {reader.line_num} 行不是有效的 CSV：{error}") from error
    return _table(name, Path(name).stem, rows, collected)


def _table(
    file: str, sheet: str, rows: Sequence[tuple[int, tuple[str, ...]]], collected: _Collected
) -> list[_Table]:
    """Return the table of a sheet, if it is one of a catalogue: known by its columns."""
    for at, (number, cells) in enumerate(rows[:_HEADER_WITHIN_ROWS]):
        for kind in _kinds(sheet):
            columns = columns_of(kind)
            known = {heading(each): column.name for column in columns for each in (column.name, column.title)}
            heads = list(map(heading, cells))
            names = {place: known[head] for place, head in enumerate(heads) if head in known}
            if not _required(kind) <= set(names.values()):
                continue
            place = Place(file, sheet, number)
            unknown = [head for head in heads if head and head not in known]
            if unknown:
                said = "、".join(f"“{head}”" for head in unknown)
                collected.findings.append(Finding(place, "", f"不认识的列{said}，没有读：请核对列名"))
            return [_Table(kind, place, names, list(rows[at + 1 :]))]
    return []


def heading(cell: str) -> str:
    """Return a heading as it is compared: `APP 链接`, `app链接` and, of one needed, `*APP链接` are one."""
    return re.sub(r"[\s*＊]", "", cell).lower()


def _kinds(sheet: str) -> tuple[SheetKind, ...]:
    """Return the kinds a sheet may be, the one it is called after first."""
    return tuple(
        sorted(SHEETS, key=lambda kind: sheet.rsplit("/", 1)[-1].lower() not in (kind.key, kind.title))
    )


def _required(kind: SheetKind) -> set[str]:
    needed = {name for name, of in kind.model.model_fields.items() if of.is_required()}
    return needed | ({ITEM_CODE} if kind.is_child else set())


def _read_tables(tables: Sequence[_Table], collected: _Collected) -> None:
    children: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    broken: set[str] = set()
    unclaimed: dict[str, tuple[Place, SheetKind]] = {}
    for table in (each for each in tables if each.kind.is_child):
        columns = columns_of(table.kind)
        for number, cells in table.rows:
            place = Place(table.place.file, table.place.sheet, number)
            values, faults = values_of(_by_name(table, cells), columns)
            code = str(values.pop(ITEM_CODE, ""))
            unclaimed.setdefault(code, (place, table.kind))
            record = _validated(table.kind.model, values, place, collected, faults, code=code)
            if record is None:
                broken.add(code)
            else:
                children[code][table.kind.key].append(record)
    for table in (each for each in tables if not each.kind.is_child):
        columns = columns_of(table.kind)
        for number, cells in table.rows:
            place = Place(table.place.file, table.place.sheet, number)
            values, faults = values_of(_by_name(table, cells), columns)
            code = str(values.get(ITEM_CODE) or values.get("id") or "")
            if table.kind.model is ServiceItem:
                unclaimed.pop(code, None)
                values.update(children.get(code, {}))
                for child in (each for each in CHILDREN if values.get(each.key) is ELSEWHERE):
                    del values[child.key]
                    faults.setdefault(child.key, f"写着见分表，“{child.title}”表里却没有它的行")
            if table.kind.model is ServiceItem and code in broken:
                message = "分表里属于它的行有错，整项没有收：请先改好那些行"
                collected.findings.append(Finding(place, "", message, Severity.ERROR, code))
                continue
            record = _validated(table.kind.model, values, place, collected, faults, code=code)
            if isinstance(record, ServiceItem | Office):
                collected.keep(record, place)
    for code, (place, kind) in unclaimed.items():
        message = f"“事项”表里没有实施编码 {code or '（空）'}，这些{kind.title}没有收：请核对编码"
        collected.findings.append(
            Finding(place, title_of(ServiceItem, ITEM_CODE), message, Severity.ERROR, code)
        )


def _by_name(table: _Table, cells: Sequence[str]) -> dict[str, str]:
    return {name: cells[place] for place, name in table.names.items() if place < len(cells)}


def _validated(
    model: type[R],
    values: object,
    place: Place,
    collected: _Collected,
    faults: Mapping[str, str] | None = None,
    *,
    code: str = "",
) -> R | None:
    """Return the record these values make; with a fault there is none, and a finding for each."""
    if isinstance(values, dict):
        code = code or str(values.get(ITEM_CODE) or values.get("id") or "")
    found = dict(faults or {})
    record = None
    try:
        record = model.model_validate(values)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            found.setdefault(*explained(model, each))
    for column, message in found.items():
        title = title_of(model, column)
        collected.findings.append(Finding(place, title, message, Severity.ERROR, code))
    return None if found else record


_EXPLAINED = {
    "missing": "没有填：这一项必须有",
    "literal_error": "应为 {expected} 之一",
    "extra_forbidden": "不认识的字段：请核对名称",
    "string_too_long": "太长，最多 {max_length} 字",
    "string_too_short": "没有填：这一项必须有",
    "string_type": "应为文字",
    "too_long": "有 {actual_length} 项，最多 {max_length} 项",
    "too_short": "没有内容：至少要有 {min_length} 项",
    "condition": "不是条件：应有 answer、all、any、not 之一",
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "tuple_type": "应为列表",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "date_from_datetime_parsing": "应为日期，如 2026-03-01",
    "date_type": "应为日期，如 2026-03-01",
    "string_pattern_mismatch": "写法不对，时间应如 09:00",
    "value_error": "前后矛盾：{error}",
    "model_type": "应为一个对象",
}


def explained(model: type[Record], error: ErrorDetails) -> tuple[str, str]:
    """Return the field at fault and, in Chinese, what is wrong inside it."""
    location = [str(part) for part in error["loc"]]
    template = _EXPLAINED.get(error["type"], "值不对（{reason}）")
    context = {"reason": error["msg"]} | error.get("ctx", {})
    message = template.format_map(context).replace("'", "").replace(" or ", "、")
    child = next((kind.model for kind in CHILDREN if location[:1] == [kind.key]), model)
    where = "".join(
        f"第 {int(part) + 1} 项" if part.isdecimal() else f"的“{title_of(child, part)}”"
        for part in location[1:]
    )
    given = error.get("input")
    shown = f"，读到“{str(given)[:30]}”" if isinstance(given, str | int | float) and given != "" else ""
    name = location[0] if location else ""
    if name not in model.model_fields:
        return "", f"{name} {message}".strip()
    return name, f"{where}{message}{shown}"
