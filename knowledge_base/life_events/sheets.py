"""Life events as files: JSON, one event each or a list of them, and a workbook an operator can fill.

A workbook has the sheets 事件, 问题 and 步骤; the rows of the last two name their event in the first column.
What is written reads the same.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from knowledge_base.errors import LifeEventsUnreadable
from knowledge_base.life_events.records import EventQuestion, EventStep, LifeEvent
from knowledge_base.life_events.writing import (
    read_condition,
    read_options,
    write_condition,
    write_options,
)
from knowledge_base.loaders.reading_bytes import read_bytes
from knowledge_base.loaders.workbook import open_workbook
from knowledge_base.services.cells import Column, column_of, title_of, values_of, written
from knowledge_base.services.exporting import write_sheets
from knowledge_base.services.findings import Finding, Place, Severity
from knowledge_base.services.records import Record
from knowledge_base.services.sheets import explained, heading

READABLE = (".json", ".xlsx")
_MAX_BYTES = 16 * 1024 * 1024
_HEADER_WITHIN_ROWS = 5
_EVENT_CODE = "事件编码"
_SPECIAL: Mapping[str, tuple[Callable[[Any], str], Callable[[str], object]]] = {
    "options": (write_options, read_options),
    "ask_when": (write_condition, read_condition),
    "when": (write_condition, read_condition),
}


@dataclass(frozen=True, slots=True)
class SheetOf:
    """A sheet of the workbook: its name, what a row is, and which list of the event its rows make."""

    title: str
    model: type[Record]
    key: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in order; those of questions and steps have their event's code before them."""
        shown = ((name, of) for name, of in self.model.model_fields.items() if of.annotation not in _LISTS)
        columns = [
            Column(name, of.title or name, *_SPECIAL[name]) if name in _SPECIAL else column_of(name, of)
            for name, of in shown
        ]
        return (Column("event", _EVENT_CODE, str, str), *columns) if self.key else tuple(columns)


_LISTS = (tuple[EventQuestion, ...], tuple[EventStep, ...])
SHEETS = (
    SheetOf("事件", LifeEvent),
    SheetOf("问题", EventQuestion, "questions"),
    SheetOf("步骤", EventStep, "steps"),
)


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """An event with the places of itself, its questions and its steps, in their order."""

    event: LifeEvent
    place: Place
    questions: tuple[Place, ...] = ()
    steps: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class EventsReading:
    """What files hold: the events that can be kept, by code, and what is wrong with the rest."""

    events: Mapping[str, ReadEvent]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Collected:
    events: dict[str, ReadEvent] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def keep(self, read: ReadEvent) -> None:
        code = read.event.code
        if code in self.events:
            message = f"编码 {code} 与{self.events[code].place}重复：只收前一个，请改编码或合并成一个"
            self.findings.append(Finding(read.place, "编码", message, Severity.ERROR, code))
            return
        self.events[code] = read

    def refuse(self, place: Place, model: type[Record], error: ValidationError, code: str) -> None:
        for each in error.errors(include_url=False):
            column, message = explained(model, each)
            self.findings.append(Finding(place, title_of(model, column), message, Severity.ERROR, code))


def read_events(path: Path) -> EventsReading:
    """Read a JSON file, a workbook, or a folder of these; several are read together.

    Raises:
        LifeEventsUnreadable: If there is no event in it, or a file cannot be read at all.
        LoadError: If a workbook is damaged, encrypted, or beyond the bounds of a file taken in.
    """
    collected = _Collected()
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.suffix.lower() in READABLE)
    elif path.suffix.lower() in READABLE:
        files = [path]
    else:
        raise LifeEventsUnreadable(f"{path.name} 不是一件事的文件：可以是 json、xlsx，或它们的文件夹")
    for file in files:
        data = read_bytes(file, _MAX_BYTES)
        if file.suffix.lower() == ".json":
            _read_json(file.name, data, collected)
        else:
            _read_workbook(file.name, data, collected)
    if not collected.events and not collected.findings:
        raise LifeEventsUnreadable(f"{path.name} 里没有一件事：请对照 wenzheng life-event export 的样子")
    return EventsReading(collected.events, tuple(collected.findings))


def _read_json(name: str, data: bytes, collected: _Collected) -> None:
    try:
        held = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LifeEventsUnreadable(f"{name} 不是有效的 JSON（UTF-8）：{error}") from error
    events = held["events"] if isinstance(held, dict) and set(held) == {"events"} else held
    for number, values in enumerate(events if isinstance(events, list) else [events], start=1):
        place = Place(name, "", number if isinstance(events, list) else 0)
        code = str(values.get("code", "")) if isinstance(values, dict) else ""
        try:
            event = LifeEvent.model_validate(values)
        except ValidationError as error:
            collected.refuse(place, LifeEvent, error, code)
            continue
        collected.keep(
            ReadEvent(
                event,
                place,
                tuple(Place(name, "questions", at) for at, _ in enumerate(event.questions, start=1)),
                tuple(Place(name, "steps", at) for at, _ in enumerate(event.steps, start=1)),
            )
        )


