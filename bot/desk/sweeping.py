"""What time does to hand-overs: lost and silent agents, citizens who have left, new places, long waits.

Run every few seconds by each serving process. Everything is decided again under the lock, so that any number
of them at once do no more than one.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.desk.agents import Presence
from bot.desk.desk import Desk
from bot.desk.front import FrontDesk
from bot.desk.handover import Act, End, HandoverState, Return
from bot.desk.tables import AgentRow, HandoverLineRow, HandoverRow
from bot.desk.waiting import worth_telling
from knowledge_base.errors import IllegalHandover


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for whom, in seconds.

    Attributes:
        silent_s: For an agent's word that is due, before the conversation goes to somebody else.
        idle_s: For the citizen's next word, before the talk is taken to be over.
        left_s: For a sign of life of a citizen in the queue.
        long_wait_s: In the queue, before a ticket is offered as well.
    """

    silent_s: float = 180.0
    idle_s: float = 900.0
    left_s: float = 300.0
    long_wait_s: float = 600.0


def sweep(front: FrontDesk, patience: Patience) -> tuple[str, ...]:
    """Do what is due; returns the conversations in which something happened."""
    desk = front.desk
    happened = (
        *_return_lost(desk),
        *_return_silent(desk, patience),
        *_end_idle(desk, patience),
        *_end_left(desk, patience),
        *_tell_places(front, patience),
    )
    return tuple(dict.fromkeys(happened))


def _return_lost(desk: Desk) -> list[str]:
    gone = or_(
        AgentRow.active.is_(False),
        AgentRow.presence == Presence.OFFLINE,
        AgentRow.seen_at.is_(None),
        AgentRow.seen_at < desk.seen_since,
    )
    with Session(desk.engine) as session, session.begin():
        session.execute(
            update(AgentRow)
            .where(AgentRow.presence != Presence.OFFLINE, AgentRow.seen_at < desk.seen_since)
            .values(presence=Presence.OFFLINE)
        )
    wanted = (
        select(HandoverRow.id, HandoverRow.agent_id, HandoverRow.conversation_id)
        .join(AgentRow, AgentRow.id == HandoverRow.agent_id)
        .where(HandoverRow.state == HandoverState.TALKING, gone)
    )
    with Session(desk.engine) as session:
        lost = session.execute(wanted).all()
    return [
        conversation
        for handover, agent, conversation in lost
        if _carried_out(desk, handover, Return("agent_lost"), held_by=agent)
    ]


def _return_silent(desk: Desk, patience: Patience) -> list[str]:
    since = desk.clock() - timedelta(seconds=patience.silent_s)
    wanted = select(HandoverRow.id, HandoverRow.agent_id, HandoverRow.conversation_id).where(
        HandoverRow.state == HandoverState.TALKING, HandoverRow.owed_since < since
    )
    with Session(desk.engine) as session:
        silent = session.execute(wanted).all()
    returned = []
    for handover, agent, conversation in silent:
        # Away first, or the agent's own connection would take the conversation straight back.
        with Session(desk.engine) as session, session.begin():
            session.execute(
                update(AgentRow)
                .where(AgentRow.id == agent, AgentRow.presence == Presence.ONLINE)
                .values(presence=Presence.AWAY)
            )
        if _carried_out(desk, handover, Return("agent_silent"), held_by=agent):
            returned.append(conversation)
    return returned


def _end_idle(desk: Desk, patience: Patience) -> list[str]:
    since = desk.clock() - timedelta(seconds=patience.idle_s)
    last_line = (
        select(func.max(HandoverLineRow.at))
        .where(HandoverLineRow.handover_id == HandoverRow.id)
        .scalar_subquery()
    )
    wanted = select(HandoverRow.id, HandoverRow.conversation_id).where(
        HandoverRow.state == HandoverState.TALKING, HandoverRow.owed_since.is_(None), last_line < since
    )
    with Session(desk.engine) as session:
        idle = session.execute(wanted).all()
    return [conversation for handover, conversation in idle if _carried_out(desk, handover, End("idle"))]


def _end_left(desk: Desk, patience: Patience) -> list[str]:
    since = desk.clock() - timedelta(seconds=patience.left_s)
    wanted = select(HandoverRow.id, HandoverRow.conversation_id).where(
        HandoverRow.state == HandoverState.WAITING, HandoverRow.here_at < since
    )
    with Session(desk.engine) as session:
        left = session.execute(wanted).all()
    return [conversation for handover, conversation in left if _carried_out(desk, handover, End("left"))]


def _tell_places(front: FrontDesk, patience: Patience) -> list[str]:
    desk = front.desk
    queue = desk.queue()
    if not queue.waiting:
        return []
    with Session(desk.engine) as session:
        told = dict(
            session.execute(
                select(HandoverRow.id, HandoverRow.told_position).filter_by(state=HandoverState.WAITING)
            ).all()
        )
    long_since = desk.clock() - timedelta(seconds=patience.long_wait_s)
    places = queue.places()
    changed = []
    for each in queue.waiting:
        place, before = places[each.id], told.get(each.id, 0)
        happened = worth_telling(before, place.position) and desk.tell_place(each.id, before, place)
        if place.expected_wait_s is None:
            happened |= desk.offer_ticket(each.id, front.offer("unstaffed"))
        elif each.asked_at < long_since:
            happened |= desk.offer_ticket(each.id, front.offer("long_wait"))
        if happened:
            changed.append(each.conversation_id)
    return changed


def _carried_out(desk: Desk, handover_id: int, act: Act, *, held_by: int | None = None) -> bool:
    """Carry out what was decided without the lock; False if the hand-over has moved on meanwhile."""
    try:
        desk.act(handover_id, act, held_by=held_by)
    except IllegalHandover:
        return False
    return True
