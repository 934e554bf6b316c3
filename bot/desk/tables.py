"""The SQL tables of the desk."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from knowledge_base.database import Base, UtcDateTime
from knowledge_base.dates import utc_now


class AgentRow(Base):
    """An agent (坐席): what they can take on, and whether they are there; the token is never stored.

    `seen_at` moves on while a connection of theirs is alive; `connection` is the one that signed on last.
    """

    __tablename__ = "agents"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    departments: Mapped[list[str]] = mapped_column(JSON)
    regions: Mapped[list[str]] = mapped_column(JSON)
    languages: Mapped[list[str]] = mapped_column(JSON)
    capacity: Mapped[int]
    supervisor: Mapped[bool]
    active: Mapped[bool]
    presence: Mapped[str]
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    connection: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class HandoverRow(Base):
    """A conversation that waits for a person, has one, or had one; see `bot.desk.handover.Handover`.

    `told_position` is what the citizen was told last, 0 for nothing; `here_at` when their line last lived.
    """

    __tablename__ = "handovers"
    __table_args__ = (
        # A conversation has one hand-over at a time, whoever asks for it and however often.
        Index(
            "uq_handovers_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
        Index("ix_handovers_queue", "state", "returned", "asked_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    state: Mapped[str]
    department: Mapped[str]
    region: Mapped[str]
    language: Mapped[str]
    reason: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned: Mapped[bool]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"), index=True)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    owed_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ending: Mapped[str]
    told_position: Mapped[int]
    offered_ticket: Mapped[bool]
    here_at: Mapped[datetime] = mapped_column(UtcDateTime)


class HandoverStepRow(Base):
    """What happened to a hand-over and when: asked, claimed, returned, transferred, ended."""

    __tablename__ = "handover_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    step: Mapped[str]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    note: Mapped[str] = mapped_column(Text, default="")


class HandoverLineRow(Base):
    """A line said to or by a person, masked; `client_id` is the sender's own, so that none is said twice."""

    __tablename__ = "handover_lines"
    __table_args__ = (UniqueConstraint("handover_id", "role", "author", "client_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"))
    role: Mapped[str]
    author: Mapped[str]
    client_id: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class HandoverGuestRow(Base):
    """A supervisor who has joined a hand-over."""

    __tablename__ = "handover_guests"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"), primary_key=True)
