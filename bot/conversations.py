"""Conversations as stored: what was asked, what was answered, and every event a client must see once.

Texts of citizens are masked before they are stored (`bot.personal_data`). Events of a conversation are
numbered from 1 without a gap, so a client that lost its line asks for what came after the last it holds.
"""

import hashlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Literal
from uuid import uuid4

from pydantic import JsonValue, ValidationError
from sqlalchemy import JSON, Engine, ForeignKey, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.answer import Answer, AnswerStatus, Message
from bot.dialogue_state import DialogueState
from bot.personal_data import mask
from knowledge_base.database import Base, UtcDateTime
from knowledge_base.errors import StoreError

_log = logging.getLogger(__name__)

Payload = Mapping[str, JsonValue]
FeedbackValue = Literal["up", "down"]


class ConversationRow(Base):
    """One citizen's conversation; the resume token itself is never stored."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    region: Mapped[str | None]
    locale: Mapped[str | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    dialogue_state: Mapped[dict[str, JsonValue] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


class MessageRow(Base):
    """A question (`role` user, with the client's own id) or the answer to it; both carry the answer's id."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "client_id"), UniqueConstraint("answer_id", "role"))

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    client_id: Mapped[str | None]
    answer_id: Mapped[str]
    role: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(default="")
    answer: Mapped[dict[str, JsonValue] | None] = mapped_column(JSON)
    trace_id: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


class EventRow(Base):
    """A message the client must see exactly once, in the order of `seq`."""

    __tablename__ = "events"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer_id: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, JsonValue]] = mapped_column(JSON)


class FeedbackRow(Base):
    """What a citizen thought of an answer; a later word replaces the earlier."""

    __tablename__ = "feedback"

    answer_id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    value: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Conversation:
    """An open conversation. `last_seq` is the number of its newest event, 0 for none."""

    id: str
    region: str | None
    locale: str | None
    last_seq: int


