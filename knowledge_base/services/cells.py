"""A record as the cells of a row, and back: lists on lines of their own, laws as 《标题》（文号）第X条."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from knowledge_base.dates import read_date
from knowledge_base.services.records import (
    NOTHING,
    Fee,
    Hours,
    ItemQuestion,
    LegalBasis,
    Material,
    MiniProgram,
    Office,
    Record,
    ServiceItem,
)

_TRUE, _FALSE = (
    frozenset({"是", "true", "1", "y", "yes", "√"}),
    frozenset({"否", "false", "0", "n", "no", "×"}),
)
_LAW = re.compile(r"《(?P<title>.+)》(?:[（(](?P<number>[^（）()]*)[）)])?(?P<article>.*)")
_DAY_NAMES = "一二三四五六日"
_HOURS = re.compile(
    r"(?P<days>[周星期一二三四五六日天至到、,，\-\s每]+?)\s*"
    r"(?P<open>\d{1,2}:\d{2})\s*[-—–至~]\s*(?P<close>\d{1,2}:\d{2})"
)
_DAY_RANGE = re.compile(r"([一二三四五六日])(?:[至到-]([一二三四五六日]))?")


@dataclass(frozen=True, slots=True)
class SheetKind:
    """A sheet of the catalogue.

    Attributes:
        key: Name in JSON, and of the CSV file.
        title: Name of the worksheet.
        model: What a row is.
        is_child: Whether its rows belong to items, named by their 实施编码 in the first column.
    """

    key: str
    title: str
    model: type[Record]
    is_child: bool = False


SHEETS = (
    SheetKind("items", "事项", ServiceItem),
    SheetKind("materials", "材料", Material, is_child=True),
    SheetKind("fees", "收费", Fee, is_child=True),
    SheetKind("questions", "常见问题", ItemQuestion, is_child=True),
    SheetKind("offices", "办理地点", Office),
)
CHILDREN = tuple(kind for kind in SHEETS if kind.is_child)
ITEM_CODE = "task_code"
ELSEWHERE = object()
"""The value of a cell that says its list stands in a sheet of its own."""
_SEE_SHEET = "（见分表）"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: the field it holds, its Chinese heading, how a value becomes a cell and back."""

    name: str
    title: str
    write: Callable[[Any], str]
    read: Callable[[str], object]


def columns_of(kind: SheetKind) -> tuple[Column, ...]:
    """Return the columns of a sheet in order."""
    columns = [column_of(name, field) for name, field in kind.model.model_fields.items()]
    if kind.is_child:
        code = ServiceItem.model_fields[ITEM_CODE]
        columns.insert(0, column_of(ITEM_CODE, code))
    return tuple(columns)


def title_of(model: type[Record], name: str) -> str:
    """Return the Chinese heading of a field; its own name where it has none."""
    field = model.model_fields.get(name)
    return (field.title if field else None) or name


def written(record: BaseModel, columns: Iterable[Column]) -> list[str]:
    """Return a record as cells; what it does not state is a blank one."""
    cells = []
    for column in columns:
        value = getattr(record, column.name)
        cells.append("" if value is None else column.write(value))
    return cells


def values_of(
    cells: Mapping[str, str], columns: Sequence[Column]
) -> tuple[dict[str, object], dict[str, str]]:
    """Return the values of a row by field, and by field what is wrong with a cell that has none.

    Args:
        cells: By field name; blank ones say nothing.
    """
    values: dict[str, object] = {}
    faults: dict[str, str] = {}
    for column in columns:
        text = cells.get(column.name, "").strip()
        if not text:
            continue
        try:
            values[column.name] = column.read(text)
        except ValueError as fault:
            faults[column.name] = str(fault)
    return values, faults


def column_of(name: str, field: FieldInfo) -> Column:  # noqa: PLR0911 - one for each kind of field
    """Return the column that a field makes, by its title and type."""
    title = field.title or name
    inner = _inner(field.annotation)
    special = _SPECIAL.get(get_args(inner)[0] if get_origin(inner) is tuple else inner)
    if special is not None:
        return Column(name, title, *special)
    if name in {kind.key for kind in CHILDREN}:
        return Column(name, title, lambda value: _SEE_SHEET if value else NOTHING, _read_children)
    if inner is bool:
        return Column(name, title, lambda value: "是" if value else "否", _read_bool)
    if inner is date:
        return Column(name, title, lambda value: value.isoformat(), _read_date)
    if inner is int:
        return Column(name, title, str, _read_int)
    if get_origin(inner) is tuple:
        read = _read_choices if get_origin(get_args(inner)[0]) is Literal else _read_lines
        return Column(name, title, lambda values: "\n".join(values) or NOTHING, read)
    return Column(name, title, str, lambda text: text)


