"""The judge of a desk's record, on records made by hand."""

from datetime import UTC, datetime, timedelta

from bot.desk.handover import Need, Skills
from eval.desk_judging import (
    Step,
    Wait,
    alternation_faults,
    capacity_faults,
    line_faults,
    overlap_faults,
    passed_over_faults,
    waits_of,
)

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def steps(*told: tuple[str, int | None], handover: int = 1) -> list[Step]:
    return [Step(handover, at(n), step, agent, "") for n, (step, agent) in enumerate(told)]


def test_a_conversation_in_one_pair_of_hands_at_a_time_is_no_fault() -> None:
    told = steps(("asked", None), ("claimed", 1), ("returned", 1), ("claimed", 2), ("transferred", 2))
    assert (
        alternation_faults([*told, Step(1, at(9), "claimed", 3, ""), Step(1, at(10), "ended", 3, "")]) == []
    )


def test_two_agents_with_one_conversation_are_a_fault() -> None:
    told = steps(("asked", None), ("claimed", 1), ("claimed", 2), ("ended", 2))
    assert alternation_faults(told) == ["hand-over 1: claimed by 2 while 1 had it"]


def test_two_hand_overs_at_once_are_a_fault_and_one_after_the_other_is_none() -> None:
    assert overlap_faults([("c", at(0), at(5)), ("c", at(6), at(9)), ("d", at(1), None)]) == []
    assert len(overlap_faults([("c", at(0), at(5)), ("c", at(4), at(9))])) == 1
    assert len(overlap_faults([("c", at(0), None), ("c", at(4), at(9))])) == 1


def test_whoever_was_never_served_is_a_fault() -> None:
    assert alternation_faults(steps(("asked", None))) == ["hand-over 1: has not ended with an agent"]
    assert alternation_faults(steps(("asked", None), ("ended", None))) == [
        "hand-over 1: ended while nobody had it"
    ]


def test_an_agent_who_speaks_after_the_talk_was_taken_back_is_a_fault() -> None:
    told = {1: steps(("asked", None), ("claimed", 1), ("returned", 1), ("claimed", 2))}
    lines = [(1, "甲", at(1.5)), (1, "甲", at(2.5)), (1, "乙", at(3.5))]
    (fault,) = line_faults(told, lines, {1: "甲", 2: "乙"})
    assert "甲 spoke at 2026-11-25 04:00:02.5" in fault


def test_more_talks_than_an_agent_can_take_are_a_fault() -> None:
    told = [
        Step(1, at(0), "claimed", 1, ""),
        Step(2, at(1), "claimed", 1, ""),
        Step(1, at(2), "ended", 1, ""),
        Step(3, at(3), "claimed", 1, ""),
    ]
    assert capacity_faults(told, {1: 2}) == []
    assert len(capacity_faults(told, {1: 1})) == 2


def test_whoever_is_passed_over_for_long_is_a_fault() -> None:
    social, health = Need("社保"), Need("医保")
    first = Wait(1, at(0), at(60), social, (True, at(0), 1), 9)
    late = Wait(2, at(5), at(10), social, (True, at(5), 2), 7)
    skills = {7: Skills(("社保",)), 9: Skills()}
    (fault,) = passed_over_faults([first, late], skills)
    assert fault.startswith("hand-over 1 was passed over for 2")
    other = Wait(1, at(0), at(60), health, (True, at(0), 1), 9)
    assert passed_over_faults([other, late], skills) == [], "not theirs to take"
    soon = Wait(1, at(0), at(10.5), social, (True, at(0), 1), 9)
    assert passed_over_faults([soon, late], skills) == [], "somebody else was about to"


def test_waits_follow_the_record() -> None:
    told = [
        Step(1, at(0), "asked", None, ""),
        Step(1, at(1), "claimed", 1, ""),
        Step(1, at(2), "returned", 1, "agent_lost"),
        Step(1, at(3), "claimed", 2, ""),
        Step(1, at(4), "transferred", 2, "医保：问异地"),
        Step(1, at(6), "claimed", 3, ""),
    ]
    found = waits_of(told, at(0), Need("医保", "云岭省"))
    assert [(each.begin, each.end, each.order[0], each.need) for each in found] == [
        (at(0), at(1), True, None),
        (at(2), at(3), False, None),
        (at(4), at(6), True, Need("医保", "云岭省")),
    ]
