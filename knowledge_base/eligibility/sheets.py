"""Rules as a workbook that an operator fills without code; what is written reads the same.

The sheets are 规则, 条件 and 标签. A rule holds where all its rows of 条件 do. Rows with the same letter in
任选组 are alternatives, of which one is enough; those of one alternative have the same number in 分支 and
hold together. A condition that is nested deeper has to be a JSON file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase

from pydantic import JsonValue

from knowledge_base.dates import read_date
from knowledge_base.eligibility.reading import condition_of, json_of_book, json_of_leaf, read_rules
from knowledge_base.eligibility.records import AllOf, AnyOf, Condition, Kind, Not, Rule, RuleBook
from knowledge_base.errors import RulesUnreadable
from knowledge_base.loaders.reading_bytes import read_bytes
from knowledge_base.loaders.workbook import Row, open_workbook
from knowledge_base.services.cells import read_law
from knowledge_base.services.exporting import write_sheets
from knowledge_base.services.findings import Finding, Place, Severity
from knowledge_base.services.sheets import heading

READABLE = (".json", ".xlsx")
_MAX_BYTES = 16 * 1024 * 1024
_RULES, _CONDITIONS, _MARKS = "规则", "条件", "标签"
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    _RULES: ("规则编码", "名称", "基本编码", "类型", "告诉市民的话", "依据", "生效日期", "截止日期"),
    _CONDITIONS: ("规则编码", "任选组", "分支", "不", "看什么", "怎么比", "值"),
    _MARKS: ("类别", "标签"),
}
_OPTIONAL = frozenset({"生效日期", "截止日期", "任选组", "分支", "不"})
SHEET_COLUMNS: Mapping[str, str] = {
    "code": "规则编码",
    "catalog_code": "基本编码",
    "reason": "告诉市民的话",
    "when": "条件",
    "effective_until": "截止日期",
}
"""The heading under which a workbook has a field that lint finds a fault with."""
# What a row of 条件 may look at, how, and the leaf that this is in JSON.
_LEAVES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("年龄", "不小于"): ("age", ">="),
    ("年龄", "不大于"): ("age", "<="),
    ("地区", "在"): ("region", "within"),
    ("身份", "有"): ("tags", "in"),
    ("企业", "有"): ("enterprise", "in"),
    ("孩子个数", "是"): ("children", "in"),
    ("孩子年龄", "不满"): ("children", "within"),
}
_OF_LEAF = {leaf: words for words, leaf in _LEAVES.items()} | {
    ("tags", "has"): ("身份", "有"),
    ("enterprise", "has"): ("企业", "有"),
}
_FACTS = {"身份": "tags", "企业": "enterprise"}
_SEPARATOR = "、"
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


def write_rule_file(path: Path, book: RuleBook) -> None:
    """Write rules so that reading them gives the same.

    Raises:
        RulesUnreadable: If the file name ends otherwise, a condition does not fit into rows, or the disk
            refuses.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".json":
            text = json.dumps(json_of_book(book), ensure_ascii=False, indent=1)
            path.write_text(f"{text}\n", encoding="utf-8")
        elif suffix == ".xlsx":
            write_sheets(path, [(title, _written(title, book)) for title in _COLUMNS])
        else:
            raise RulesUnreadable(f"不能写成 {suffix or '没有扩展名的'} 文件：可以是 {'、'.join(READABLE)}")
    except OSError as error:
        raise RulesUnreadable(f"{path} 无法写入：{error.strerror}") from error


def _read_workbook(file: str, data: bytes) -> RulesReading:
    collected = _Collected(file)
    sheets = {sheet.name.strip(): sheet.rows for sheet in open_workbook(data).sheets}
    if _RULES not in sheets:
        raise RulesUnreadable(f"{file} 里没有“{_RULES}”表：请对照 wenzheng eligibility export 样表.xlsx")
    rows = {title: list(_rows(title, sheets.get(title, ()), collected)) for title in _COLUMNS}
    marks = _marks_of(rows[_MARKS], collected)
    conditions: dict[str, list[_Line]] = {}
    broken: set[str] = set()
    for place, cells in rows[_CONDITIONS]:
        code = cells["规则编码"]
        leaf = _leaf_of(place, cells, collected)
        if leaf is None:
            broken.add(code)
        else:
            conditions.setdefault(code, []).append(_Line(place, cells["任选组"], cells["分支"], leaf))
    rules: list[Rule] = []
    places: dict[str, Place] = {}
    for place, cells in rows[_RULES]:
        code = cells["规则编码"]
        lines = conditions.pop(code, [])
        if code in places:
            collected.fault(place, "规则编码", f"与{places[code]}重复：只收前一条，请改编码", code)
            continue
        places[code] = place
        if code in broken:
            collected.fault(place, "", "它的条件里有错，整条没有收：请先改好那些行", code)
        elif not lines:
            collected.fault(place, "规则编码", f"“{_CONDITIONS}”表里没有它的条件：至少要有一行", code)
        elif rule := _rule_of(place, cells, _condition_of(lines), collected):
            rules.append(rule)
    for code, lines in conditions.items():
        message = f"“{_RULES}”表里没有这条规则，它的条件没有收：请核对编码"
        collected.fault(lines[0].place, "规则编码", message, code)
    book = RuleBook(tuple(marks["tags"]), tuple(marks["enterprise"]), tuple(rules))
    return RulesReading(book, tuple(collected.findings), places)


