"""A turn that nothing answers ends by its route; an answer is never lost to a route that may be wrong."""

from dataclasses import replace

import pytest

from bot.answer import AnswerStatus, NoticeBlock, Option, ParagraphBlock, PhonesBlock
from bot.desk.front import Reach
from bot.replying import Replier, packaged_text
from bot.routes import Route, RouteGuess
from bot.steps.call_person import calling
from bot.steps.conclude import CERTAIN, CLEARLY_ANSWERED, LIKELY, SURE, conclude
from bot.turn import Turn
from tests.bot.builders import query_of, turn_of

REPLY = Replier(packaged_text, "12345")
STEP = conclude(REPLY, calling(lambda _: Reach.OPEN, REPLY))
ANSWER = (ParagraphBlock(text="养犬登记费每年二百元。", quoted=True, cites=(1,)),)


def turn(
    text: str,
    route: Route,
    probability: float = 0.95,
    status: AnswerStatus | None = AnswerStatus.NO_ANSWER,
    confidence: float = 0.1,
) -> Turn:
    blocks = ANSWER if status is AnswerStatus.ANSWERED else ()
    guess = RouteGuess(route, probability)
    return replace(turn_of(text), route=guess, status=status, confidence=confidence, blocks=blocks)


def said(turn: Turn) -> str:
    return "".join(block.text for block in turn.blocks if isinstance(block, ParagraphBlock))


@pytest.mark.parametrize(
    ("text", "route", "status", "words"),
    [
        ("我的公积金还剩多少钱", Route.OWN_RECORD, AnswerStatus.PERSONAL_DATA, "住房公积金个人账户查询"),
        ("路灯坏了", Route.COMPLAINT, AnswerStatus.HANDED_TO_HUMAN, "记下工单号"),
        ("你好", Route.SMALLTALK, AnswerStatus.SMALLTALK, "您好"),
        ("你是谁", Route.SMALLTALK, AnswerStatus.SMALLTALK, "不是真人"),
        ("谢谢", Route.SMALLTALK, AnswerStatus.SMALLTALK, "不客气"),
        ("红烧肉怎么做", Route.OUT_OF_SCOPE, AnswerStatus.OUT_OF_SCOPE, "不是政务方面"),
        ("换个人来说", Route.PERSON, AnswerStatus.HANDED_TO_HUMAN, "24 小时有工作人员接听"),
        ("阳台外面挂着个人", Route.EMERGENCY, AnswerStatus.EMERGENCY, "请马上拨打"),
    ],
)
def test_what_nothing_answers_ends_by_its_route(
    text: str, route: Route, status: AnswerStatus, words: str
) -> None:
    for open_status in (None, AnswerStatus.NO_ANSWER):
        ended = STEP(turn(text, route, status=open_status))
        assert ended.status is status
        assert words in said(ended)


@pytest.mark.parametrize("route", [Route.POLICY, Route.SERVICE])
def test_a_policy_or_a_service_is_left_to_be_handed_off(route: Route) -> None:
    before = turn("养猪补贴", route)
    assert STEP(before) == before


def test_an_unlikely_route_ends_nothing() -> None:
    assert STEP(turn("你好", Route.SMALLTALK, LIKELY - 0.01)).status is AnswerStatus.NO_ANSWER


@pytest.mark.parametrize("route", [Route.OUT_OF_SCOPE, Route.SMALLTALK, Route.OWN_RECORD, Route.PERSON])
def test_a_clear_answer_stands_whatever_the_route(route: Route) -> None:
    before = turn("养犬登记费", route, 1.0, AnswerStatus.ANSWERED, CLEARLY_ANSWERED)
    assert STEP(before) == before


def test_an_answer_that_is_not_clear_gives_way_to_a_sure_route() -> None:
    unclear = CLEARLY_ANSWERED - 0.1
    ended = STEP(turn("我的公积金余额", Route.OWN_RECORD, SURE, AnswerStatus.ANSWERED, unclear))
    assert (ended.status, ended.citations) == (AnswerStatus.PERSONAL_DATA, ())
    kept = STEP(turn("我的公积金余额", Route.OWN_RECORD, SURE - 0.01, AnswerStatus.ANSWERED, unclear))
    assert kept.status is AnswerStatus.ANSWERED


def test_no_document_answers_what_is_kept_of_the_citizen() -> None:
    ended = STEP(turn("我的公积金还剩多少钱", Route.OWN_RECORD, CERTAIN, AnswerStatus.ANSWERED, 0.99))
    assert ended.status is AnswerStatus.PERSONAL_DATA
    rule = STEP(turn("公积金一年能提多少", Route.OWN_RECORD, CERTAIN, AnswerStatus.ANSWERED, 0.99))
    assert rule.status is AnswerStatus.ANSWERED  # the words do not speak of a record of one's own


def test_a_complaint_that_is_answered_is_told_where_to_go_besides() -> None:
    ended = STEP(turn("物业乱收费我要投诉", Route.COMPLAINT, 0.9, AnswerStatus.ANSWERED, 0.9))
    assert ended.status is AnswerStatus.ANSWERED
    assert isinstance(ended.blocks[-1], NoticeBlock)
    assert ended.blocks[:-1] == ANSWER


def test_an_answer_to_somebody_who_may_be_in_danger_begins_with_the_numbers() -> None:
    ended = STEP(turn("他天天打我", Route.EMERGENCY, 0.9, AnswerStatus.ANSWERED, 0.9))
    assert ended.status is AnswerStatus.ANSWERED
    assert any(isinstance(block, PhonesBlock) for block in ended.blocks)
    assert ended.blocks[-1:] == ANSWER


def test_a_follow_up_has_to_be_surer() -> None:
    before = replace(turn("那再远一点呢", Route.OUT_OF_SCOPE, SURE - 0.01), earlier=query_of("养犬登记"))
    assert STEP(before).status is AnswerStatus.NO_ANSWER


def test_what_has_ended_passes_through_and_a_choice_of_regions_goes_when_it_is_no_question() -> None:
    blocked = replace(turn("你好", Route.SMALLTALK), status=AnswerStatus.BLOCKED)
    assert STEP(blocked) == blocked
    asking = turn("你好", Route.SMALLTALK, 0.99, AnswerStatus.CLARIFY)
    ended = STEP(replace(asking, options=(Option(label="云州市", question="你好"),)))
    assert (ended.status, ended.options) == (AnswerStatus.SMALLTALK, ())
