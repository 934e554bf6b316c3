"""Guard: what cannot be a question is refused, personal data goes no further."""

import pytest

from bot.answer import Question
from bot.steps.guard import guard
from bot.turn import Turn
from knowledge_base.errors import QuestionRejected
from tests.bot.builders import DAY


def asked(text: str) -> Turn:
    return Turn(id="turn", asked=Question(question=text), day=DAY)


def test_personal_data_is_masked_before_anything_else_sees_it() -> None:
    turn = guard(500)(asked("我的手机号13812345678，身份证11010519491231002X，怎么办居住证？"))
    assert turn.text == "我的手机号［手机号］，身份证［身份证号］，怎么办居住证？"


def test_a_question_without_personal_data_stays_as_it_is() -> None:
    assert guard(500)(asked("2026年公积金最多提取12000元吗？")).text == "2026年公积金最多提取12000元吗？"


@pytest.mark.parametrize(
    ("text", "code"),
    [("问" * 21, "too_long"), ("  ？！", "empty"), ("公积金\x00怎么提取", "control_characters")],
)
def test_what_cannot_be_a_question_is_refused(text: str, code: str) -> None:
    with pytest.raises(QuestionRejected) as refused:
        guard(20)(asked(text))
    assert refused.value.code == code


def test_too_long_says_both_numbers() -> None:
    with pytest.raises(QuestionRejected, match="问题有 612 个字，最多 500 个字"):
        guard(500)(asked("问" * 612))
