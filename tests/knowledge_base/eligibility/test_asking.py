"""Only what rules look at is asked, and an open leaf has a question that decides it."""

from knowledge_base.eligibility.asking import asked_by, places_to_choose, question_of
from knowledge_base.eligibility.records import (
    Age,
    AllOf,
    ChildCount,
    Has,
    Kind,
    Not,
    Rule,
    RuleBook,
    Within,
)

CITY = "云岭省/云州市"
RULE = Rule(
    "r",
    "津贴",
    "99",
    Kind.BY_ITSELF,
    "您可能符合",
    "办法",
    "第一条",
    AllOf((Age(">=", 80), Within(CITY), Not(Within(f"{CITY}/青岚县")), Has("tags", ("低保",)))),
)
BOOK = RuleBook(("特困", "低保"), ("个体工商户",), (RULE,))


def test_only_what_rules_look_at_is_asked() -> None:
    asked = asked_by(BOOK, BOOK.rules)
    assert (asked.birth_year, asked.children) == (True, False)
    assert (asked.tags, asked.enterprise) == (("低保",), ())
    assert asked.regions == (CITY, f"{CITY}/青岚县")
    assert asked_by(BOOK, ()).regions == ()


def test_who_lives_in_a_county_not_named_can_say_so() -> None:
    assert places_to_choose((CITY, f"{CITY}/青岚县", "全国")) == (
        "云岭省",
        CITY,
        f"{CITY}/其他区县",
        f"{CITY}/青岚县",
    )


def test_a_leaf_has_a_question() -> None:
    assert question_of(Age(">=", 80)).fact == "birth_year"
    assert question_of(Within(f"{CITY}/青岚县")).text == "您住在青岚县吗？"
    assert question_of(Has("tags", ("低保", "特困"))).marks == ("低保", "特困")
    assert question_of(ChildCount((2,))).fact == "children"
