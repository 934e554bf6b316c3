"""The queue in SQL: who waits, who is talked with, and everything said, without races between processes.

What becomes of a hand-over is decided in `bot.desk.handover`; here it is read under its lock, decided, and
written with what the citizen is told, all or nothing. Locks are taken in one order (agent, hand-over,
conversation), and a claim passes over hand-overs that another agent is claiming (SKIP LOCKED; on SQLite
writers take turns), so that the longest waiting goes to exactly one of any number of agents, in its turn.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.orm import Session

from bot.conversations import lock_conversation, storable
from bot.desk.agents import SignOn, skills_of, staff, takes_on
from bot.desk.handover import (
    Act,
    AgentSpoke,
    CitizenSpoke,
    Claim,
    End,
    Handover,
    HandoverState,
    Need,
    Transfer,
    decide,
)
from bot.desk.notices import (
    AgentJoined,
    AgentMessage,
    BackReason,
    Queued,
    QueueReason,
    Said,
    TicketOffered,
)
from bot.desk.rows import IN_ORDER, handover_of, locked, open_rows, said_already, suits, tell
from bot.desk.tables import AgentRow, HandoverGuestRow, HandoverLineRow, HandoverRow, HandoverStepRow
from bot.desk.waiting import Place, Staff, Waiting, places
from bot.personal_data import mask
from knowledge_base.dates import utc_now
from knowledge_base.errors import IllegalHandover

# What a talk is taken to last before enough have ended to know, and how many are looked at then.
HANDLING_S = 300.0
_TALKS_LOOKED_AT = 50
_CLAIM_TRIES, _CLAIM_PAUSE_S = 25, (0.002, 0.02)
_SHORTEST_HANDLING_S, _LONGEST_HANDLING_S = 30.0, 3600.0


class _OutOfTurn(Exception):
    """Somebody ahead is locked: nothing was claimed."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line said to or by a person; `role` is citizen, agent or supervisor."""

    id: int
    handover_id: int
    role: str
    author: str
    client_id: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at one moment: those who wait in their order, who is there, and how long talks last."""

    waiting: tuple[Handover, ...]
    staff: tuple[Staff, ...]
    handling_s: float

    def places(self) -> Mapping[int, Place]:
        """Return everybody's place."""
        waiting = [Waiting(each.id, each.need) for each in self.waiting]
        return places(waiting, self.staff, handling_s=self.handling_s)