def _read_workbook(name: str, data: bytes, collected: _Collected) -> None:
    rows: dict[str, list[tuple[Place, dict[str, str]]]] = {}
    for sheet in open_workbook(data).sheets:
        kind = next((each for each in SHEETS if each.title == sheet.name.strip()), None)
        if kind is not None:
            rows[kind.title] = list(
                _rows(name, kind, [(row.number, row.cells) for row in sheet.rows], collected)
            )
    parts: dict[tuple[str, str], list[tuple[Place, Record]]] = defaultdict(list)
    broken: set[str] = set()
    unclaimed: dict[str, Place] = {}
    for kind in SHEETS[1:]:
        for place, cells in rows.get(kind.title, []):
            values, faults = values_of(cells, kind.columns)
            code = str(values.pop("event", ""))
            unclaimed.setdefault(code, place)
            record = _record(kind.model, values, faults, place=place, collected=collected, code=code)
            if record is None:
                broken.add(code)
            else:
                parts[code, kind.key].append((place, record))
    for place, cells in rows.get(SHEETS[0].title, []):
        values, faults = values_of(cells, SHEETS[0].columns)
        code = str(values.get("code", ""))
        unclaimed.pop(code, None)
        if code in broken:
            message = "它的问题或步骤里有错，整件没有收：请先改好那些行"
            collected.findings.append(Finding(place, "", message, Severity.ERROR, code))
            continue
        for key in ("questions", "steps"):
            values[key] = [record for _, record in parts[code, key]]
        event = _record(LifeEvent, values, faults, place=place, collected=collected, code=code)
        if isinstance(event, LifeEvent):
            questions, steps = (tuple(of for of, _ in parts[code, key]) for key in ("questions", "steps"))
            collected.keep(ReadEvent(event, place, questions, steps))
    for code, place in unclaimed.items():
        message = f"“事件”表里没有编码 {code or '（空）'}，它的行没有收：请核对编码"
        collected.findings.append(Finding(place, _EVENT_CODE, message, Severity.ERROR, code))


def _rows(
    file: str, kind: SheetOf, rows: Sequence[tuple[int, tuple[str, ...]]], collected: _Collected
) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a sheet by column name, below the row that has the headings."""
    known = {heading(each): column.name for column in kind.columns for each in (column.name, column.title)}
    needed = {name for name, of in kind.model.model_fields.items() if of.is_required()} - {"steps"}
    for at, (number, cells) in enumerate(rows[:_HEADER_WITHIN_ROWS]):
        names = {place: known[head] for place, cell in enumerate(cells) if (head := heading(cell)) in known}
        if not needed <= set(names.values()):
            continue
        unknown = [cell for cell in cells if heading(cell) and heading(cell) not in known]
        if unknown:
            said = "、".join(f"“{each}”" for each in unknown)
            message = f"不认识的列{said}，没有读：请核对列名"
            collected.findings.append(Finding(Place(file, kind.title, number), "", message))
        for row, values in rows[at + 1 :]:
            yield (
                Place(file, kind.title, row),
                {name: values[place] for place, name in names.items() if place < len(values)},
            )
        return
    if rows:
        titles = "、".join(column.title for column in kind.columns if column.name in needed)
        message = f"前 {_HEADER_WITHIN_ROWS} 行里没有表头：至少要有列{titles}"
        collected.findings.append(Finding(Place(file, kind.title, 1), "", message, Severity.ERROR))


def _record(
    model: type[Record],
    values: dict[str, Any],
    faults: Mapping[str, str],
    *,
    place: Place,
    collected: _Collected,
    code: str,
) -> Record | None:
    for column, message in faults.items():
        collected.findings.append(Finding(place, title_of(model, column), message, Severity.ERROR, code))
    if faults:
        return None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        collected.refuse(place, model, error, code)
        return None


def write_events(path: Path, events: Iterable[LifeEvent]) -> None:
    """Write events so that reading them gives the same: `.json` or `.xlsx`, or a folder, one JSON file each.

    Raises:
        LifeEventsUnreadable: If the file name ends otherwise, or the disk refuses.
    """
    listed, suffix = list(events), path.suffix.lower()
    if suffix and suffix not in READABLE:
        raise LifeEventsUnreadable(f"不能写成 {suffix} 文件：可以是 .json、.xlsx，或者一个文件夹")
    try:
        if suffix == ".json":
            path.write_text(_json({"events": [_values(each) for each in listed]}), encoding="utf-8")
        elif suffix == ".xlsx":
            write_sheets(path, [(kind.title, _cells(kind, listed)) for kind in SHEETS])
        else:
            path.mkdir(parents=True, exist_ok=True)
            for event in listed:
                (path / f"{event.code}.json").write_text(_json(_values(event)), encoding="utf-8")
    except OSError as error:
        raise LifeEventsUnreadable(f"{path} 无法写入：{error.strerror}") from error


def _values(event: LifeEvent) -> dict[str, object]:
    return event.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _cells(kind: SheetOf, events: Iterable[LifeEvent]) -> Iterator[list[str]]:
    columns = kind.columns
    yield [column.title for column in columns]
    for event in events:
        if not kind.key:
            yield written(event, columns)
            continue
        for part in getattr(event, kind.key):
            yield [event.code, *written(part, columns[1:])]
