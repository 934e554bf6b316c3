"""Rules as a workbook that an operator fills without code; what is written reads the same.

The sheets are 规则, 条件 and 标签. A rule holds where all its rows of 条件 do. Rows with the same letter in
任选组 are alternatives, of which one is enough; those of one alternative have the same number in 分支 and
hold together. A condition that is nested deeper has to be a JSON file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from knowledge_base.dates import read_date
from knowledge_base.eligibility.columns import (
    COLUMNS,
    CONDITIONS,
    FACTS,
    LEAVES,
    MARKS,
    OPTIONAL,
    READABLE,
    RULES,
    SEPARATOR,
)
from knowledge_base.eligibility.reading import condition_of, read_rules
from knowledge_base.eligibility.records import AllOf, AnyOf, Condition, Kind, Not, Rule, RuleBook
from knowledge_base.errors import RulesUnreadable
from knowledge_base.loaders.reading_bytes import read_bytes
from knowledge_base.loaders.workbook import Row, open_workbook
from knowledge_base.services.cells import read_law
from knowledge_base.services.findings import Finding, Place, Severity
from knowledge_base.services.sheets import heading

_MAX_BYTES = 16 * 1024 * 1024
_YES = frozenset({"是", "不", "√", "true", "1"})


@dataclass(frozen=True, slots=True)
class RulesReading:
    """What a file holds: the rules that can be read, and what is wrong with the rest, by row and column."""

    book: RuleBook
    findings: tuple[Finding, ...]
    places: Mapping[str, Place]


@dataclass(slots=True)
class _Collected:
    file: str
    findings: list[Finding] = field(default_factory=list)

    def fault(self, place: Place, column: str, message: str, code: str = "") -> None:
        self.findings.append(Finding(place, column, message, Severity.ERROR, code))


def read_rule_file(path: Path) -> RulesReading:
    """Read a JSON file or a workbook of rules.

    Raises:
        RulesUnreadable: If it is neither, or JSON that holds no rules; names file, rule and field.
        LoadError: If a workbook is damaged, encrypted, or beyond the bounds of a file taken in.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return RulesReading(read_rules(path), (), {})
    if suffix != ".xlsx":
        raise RulesUnreadable(f"{path.name} 不是资格规则的文件：可以是 {'、'.join(READABLE)}")
    return _read_workbook(path.name, read_bytes(path, _MAX_BYTES))


def _read_workbook(file: str, data: bytes) -> RulesReading:
    collected = _Collected(file)
    sheets = {sheet.name.strip(): sheet.rows for sheet in open_workbook(data).sheets}
    if RULES not in sheets:
        raise RulesUnreadable(f"{file} 里没有“{RULES}”表：请对照 wenzheng eligibility export 样表.xlsx")
    rows = {title: list(_rows(title, sheets.get(title, ()), collected)) for title in COLUMNS}
    marks = _marks_of(rows[MARKS], collected)
    conditions: dict[str, list[_Line]] = {}
    broken: set[str] = set()
    for place, cells in rows[CONDITIONS]:
        code = cells["规则编码"]
        leaf = _leaf_of(place, cells, collected)
        if leaf is None:
            broken.add(code)
        else:
            conditions.setdefault(code, []).append(_Line(place, cells["任选组"], cells["分支"], leaf))
    rules: list[Rule] = []
    places: dict[str, Place] = {}
    for place, cells in rows[RULES]:
        code = cells["规则编码"]
        lines = conditions.pop(code, [])
        if code in places:
            collected.fault(place, "规则编码", f"与{places[code]}重复：只收前一条，请改编码", code)
            continue
        places[code] = place
        if code in broken:
            collected.fault(place, "", "它的条件里有错，整条没有收：请先改好那些行", code)
        elif not lines:
            collected.fault(place, "规则编码", f"“{CONDITIONS}”表里没有它的条件：至少要有一行", code)
        elif rule := _rule_of(place, cells, _condition_of(lines), collected):
            rules.append(rule)
    for code, lines in conditions.items():
        message = f"“{RULES}”表里没有这条规则，它的条件没有收：请核对编码"
        collected.fault(lines[0].place, "规则编码", message, code)
    book = RuleBook(tuple(marks["tags"]), tuple(marks["enterprise"]), tuple(rules))
    return RulesReading(book, tuple(collected.findings), places)


def _marks_of(rows: Sequence[tuple[Place, Mapping[str, str]]], collected: _Collected) -> dict[str, list[str]]:
    marks: dict[str, list[str]] = {fact: [] for fact in FACTS.values()}
    for place, cells in rows:
        if cells["类别"] in FACTS:
            marks[FACTS[cells["类别"]]].append(cells["标签"])
        else:
            collected.fault(place, "类别", f"应填{'或'.join(FACTS)}，读到“{cells['类别'][:20]}”")
    return marks


@dataclass(frozen=True, slots=True)
class _Line:
    place: Place
    group: str
    branch: str
    leaf: Condition


