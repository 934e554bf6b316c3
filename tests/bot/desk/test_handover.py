"""A conversation's way to a person and back, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.handover import (
    Act,
    AgentSpoke,
    CitizenSpoke,
    Claim,
    End,
    Handover,
    HandoverState,
    Need,
    Return,
    Skills,
    Transfer,
    decide,
)
from bot.desk.notices import AgentJoined, HandedBack
from knowledge_base.errors import IllegalHandover

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
WAITING = Handover(1, "c", HandoverState.WAITING, Need("社保", "云岭省/云州市", "zh"), "asked", NOON)
LATER = NOON + timedelta(minutes=3)


def test_an_agent_takes_it_on_and_owes_the_first_word() -> None:
    decision = decide(WAITING, Claim(7, "小李"), LATER)
    taken = decision.handover
    assert (taken.state, taken.agent_id, taken.claimed_at, taken.owed_since) == ("talking", 7, LATER, LATER)
    assert decision.notice == AgentJoined(name="小李")


def test_whoever_speaks_has_not_the_word_any_more() -> None:
    talking = decide(WAITING, Claim(7, "小李"), NOON).handover
    answered = decide(talking, AgentSpoke(), NOON).handover
    assert answered.owed_since is None
    asked = decide(answered, CitizenSpoke(), LATER).handover
    assert asked.owed_since == LATER
    assert decide(asked, CitizenSpoke(), LATER + timedelta(minutes=1)).handover.owed_since == LATER


def test_a_lost_agent_sends_it_to_the_head_and_a_transfer_to_where_it_was() -> None:
    talking = decide(WAITING, Claim(7, "小李"), NOON).handover
    back = decide(talking, Return("agent_lost"), LATER)
    assert (back.handover.state, back.handover.returned, back.handover.agent_id) == ("waiting", True, None)
    assert (back.handover.asked_at, back.queued) == (NOON, "agent_lost")
    again = decide(back.handover, Claim(8, "小王"), LATER).handover
    sent = decide(again, Transfer("医保", "问异地就医"), LATER)
    assert (sent.handover.need.department, sent.handover.returned) == ("医保", False)
    assert (sent.handover.asked_at, sent.note, sent.queued) == (NOON, "医保：问异地就医", "transferred")


def test_the_end_is_told_and_keeps_who_it_was() -> None:
    talking = decide(WAITING, Claim(7, "小李"), NOON).handover
    ended = decide(talking, End("to_bot"), LATER)
    assert (ended.handover.state, ended.handover.agent_id, ended.handover.ended_at) == ("ended", 7, LATER)
    assert ended.notice == HandedBack(reason="to_bot")
    with pytest.raises(IllegalHandover, match=r"hand-over 1 is ended: Claim is not possible"):
        decide(ended.handover, Claim(8, "小王"), LATER)


ACTS: st.SearchStrategy[Act] = st.sampled_from(
    [
        Claim(1, "甲"),
        Claim(2, "乙"),
        Return("agent_lost"),
        Transfer("医保"),
        End("cancelled"),
        CitizenSpoke(),
        AgentSpoke(),
    ]
)


@given(st.lists(ACTS, max_size=30))
def test_whatever_happens_a_talk_has_exactly_one_agent_and_nothing_follows_the_end(acts: list[Act]) -> None:
    handover = WAITING
    for act in acts:
        before = handover
        try:
            handover = decide(handover, act, LATER).handover
        except IllegalHandover:
            assert handover == before
        assert before.state != "ended" or handover == before
        assert (handover.state == "waiting") <= (handover.agent_id is None)
        assert (handover.state == "talking") <= (handover.agent_id is not None)
        assert (handover.owed_since is None) or handover.state == "talking"
        assert handover.asked_at == NOON


@pytest.mark.parametrize(
    ("skills", "need", "matches"),
    [
        (Skills(), Need("社保", "云岭省"), True),
        (Skills(departments=("社保",)), Need("社保"), True),
        (Skills(departments=("社保",)), Need("医保"), False),
        (Skills(departments=("社保",)), Need(), True),
        (Skills(regions=("云岭省/云州市",)), Need(region="云岭省/云州市/青岚县"), True),
        (Skills(regions=("云岭省/云州市",)), Need(region="云岭省/云州市"), True),
        (Skills(regions=("云岭省/云州",)), Need(region="云岭省/云州市"), False),
        (Skills(regions=("云岭省/云州市",)), Need(region="云岭省"), False),
        (Skills(regions=("云岭省/云州市",)), Need(region="全国"), True),
        (Skills(), Need(language="en"), False),
        (Skills(languages=("zh", "en")), Need(language="en"), True),
    ],
)
def test_skills_decide_who_can_take_it(skills: Skills, need: Need, matches: bool) -> None:
    assert skills.match(need) is matches
