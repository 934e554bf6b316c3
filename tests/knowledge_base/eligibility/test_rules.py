"""Rules are read as data, faults are named with their place, and every version is kept."""

import json
from pathlib import Path

import pytest

import knowledge_base
from knowledge_base.database import open_database
from knowledge_base.eligibility.linting import lint_rules, never_true
from knowledge_base.eligibility.reading import book_of, condition_of, json_of_book, profile_of, read_rules
from knowledge_base.eligibility.records import (
    Age,
    AllOf,
    AnyOf,
    ChildCount,
    ChildUnder,
    Condition,
    Has,
    Not,
    Within,
)
from knowledge_base.eligibility.store import EligibilityStore, RuleChange
from knowledge_base.errors import RulesUnreadable, UnknownRule

SAMPLE = Path(knowledge_base.__file__).parent / "sample" / "eligibility.json"
CITY = "云岭省/云州市"


def test_the_sample_is_read_and_written_the_same() -> None:
    data = json.loads(SAMPLE.read_text(encoding="utf-8"))
    book = read_rules(SAMPLE)
    assert len(book.rules) == 23
    assert book_of(json_of_book(book), "again") == book
    assert json_of_book(book) == data


def test_the_sample_has_no_faults() -> None:
    book = read_rules(SAMPLE)
    assert lint_rules(book, SAMPLE.name, {rule.catalog_code for rule in book.rules}) == ()


@pytest.mark.parametrize(
    "when",
    [
        {"fact": "age", "op": ">=", "value": "__import__('os')"},
        {"fact": "age", "op": "==", "value": 3},
        {"fact": "tags", "op": "in", "value": []},
        {"all": []},
        {"all": [], "any": []},
        {"fact": "age", "op": ">=", "value": True},
        {"fact": ["age"], "op": ">=", "value": 3},
        None,
    ],
)
def test_what_is_no_condition_is_refused(when: object) -> None:
    with pytest.raises(RulesUnreadable, match="when"):
        condition_of(when, "规则“when”")  # type: ignore[arg-type]


def test_a_condition_nested_without_end_is_refused() -> None:
    when: dict[str, object] = {"fact": "age", "op": ">=", "value": 3}
    for _ in range(50):
        when = {"not": when}
    with pytest.raises(RulesUnreadable, match="12 层"):
        condition_of(when, "when")  # type: ignore[arg-type]


def test_a_fault_names_file_rule_and_field() -> None:
    data = json.loads(SAMPLE.read_text(encoding="utf-8"))
    del data["rules"][1]["by_law"]["article"]
    with pytest.raises(
        RulesUnreadable, match=r"^r.json 第 2 条（elder-allowance-qinglan）“by_law.article”：缺少"
    ):
        book_of(data, "r.json")


@pytest.mark.parametrize(
    "when",
    [
        AllOf((Age(">=", 60), Age("<=", 59))),
        AllOf((Has("tags", ("低保",)), Not(Has("tags", ("低保", "特困"))))),
        AllOf((Within(f"{CITY}/江东区"), Within(f"{CITY}/青岚县"))),
        AllOf((Within(f"{CITY}/江东区"), Not(Within(CITY)))),
        AllOf((ChildCount((0,)), ChildUnder(3))),
        AllOf((ChildUnder(1), Not(ChildUnder(3)))),
        Not(AnyOf((Age(">=", 60), Age("<=", 59)))),
    ],
)
def test_what_nobody_can_fulfil_is_found(when: Condition) -> None:
    assert never_true(when)


def test_what_somebody_can_fulfil_is_left_alone() -> None:
    assert not never_true(AllOf((Age(">=", 60), Age("<=", 60), Within(CITY), Not(Within(f"{CITY}/青岚县")))))


def test_unknown_codes_and_marks_are_found() -> None:
    data = json.loads(SAMPLE.read_text(encoding="utf-8"))
    data["tags"].remove("离休干部生活补贴")
    data["rules"] = data["rules"][:1]
    assert list(map(str, lint_rules(book_of(data, "r.json"), "r.json", set()))) == [
        "r.json（elder-allowance-city）“catalog_code”：没有基本编码为 990511001000 的事项，请先收入或改正",
        "r.json（elder-allowance-city）“when”：“离休干部生活补贴”不在 tags 里，加进去或改写",
    ]


def test_a_profile_takes_no_other_fields() -> None:
    with pytest.raises(RulesUnreadable, match="不收 name"):
        profile_of({"name": "张三"}, "第 1 行")


def test_every_version_is_kept(database_url: str) -> None:
    engine = open_database(database_url)
    rules, book = EligibilityStore(engine), read_rules(SAMPLE)
    codes = tuple(rule.code for rule in book.rules)
    assert rules.take_in(book, by="小王") == RuleChange(codes, (), ())
    assert rules.take_in(book, by="小李") == RuleChange((), (), codes)
    assert set(rules.book().rules) == set(book.rules)
    assert rules.book().tags == book.tags
    rules.withdraw(["dibao"], by="小李")
    assert "dibao" not in {rule.code for rule in rules.book().rules}
    assert rules.take_in(book, by="小赵").changed == ("dibao",)
    assert [(each.version, each.added_by, each.withdrawn_by) for each in rules.history("dibao")] == [
        (1, "小王", "小李"),
        (2, "小赵", ""),
    ]
    with pytest.raises(UnknownRule, match="nobody"):
        rules.withdraw(["elder-care-subsidy", "nobody"], by="小李")
    assert rules.history("elder-care-subsidy")[-1].withdrawn_at is None
    engine.dispose()
