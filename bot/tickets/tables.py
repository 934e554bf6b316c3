"""The SQL tables of tickets, and of what is exchanged about them with other systems."""

from datetime import date, datetime

from pydantic import JsonValue
from sqlalchemy import JSON, Date, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from knowledge_base.database import Base, UtcDateTime
from knowledge_base.dates import utc_now


class TicketRow(Base):
    """A ticket (工单). Its number follows from the day and the id; its code is kept as a digest only.

    `contact` is sealed (`bot.sealing`) and there only with `consented_at`.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_due", "status", "due_on"),
        UniqueConstraint("conversation_id", "origin", "client_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    opened_on: Mapped[date] = mapped_column(Date)
    code_sha256: Mapped[str]
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    client_id: Mapped[str | None]
    origin: Mapped[str]
    category: Mapped[str]
    department: Mapped[str]
    region: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(Text)
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str]
    due_on: Mapped[date] = mapped_column(Date)
    escalations: Mapped[int]
    external_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class TicketStepRow(Base):
    """What happened to a ticket, when and by whom. `text` is for the citizen, too, where `shown` is true."""

    __tablename__ = "ticket_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    actor: Mapped[str]
    step: Mapped[str]
    status: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    shown: Mapped[bool]


class WebhookOutRow(Base):
    """A notice about a ticket on its way to another system; `id` is the delivery's, in order per ticket."""

    __tablename__ = "webhook_outbox"
    __table_args__ = (Index("ix_webhook_outbox_due", "sent_at", "next_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    event: Mapped[str]
    payload: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    attempts: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text)


class WebhookInRow(Base):
    """A delivery from another system that was carried out; the same one again changes nothing."""

    __tablename__ = "webhook_inbox"

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class RatingRow(Base):
    """好差评: what a citizen thought once something had ended; a later word replaces the earlier.

    `about` is `conversation`, `handover:<id>` or `ticket:<id>`; `ticket_id` the work item a bad one opened.
    """

    __tablename__ = "ratings"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    about: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int]
    reasons: Mapped[list[str]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
