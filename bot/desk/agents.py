"""The agents (坐席): who they are, what they can take on, and whether they are there."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, and_, func, select, update
from sqlalchemy.orm import Session

from bot.desk.handover import HandoverState, Skills
from bot.desk.tables import AgentRow, HandoverRow
from bot.desk.waiting import Staff
from knowledge_base.dates import utc_now
from knowledge_base.errors import DeskError

TOKEN_PREFIX = "wzd_"  # noqa: S105


class Presence(StrEnum):
    """Whether an agent takes new conversations; one who is away keeps those at hand."""

    OFFLINE = "offline"
    AWAY = "away"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as known to the desk."""

    id: int
    name: str
    skills: Skills
    capacity: int
    supervisor: bool
    presence: Presence
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignOn:
    """An agent who signed on, and the name of the connection that did; a later one takes its place."""

    agent: Agent
    connection: str


class Agents:
    """All agents in one SQL database. Safe to share between threads and processes."""

    def __init__(
        self, engine: Engine, *, lost_s: float = 30.0, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """`lost_s` is how long after the last sign of life an agent still counts as there."""
        self._engine = engine
        self._lost_after = timedelta(seconds=lost_s)
        self._clock = clock

    def add(
        self, name: str, skills: Skills, *, capacity: int = 3, supervisor: bool = False
    ) -> tuple[Agent, str]:
        """Add an agent, or give one of this name new skills; returns a new token, which is not kept.

        Raises:
            DeskError: If the name is blank, a language is missing, or the capacity is below 1.
        """
        name = name.strip()
        if not name or not skills.languages or capacity < 1:
            raise DeskError("坐席要有名字、至少一种语言，同时接待数至少为 1")
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            row = session.scalar(select(AgentRow).filter_by(name=name).with_for_update())
            if row is None:
                row = AgentRow(name=name, presence=Presence.OFFLINE, connection="")
                session.add(row)
            row.token_sha256 = _digest(token)
            row.departments, row.regions = list(skills.departments), list(skills.regions)
            row.languages = list(skills.languages)
            row.capacity, row.supervisor, row.active = capacity, supervisor, True
            # Whoever holds the old token is signed off.
            row.presence, row.connection, row.seen_at = Presence.OFFLINE, "", None
        return _agent(row), token

    def remove(self, name: str) -> bool:
        """Take an agent's token away; what they did stays on record. False if there is none of this name."""
        with Session(self._engine) as session, session.begin():
            changed = session.execute(
                update(AgentRow)
                .where(AgentRow.name == name, AgentRow.active)
                .values(active=False, presence=Presence.OFFLINE, connection="", token_sha256=uuid4().hex)
                .returning(AgentRow.id)
            )
            return changed.first() is not None

    def all(self) -> tuple[Agent, ...]:
        """Return the agents who may sign on, by name."""
        with Session(self._engine) as session:
            return tuple(
                map(_agent, session.scalars(select(AgentRow).where(AgentRow.active).order_by(AgentRow.name)))
            )

    def sign_on(self, token: str, presence: Presence = Presence.ONLINE) -> SignOn | None:
        """Sign an agent on, in place of an earlier connection of theirs; None if the token is unknown."""
        connection = uuid4().hex
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            row = session.scalar(
                update(AgentRow)
                .where(AgentRow.token_sha256 == _digest(token), AgentRow.active)
                .values(presence=presence, seen_at=self._clock(), connection=connection)
                .returning(AgentRow)
            )
            return None if row is None else SignOn(_agent(row), connection)

    def be(self, on: SignOn, presence: Presence) -> bool:
        """Set an agent's presence; False if this connection is no longer theirs."""
        return self._touch(on, presence=presence)

    def renew(self, on: SignOn) -> Agent | None:
        """Note a sign of life; None if another connection has taken over, or the agent was given up."""
        if not self._touch(on):
            return None
        with Session(self._engine) as session:
            row = session.get(AgentRow, on.agent.id)
            return None if row is None else _agent(row)

    def there(self) -> tuple[Staff, ...]:
        """Return who takes conversations now, and how many each has at hand."""
        with Session(self._engine) as session:
            return staff(session, self._clock() - self._lost_after)

    def _touch(self, on: SignOn, presence: Presence | None = None) -> bool:
        values: dict[str, object] = {"seen_at": self._clock()}
        if presence is not None:
            values["presence"] = presence
        with Session(self._engine) as session, session.begin():
            touched = session.execute(
                update(AgentRow)
                .where(
                    AgentRow.id == on.agent.id,
                    AgentRow.connection == on.connection,
                    AgentRow.presence != Presence.OFFLINE,
                )
                .values(**values)
                .returning(AgentRow.id)
            )
            return touched.first() is not None


def staff(session: Session, seen_since: datetime) -> tuple[Staff, ...]:
    """Return who takes conversations, seen since a moment, and how many each has at hand."""
    talking = (
        select(HandoverRow.agent_id, func.count().label("n"))
        .where(HandoverRow.state == HandoverState.TALKING)
        .group_by(HandoverRow.agent_id)
        .subquery()
    )
    rows = session.execute(
        select(AgentRow, func.coalesce(talking.c.n, 0))
        .outerjoin(talking, talking.c.agent_id == AgentRow.id)
        .where(takes_on(seen_since))
        .order_by(AgentRow.id)
    )
    return tuple(Staff(row.id, skills_of(row), row.capacity, at_hand) for row, at_hand in rows)


def takes_on(seen_since: datetime) -> ColumnElement[bool]:
    """Return the condition that an agent takes conversations."""
    return and_(AgentRow.active, AgentRow.presence == Presence.ONLINE, AgentRow.seen_at >= seen_since)


def skills_of(row: AgentRow) -> Skills:
    """Return what an agent can take on."""
    return Skills(tuple(row.departments), tuple(row.regions), tuple(row.languages))


def _agent(row: AgentRow) -> Agent:
    return Agent(
        row.id, row.name, skills_of(row), row.capacity, row.supervisor, Presence(row.presence), row.seen_at
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
