"""The queue in SQL: who gets whom, what is said, and what each is told."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.desk.agents import Presence
from bot.desk.handover import Need, Skills
from bot.desk.notices import TicketOffered
from knowledge_base.errors import DeskError, IllegalHandover

if TYPE_CHECKING:
    from tests.bot.desk.conftest import Hall


def test_the_longest_waiting_goes_first_and_each_to_one_agent(hall: "Hall") -> None:
    first, second = hall.asks(), hall.asks()
    li, wang, zhao = hall.agent("小李"), hall.agent("小王"), hall.agent("小赵")
    taken = [hall.desk.claim(on) for on in (li, wang, zhao)]
    assert [each and each.id for each in taken] == [first.id, second.id, None]
    assert hall.desk.claim(li) is None, "an agent takes no more than their capacity"
    assert hall.told(first, "agent_joined") == [{"type": "agent_joined", "name": "小李", "role": "agent"}]


def test_an_agent_gets_only_what_they_can_take_on(hall: "Hall") -> None:
    hall.asks(Need("医保", "云岭省/海州市"))
    hall.asks(Need("社保", "云岭省/云州市/青岚县", "en"))
    mine = hall.asks(Need("社保", "云岭省/云州市/青岚县"))
    on = hall.agent("小李", Skills(("社保",), ("云岭省/云州市",)), capacity=5)
    taken = hall.desk.claim(on)
    assert taken is not None
    assert taken.id == mine.id
    assert hall.desk.claim(on) is None


def test_a_region_with_a_percent_sign_is_no_pattern(hall: "Hall") -> None:
    hall.asks(Need(region="云岭省/云州市"))
    assert hall.desk.claim(hall.agent("小李", Skills(regions=("云岭省%",)))) is None


def test_asking_twice_is_asking_once(hall: "Hall") -> None:
    first = hall.asks()
    again = hall.desk.ask(first.conversation_id, Need("医保"), reason="asked")
    assert again.id == first.id
    assert [each["position"] for each in hall.told(first, "queued")] == [1]


def test_many_asking_for_one_conversation_at_once_ask_once(hall: "Hall") -> None:
    conversation, _ = hall.conversations.open()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: hall.desk.ask(conversation.id, Need(), reason="asked").id, range(16)))
    assert len(set(found)) == 1


def test_many_agents_at_once_take_each_conversation_once(hall: "Hall") -> None:
    waiting = [hall.asks() for _ in range(12)]
    agents = [hall.agent(f"坐席{n}", capacity=3) for n in range(6)]
    with ThreadPoolExecutor(8) as pool:
        taken = [each for each in pool.map(hall.desk.claim, agents * 4) if each is not None]
    assert Counter(each.id for each in taken) == Counter(each.id for each in waiting)
    assert max(Counter(each.agent_id for each in taken).values()) <= 3


def test_place_and_wait_are_told(hall: "Hall") -> None:
    hall.agent("小李", capacity=2)
    three = [hall.asks() for _ in range(3)]
    told = [(each["position"], each["expected_wait_s"]) for one in three for each in hall.told(one, "queued")]
    assert told == [(1, 0), (2, 0), (3, 150)]


def test_what_is_said_reaches_the_other_masked_and_once(hall: "Hall") -> None:
    handover = hall.asks()
    on = hall.agent("小李")
    hall.desk.claim(on)
    for _ in range(2):
        assert hall.desk.citizen_says(handover.conversation_id, "m1", "我电话13812345678")
        hall.desk.agent_says(on.agent.id, handover.id, "a1", "请带身份证\0")
    lines = hall.desk.lines(handover.id)
    assert [(line.role, line.author, line.text) for line in lines] == [
        ("citizen", "", "我电话［手机号］"),
        ("agent", "小李", "请带身份证"),
    ]
    assert hall.told(handover, "said") == [{"type": "said", "client_id": "m1", "text": "我电话［手机号］"}]
    assert [each["text"] for each in hall.told(handover, "agent_message")] == ["请带身份证"]
    assert hall.desk.lines(handover.id, after=lines[0].id) == lines[1:]


def test_nobody_speaks_in_a_talk_that_is_not_theirs(hall: "Hall") -> None:
    handover = hall.asks()
    li, wang = hall.agent("小李"), hall.agent("小王")
    hall.desk.claim(li)
    for act in (
        lambda: hall.desk.agent_says(wang.agent.id, handover.id, "1", "您好"),
        lambda: hall.desk.transfer(wang.agent.id, handover.id, "医保"),
        lambda: hall.desk.end(wang.agent.id, handover.id),
        lambda: hall.desk.join(wang.agent.id, handover.id),
    ):
        with pytest.raises(IllegalHandover):
            act()
    assert not hall.desk.citizen_says("another conversation", "1", "您好")


def test_a_transfer_goes_to_the_other_department_by_when_it_was_asked(hall: "Hall") -> None:
    early = hall.asks(Need("社保"))
    li = hall.agent("小李", Skills(("社保",)))
    hall.desk.claim(li)
    late = hall.asks(Need("医保"))
    hall.desk.transfer(li.agent.id, early.id, "医保", "问异地就医，电话13812345678")
    wang = hall.agent("小王", Skills(("医保",)))
    taken = hall.desk.claim(wang)
    assert taken is not None
    assert taken.id == early.id
    assert hall.desk.notes(early.id) == ("医保：问异地就医，电话［手机号］",)
    assert hall.told(early, "queued")[-1]["reason"] == "transferred"
    assert late.id != early.id


def test_a_supervisor_joins_and_speaks(hall: "Hall") -> None:
    handover = hall.asks()
    hall.desk.claim(hall.agent("小李"))
    boss = hall.agent("班长", supervisor=True, capacity=1)
    hall.desk.join(boss.agent.id, handover.id)
    hall.desk.join(boss.agent.id, handover.id)
    hall.desk.agent_says(boss.agent.id, handover.id, "b1", "我来补充")
    assert [each.id for each in hall.desk.held_by(boss.agent.id)] == [handover.id]
    assert [(each["name"], each["role"]) for each in hall.told(handover, "agent_joined")] == [
        ("小李", "agent"),
        ("班长", "supervisor"),
    ]
    assert hall.desk.lines(handover.id)[-1].role == "supervisor"
    hall.desk.end(boss.agent.id, handover.id, "to_bot")
    assert hall.desk.held_by(boss.agent.id) == ()
    assert hall.told(handover, "handed_back") == [{"type": "handed_back", "reason": "to_bot"}]


def test_the_citizen_may_leave_at_any_time_and_ask_again(hall: "Hall") -> None:
    handover = hall.asks()
    assert hall.desk.end_for_citizen(handover.conversation_id)
    assert not hall.desk.end_for_citizen(handover.conversation_id)
    assert hall.desk.claim(hall.agent("小李")) is None
    again = hall.desk.ask(handover.conversation_id, Need(), reason="asked")
    assert again.id != handover.id


def test_signing_on_elsewhere_takes_over_and_an_old_token_is_none(hall: "Hall") -> None:
    _, token = hall.agents.add("小李", Skills())
    old = hall.agents.sign_on(token)
    new = hall.agents.sign_on(token)
    assert old is not None
    assert new is not None
    assert hall.agents.renew(old) is None
    assert hall.desk.claim(old) is None
    assert hall.agents.renew(new) is not None
    _, changed = hall.agents.add("小李", Skills(("社保",)))
    assert hall.agents.sign_on(token) is None
    assert hall.agents.sign_on(changed) is not None
    assert hall.agents.remove("小李")
    assert not hall.agents.remove("小李")
    assert hall.agents.sign_on(changed) is None


def test_a_token_is_not_stored(hall: "Hall") -> None:
    _, token = hall.agents.add("小李", Skills())
    with hall.engine.connect() as connection:
        assert token not in str(connection.execute(text("select * from agents")).all())


def test_an_agent_without_a_language_or_a_name_is_refused(hall: "Hall") -> None:
    for name, skills, capacity in (
        (" ", Skills(), 1),
        ("小李", Skills(languages=()), 1),
        ("小李", Skills(), 0),
    ):
        with pytest.raises(DeskError):
            hall.agents.add(name, skills, capacity=capacity)


def test_who_is_away_keeps_what_is_at_hand_and_takes_no_more(hall: "Hall") -> None:
    handover = hall.asks()
    on = hall.agent("小李", capacity=2)
    hall.desk.claim(on)
    hall.asks()
    assert hall.agents.be(on, Presence.AWAY)
    assert hall.desk.claim(on) is None
    assert [each.id for each in hall.desk.held_by(on.agent.id)] == [handover.id]


def test_a_ticket_is_offered_once_to_whoever_waits(hall: "Hall") -> None:
    handover = hall.asks()
    offer = TicketOffered(reason="long_wait", opens_at=None, categories=("咨询",))
    assert hall.desk.offer_ticket(handover.id, offer)
    assert not hall.desk.offer_ticket(handover.id, offer)
    assert len(hall.told(handover, "ticket_offered")) == 1


def test_whoever_is_just_being_told_something_keeps_their_turn(hall: "Hall") -> None:
    """On PostgreSQL that locks the row as a claim does; the next in the queue must not be taken instead."""
    if hall.engine.dialect.name == "sqlite":
        pytest.skip("writers take turns")
    first, second = hall.asks(), hall.asks()
    on = hall.agent("小李", capacity=2)
    with hall.engine.begin() as telling:
        telling.execute(text("update handovers set told_position = 1 where id = :id"), {"id": first.id})
        assert hall.desk.claim(on) is None
    taken = [hall.desk.claim(on) for _ in range(2)]
    assert [each and each.id for each in taken] == [first.id, second.id]