class Desk:
    """All hand-overs in one SQL database. Safe to share between threads and processes."""

    def __init__(
        self, engine: Engine, *, lost_s: float = 30.0, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._lost_after = timedelta(seconds=lost_s)

    @property
    def seen_since(self) -> datetime:
        """An agent seen since then counts as there."""
        return self.clock() - self._lost_after

    # Citizens

    def ask(self, conversation_id: str, need: Need, *, reason: str) -> Handover:
        """Put a conversation into the queue and tell the citizen their place; one that is there stays.

        Raises:
            StoreError: If there is no such conversation.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            lock_conversation(session, conversation_id)
            there = session.scalar(open_rows().where(HandoverRow.conversation_id == conversation_id))
            if there is not None:
                return handover_of(there)
            # Looked at under the lock: whoever had to wait for it comes after those recorded meanwhile.
            now = self.clock()
            row = HandoverRow(
                conversation_id=conversation_id,
                state=HandoverState.WAITING,
                department=need.department,
                region=need.region,
                language=need.language,
                reason=reason,
                asked_at=now,
                returned=False,
                agent_id=None,
                ending="",
                told_position=0,
                offered_ticket=False,
                here_at=now,
            )
            session.add(row)
            session.flush()
            self._note(session, row.id, "asked", None, reason)
            self._tell_place(session, row, "asked")
            return handover_of(row)

    def open_of(self, conversation_id: str) -> Handover | None:
        """Return the hand-over of a conversation that has not ended."""
        with Session(self.engine) as session:
            row = session.scalar(open_rows().where(HandoverRow.conversation_id == conversation_id))
            return None if row is None else handover_of(row)

    def last_of(self, conversation_id: str) -> Handover | None:
        """Return the latest hand-over of a conversation, ended or not."""
        wanted = (
            select(HandoverRow).filter_by(conversation_id=conversation_id).order_by(HandoverRow.id.desc())
        )
        with Session(self.engine) as session:
            row = session.scalar(wanted.limit(1))
            return None if row is None else handover_of(row)

    def end_for_citizen(self, conversation_id: str, why: BackReason = "cancelled") -> bool:
        """End the waiting or the talk, as the citizen wants; False if there is none."""
        there = self.open_of(conversation_id)
        if there is None:
            return False
        try:
            self.act(there.id, End(why))
        except IllegalHandover:
            return False
        return True

    def citizen_says(self, conversation_id: str, client_id: str, text: str) -> bool:
        """Record what a citizen says to the person, masked; the same `client_id` again changes nothing.

        False if nobody is waited for or talked with.
        """
        there = self.open_of(conversation_id)
        if there is None:
            return False
        words = storable(mask(text).text)
        try:
            with Session(self.engine) as session, session.begin():
                row = locked(session, there.id)
                if said_already(session, row.id, "citizen", "", client_id):
                    return True
                self._apply(session, row, CitizenSpoke())
                line = HandoverLineRow(
                    handover_id=row.id,
                    role="citizen",
                    author="",
                    client_id=client_id,
                    text=words,
                    at=self.clock(),
                )
                session.add(line)
                tell(session, row, Said(client_id=client_id, text=words))
        except IllegalHandover:
            return False
        return True

    def citizen_is_here(self, conversation_id: str) -> None:
        """Note that the citizen's line is alive."""
        if self.open_of(conversation_id) is None:
            return  # by far the most: they should not wait for their turn to write
        with Session(self.engine) as session, session.begin():
            session.execute(
                update(HandoverRow)
                .where(
                    HandoverRow.conversation_id == conversation_id, HandoverRow.state != HandoverState.ENDED
                )
                .values(here_at=self.clock())
            )

    # Agents

    def claim(self, on: SignOn) -> Handover | None:
        """Give an agent the longest waiting they can take on; None if there is none, or they are full.

        None, too, if the one whose turn it is stays locked: trying again later is better than passing over.
        """
        for _ in range(_CLAIM_TRIES):
            # Looked at before it is tried: a try is a write, and mostly there is nobody to take on.
            if not self._may_claim(on):
                return None
            with suppress(_OutOfTurn):
                return self._try_claim(on)
            time.sleep(random.uniform(*_CLAIM_PAUSE_S))  # noqa: S311
        return None

    def _try_claim(self, on: SignOn) -> Handover | None:
        """Claim the first in the queue.

        Raises:
            _OutOfTurn: If somebody is ahead of the first that is not locked, and nothing is claimed.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            # The write locks the agent's row: two claims for one agent could both see the last free place.
            agent = session.scalar(
                update(AgentRow)
                .where(
                    AgentRow.id == on.agent.id,
                    AgentRow.connection == on.connection,
                    takes_on(self.seen_since),
                )
                .values(seen_at=AgentRow.seen_at)
                .returning(AgentRow)
            )
            if agent is None or self._at_hand(session, agent.id) >= agent.capacity:
                return None
            wanted = (HandoverRow.state == HandoverState.WAITING, *suits(skills_of(agent)))
            row = session.scalar(
                select(HandoverRow)
                .where(*wanted)
                .order_by(*IN_ORDER)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            # Whoever is ahead is locked: by another claim, and will be gone in a moment; or only because
            # their citizen is told something, and must not lose their turn. Waiting for that lock here could
            # deadlock, as this transaction holds others.
            if session.scalar(select(HandoverRow.id).where(*wanted).order_by(*IN_ORDER).limit(1)) != row.id:
                raise _OutOfTurn
            self._apply(session, row, Claim(agent.id, agent.name))
            return handover_of(row)

    def _may_claim(self, on: SignOn) -> bool:
        with Session(self.engine) as session:
            agent = session.scalar(
                select(AgentRow).where(AgentRow.id == on.agent.id, takes_on(self.seen_since))
            )
            if agent is None or self._at_hand(session, agent.id) >= agent.capacity:
                return False
            suiting = select(HandoverRow.id).where(
                HandoverRow.state == HandoverState.WAITING, *suits(skills_of(agent))
            )
            return session.scalar(suiting.limit(1)) is not None

    def act(
        self, handover_id: int, act: Act, *, by: int | None = None, held_by: int | None = None
    ) -> Handover:
        """Carry an act out.

        Args:
            by: Who acts: the hand-over must be that agent's, or the agent a supervisor.
            held_by: In whose hands it must be still, for what was decided without the lock.

        Raises:
            IllegalHandover: If that is not so, or the act does not fit the state.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            row = locked(session, handover_id)
            if by is not None:
                self._check(session, row, by)
            if held_by is not None and row.agent_id != held_by:
                raise IllegalHandover(f"hand-over {handover_id} has left the hands of agent {held_by}")
            self._apply(session, row, act, by=by)
            return handover_of(row)

    def agent_says(self, agent_id: int, handover_id: int, client_id: str, text: str) -> None:
        """Record what an agent, or a supervisor who has joined, says to the citizen, and tell it, once.

        Raises:
            IllegalHandover: If the talk is not theirs, or is over.
        """
        words = storable(mask(text).text)
        with Session(self.engine) as session, session.begin():
            row = locked(session, handover_id)
            agent = session.get_one(AgentRow, agent_id)
            mine = row.agent_id == agent_id
            if not mine and session.get(HandoverGuestRow, (handover_id, agent_id)) is None:
                raise IllegalHandover("这个会话不在您手里，请先接入")
            role = "agent" if mine else "supervisor"
            if said_already(session, handover_id, role, agent.name, client_id):
                return
            self._apply(session, row, AgentSpoke())
            line = HandoverLineRow(
                handover_id=handover_id,
                role=role,
                author=agent.name,
                client_id=client_id,
                text=words,
                at=self.clock(),
            )
            session.add(line)
            session.flush()
            tell(session, row, AgentMessage(id=line.id, name=agent.name, text=words))

    def transfer(self, agent_id: int, handover_id: int, department: str, note: str = "") -> Handover:
        """Send a conversation to another department; the note is for whoever takes it next."""
        return self.act(handover_id, Transfer(department, mask(note).text), by=agent_id)

    def end(self, agent_id: int, handover_id: int, why: BackReason = "agent_ended") -> Handover:
        """End a talk, or with `to_bot` give it back to the service."""
        return self.act(handover_id, End(why), by=agent_id)

    def join(self, agent_id: int, handover_id: int) -> None:
        """Let a supervisor into a talk; the citizen is told.

        Raises:
            IllegalHandover: If the agent is no supervisor, or nobody talks.
        """
        with Session(self.engine) as session, session.begin():
            row = locked(session, handover_id)
            agent = session.get_one(AgentRow, agent_id)
            if not agent.supervisor or row.state != HandoverState.TALKING or row.agent_id == agent_id:
                raise IllegalHandover("只有班长可以加入别人正在进行的会话")
            if session.get(HandoverGuestRow, (handover_id, agent_id)) is None:
                session.add(HandoverGuestRow(handover_id=handover_id, agent_id=agent_id))
                self._note(session, handover_id, "joined", agent_id)
                tell(session, row, AgentJoined(name=agent.name, role="supervisor"))

    def held_by(self, agent_id: int) -> tuple[Handover, ...]:
        """Return the talks an agent is in, their own and those joined, oldest first."""
        joined = select(HandoverGuestRow.handover_id).filter_by(agent_id=agent_id)
        wanted = select(HandoverRow).where(
            HandoverRow.state == HandoverState.TALKING,
            or_(HandoverRow.agent_id == agent_id, HandoverRow.id.in_(joined)),
        )
        with Session(self.engine) as session:
            return tuple(
                map(handover_of, session.scalars(wanted.order_by(HandoverRow.claimed_at, HandoverRow.id)))
            )

    def lines(self, handover_id: int, *, after: int = 0) -> tuple[Line, ...]:
        """Return what was said in a hand-over after a line, in order."""
        wanted = (
            select(HandoverLineRow)
            .where(HandoverLineRow.handover_id == handover_id, HandoverLineRow.id > after)
            .order_by(HandoverLineRow.id)
        )
        with Session(self.engine) as session:
            return tuple(
                Line(row.id, row.handover_id, row.role, row.author, row.client_id, row.text, row.at)
                for row in session.scalars(wanted)
            )

    def notes(self, handover_id: int) -> tuple[str, ...]:
        """Return what agents wrote when they sent the conversation on, oldest first."""
        wanted = (
            select(HandoverStepRow.note)
            .filter_by(handover_id=handover_id, step="transferred")
            .order_by(HandoverStepRow.id)
        )
        with Session(self.engine) as session:
            return tuple(session.scalars(wanted))

    # Everybody

    def queue(self) -> Queue:
        """Return the queue as it is now."""
        with Session(self.engine) as session:
            return self._queue(session)

    def talking(self) -> tuple[Handover, ...]:
        """Return every talk that goes on, oldest first."""
        wanted = select(HandoverRow).filter_by(state=HandoverState.TALKING).order_by(HandoverRow.claimed_at)
        with Session(self.engine) as session:
            return tuple(map(handover_of, session.scalars(wanted)))

    def tell_place(self, handover_id: int, told: int, place: Place) -> bool:
        """Tell a citizen their new place, unless it was told meanwhile or they wait no more."""
        with Session(self.engine) as session, session.begin():
            row = session.scalar(
                update(HandoverRow)
                .where(
                    HandoverRow.id == handover_id,
                    HandoverRow.state == HandoverState.WAITING,
                    HandoverRow.told_position == told,
                )
                .values(told_position=place.position)
                .returning(HandoverRow)
            )
            if row is None:
                return False
            notice = Queued(position=place.position, expected_wait_s=place.expected_wait_s, reason="moved")
            tell(session, row, notice)
            return True

    def offer_ticket(self, handover_id: int, offer: TicketOffered) -> bool:
        """Offer a ticket to somebody who waits, once; they go on waiting unless they take it."""
        with Session(self.engine) as session, session.begin():
            row = session.scalar(
                update(HandoverRow)
                .where(
                    HandoverRow.id == handover_id,
                    HandoverRow.state == HandoverState.WAITING,
                    HandoverRow.offered_ticket.is_(False),
                )
                .values(offered_ticket=True)
                .returning(HandoverRow)
            )
            if row is None:
                return False
            tell(session, row, offer)
            return True

    def _queue(self, session: Session) -> Queue:
        waiting = session.scalars(
            select(HandoverRow).filter_by(state=HandoverState.WAITING).order_by(*IN_ORDER)
        )
        return Queue(
            tuple(map(handover_of, waiting)), staff(session, self.seen_since), self._handling_s(session)
        )

    def _handling_s(self, session: Session) -> float:
        ended = session.execute(
            select(HandoverRow.claimed_at, HandoverRow.ended_at)
            .where(HandoverRow.state == HandoverState.ENDED, HandoverRow.claimed_at.is_not(None))
            .order_by(HandoverRow.ended_at.desc())
            .limit(_TALKS_LOOKED_AT)
        ).all()
        lasted = [(end - begin).total_seconds() for begin, end in ended if begin and end]
        if not lasted:
            return HANDLING_S
        return min(_LONGEST_HANDLING_S, max(_SHORTEST_HANDLING_S, sum(lasted) / len(lasted)))

    def _at_hand(self, session: Session, agent_id: int) -> int:
        wanted = select(func.count()).where(
            HandoverRow.agent_id == agent_id, HandoverRow.state == HandoverState.TALKING
        )
        return session.scalar(wanted) or 0

    def _check(self, session: Session, row: HandoverRow, agent_id: int) -> None:
        if row.agent_id != agent_id and not session.get_one(AgentRow, agent_id).supervisor:
            raise IllegalHandover("这个会话不在您手里")

    def _apply(self, session: Session, row: HandoverRow, act: Act, *, by: int | None = None) -> None:
        before = handover_of(row)
        decision = decide(before, act, self.clock())
        after = decision.handover
        row.state, row.returned, row.department = after.state, after.returned, after.need.department
        row.agent_id, row.claimed_at, row.owed_since = after.agent_id, after.claimed_at, after.owed_since
        row.ended_at, row.ending = after.ended_at, after.ending or ""
        if decision.step:
            self._note(session, row.id, decision.step, after.agent_id or before.agent_id or by, decision.note)
        if after.state is not HandoverState.TALKING and before.state is HandoverState.TALKING:
            for guest in session.scalars(select(HandoverGuestRow).filter_by(handover_id=row.id)):
                session.delete(guest)
        if decision.notice is not None:
            tell(session, row, decision.notice)
        if decision.queued is not None:
            self._tell_place(session, row, decision.queued)

    def _tell_place(self, session: Session, row: HandoverRow, reason: QueueReason) -> None:
        session.flush()
        place = self._queue(session).places()[row.id]
        row.told_position = place.position
        tell(
            session,
            row,
            Queued(position=place.position, expected_wait_s=place.expected_wait_s, reason=reason),
        )

    def _note(
        self, session: Session, handover_id: int, step: str, agent_id: int | None, note: str = ""
    ) -> None:
        session.add(
            HandoverStepRow(handover_id=handover_id, at=self.clock(), step=step, agent_id=agent_id, note=note)
        )