def _rows(title: str, rows: Sequence[Row], collected: _Collected) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a sheet by column, those that lack a cell they need left out and told."""
    columns = {heading(column): column for column in COLUMNS[title]}
    head = next((at for at, row in enumerate(rows) if columns.keys() & set(map(heading, row.cells))), None)
    if head is None:
        if rows:
            place = Place(collected.file, title, 1)
            collected.fault(place, "", f"没有表头：要有列{SEPARATOR.join(COLUMNS[title])}")
        return
    at = {columns[name]: n for n, cell in enumerate(rows[head].cells) if (name := heading(cell)) in columns}
    if missing := [column for column in COLUMNS[title] if column not in at and column not in OPTIONAL]:
        place = Place(collected.file, title, rows[head].number)
        collected.fault(place, "", f"缺少列{SEPARATOR.join(missing)}")
        return
    for row in rows[head + 1 :]:
        cells = {
            column: row.cells[at[column]].strip() if column in at and at[column] < len(row.cells) else ""
            for column in COLUMNS[title]
        }
        if not any(cells.values()):
            continue
        place = Place(collected.file, title, row.number)
        blank = [column for column, text in cells.items() if not text and column not in OPTIONAL]
        for column in blank:
            collected.fault(place, column, "没有填", cells.get("规则编码", ""))
        if not blank:
            yield place, cells


def _leaf_of(place: Place, cells: Mapping[str, str], collected: _Collected) -> Condition | None:
    code, fact, op, value = (cells[name] for name in ("规则编码", "看什么", "怎么比", "值"))
    facts = list(dict.fromkeys(each for each, _ in LEAVES))
    if fact not in facts:
        collected.fault(place, "看什么", f"应是{'、'.join(facts)}之一，读到“{fact[:20]}”", code)
        return None
    if (fact, op) not in LEAVES:
        ops = "、".join(each for of, each in LEAVES if of == fact)
        collected.fault(place, "怎么比", f"看{fact}应是{ops}，读到“{op[:20]}”", code)
        return None
    if cells["不"] and cells["不"].lower() not in _YES:
        collected.fault(place, "不", f"要排除就填“是”，不排除就空着，读到“{cells['不'][:20]}”", code)
        return None
    try:
        leaf = condition_of(_json_leaf(fact, op, value), "值")
    except (RulesUnreadable, ValueError):
        collected.fault(place, "值", f"{_WANTED[fact]}，读到“{value[:20]}”", code)
        return None
    return Not(leaf) if cells["不"] else leaf


_WANTED = {
    "年龄": "应填周岁数，如 60",
    "地区": "应填地区，如 云岭省/云州市",
    "身份": "应填标签，几个之间用“、”，有其中一个就算",
    "企业": "应填标签，几个之间用“、”，有其中一个就算",
    "孩子个数": "应填个数，几个之间用“、”，如 2、3",
    "孩子年龄": "应填周岁数，如 3",
}


def _json_leaf(fact: str, op: str, text: str) -> JsonValue:
    key, operator = LEAVES[fact, op]
    parts = [each.strip() for each in text.split(SEPARATOR) if each.strip()]
    value: JsonValue
    if fact in FACTS:
        value = list(parts)
    elif (key, operator) == ("children", "in"):
        value = [int(each) for each in parts]
    else:
        value = text if key == "region" else int(text)
    return {"fact": key, "op": operator, "value": value}


def _condition_of(lines: Sequence[_Line]) -> Condition:
    """Return the condition that rows make; a group stands where its first row does."""
    parts: list[Condition] = []
    done: set[str] = set()
    for line in lines:
        if not line.group:
            parts.append(line.leaf)
        elif line.group not in done:
            done.add(line.group)
            branches: dict[str, list[Condition]] = {}
            for n, each in enumerate(lines):
                if each.group == line.group:
                    # Without a number, a row is an alternative of its own.
                    branches.setdefault(each.branch or f"row {n}", []).append(each.leaf)
            parts.append(AnyOf(tuple(_together(each) for each in branches.values())))
    return AllOf(tuple(parts))


def _together(leaves: Sequence[Condition]) -> Condition:
    return leaves[0] if len(leaves) == 1 else AllOf(tuple(leaves))


def _rule_of(place: Place, cells: Mapping[str, str], when: Condition, collected: _Collected) -> Rule | None:
    code, before = cells["规则编码"], len(collected.findings)
    if cells["类型"] not in list(Kind):
        collected.fault(place, "类型", f"应是{'或'.join(Kind)}，读到“{cells['类型'][:20]}”", code)
    days = {}
    for column in ("生效日期", "截止日期"):
        days[column] = read_date(cells[column].partition(" ")[0])
        if cells[column] and days[column] is None:
            message = f"应填日期，如 2026-03-01，读到“{cells[column][:20]}”"
            collected.fault(place, column, message, code)
    try:
        law = read_law(cells["依据"])
    except ValueError as fault:
        collected.fault(place, "依据", str(fault), code)
        return None
    if not law.article:
        collected.fault(place, "依据", "要写明条款：标题之后写第X条、三、（一）或者小标题", code)
    if len(collected.findings) > before:
        return None
    return Rule(
        code=code,
        title=cells["名称"],
        catalog_code=cells["基本编码"],
        kind=Kind(cells["类型"]),
        reason=cells["告诉市民的话"],
        law_title=law.title,
        law_article=law.article,
        when=when,
        effective_from=days["生效日期"],
        effective_until=days["截止日期"],
    )