def _inner(annotation: Any) -> Any:
    """Return a field's type without `None` and `Annotated`."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return _inner(next(each for each in get_args(annotation) if each is not type(None)))
    if hasattr(annotation, "__metadata__"):
        return _inner(annotation.__origin__)
    return annotation


def _read_bool(text: str) -> bool:
    lowered = text.lower()
    if lowered in _TRUE or lowered in _FALSE:
        return lowered in _TRUE
    raise ValueError(f"应填“是”或“否”，读到“{text[:20]}”")


def _read_int(text: str) -> int:
    plain = re.sub(r"\.0+$", "", text)
    if not re.fullmatch(r"\d{1,6}", plain):
        raise ValueError(f"应填整数，读到“{text[:20]}”：单位和说明写在别的列里")
    return int(plain)


def _read_date(text: str) -> date:
    day = read_date(text.partition(" ")[0])
    if day is None:
        raise ValueError(f"应填日期，如 2026-03-01，读到“{text[:20]}”")
    return day


def _read_lines(text: str) -> list[str]:
    return [] if text == NOTHING else [line for line in text.splitlines() if line.strip()]


def _read_choices(text: str) -> list[str]:
    return [
        each.strip() for line in _read_lines(text) for each in re.split("[、,，;；/]", line) if each.strip()
    ]


def _read_children(text: str) -> object:
    if text in (NOTHING, "无"):
        return []
    if text == _SEE_SHEET:
        return ELSEWHERE
    raise ValueError(f"应填“{NOTHING}”或“{_SEE_SHEET}”，内容逐行写在分表里；读到“{text[:20]}”")


def _write_laws(laws: Sequence[LegalBasis]) -> str:
    return "\n".join(map(_write_law, laws)) or NOTHING


def _write_law(law: LegalBasis) -> str:
    # （一） right after the title would be read as a document number: say that there is none.
    number = f"（{law.doc_number}）" if law.doc_number or law.article.startswith(("（", "(")) else ""
    return f"《{law.title}》{number}{law.article}"


def read_law(text: str) -> LegalBasis:
    """Read 《标题》（文号）第X条.

    Raises:
        ValueError: If it is not of that form; says what it should look like.
    """
    found = _LAW.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text[:40]}”应写作《标题》（文号）第X条，一行一部")
    return LegalBasis(
        title=found["title"], doc_number=(found["number"] or "").strip(), article=found["article"].strip()
    )


def _read_laws(text: str) -> list[LegalBasis]:
    return [read_law(line) for line in _read_lines(text)]


def _write_program(program: MiniProgram) -> str:
    return f"{program.appid} {program.path}".strip()


def _read_program(text: str) -> MiniProgram:
    appid, _, path = text.partition(" ")
    return MiniProgram(appid=appid, path=path.strip())


def write_hours(hours: Sequence[Hours]) -> str:
    """Return opening hours a line each, `周一至周五 09:00-12:00`."""
    return "\n".join(f"{write_days(each.days)} {each.open}-{each.close}" for each in hours)


def write_days(days: Sequence[int]) -> str:
    """Return days of the week as people write them: `周一至周五、周日`."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [
        f"周{_DAY_NAMES[run[0] - 1]}" + (f"至周{_DAY_NAMES[run[-1] - 1]}" if len(run) > 1 else "")
        for run in runs
    ]
    return "、".join(names)


def read_hours(text: str) -> list[Hours]:
    """Read what `write_hours` wrote, or what people write: `周一至周五 9:00-12:00`, `每天 8:30-18:00`.

    Raises:
        ValueError: If a line is not of that form.
    """
    return [_read_hours_line(line) for line in re.split(r"[\n；;]+", text) if line.strip()]


def _read_hours_line(line: str) -> Hours:
    found = _HOURS.fullmatch(line.strip().replace("：", ":").replace("星期", "周"))
    if found is None:
        raise ValueError(f"服务时间“{line[:30]}”应写作“周一至周五 09:00-12:00”，一行一段")
    named = re.sub(r"[周\s]", "", found["days"]).replace("天", "日")
    days: list[int] = list(range(1, 8)) if named in ("", "每日", "每") else []
    for first, last in _DAY_RANGE.findall(named) if not days else ():
        start = _DAY_NAMES.index(first) + 1
        days += range(start, (_DAY_NAMES.index(last) + 1 if last else start) + 1)
    return Hours(days=tuple(days), open=found["open"].zfill(5), close=found["close"].zfill(5))


_SPECIAL: Mapping[object, tuple[Callable[[Any], str], Callable[[str], object]]] = {
    LegalBasis: (_write_laws, _read_laws),
    MiniProgram: (_write_program, _read_program),
    Hours: (write_hours, read_hours),
}
