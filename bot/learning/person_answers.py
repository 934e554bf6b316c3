"""What people answered, kept as proposals for the FAQ until an operator takes them up. Nothing is published.

A talk with a person that ended and a ticket that was replied to are each looked at once. The pair of the
citizen's question and the reply is masked once more. One that asks what a FAQ entry asks is proposed as its
variant; one that asks what another proposal asks joins that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversations import ConversationRow, MessageRow, storable
from bot.desk.handover import HandoverState
from bot.desk.tables import HandoverLineRow, HandoverRow
from bot.learning.clustering import APART
from bot.learning.sameness import Sameness, read_senses
from bot.learning.small_talk import said
from bot.learning.tables import PersonAnswerRow
from bot.personal_data import mask
from bot.tickets.states import TicketStep
from bot.tickets.tables import TicketRow, TicketStepRow
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqEntry, FaqState
from knowledge_base.faq.store import MAX_ANSWER_CHARS, MAX_QUESTION_CHARS
from knowledge_base.regions import visible
from retrieval.contracts import Encoder
from retrieval.query import QueryReader


class PersonAnswerState(StrEnum):
    """Where a person's answer stands between the talk and the FAQ."""

    PENDING = "pending"
    JOINED = "joined"
    DRAFTED = "drafted"
    DISMISSED = "dismissed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """A proposal: a question with what a person answered.

    Attributes:
        origin: `handover:<id>` or `ticket:<id>`.
        variants: Other questions that were answered by people and ask the same.
        faq_id: The entry it would become a variant of; None where it would be an entry of its own.
    """

    id: int
    origin: str
    question: str
    answer: str
    region: str
    variants: tuple[str, ...]
    faq_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in a talk or written about a ticket; empty where nothing of it is about a matter."""

    origin: str
    conversation_id: str | None
    question: str
    answer: str
    region: str