@dataclass(frozen=True, slots=True)
class RecordedQuestion:
    """Which answer belongs to a question. `answered` can only be true of one that is not new."""

    answer_id: str
    new: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """A message with what the service found: how the answer ended, and what it cited (《标题》第X条)."""

    role: Literal["user", "assistant"]
    text: str
    status: str
    citations: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event; `payload` is the wire message without its `seq`."""

    seq: int
    payload: dict[str, JsonValue]


class Conversations:
    """All conversations in one SQL database. Safe to share between threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, *, region: str | None = None, locale: str | None = None) -> tuple[Conversation, str]:
        """Start a conversation; returns it and the token that resumes it, which is not kept."""
        token = secrets.token_urlsafe(32)
        row = ConversationRow(
            id=uuid4().hex,
            token_sha256=_digest(token),
            region=None if region is None else storable(region),
            locale=None if locale is None else storable(locale),
            last_seq=0,
        )
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
        return _conversation(row), token

    def resume(self, token: str) -> Conversation | None:
        """Return the conversation the token was given for; None if there is none."""
        with Session(self._engine) as session:
            row = session.scalar(select(ConversationRow).filter_by(token_sha256=_digest(token)))
            return None if row is None else _conversation(row)

    def record_question(
        self,
        conversation_id: str,
        client_id: str,
        text: str,
        *,
        answer_id: str,
        events: Sequence[Payload] = (),
    ) -> RecordedQuestion:
        """Store a question, masked, with the events that announce it.

        A `client_id` seen before stores nothing and returns what was recorded then.
        """
        with Session(self._engine) as session, session.begin():
            lock_conversation(session, conversation_id)
            known = session.scalar(
                select(MessageRow).filter_by(conversation_id=conversation_id, client_id=client_id)
            )
            if known is not None:
                return RecordedQuestion(
                    known.answer_id, new=False, answered=_is_answered(session, known.answer_id)
                )
            session.add(
                MessageRow(
                    conversation_id=conversation_id,
                    client_id=client_id,
                    answer_id=answer_id,
                    role="user",
                    text=storable(mask(text).text),
                )
            )
            add_events(session, conversation_id, answer_id, events)
        return RecordedQuestion(answer_id, new=True, answered=False)

    def record_answer(
        self, conversation_id: str, answer_id: str, answer: Answer, *, events: Sequence[Payload] = ()
    ) -> bool:
        """Store an answer, its events and where the conversation stands, all or nothing.

        Returns:
            False if the question has an answer already: nothing is stored then.
        """
        with Session(self._engine) as session, session.begin():
            lock_conversation(session, conversation_id)
            if _is_answered(session, answer_id):
                return False
            session.add(
                MessageRow(
                    conversation_id=conversation_id,
                    answer_id=answer_id,
                    role="assistant",
                    text=answer.text,
                    status=answer.status.value,
                    answer=answer.model_dump(mode="json"),
                    trace_id=answer.trace.id,
                )
            )
            if answer.state is not None:
                state = answer.state.model_dump(mode="json", exclude_none=True)
                session.execute(
                    update(ConversationRow).filter_by(id=conversation_id).values(dialogue_state=state)
                )
            add_events(session, conversation_id, answer_id, events)
        return True

    def dialogue_state(self, conversation_id: str) -> DialogueState:
        """Return where a conversation stands; one that is new, or unreadable, stands at its beginning."""
        with Session(self._engine) as session:
            kept = session.scalar(select(ConversationRow.dialogue_state).filter_by(id=conversation_id))
        try:
            return DialogueState.model_validate(kept or {})
        except ValidationError:
            _log.warning("conversation %s: its state cannot be read and is begun anew", conversation_id)
            return DialogueState()

    def append_event(self, conversation_id: str, payload: Payload) -> int:
        """Store one event and return its number, one above the last, however many write at once."""
        with Session(self._engine) as session, session.begin():
            return add_events(session, conversation_id, "", [payload])

    def events_after(self, conversation_id: str, seq: int, *, limit: int = 100) -> tuple[Event, ...]:
        """Return up to `limit` events numbered above `seq`, in order."""
        wanted = select(EventRow).where(EventRow.conversation_id == conversation_id, EventRow.seq > seq)
        with Session(self._engine) as session:
            rows = session.scalars(wanted.order_by(EventRow.seq).limit(limit))
            return tuple(Event(row.seq, row.payload) for row in rows)

    def events_of(self, conversation_id: str, answer_id: str) -> tuple[Event, ...]:
        """Return the events of one answer, in order."""
        wanted = select(EventRow).filter_by(conversation_id=conversation_id, answer_id=answer_id)
        with Session(self._engine) as session:
            return tuple(
                Event(row.seq, row.payload) for row in session.scalars(wanted.order_by(EventRow.seq))
            )

    def history(
        self, conversation_id: str, *, before_answer: str = "", limit: int = 12
    ) -> tuple[Message, ...]:
        """Return the last `limit` messages in order, leaving out the question `before_answer` belongs to."""
        wanted = select(MessageRow).where(
            MessageRow.conversation_id == conversation_id, MessageRow.answer_id != before_answer
        )
        with Session(self._engine) as session:
            rows = list(session.scalars(wanted.order_by(MessageRow.id.desc()).limit(limit)))
        return tuple(
            Message(role="user" if row.role == "user" else "assistant", text=row.text)
            for row in reversed(rows)
        )

    def unanswered_streak(self, conversation_id: str, *, limit: int = 10) -> int:
        """Return how many of the latest answers in a row are `no_answer`, counting up to `limit`."""
        wanted = (
            select(MessageRow.status)
            .filter_by(conversation_id=conversation_id, role="assistant")
            .order_by(MessageRow.id.desc())
            .limit(limit)
        )
        with Session(self._engine) as session:
            statuses = session.scalars(wanted)
            return sum(1 for _ in takewhile(lambda status: status == AnswerStatus.NO_ANSWER, statuses))

    def transcript(self, conversation_id: str, *, limit: int = 50) -> tuple[TranscriptLine, ...]:
        """Return the last `limit` messages in order, with how each answer ended and what it cited."""
        wanted = select(MessageRow).filter_by(conversation_id=conversation_id).order_by(MessageRow.id.desc())
        with Session(self._engine) as session:
            rows = list(session.scalars(wanted.limit(limit)))
        return tuple(map(_transcript_line, reversed(rows)))

    def feedback(self, conversation_id: str, answer_id: str, value: FeedbackValue, reason: str = "") -> bool:
        """Store what a citizen thought of an answer; False if this conversation has no such answer."""
        with Session(self._engine) as session, session.begin():
            # Or two clicks at once would both find nothing to replace, and both insert.
            lock_conversation(session, conversation_id)
            answer = session.scalar(
                select(MessageRow).filter_by(
                    conversation_id=conversation_id, answer_id=answer_id, role="assistant"
                )
            )
            if answer is None:
                return False
            session.merge(
                FeedbackRow(
                    answer_id=answer_id,
                    conversation_id=conversation_id,
                    value=value,
                    reason=storable(mask(reason).text),
                )
            )
        return True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def storable(text: str) -> str:
    """Return a text without NUL, which PostgreSQL cannot store."""
    return text.replace("\0", "")


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(row.id, row.region, row.locale, row.last_seq)


def _transcript_line(row: MessageRow) -> TranscriptLine:
    citations = Answer.model_validate(row.answer).citations if row.answer else ()
    return TranscriptLine(
        role="user" if row.role == "user" else "assistant",
        text=row.text,
        status=row.status,
        citations=tuple(f"《{each.document.title}》{each.article}" for each in citations),
        at=row.created_at,
    )


def _is_answered(session: Session, answer_id: str) -> bool:
    return session.scalar(select(MessageRow.id).filter_by(answer_id=answer_id, role="assistant")) is not None


def lock_conversation(session: Session, conversation_id: str) -> None:
    """Make whatever else writes to this conversation wait until the transaction ends.

    A write, and the first thing done, because SQLite knows no other lock that readers do not mind.
    """
    _raise_seq(session, conversation_id, 0)


def _raise_seq(session: Session, conversation_id: str, count: int) -> int:
    last: int | None = session.scalar(
        update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(last_seq=ConversationRow.last_seq + count)
        .returning(ConversationRow.last_seq)
    )
    if last is None:
        raise StoreError(f"conversation {conversation_id} does not exist")
    return last


def add_events(session: Session, conversation_id: str, answer_id: str, payloads: Sequence[Payload]) -> int:
    """Add events to a conversation within a transaction; returns the number of the last."""
    last = _raise_seq(session, conversation_id, len(payloads))
    session.add_all(
        EventRow(conversation_id=conversation_id, seq=seq, answer_id=answer_id, payload=dict(payload))
        for seq, payload in enumerate(payloads, start=last - len(payloads) + 1)
    )
    return last
