"""Judges the record of a desk: each conversation one agent at a time, none over capacity, none passed over.

Faults are, precisely:

- a hand-over whose steps are not claims and what ends them in turn, or that did not end with an agent;
- a conversation with two hand-overs at once, or told of another number of agents than took it on;
- a line of an agent who did not hold the hand-over when it was said;
- more talks in an agent's hands at one moment than their capacity;
- a claim that passed over somebody who came before, whom the agent could have taken on, and who went on
  waiting for more than `PASSED_OVER_S` (if shorter, somebody else was just about to take them on).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.conversations import EventRow
from bot.desk.handover import Need, Skills
from bot.desk.tables import AgentRow, HandoverLineRow, HandoverRow, HandoverStepRow

PASSED_OVER_S = 1.0
_ENDS_A_TALK = frozenset({"returned", "transferred", "ended"})


@dataclass(slots=True)
class DeskResult:
    """What happened and what was wrong; no fault is a pass. Waits are from asking to the first claim."""

    seconds: float
    workers: int
    agents: int
    citizens: int
    seed: int
    steps: Counter[str] = field(default_factory=Counter)
    wait_s_p50: float = 0.0
    wait_s_p95: float = 0.0
    wait_s_max: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a hand-over, as recorded."""

    handover_id: int
    at: datetime
    step: str
    agent_id: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A stretch of waiting: from when to when, where in the order of the queue, and for whom.

    `need` is None before the first transfer, as the record holds only what is needed now.
    """

    handover_id: int
    begin: datetime
    end: datetime
    need: Need | None
    order: tuple[bool, datetime, int]
    taken_by: int


def judge_desk(
    engine: Engine,
    skills: Mapping[str, Skills],
    *,
    seconds: float,
    citizens: int,
    workers: int,
    seed: int,
) -> DeskResult:
    """Judge what a database recorded."""
    result = DeskResult(seconds, workers, len(skills), citizens, seed)
    with Session(engine) as session:
        agents = {row.id: row for row in session.scalars(select(AgentRow))}
        handovers = {row.id: row for row in session.scalars(select(HandoverRow))}
        rows = session.scalars(select(HandoverStepRow).order_by(HandoverStepRow.id))
        steps = [Step(row.handover_id, row.at, row.step, row.agent_id, row.note) for row in rows]
        lines = [
            (row.handover_id, row.author, row.at)
            for row in session.scalars(select(HandoverLineRow).filter_by(role="agent"))
        ]
        joined = Counter(
            row.conversation_id
            for row in session.scalars(select(EventRow))
            if row.payload.get("type") == "agent_joined"
        )
    result.steps = Counter(each.step for each in steps)
    by_handover: dict[int, list[Step]] = {id_: [] for id_ in handovers}
    for each in steps:
        by_handover[each.handover_id].append(each)
    conversations = Counter(row.conversation_id for row in handovers.values())
    if len(conversations) != citizens:
        result.faults.append(f"{citizens} asked, {len(conversations)} were recorded")
    spans = [(row.conversation_id, row.asked_at, row.ended_at) for row in handovers.values()]
    result.faults += overlap_faults(spans)
    claims: Counter[str] = Counter()
    for id_, row in handovers.items():
        result.faults += alternation_faults(by_handover[id_])
        claims[row.conversation_id] += sum(each.step == "claimed" for each in by_handover[id_])
    result.faults += [
        f"{id_}: {n} claims, {joined[id_]} told" for id_, n in claims.items() if n != joined[id_]
    ]
    names = {id_: row.name for id_, row in agents.items()}
    result.faults += line_faults(by_handover, lines, names)
    result.faults += capacity_faults(steps, {id_: row.capacity for id_, row in agents.items()})
    waits = [
        wait
        for id_, row in handovers.items()
        for wait in waits_of(by_handover[id_], row.asked_at, Need(row.department, row.region, row.language))
    ]
    result.faults += passed_over_faults(waits, {id_: skills[name] for id_, name in names.items()})
    first = sorted(_first_waits_s(by_handover.values()))
    if first:
        result.wait_s_p50, result.wait_s_p95 = first[len(first) // 2], first[int(len(first) * 0.95)]
        result.wait_s_max = first[-1]
    return result


def overlap_faults(spans: Sequence[tuple[str, datetime, datetime | None]]) -> list[str]:
    """Return the conversations with two hand-overs at once, given whose, from when, and until when each was.

    One after the other is none: a citizen may ask again once a talk has ended.
    """
    faults = []
    last_end: dict[str, datetime | None] = {}
    for conversation, begin, end in sorted(spans, key=lambda span: span[1]):
        before = last_end.get(conversation, begin)
        if before is None or before > begin:
            faults.append(f"{conversation} had two hand-overs at {begin}")
        last_end[conversation] = end
    return faults


def alternation_faults(steps: Sequence[Step]) -> list[str]:
    """Return where the steps of one hand-over are not asked, (claimed, ended a talk)+ with `ended` last."""
    holder: int | None = None
    for at, each in enumerate(steps):
        fault = ""
        if (each.step == "asked") != (at == 0):
            fault = "asked in the middle" if at else "not asked first"
        elif each.step == "claimed":
            fault = f"claimed by {each.agent_id} while {holder} had it" if holder is not None else ""
            holder = each.agent_id
        elif each.step in _ENDS_A_TALK:
            fault = f"{each.step} while nobody had it" if holder is None else ""
            holder = None
        if fault:
            return [f"hand-over {each.handover_id}: {fault}"]
    if not steps or steps[-1].step != "ended":
        return [f"hand-over {steps[0].handover_id if steps else '?'}: has not ended with an agent"]
    return []


def line_faults(
    steps: Mapping[int, Sequence[Step]],
    lines: Sequence[tuple[int, str, datetime]],
    names: Mapping[int, str],
) -> list[str]:
    """Return the lines of agents who did not hold the hand-over then."""
    faults = []
    for handover_id, author, at in lines:
        held = [
            each for each in steps[handover_id] if each.at <= at and each.step in {"claimed", *_ENDS_A_TALK}
        ]
        holder = held[-1] if held else None
        if holder is None or holder.step != "claimed" or names.get(holder.agent_id or 0) != author:
            faults.append(f"hand-over {handover_id}: {author} spoke at {at} without holding it")
    return faults


def capacity_faults(steps: Sequence[Step], capacities: Mapping[int, int]) -> list[str]:
    """Return the moments at which an agent had more talks in hand than they can."""
    at_hand: Counter[int] = Counter()
    holders: dict[int, int] = {}
    faults = []
    for each in sorted(steps, key=lambda step: (step.at, step.step == "claimed")):
        if each.step == "claimed" and each.agent_id is not None:
            holders[each.handover_id] = each.agent_id
            at_hand[each.agent_id] += 1
            if at_hand[each.agent_id] > capacities[each.agent_id]:
                faults.append(f"agent {each.agent_id} had {at_hand[each.agent_id]} talks at {each.at}")
        elif each.step in _ENDS_A_TALK and each.handover_id in holders:
            at_hand[holders.pop(each.handover_id)] -= 1
    return faults


def waits_of(steps: Sequence[Step], asked_at: datetime, last_need: Need) -> list[Wait]:
    """Return the stretches in which one hand-over waited, with what it needed and where it stood then."""
    waits = []
    begin, returned = asked_at, False
    need = None if any(each.step == "transferred" for each in steps) else last_need
    for each in steps:
        if each.step == "claimed" and each.agent_id is not None:
            order = (not returned, asked_at, each.handover_id)
            waits.append(Wait(each.handover_id, begin, each.at, need, order, each.agent_id))
        elif each.step in {"returned", "transferred"}:
            begin, returned = each.at, each.step == "returned"
            if each.step == "transferred":
                need = Need(each.note.partition("：")[0], last_need.region, last_need.language)
    return waits


def passed_over_faults(waits: Sequence[Wait], skills: Mapping[int, Skills]) -> list[str]:
    """Return the claims that passed somebody over whom the agent could have taken on."""
    slack = timedelta(seconds=PASSED_OVER_S)
    faults = []
    for taken in waits:
        for other in waits:
            if (
                other.need is not None
                and other.order < taken.order
                and other.begin + slack < taken.end < other.end - slack
                and skills[taken.taken_by].match(other.need)
            ):
                faults.append(
                    f"hand-over {other.handover_id} was passed over for {taken.handover_id} at {taken.end}"
                )
    return faults


def _first_waits_s(all_steps: Iterable[Sequence[Step]]) -> list[float]:
    waits = []
    for steps in all_steps:
        claimed = next((each.at for each in steps if each.step == "claimed"), None)
        if claimed is not None:
            waits.append((claimed - steps[0].at).total_seconds())
    return waits
