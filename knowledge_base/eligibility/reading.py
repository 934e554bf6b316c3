"""Reading and writing rules as JSON; a fault names file, rule and field, in Chinese with the cure."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import assert_never

from pydantic import JsonValue

from knowledge_base.eligibility.records import (
    Age,
    AllOf,
    AnyOf,
    ChildCount,
    ChildUnder,
    Condition,
    Has,
    Kind,
    Leaf,
    Not,
    Profile,
    Rule,
    RuleBook,
    Within,
)
from knowledge_base.errors import RulesUnreadable

DEEPEST = 12
_OLDEST = 150
_TEXTS = ("code", "title", "catalog_code", "reason")


def read_rules(path: Path) -> RuleBook:
    """Read a file of rules.

    Raises:
        RulesUnreadable: If it is no such file; names file, rule and field.
    """
    try:
        data: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RulesUnreadable(f"{path.name} 读不了：{error}；请存成 UTF-8 的 JSON") from None
    return book_of(data, path.name)


def book_of(data: JsonValue, file: str) -> RuleBook:
    """Return the rules that JSON holds; `file` is what faults name.

    Raises:
        RulesUnreadable: See `read_rules`.
    """
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise RulesUnreadable(f"{file} 里没有 rules 列表：格式见示例 eligibility.json")
    rules = data["rules"]
    assert isinstance(rules, list)
    return RuleBook(
        _texts(data.get("tags", []), f"{file}“tags”"),
        _texts(data.get("enterprise", []), f"{file}“enterprise”"),
        tuple(_rule(each, f"{file} 第 {row} 条") for row, each in enumerate(rules, 1)),
    )


def _rule(data: JsonValue, where: str) -> Rule:
    fields = _mapping(data, where)
    if isinstance(fields.get("code"), str):
        where = f"{where}（{fields['code']}）"
    texts = {name: _text(fields.get(name), f"{where}“{name}”") for name in _TEXTS}
    law = _mapping(fields.get("by_law"), f"{where}“by_law”")
    try:
        kind = Kind(_text(fields.get("kind"), f"{where}“kind”"))
    except ValueError:
        raise RulesUnreadable(f"{where}“kind”：只能是 {'、'.join(Kind)}") from None
    return Rule(
        **texts,
        kind=kind,
        law_title=_text(law.get("title"), f"{where}“by_law.title”"),
        law_article=_text(law.get("article"), f"{where}“by_law.article”"),
        when=condition_of(fields.get("when"), f"{where}“when”"),
        effective_from=_day(fields.get("effective_from"), f"{where}“effective_from”"),
        effective_until=_day(fields.get("effective_until"), f"{where}“effective_until”"),
    )


def json_of_book(book: RuleBook) -> dict[str, JsonValue]:
    """Return what `book_of` reads as the same book."""
    return {
        "tags": list(book.tags),
        "enterprise": list(book.enterprise),
        "rules": [json_of_rule(rule) for rule in book.rules],
    }


def json_of_rule(rule: Rule) -> dict[str, JsonValue]:
    """Return a rule as it stands in a file."""
    days = {"effective_from": rule.effective_from, "effective_until": rule.effective_until}
    return {
        **{name: getattr(rule, name) for name in _TEXTS},
        "kind": rule.kind.value,
        "by_law": {"title": rule.law_title, "article": rule.law_article},
        "when": _json_of(rule.when),
        **{name: day.isoformat() for name, day in days.items() if day is not None},
    }


def _json_of(when: Condition) -> dict[str, JsonValue]:
    match when:
        case Not(part):
            return {"not": _json_of(part)}
        case AllOf(parts):
            return {"all": [_json_of(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_json_of(part) for part in parts]}
        case _:
            return json_of_leaf(when)


def json_of_leaf(leaf: Leaf) -> dict[str, JsonValue]:
    """Return a leaf as `fact`, `op` and `value`."""
    match leaf:
        case Age(op, years):
            return {"fact": "age", "op": op, "value": years}
        case Within(region):
            return {"fact": "region", "op": "within", "value": region}
        case Has(fact, (mark,)):
            return {"fact": fact, "op": "has", "value": mark}
        case Has(fact, marks):
            return {"fact": fact, "op": "in", "value": list(marks)}
        case ChildCount(numbers):
            return {"fact": "children", "op": "in", "value": list(numbers)}
        case ChildUnder(years):
            return {"fact": "children", "op": "within", "value": years}
        case _:
            assert_never(leaf)


def json_of_profile(person: Profile) -> dict[str, JsonValue]:
    """Return what `profile_of` reads as the same person."""
    told: dict[str, int | str | list[str] | None] = {
        "birth_year": person.birth_year,
        "region": person.region,
        "tags": None if person.tags is None else sorted(person.tags),
        "children": None if person.children is None else [f"{y}-{m:02}" for y, m in person.children],
        "enterprise": None if person.enterprise is None else sorted(person.enterprise),
        "without": None if person.without is None else sorted(person.without),
    }
    return {
        name: list(value) if isinstance(value, list) else value
        for name, value in told.items()
        if value is not None
    }


def _day(data: JsonValue, where: str) -> date | None:
    if data is None:
        return None
    try:
        return date.fromisoformat(_text(data, where))
    except ValueError:
        raise RulesUnreadable(f"{where}：{data} 要写成 2026-11-25 这样") from None


def condition_of(data: JsonValue, where: str, depth: int = 0) -> Condition:
    """Return the condition that JSON holds; `where` is what faults name.

    Raises:
        RulesUnreadable: See `read_rules`.
    """
    if depth > DEEPEST:
        raise RulesUnreadable(f"{where}：条件套得超过 {DEEPEST} 层，请拆成几条规则")
    node = _mapping(data, where)
    if "fact" in node:
        return _leaf(node, where)
    if len(node) != 1 or (name := next(iter(node))) not in ("all", "any", "not"):
        raise RulesUnreadable(f"{where}：每层只能是 all、any、not 之一，或者 fact、op、value")
    value = node[name]
    if name == "not":
        return Not(condition_of(value, f"{where}.not", depth + 1))
    if not isinstance(value, list) or not value:
        raise RulesUnreadable(f"{where}.{name}：要有至少一个条件")
    parts = tuple(condition_of(each, f"{where}.{name}[{i}]", depth + 1) for i, each in enumerate(value, 1))
    return AllOf(parts) if name == "all" else AnyOf(parts)


def _leaf(node: Mapping[str, JsonValue], where: str) -> Condition:
    if set(node) != {"fact", "op", "value"}:
        raise RulesUnreadable(f"{where}：条件要有且只有 fact、op、value")
    value = node["value"]
    match node["fact"], node["op"]:
        case "age", (">=" | "<=") as op:
            leaf: Condition = Age(op, _number(value, where))
        case "region", "within":
            leaf = Within(_text(value, where))
        case ("tags" | "enterprise") as fact, "has":
            leaf = Has(fact, (_text(value, where),))
        case ("tags" | "enterprise") as fact, "in" if value:
            leaf = Has(fact, _texts(value, where))
        case "children", "in" if isinstance(value, list) and value:
            leaf = ChildCount(tuple(_number(each, where) for each in value))
        case "children", "within":
            leaf = ChildUnder(_number(value, where))
        case _:
            raise RulesUnreadable(
                f"{where}：不认得 {node['fact']} {node['op']}；可用的是 age >=、age <=、region within、"
                "tags has、tags in、enterprise has、enterprise in、children in、children within，列表不能空"
            )
    return leaf


def profile_of(data: Mapping[str, JsonValue], where: str) -> Profile:
    """Return the profile that JSON holds; a field that is absent is not told.

    Raises:
        RulesUnreadable: If a field is none of a profile's, or wrongly written.
    """
    strange = set(data) - {"birth_year", "region", "tags", "children", "enterprise", "without"}
    if strange:
        raise RulesUnreadable(f"{where}：不收 {'、'.join(sorted(strange))}，请删去")
    year = data.get("birth_year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
        raise RulesUnreadable(f"{where}“birth_year”：要写四位年份")
    children = data.get("children")
    return Profile(
        birth_year=year,
        region=None if data.get("region") is None else _text(data["region"], f"{where}“region”"),
        tags=_marks(data.get("tags"), f"{where}“tags”"),
        children=None
        if children is None
        else tuple(_month(each, f"{where}“children”") for each in _texts(children, f"{where}“children”")),
        enterprise=_marks(data.get("enterprise"), f"{where}“enterprise”"),
        without=_marks(data.get("without"), f"{where}“without”"),
    )


def _marks(data: JsonValue, where: str) -> frozenset[str] | None:
    return None if data is None else frozenset(_texts(data, where))


def _month(text: str, where: str) -> tuple[int, int]:
    year, _, month = text.partition("-")
    if not (year.isdecimal() and month.isdecimal() and 1 <= int(month) <= 12):
        raise RulesUnreadable(f"{where}：{text} 要写成 2026-08 这样")
    return int(year), int(month)


def _mapping(data: JsonValue, where: str) -> Mapping[str, JsonValue]:
    if not isinstance(data, dict):
        raise RulesUnreadable(f"{where}：缺少，或者不是 JSON 对象")
    return data


def _text(data: JsonValue, where: str) -> str:
    if not isinstance(data, str) or not data.strip():
        raise RulesUnreadable(f"{where}：缺少，请填文字")
    return data


def _texts(data: JsonValue, where: str) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise RulesUnreadable(f"{where}：要写成列表")
    return tuple(_text(each, where) for each in data)


def _number(data: JsonValue, where: str) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= _OLDEST:
        raise RulesUnreadable(f"{where}：要写 0 到 {_OLDEST} 的整数")
    return data
