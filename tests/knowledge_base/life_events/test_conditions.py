"""Conditions are data: evaluated by hand-made tables, written to a cell and read back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from knowledge_base.life_events.conditions import holds, named, told
from knowledge_base.life_events.records import MOST_DEEP, AllOf, Answered, AnyOf, Condition, LifeEvent, Not
from knowledge_base.life_events.writing import read_condition, read_options, write_condition, write_options
from tests.knowledge_base.life_events.samples import DOG, EVENT, changed

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        ({"answer": "a", "is": "1"}, {"a": "1"}, True),
        ({"answer": "a", "is": ["1", "2"]}, {"a": "2"}, True),
        ({"answer": "a", "is": "1"}, {}, False),
        ({"not": {"answer": "a", "is": "1"}}, {}, True),
        ({"not": {"answer": "a", "is": "1"}}, {"a": "1"}, False),
        ({"all": [{"answer": "a", "is": "1"}, {"answer": "b", "is": "1"}]}, {"a": "1"}, False),
        ({"any": [{"answer": "a", "is": "1"}, {"answer": "b", "is": "1"}]}, {"a": "1"}, True),
    ],
)
def test_an_unanswered_question_fulfils_nothing_but_not(
    condition: object, answers: dict[str, str], expected: bool
) -> None:
    assert holds(CONDITION.validate_python(condition), answers) is expected


def test_without_a_condition_it_always_holds() -> None:
    assert holds(None, {})


@pytest.mark.parametrize(
    "broken",
    [
        {"answer": "a"},
        {"answer": "a", "is": []},
        {"all": []},
        {"eval": "1"},
        "a == 1",
        {"answer": "a", "is": "1", "not": {}},
    ],
)
def test_what_is_no_condition_is_refused(broken: object) -> None:
    with pytest.raises(ValidationError):
        CONDITION.validate_python(broken)


def test_conditions_nested_too_deep_are_refused() -> None:
    condition: dict[str, object] = {"answer": "from", "is": "shop"}
    for _ in range(MOST_DEEP):
        condition = {"not": condition}
    with pytest.raises(ValidationError, match="9 deep, expected no more than 8"):
        changed(steps=[{"catalog_code": "A", "when": condition}])


WORDS = st.text(
    st.characters(exclude_characters='"“”', exclude_categories=["C", "Z"]), min_size=1, max_size=6
)
ANSWERED = st.builds(
    lambda name, values: Answered(answer=name, values=tuple(values)),
    WORDS,
    st.lists(WORDS, min_size=1, max_size=3),
)
CONDITIONS = st.recursive(
    ANSWERED,
    lambda inner: st.one_of(
        st.builds(lambda parts: AllOf(all=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: AnyOf(any=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: Not(negated=part), inner),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_a_condition_survives_a_cell_and_json(condition: Condition) -> None:
    assert read_condition(write_condition(condition)) == condition
    assert CONDITION.validate_json(CONDITION.dump_json(condition)) == condition


def test_an_operator_writes_conditions_in_words() -> None:
    assert read_condition("（类型 = 公司 或 雇人 = 是） 且 非 广告 ＝ 不要／没有") == AllOf(
        all=(
            AnyOf(
                any=(
                    Answered(answer="类型", values=("公司",)),
                    Answered(answer="雇人", values=("是",)),
                )
            ),
            Not(negated=Answered(answer="广告", values=("不要", "没有"))),
        )
    )
    assert read_condition('年龄 = "是，或者 且"') == Answered(answer="年龄", values=("是，或者 且",))


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "这里应是问题编号，后面没有了"),
        ("类型", "“类型”后面应是 ="),
        ("类型 = ", "这里应是选项值"),
        ("类型 = 公司 类型 = 个体", "“类型”多余"),
        ("（类型 = 公司", "少了右括号"),
        ('类型 = "公司', "引号没有成对"),
        ("且 = 公司", "这里应是问题编号，读到“且”"),
        ("（" * 99, "套得太深"),
    ],
)
def test_a_cell_that_is_no_condition_says_why(cell: str, why: str) -> None:
    with pytest.raises(ValueError, match="读不懂") as fault:
        read_condition(cell)
    assert why in str(fault.value)


def test_options_are_lines_of_value_and_label() -> None:
    assert read_options("yes = 是\n没有\n") == [
        {"value": "yes", "label": "是"},
        {"value": "没有", "label": "没有"},
    ]
    assert write_options(EVENT.questions[0].options) == "shop = 买的\nadopted = 领养的"


def test_conditions_are_told_in_the_words_of_the_questions() -> None:
    refund, spay = EVENT.steps[2].when, EVENT.steps[3].when
    assert told(refund, EVENT) == "“狗是从哪里来的？”选“领养的”，并且“领养时交过押金吗？”选“交过”"
    assert told(spay, EVENT) == "不是（“做过绝育吗？”选“做过”）"
    assert [each.answer for each in named(refund)] == ["from", "paid"]


def test_an_event_is_the_same_after_json() -> None:
    dumped = EVENT.model_dump(mode="json", exclude_none=True)
    assert dumped["questions"][1]["ask_when"] == {"answer": "from", "is": "adopted"}
    assert LifeEvent.model_validate(dumped) == EVENT == LifeEvent.model_validate(DOG)
