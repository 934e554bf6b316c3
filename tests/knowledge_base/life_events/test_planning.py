"""From answers to a plan: the next question, the steps in order, the materials once each; worked by hand."""

import pytest

from knowledge_base.life_events.planning import (
    CircularSteps,
    applying,
    counted,
    in_order,
    next_question,
    plan,
)
from knowledge_base.life_events.records import EventStep
from tests.knowledge_base.life_events.samples import EVENT, ITEMS

ADOPTED = {"from": "adopted", "paid": "yes", "spayed": "yes"}


def codes(answers: dict[str, str]) -> list[str]:
    return [step.catalog_code for step in applying(EVENT, answers)]


def test_a_step_comes_after_those_it_waits_for_and_else_where_it_stands() -> None:
    assert codes(ADOPTED) == ["VACCINE", "REGISTER", "REFUND"]
    assert codes({"from": "shop", "spayed": "no"}) == ["VACCINE", "REGISTER", "SPAY"]
    assert codes({}) == ["VACCINE", "REGISTER", "SPAY"]


def test_a_step_waits_for_one_behind_another_that_does_not_apply() -> None:
    steps = [
        EventStep(catalog_code="LAST", after=("MIDDLE",)),
        EventStep(catalog_code="MIDDLE", after=("FIRST",)),
        EventStep(catalog_code="FIRST"),
    ]
    assert [step.catalog_code for step in in_order(steps)] == ["FIRST", "MIDDLE", "LAST"]


def test_steps_that_wait_for_each_other_are_named() -> None:
    steps = [EventStep(catalog_code="A", after=("B",)), EventStep(catalog_code="B", after=("A",))]
    with pytest.raises(CircularSteps) as circle:
        in_order(steps)
    assert circle.value.codes == ("A", "B")


def test_only_questions_that_matter_are_asked() -> None:
    asked = []
    answers = {"from": "shop"}
    question = next_question(EVENT, {})
    assert question is not None
    asked.append(question.id)
    question = next_question(EVENT, answers)
    assert question is not None
    asked.append(question.id)
    assert asked == ["from", "spayed"]
    assert next_question(EVENT, answers, skipped=["spayed"]) is None


def test_an_answer_whose_question_no_longer_matters_does_not_count() -> None:
    assert counted(EVENT, {"from": "shop", "paid": "yes", "spayed": "neither", "gone": "x"}) == {
        "from": "shop"
    }


def test_materials_stand_once_with_the_larger_number_and_who_needs_them() -> None:
    materials = {each.name: each for each in plan(EVENT, ADOPTED, ITEMS).materials}
    assert list(materials) == ["居民身份证", "犬只免疫证明", "房屋租赁合同"]
    card = materials["居民身份证"]
    assert (card.steps, card.originals, card.photocopies) == ((1, 2), 2, 2)
    proof = materials["犬只免疫证明"]
    assert (proof.steps, proof.waived, proof.is_waived, proof.photocopies) == ((2, 3), (2,), False, 1)
    lease = materials["房屋租赁合同"]
    assert (lease.is_conditional, lease.conditions) == (True, {2: "租房的"})


def test_a_step_whose_item_is_not_there_is_left_out_and_named() -> None:
    found = plan(EVENT, {"from": "shop", "spayed": "no"}, ITEMS)
    assert [(each.number, each.effective.name) for each in found.steps] == [(1, "犬只免疫"), (2, "养犬登记")]
    assert [step.catalog_code for step in found.left_out] == ["SPAY"]
    assert found.steps[0].fees == ()
    assert plan(EVENT, {}, {}).steps == ()
