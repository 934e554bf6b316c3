"""Places in the queue and how long the wait may be, worked out without I/O."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.desk.handover import Need, Skills

# Close to the head every step counts; far back, only one that shows.
_TOLD_EXACTLY = 5
_WORTH_TELLING = 0.1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation in the queue."""

    handover_id: int
    need: Need


@dataclass(frozen=True, slots=True)
class Staff:
    """An agent who is there: how many they talk with, of how many they can."""

    agent_id: int
    skills: Skills
    capacity: int
    talking: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation stands.

    Attributes:
        position: 1 is next; only those count that an agent of one's own may take first.
        expected_wait_s: None where nobody who is there could take it.
    """

    position: int
    expected_wait_s: int | None


def places(waiting: Sequence[Waiting], staff: Sequence[Staff], *, handling_s: float) -> Mapping[int, Place]:
    """Return the place of each of those waiting, who are given in the order of the queue.

    With c slots among the agents who could take it, f of them free, the one at position p gets one after
    p - f of the c talks end; each lasts `handling_s` seconds on average: one ends every `handling_s / c`.
    """
    able = {need: _able(need, staff) for need in {each.need for each in waiting}}
    ahead: Counter[Need] = Counter()
    found = {}
    for each in waiting:
        mine = able[each.need]
        rivals = sum(count for need, count in ahead.items() if need == each.need or able[need] & mine)
        found[each.handover_id] = Place(rivals + 1, _wait_s(rivals + 1, mine, staff, handling_s))
        ahead[each.need] += 1
    return found


def worth_telling(told: int, now: int) -> bool:
    """Tell whether a place differs enough from the one told last (0 for none) to be told."""
    if min(told, now) <= _TOLD_EXACTLY:
        return told != now
    return abs(told - now) >= _WORTH_TELLING * told


def _able(need: Need, staff: Sequence[Staff]) -> frozenset[int]:
    return frozenset(each.agent_id for each in staff if each.skills.match(need))


def _wait_s(position: int, able: frozenset[int], staff: Sequence[Staff], handling_s: float) -> int | None:
    mine = [each for each in staff if each.agent_id in able]
    slots = sum(each.capacity for each in mine)
    if not slots:
        return None
    free = sum(max(0, each.capacity - each.talking) for each in mine)
    return math.ceil(max(0, position - free) * handling_s / slots)
