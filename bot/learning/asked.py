"""Which questions were not answered, or not to the citizen's mind: read from the conversations, never copied.

What is read is masked already. It is gone when the conversation is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, aliased

from bot.answer import AnswerStatus
from bot.conversations import ConversationRow, FeedbackRow, MessageRow
from bot.ratings import BAD
from bot.tickets.tables import RatingRow, TicketRow

# A question in return that nobody took up for so long was given up.
ABANDONED_AFTER = timedelta(minutes=30)
SHORTEST_CHARS = 4
"""Shorter ones (那呢？) mean nothing without what they follow on."""

_ANSWERS = frozenset({AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE, AnswerStatus.CLARIFY})


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A masked question as it was asked, and what became of it.

    Attributes:
        id: Of the stored message; rising with time.
        region: Chosen for the conversation; empty for none.
        disliked: 👎 on the answer, or a bad rating of the conversation it was the last question of.
        in_writing: A ticket was opened after it.
    """

    id: int
    text: str
    region: str
    status: AnswerStatus
    at: datetime
    disliked: bool = False
    in_writing: bool = False


def unanswered(engine: Engine, *, since: datetime, now: datetime) -> tuple[AskedQuestion, ...]:
    """Return the questions since a moment that found no answer or a disliked one, oldest first.

    Those are: `no_answer`; a question in return (`clarify`) that was given up; what got 👎 or a bad rating;
    and what was asked last before a ticket. Greetings, emergencies, blocked words are none of them.
    """
    with Session(engine) as session:
        return tuple(_unanswered(session, since, now))


def _unanswered(session: Session, since: datetime, now: datetime) -> Iterator[AskedQuestion]:
    user, reply = aliased(MessageRow), aliased(MessageRow)
    rows = session.execute(
        select(user.id, user.text, user.created_at, user.conversation_id, reply.status, reply.answer_id)
        .add_columns(ConversationRow.region)
        .join(reply, (reply.answer_id == user.answer_id) & (reply.role == "assistant"))
        .join(ConversationRow, ConversationRow.id == user.conversation_id)
        .where(user.role == "user", user.created_at >= since)
        .order_by(user.id)
    ).all()
    last_of = {row.conversation_id: row.id for row in rows}
    down = set(session.scalars(select(FeedbackRow.answer_id).filter_by(value="down")))
    badly_rated = set(
        session.scalars(
            select(RatingRow.conversation_id).where(RatingRow.about == "conversation", RatingRow.level <= BAD)
        )
    )
    asked_before: set[int] = set()
    tickets = session.execute(
        select(TicketRow.conversation_id, TicketRow.created_at).filter_by(origin="citizen")
    ).all()
    for conversation_id, opened_at in tickets:
        before = [
            row.id for row in rows if row.conversation_id == conversation_id and row.created_at <= opened_at
        ]
        asked_before.update(before[-1:])
    for row in rows:
        status = AnswerStatus(row.status)
        is_last = last_of[row.conversation_id] == row.id
        disliked = row.answer_id in down or (is_last and row.conversation_id in badly_rated)
        given_up = status is AnswerStatus.CLARIFY and is_last and row.created_at + ABANDONED_AFTER <= now
        in_writing = row.id in asked_before
        counts = status is AnswerStatus.NO_ANSWER or (
            status in _ANSWERS and (disliked or given_up or in_writing)
        )
        if counts and len(row.text.strip()) >= SHORTEST_CHARS:
            yield AskedQuestion(
                row.id, row.text.strip(), row.region or "", status, row.created_at, disliked, in_writing
            )