def _marks_of(rows: Sequence[tuple[Place, Mapping[str, str]]], collected: _Collected) -> dict[str, list[str]]:
    marks: dict[str, list[str]] = {fact: [] for fact in _FACTS.values()}
    for place, cells in rows:
        if cells["类别"] in _FACTS:
            marks[_FACTS[cells["类别"]]].append(cells["标签"])
        else:
            collected.fault(place, "类别", f"应填{'或'.join(_FACTS)}，读到“{cells['类别'][:20]}”")
    return marks


@dataclass(frozen=True, slots=True)
class _Line:
    place: Place
    group: str
    branch: str
    leaf: Condition


def _rows(title: str, rows: Sequence[Row], collected: _Collected) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a sheet by column, those that lack a cell they need left out and told."""
    columns = {heading(column): column for column in _COLUMNS[title]}
    head = next((at for at, row in enumerate(rows) if columns.keys() & set(map(heading, row.cells))), None)
    if head is None:
        if rows:
            place = Place(collected.file, title, 1)
            collected.fault(place, "", f"没有表头：要有列{_SEPARATOR.join(_COLUMNS[title])}")
        return
    at = {columns[name]: n for n, cell in enumerate(rows[head].cells) if (name := heading(cell)) in columns}
    if missing := [column for column in _COLUMNS[title] if column not in at and column not in _OPTIONAL]:
        place = Place(collected.file, title, rows[head].number)
        collected.fault(place, "", f"缺少列{_SEPARATOR.join(missing)}")
        return
    for row in rows[head + 1 :]:
        cells = {
            column: row.cells[at[column]].strip() if column in at and at[column] < len(row.cells) else ""
            for column in _COLUMNS[title]
        }
        if not any(cells.values()):
            continue
        place = Place(collected.file, title, row.number)
        blank = [column for column, text in cells.items() if not text and column not in _OPTIONAL]
        for column in blank:
            collected.fault(place, column, "没有填", cells.get("规则编码", ""))
        if not blank:
            yield place, cells


def _leaf_of(place: Place, cells: Mapping[str, str], collected: _Collected) -> Condition | None:
    code, fact, op, value = (cells[name] for name in ("规则编码", "看什么", "怎么比", "值"))
    facts = list(dict.fromkeys(each for each, _ in _LEAVES))
    if fact not in facts:
        collected.fault(place, "看什么", f"应是{'、'.join(facts)}之一，读到“{fact[:20]}”", code)
        return None
    if (fact, op) not in _LEAVES:
        ops = "、".join(each for of, each in _LEAVES if of == fact)
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
    key, operator = _LEAVES[fact, op]
    parts = [each.strip() for each in text.split(_SEPARATOR) if each.strip()]
    value: JsonValue
    if fact in _FACTS:
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


def _written(title: str, book: RuleBook) -> Iterator[Sequence[str]]:
    """Yield the rows of a sheet, the headings first."""
    yield _COLUMNS[title]
    if title == _RULES:
        for rule in book.rules:
            # （一） right after the title would be read as a document number: say that there is none.
            number = "（）" if rule.law_article.startswith("（") else ""
            days = (rule.effective_from, rule.effective_until)
            yield (
                rule.code,
                rule.title,
                rule.catalog_code,
                rule.kind.value,
                rule.reason,
                f"《{rule.law_title}》{number}{rule.law_article}",
                *(day.isoformat() if day else "" for day in days),
            )
    elif title == _CONDITIONS:
        for rule in book.rules:
            yield from _written_condition(rule)
    else:
        for name, fact in _FACTS.items():
            yield from ((name, mark) for mark in (book.tags if fact == "tags" else book.enterprise))


def _written_condition(rule: Rule) -> Iterator[Sequence[str]]:
    groups = iter(ascii_uppercase)
    for part in rule.when.parts if isinstance(rule.when, AllOf) else (rule.when,):
        if not isinstance(part, AnyOf):
            yield (rule.code, "", "", *_cells_of(part, rule))
            continue
        group = next(groups, "")
        for n, branch in enumerate(part.parts, 1):
            for leaf in branch.parts if isinstance(branch, AllOf) else (branch,):
                yield (rule.code, group, str(n), *_cells_of(leaf, rule))


def _cells_of(part: Condition, rule: Rule) -> tuple[str, str, str, str]:
    """Return 不, 看什么, 怎么比 and 值 of a leaf, or of one that is excluded."""
    leaf = part.part if isinstance(part, Not) else part
    if isinstance(leaf, AllOf | AnyOf | Not):
        raise RulesUnreadable(f"规则 {rule.code} 的条件套得太深，写不进表格：请导出成 .json")
    written = json_of_leaf(leaf)
    value = written["value"]
    parts = value if isinstance(value, list) else [value]
    if any(_SEPARATOR in str(each) for each in parts):
        raise RulesUnreadable(f"规则 {rule.code} 的标签里有“{_SEPARATOR}”，写不进表格：请导出成 .json")
    fact, op = _OF_LEAF[str(written["fact"]), str(written["op"])]
    return ("是" if isinstance(part, Not) else "", fact, op, _SEPARATOR.join(map(str, parts)))