class PersonAnswers:
    """All proposals in one SQL database. Safe to share between threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def gather(
        self, entries: Sequence[FaqEntry], reader: QueryReader, encoder: Encoder, sameness: Sameness
    ) -> int:
        """Take in what ended since it was last done; returns how many proposals are new."""
        with Session(self._engine) as session:
            known = set(session.scalars(select(PersonAnswerRow.origin)))
            fresh = [*_talks(session, known), *_replies(session, known)]
        live = [each for each in entries if each.state is not FaqState.WITHDRAWN]
        new = 0
        for exchange in fresh:
            new += self._take_in(exchange, live, reader, encoder, sameness)
        return new

    def _take_in(
        self,
        exchange: Exchange,
        entries: Sequence[FaqEntry],
        reader: QueryReader,
        encoder: Encoder,
        sameness: Sameness,
    ) -> bool:
        row = PersonAnswerRow(
            origin=exchange.origin,
            conversation_id=exchange.conversation_id,
            question=exchange.question,
            answer=exchange.answer,
            region=exchange.region,
            state=PersonAnswerState.PENDING,
            by="",
        )
        if not exchange.question or not exchange.answer:
            row.question = row.answer = ""
            row.state = PersonAnswerState.SKIPPED
        else:
            self._place(row, entries, reader, encoder, sameness)
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
                state = row.state
        except IntegrityError:
            with Session(self._engine) as session:
                if session.scalar(select(PersonAnswerRow.id).filter_by(origin=exchange.origin)) is None:
                    raise
            return False  # another process was quicker
        return state == PersonAnswerState.PENDING

    def _place(
        self,
        row: PersonAnswerRow,
        entries: Sequence[FaqEntry],
        reader: QueryReader,
        encoder: Encoder,
        sameness: Sameness,
    ) -> None:
        """Say whether a pair joins an entry or another proposal."""
        here = visible(row.region or None)
        of_faq = [
            (entry.id, text)
            for entry in entries
            if entry.content.region in here
            for text in (entry.content.question, *entry.content.variants)
        ]
        others = [(each.id, text) for each in self.pending() if each.region == row.region
                  for text in (each.question, *each.variants)]  # fmt: skip
        texts = [row.question, *(text for _, text in (*of_faq, *others))]
        vectors, senses = read_senses(reader, encoder, [(text, row.region) for text in texts])
        alike = sameness.similarity_to_first(vectors, senses)
        nearest = int(np.argmax(alike)) if len(alike) else 0
        if not len(alike) or alike[nearest] == APART or alike[nearest] < sameness.threshold:
            return
        if nearest < len(of_faq):
            row.faq_id = of_faq[nearest][0]
        else:
            row.state, row.joined_id = PersonAnswerState.JOINED, others[nearest - len(of_faq)][0]

    def pending(self) -> tuple[PersonAnswer, ...]:
        """Return the proposals nobody has dealt with, oldest first."""
        wanted = (
            select(PersonAnswerRow).filter_by(state=PersonAnswerState.PENDING).order_by(PersonAnswerRow.id)
        )
        with Session(self._engine) as session:
            return tuple(_answer(session, row) for row in session.scalars(wanted).all())

    def get(self, id_: int) -> PersonAnswer:
        """Return a proposal that is pending.

        Raises:
            FaqError: If there is none of this number, or it is dealt with.
        """
        with Session(self._engine) as session:
            return _answer(session, _pending(session, id_))

    def settle(self, id_: int, state: PersonAnswerState, *, by: str, faq_id: int | None = None) -> None:
        """Note what became of a proposal; those that joined it go with it.

        Raises:
            FaqError: If there is none of this number, or it is dealt with.
        """
        with Session(self._engine) as session, session.begin():
            row = _pending(session, id_)
            joined = session.scalars(select(PersonAnswerRow).filter_by(joined_id=id_)).all()
            for each in (row, *joined):
                each.state, each.by, each.faq_id = state, by, faq_id


def _pending(session: Session, id_: int) -> PersonAnswerRow:
    row = session.get(PersonAnswerRow, id_)
    if row is None or row.state != PersonAnswerState.PENDING:
        raise FaqError(f"没有编号为 {id_} 的待整理答复，或者已经处理过")
    return row


def _answer(session: Session, row: PersonAnswerRow) -> PersonAnswer:
    joined = session.scalars(
        select(PersonAnswerRow.question)
        .filter_by(joined_id=row.id, state=PersonAnswerState.JOINED)
        .order_by(PersonAnswerRow.id)
    )
    variants = tuple(text for text in dict.fromkeys(joined) if text != row.question)
    return PersonAnswer(
        row.id, row.origin, row.question, row.answer, row.region, variants, row.faq_id, row.at
    )


def _talks(session: Session, known: set[str]) -> Iterator[Exchange]:
    """Yield the talks that ended after a person took them on."""
    ended = select(HandoverRow).where(
        HandoverRow.state == HandoverState.ENDED, HandoverRow.claimed_at.is_not(None)
    )
    for row in session.scalars(ended.order_by(HandoverRow.id)).all():
        origin = f"handover:{row.id}"
        if origin in known:
            continue
        lines = session.scalars(
            select(HandoverLineRow).filter_by(handover_id=row.id).order_by(HandoverLineRow.id)
        ).all()
        asked = said(each.text for each in lines if each.role == "citizen")
        replied = said(each.text for each in lines if each.role in ("agent", "supervisor"))
        question = asked[0] if asked else _asked_last(session, row.conversation_id, row.asked_at)
        yield Exchange(
            origin,
            row.conversation_id,
            _kept(question, MAX_QUESTION_CHARS),
            _kept("\n".join(replied), MAX_ANSWER_CHARS),
            row.region or _region(session, row.conversation_id),
        )


def _replies(session: Session, known: set[str]) -> Iterator[Exchange]:
    """Yield the citizens' tickets that a department replied to, each with its last reply."""
    replied = (
        select(TicketRow)
        .where(
            TicketRow.origin == "citizen",
            TicketRow.id.in_(select(TicketStepRow.ticket_id).filter_by(step=TicketStep.REPLY.value)),
        )
        .order_by(TicketRow.id)
    )
    for row in session.scalars(replied).all():
        origin = f"ticket:{row.id}"
        if origin in known:
            continue
        reply = session.scalars(
            select(TicketStepRow.text)
            .filter_by(ticket_id=row.id, step=TicketStep.REPLY.value)
            .order_by(TicketStepRow.id.desc())
        ).first()
        yield Exchange(
            origin,
            row.conversation_id,
            _kept("".join(said([row.text])), MAX_QUESTION_CHARS),
            _kept("\n".join(said((reply or "").splitlines())), MAX_ANSWER_CHARS),
            row.region or _region(session, row.conversation_id),
        )


def _asked_last(session: Session, conversation_id: str, before: datetime) -> str:
    """Return the last question about a matter that the citizen put to the service before a moment."""
    asked = session.scalars(
        select(MessageRow.text)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.role == "user",
            MessageRow.created_at <= before,
        )
        .order_by(MessageRow.id.desc())
    )
    return next(iter(said(asked)), "")


def _region(session: Session, conversation_id: str | None) -> str:
    row = None if conversation_id is None else session.get(ConversationRow, conversation_id)
    return row.region or "" if row is not None else ""


def _kept(text: str, most_chars: int) -> str:
    return storable(mask(text).text)[:most_chars]
