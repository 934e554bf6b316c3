"""Places in the queue and the wait, worked out by hand."""

from hypothesis import given
from hypothesis import strategies as st

from bot.desk.handover import Need, Skills
from bot.desk.waiting import Place, Staff, Waiting, places, worth_telling

SOCIAL, HEALTH = Need("社保"), Need("医保")


def test_only_rivals_for_the_same_agents_count() -> None:
    staff = [Staff(1, Skills(("社保",)), 2, 2), Staff(2, Skills(("医保",)), 1, 1)]
    waiting = [Waiting(10, SOCIAL), Waiting(11, HEALTH), Waiting(12, SOCIAL), Waiting(13, HEALTH)]
    assert places(waiting, staff, handling_s=300) == {
        10: Place(1, 150),
        11: Place(1, 300),
        12: Place(2, 300),
        13: Place(2, 600),
    }


def test_an_agent_of_both_makes_rivals_of_them() -> None:
    staff = [Staff(1, Skills(), 3, 3)]
    waiting = [Waiting(10, SOCIAL), Waiting(11, HEALTH)]
    assert places(waiting, staff, handling_s=300) == {10: Place(1, 100), 11: Place(2, 200)}


def test_who_finds_a_free_agent_does_not_wait() -> None:
    found = places([Waiting(10, SOCIAL), Waiting(11, SOCIAL)], [Staff(1, Skills(), 2, 1)], handling_s=300)
    assert found == {10: Place(1, 0), 11: Place(2, 150)}


def test_where_nobody_could_take_it_no_wait_is_told() -> None:
    found = places(
        [Waiting(10, SOCIAL), Waiting(11, SOCIAL)], [Staff(1, Skills(("医保",)), 2, 0)], handling_s=300
    )
    assert found == {10: Place(1, None), 11: Place(2, None)}


@given(st.lists(st.sampled_from([SOCIAL, HEALTH, Need(), Need(language="en")]), max_size=30))
def test_with_one_kind_of_agent_places_are_those_of_the_queue(needs: list[Need]) -> None:
    found = places(
        [Waiting(at, need) for at, need in enumerate(needs)],
        [Staff(1, Skills(languages=("zh", "en")), 1, 0)],
        handling_s=60,
    )
    assert [found[at].position for at in range(len(needs))] == list(range(1, len(needs) + 1))


def test_near_the_head_every_step_is_told_and_far_back_a_tenth() -> None:
    assert worth_telling(0, 90)
    assert worth_telling(6, 5)
    assert worth_telling(2, 1)
    assert not worth_telling(3, 3)
    assert not worth_telling(100, 91)
    assert worth_telling(100, 90)
