"""Remember: topics by the latest, choices as shown, questions in return counted."""

from dataclasses import replace
from typing import Any

import pytest

from bot.answer import AnswerStatus, Option
from bot.dialogue_state import DialogueState, LifeEventProgress, Offer, Talk, Topic
from bot.steps.remember import KEPT_TOPICS, remember
from bot.turn import Turn
from tests.bot.builders import turn_of

OLD = Topic(question="遛狗不牵绳罚多少", document="云州市养犬管理条例")
CARD = Topic(
    question="社保卡丢了怎么补", item="CARD", name="社会保障卡补领", aspect="how", region="云岭省/云州市"
)


def turn(status: AnswerStatus, *topics: Topic, **fields: Any) -> Turn:
    state = DialogueState(talk=Talk(topics=topics, clarified=1))
    asked = turn_of("要多久？")
    return replace(
        asked, asked=asked.asked.model_copy(update={"state": state}), state=state, status=status, **fields
    )


def talk_after(given: Turn) -> Talk:
    state = remember(given).state
    assert state is not None
    assert state.talk is not None
    return state.talk


def test_a_line_that_goes_on_leaves_the_topic_as_it_came_up() -> None:
    talk = talk_after(turn(AnswerStatus.ANSWERED, OLD, CARD, follows=CARD))
    assert [each.question for each in talk.topics] == ["社保卡丢了怎么补", "遛狗不牵绳罚多少"]
    assert (talk.topics[0].item, talk.topics[0].aspect) == ("CARD", "how")


def test_a_line_of_its_own_is_a_topic_of_its_own() -> None:
    assert [each.question for each in talk_after(turn(AnswerStatus.ANSWERED, OLD)).topics] == [
        "要多久？",
        "遛狗不牵绳罚多少",
    ]


def test_only_so_many_topics_are_kept() -> None:
    many = [Topic(question=f"第{n}件") for n in range(KEPT_TOPICS)]
    assert len(talk_after(turn(AnswerStatus.ANSWERED, *many)).topics) == KEPT_TOPICS


@pytest.mark.parametrize(("status", "clarified"), [(AnswerStatus.CLARIFY, 2), (AnswerStatus.NO_ANSWER, 0)])
def test_questions_in_return_are_counted_until_something_else_comes(
    status: AnswerStatus, clarified: int
) -> None:
    assert talk_after(turn(status, OLD)).clarified == clarified


def test_the_questions_of_a_life_event_are_not_counted() -> None:
    asking = turn(AnswerStatus.CLARIFY, OLD)
    assert asking.state is not None
    state = asking.state.model_copy(update={"life_event": LifeEventProgress(asking="kids")})
    assert talk_after(replace(asking, state=state)).clarified == 0


@pytest.mark.parametrize(
    "status", [AnswerStatus.SMALLTALK, AnswerStatus.EMERGENCY, AnswerStatus.BLOCKED, AnswerStatus.TICKET]
)
def test_what_is_not_about_a_matter_changes_nothing(status: AnswerStatus) -> None:
    given = turn(status, OLD)
    assert remember(given) is given


def test_the_choices_are_kept_as_they_were_shown() -> None:
    options = (Option(label="青岚县", question="高龄津贴多少钱", region="云岭省/云州市/青岚县"),)
    assert talk_after(turn(AnswerStatus.CLARIFY, options=options)).offered == (
        Offer(label="青岚县", question="高龄津贴多少钱", region="云岭省/云州市/青岚县"),
    )


def test_who_was_said_to_ask_is_kept_until_the_other_side_is_said() -> None:
    said = talk_after(turn(AnswerStatus.ANSWERED, text="我们是企业，注销要多久"))
    assert said.identity == ("enterprise",)
    later = turn(AnswerStatus.ANSWERED, text="我是个人，注销要多久")
    assert later.state is not None
    state = later.state.model_copy(update={"talk": said})
    given = replace(later, state=state, asked=later.asked.model_copy(update={"state": state}))
    assert talk_after(given).identity == ("person",)


def test_a_place_that_is_not_served_holds_for_nothing() -> None:
    there = turn(AnswerStatus.NO_ANSWER, region="上海市", unserved="上海市")
    assert talk_after(there).topics[0].region == ""


def test_no_state_is_begun_where_the_channel_keeps_none() -> None:
    given = replace(turn_of("要多久？"), status=AnswerStatus.ANSWERED)
    assert remember(given).state is None
