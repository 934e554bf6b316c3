"""What time does: agents are lost or silent, citizens leave, places change, waits grow long."""

from typing import TYPE_CHECKING

import pytest

from bot.desk.agents import Presence
from bot.desk.front import FrontDesk, Reach
from bot.desk.handover import Need, Skills
from bot.desk.hours import OpeningHours, read_spans
from bot.desk.sweeping import Patience, sweep

if TYPE_CHECKING:
    from tests.bot.desk.conftest import Hall

PATIENCE = Patience(silent_s=180, idle_s=900, left_s=300, long_wait_s=600)
OFFICE = OpeningHours(read_spans(("09:00-12:00", "13:00-17:30")))


@pytest.fixture
def front(hall: "Hall") -> FrontDesk:
    return FrontDesk(hall.desk, OFFICE, 3, ("咨询", "投诉"))


def test_a_lost_agents_conversations_go_to_the_head(hall: "Hall", front: FrontDesk) -> None:
    lost = hall.asks()
    hall.desk.claim(hall.agent("小李"))
    hall.asks()
    hall.clock.pass_s(31)
    assert lost.conversation_id in sweep(front, PATIENCE)
    queued = hall.told(lost, "queued")[-1]
    assert (queued["position"], queued["reason"]) == (1, "agent_lost")
    taken = hall.desk.claim(hall.agent("小王"))
    assert taken is not None
    assert taken.id == lost.id, "it goes before the one who asked while it was talked with"


def test_an_agent_who_gives_signs_of_life_keeps_theirs(hall: "Hall", front: FrontDesk) -> None:
    handover = hall.asks()
    on = hall.agent("小李")
    hall.desk.claim(on)
    for _ in range(4):
        hall.clock.pass_s(25)
        assert hall.agents.renew(on) is not None
        assert sweep(front, PATIENCE) == ()
    assert [each.id for each in hall.desk.held_by(on.agent.id)] == [handover.id]


def test_an_agent_given_up_has_to_sign_on_again(hall: "Hall", front: FrontDesk) -> None:
    on = hall.agent("小李")
    hall.clock.pass_s(31)
    sweep(front, PATIENCE)
    assert hall.agents.renew(on) is None


def test_a_silent_agent_is_sent_away_and_does_not_get_it_back(hall: "Hall", front: FrontDesk) -> None:
    handover = hall.asks()
    on = hall.agent("小李")
    hall.desk.claim(on)
    hall.desk.agent_says(on.agent.id, handover.id, "1", "您好")
    hall.clock.pass_s(170)
    hall.desk.citizen_says(handover.conversation_id, "1", "在吗？")
    hall.clock.pass_s(179)
    hall.agents.renew(on)
    hall.desk.citizen_is_here(handover.conversation_id)
    assert sweep(front, PATIENCE) == ()
    hall.clock.pass_s(2)
    assert sweep(front, PATIENCE) == (handover.conversation_id,)
    assert hall.told(handover, "queued")[-1]["reason"] == "agent_silent"
    assert hall.told(handover, "ticket_offered")[-1]["reason"] == "unstaffed"
    assert hall.desk.claim(on) is None
    renewed = hall.agents.renew(on)
    assert renewed is not None
    assert renewed.presence is Presence.AWAY


def test_a_talk_in_which_the_citizen_says_no_more_ends(hall: "Hall", front: FrontDesk) -> None:
    handover = hall.asks()
    on = hall.agent("小李")
    hall.desk.claim(on)
    hall.desk.agent_says(on.agent.id, handover.id, "1", "还有什么可以帮您？")
    hall.clock.pass_s(901)
    hall.agents.renew(on)
    assert sweep(front, PATIENCE) == (handover.conversation_id,)
    assert hall.told(handover, "handed_back") == [{"type": "handed_back", "reason": "idle"}]


def test_who_has_left_does_not_keep_others_waiting(hall: "Hall", front: FrontDesk) -> None:
    on = hall.agent("小李", capacity=5)
    gone, here = hall.asks(), hall.asks()
    hall.clock.pass_s(200)
    hall.desk.citizen_is_here(here.conversation_id)
    hall.clock.pass_s(101)
    hall.agents.renew(on)
    sweep(front, PATIENCE)
    assert hall.desk.open_of(gone.conversation_id) is None
    assert hall.told(here, "queued")[-1]["position"] == 1


def test_a_new_place_is_told_once(hall: "Hall", front: FrontDesk) -> None:
    on = hall.agent("小李")
    first, second = hall.asks(), hall.asks()
    hall.desk.claim(on)
    assert sweep(front, PATIENCE) == (second.conversation_id,)
    assert sweep(front, PATIENCE) == ()
    assert [each["position"] for each in hall.told(second, "queued")] == [2, 1]
    assert [each["position"] for each in hall.told(first, "queued")] == [1]


def test_where_the_last_agent_leaves_or_the_wait_is_long_a_ticket_is_offered(
    hall: "Hall", front: FrontDesk
) -> None:
    on = hall.agent("小李", Skills(("社保",)))
    busy = hall.asks(Need("社保"))
    hall.desk.claim(on)
    hall.desk.agent_says(on.agent.id, busy.id, "1", "您好")
    waits, alone = hall.asks(Need("社保")), hall.asks(Need("医保"))
    sweep(front, PATIENCE)
    assert [each["reason"] for each in hall.told(alone, "ticket_offered")] == ["unstaffed"]
    assert hall.told(waits, "ticket_offered") == []
    for _ in range(21):
        hall.clock.pass_s(29)
        hall.agents.renew(on)
        hall.desk.citizen_is_here(waits.conversation_id)
    sweep(front, PATIENCE)
    sweep(front, PATIENCE)
    (offer,) = hall.told(waits, "ticket_offered")
    assert (offer["reason"], offer["categories"]) == ("long_wait", ["咨询", "投诉"])


def test_whether_a_person_can_be_reached(hall: "Hall", front: FrontDesk) -> None:
    assert front.reach(Need()) is Reach.UNSTAFFED
    on = hall.agent("小李", Skills(("社保",)))
    assert front.reach(Need("社保")) is Reach.OPEN
    assert front.reach(Need("医保")) is Reach.UNSTAFFED
    for _ in range(3):
        hall.asks(Need("社保"))
    assert front.reach(Need("社保")) is Reach.FULL
    hall.clock.pass_s(12 * 3600)
    hall.agents.renew(on)
    assert front.reach(Need("社保")) is Reach.CLOSED


def test_a_call_at_night_is_offered_a_ticket_and_told_when_people_are_there(
    hall: "Hall", front: FrontDesk
) -> None:
    hall.clock.pass_s(12 * 3600)  # 22:00 on a Wednesday
    conversation, _ = hall.conversations.open()
    assert front.call(conversation.id, Need(), reason="asked") is None
    (event,) = hall.conversations.events_after(conversation.id, 0)
    assert event.payload["type"] == "ticket_offered"
    assert event.payload["reason"] == "closed"
    assert event.payload["opens_at"] == "2026-11-26T09:00:00+08:00"
