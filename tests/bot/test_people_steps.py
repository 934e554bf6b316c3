"""A question that asks for a person is handed over; where one might help, one is offered."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.answer import AnswerStatus, ParagraphBlock, Question
from bot.consultation import Consultation
from bot.desk.front import Reach
from bot.desk.handover import Need
from bot.replying import Replier, packaged_text
from bot.routes import Route, RouteGuess
from bot.steps.call_person import call_person, calling, need_of
from bot.steps.offer_person import offer_person
from bot.turn import Turn
from tests.bot.builders import turn_of

REPLY = Replier(packaged_text, "12345")
PERSON = RouteGuess(Route.PERSON, 1.0)


def called(turn: Turn, reach: Callable[[Need], Reach]) -> Turn:
    return call_person(calling(reach, REPLY))(turn)


def words(turn: Turn) -> str:
    return "".join(block.text for block in turn.blocks if isinstance(block, ParagraphBlock))


def asked(question: str, *, can_wait: bool = True, unanswered_before: int = 0) -> Turn:
    turn = turn_of(question, region="云岭省/云州市")
    return replace(
        turn,
        asked=turn.asked.model_copy(update={"can_wait": can_wait, "unanswered_before": unanswered_before}),
    )


def test_who_asks_for_a_person_is_handed_over() -> None:
    needs: list[Need] = []

    def reach(need: Need) -> Reach:
        needs.append(need)
        return Reach.OPEN

    turn = called(replace(asked("我要转人工"), route=PERSON), reach)
    assert turn.status is AnswerStatus.HANDED_TO_HUMAN
    assert needs == [Need("", "云岭省/云州市", "zh")]
    assert "正在为您转接" in words(turn)


@pytest.mark.parametrize("reach", [Reach.CLOSED, Reach.UNSTAFFED, Reach.FULL])
def test_where_nobody_is_there_it_is_a_ticket_and_the_hotline(reach: Reach) -> None:
    turn = called(replace(asked("转人工"), route=PERSON), lambda _: reach)
    assert turn.status is AnswerStatus.TICKET
    assert "留下工单" in words(turn)
    assert "12345" in words(turn)


def test_a_channel_that_cannot_wait_is_told_where_to_go() -> None:
    turn = called(replace(asked("转人工", can_wait=False), route=PERSON), lambda _: Reach.OPEN)
    assert turn.status is AnswerStatus.HANDED_TO_HUMAN
    assert "拨打 12345" in words(turn)


def test_a_question_is_left_alone() -> None:
    turn = asked("人工授精能报销吗？")
    assert called(turn, lambda _: Reach.OPEN) == turn


@pytest.mark.parametrize(
    ("locale", "language"), [(None, "zh"), ("zh-CN", "zh"), ("en", "en"), ("EN-gb", "en"), ("", "zh")]
)
def test_the_language_needed_is_that_of_the_tag(locale: str | None, language: str) -> None:
    assert need_of(None, locale) == Need("", "", language)


@pytest.mark.parametrize(
    ("question", "status", "unanswered_before", "offered"),
    [
        ("养犬登记要多久？", AnswerStatus.NO_ANSWER, 0, False),
        ("养犬登记要多久？", AnswerStatus.NO_ANSWER, 1, True),
        ("养犬登记要多久？", AnswerStatus.ANSWERED, 5, False),
        ("答非所问，气死我了", AnswerStatus.NO_ANSWER, 0, True),
        ("我要申请行政复议", AnswerStatus.ANSWERED, 0, True),
        ("转人工", AnswerStatus.HANDED_TO_HUMAN, 5, False),
    ],
)
def test_a_person_is_offered_by_rule(
    question: str, status: AnswerStatus, unanswered_before: int, offered: bool
) -> None:
    turn = replace(asked(question, unanswered_before=unanswered_before), status=status)
    after = offer_person(2, ("行政复议",))(turn)
    assert [option.question for option in after.options] == (["转人工"] if offered else [])
    assert (after != turn) is offered


def test_zero_never_offers_for_want_of_an_answer() -> None:
    turn = replace(asked("养犬登记要多久？", unanswered_before=9), status=AnswerStatus.NO_ANSWER)
    assert offer_person(0, ())(turn) == turn


def test_the_whole_consultation_hands_over(consultation: Consultation) -> None:
    answer = consultation.answer(Question(question="转人工", can_wait=True))
    assert (answer.status, answer.citations) == (AnswerStatus.TICKET, ())
    again = consultation.answer(Question(question="去月球的补贴怎么领？", unanswered_before=1))
    assert (again.status, again.options[-1].question) == (AnswerStatus.NO_ANSWER, "转人工")


def test_an_agent_is_shown_what_was_found(consultation: Consultation) -> None:
    advice = consultation.advise(Question(question="养犬登记要多久？", region="云岭省/云州市"))
    assert advice.answer.status is AnswerStatus.ANSWERED
    assert advice.passages[0].source == "《云州市养犬管理办法》（云政发〔2026〕9号）第六条"
    assert "三十日内" in advice.passages[0].text
    assert len(advice.passages) <= 5
