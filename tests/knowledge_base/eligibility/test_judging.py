"""A person is judged by what they told; what they did not tell is never claimed."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.eligibility.judging import Truth, judge, misses_by_one
from knowledge_base.eligibility.records import (
    Age,
    AllOf,
    AnyOf,
    ChildCount,
    ChildUnder,
    Condition,
    Has,
    Not,
    Profile,
    Within,
)

TODAY = date(2026, 11, 25)
CITY, COUNTY = "云岭省/云州市", "云岭省/云州市/青岚县"
ELDER = AllOf((Age(">=", 80), Within(CITY), Has("tags", ("本地户籍",)), Not(Has("tags", ("特困",)))))
OLD = Profile(birth_year=1944, region=f"{CITY}/江东区", tags=frozenset({"本地户籍"}))

leaves = st.one_of(
    st.builds(Age, st.sampled_from([">=", "<="]), st.integers(0, 100)),
    st.builds(Within, st.sampled_from(["云岭省", CITY, COUNTY, f"{CITY}/江东区"])),
    st.builds(Has, st.just("tags"), st.lists(st.sampled_from("甲乙丙"), min_size=1).map(tuple)),
    st.builds(ChildCount, st.lists(st.integers(0, 3), min_size=1).map(tuple)),
    st.builds(ChildUnder, st.integers(0, 5)),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
people = st.builds(
    Profile,
    birth_year=st.integers(1920, 2026),
    region=st.sampled_from([COUNTY, f"{CITY}/江东区", "云岭省/别市/甲县"]),
    tags=st.frozensets(st.sampled_from("甲乙丙")),
    children=st.lists(st.tuples(st.integers(2019, 2026), st.integers(1, 12))).map(tuple),
)
fields = st.sets(st.sampled_from(["birth_year", "region", "tags", "children"]))


def test_who_fits_is_told_by_which_facts() -> None:
    judgement = judge(ELDER, OLD, TODAY)
    assert judgement.truth is Truth.YES
    assert [each.words for each in judgement.grounds] == [
        "年满80周岁（1944年出生）",
        "在云州市",
        "有“本地户籍”",
        "没有“特困”",
    ]


def test_what_is_not_told_stays_open() -> None:
    judgement = judge(ELDER, replace(OLD, birth_year=None), TODAY)
    assert judgement.truth is Truth.UNKNOWN
    assert judgement.open_points == ("是否年满80周岁",)


def test_one_false_leaf_decides_whatever_is_not_told() -> None:
    judgement = judge(ELDER, Profile(birth_year=1950), TODAY)
    assert judgement.truth is Truth.NO
    assert [each.words for each in judgement.grounds] == ["不满80周岁（1950年出生）"]


def test_who_names_only_the_city_may_live_in_the_county() -> None:
    assert judge(Within(COUNTY), Profile(region=CITY), TODAY).truth is Truth.UNKNOWN
    assert judge(Within(CITY), Profile(region="云岭省/云州市南"), TODAY).truth is Truth.NO


def test_a_child_is_under_three_until_the_month_it_turns_three() -> None:
    assert judge(ChildUnder(3), Profile(children=((2023, 12),)), TODAY).truth is Truth.YES
    assert judge(ChildUnder(3), Profile(children=((2023, 11),)), TODAY).truth is Truth.NO
    assert judge(ChildUnder(3), Profile(children=((2026, 12),)), TODAY).truth is Truth.NO


def test_what_was_not_asked_is_not_known_and_what_was_denied_is() -> None:
    asked = Profile(tags=frozenset({"低保"}), without=frozenset({"特困"}))
    assert judge(Has("tags", ("低保", "孤儿")), asked, TODAY).truth is Truth.YES
    assert judge(Has("tags", ("特困",)), asked, TODAY).truth is Truth.NO
    assert judge(Has("tags", ("特困", "孤儿")), asked, TODAY).truth is Truth.UNKNOWN
    assert judge(Has("tags", ("孤儿",)), replace(asked, without=None), TODAY).truth is Truth.NO


def test_who_misses_by_one_leaf_is_told_which() -> None:
    assert [each.words for each in misses_by_one(ELDER, replace(OLD, birth_year=1947), TODAY)] == [
        "不满80周岁（1947年出生）"
    ]
    assert misses_by_one(ELDER, replace(OLD, birth_year=1947, tags=frozenset()), TODAY) == ()
    assert misses_by_one(ELDER, OLD, TODAY) == ()


@given(st.lists(conditions, min_size=1, max_size=3).map(tuple), people, fields)
def test_de_morgan(parts: tuple[Condition, ...], person: Profile, hidden: set[str]) -> None:
    person = _without(person, hidden)
    negated = tuple(Not(part) for part in parts)
    assert judge(Not(AllOf(parts)), person, TODAY).truth is judge(AnyOf(negated), person, TODAY).truth
    assert judge(Not(AnyOf(parts)), person, TODAY).truth is judge(AllOf(negated), person, TODAY).truth


@given(conditions, people, fields, st.booleans())
def test_knowing_more_never_overturns_what_was_certain(
    when: Condition, person: Profile, hidden: set[str], coarse: bool
) -> None:
    less = _without(replace(person, region="云岭省") if coarse else person, hidden)
    before = judge(when, less, TODAY).truth
    assert before in (Truth.UNKNOWN, judge(when, person, TODAY).truth)


def _without(person: Profile, hidden: set[str]) -> Profile:
    return Profile(
        **{
            name: getattr(person, name)
            for name in ("birth_year", "region", "tags", "children")
            if name not in hidden
        }
    )
