"""The SQL tables of learning. What copies a citizen's words goes with their conversation, by the database."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from knowledge_base.database import Base, UtcDateTime
from knowledge_base.dates import utc_now


class QuestionMarkRow(Base):
    """What an operator did about an asked question: `dismissed`, or `drafted` as the entry `faq_id`."""

    __tablename__ = "question_marks"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str]
    faq_id: Mapped[int | None] = mapped_column(ForeignKey("faqs.id"))
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class PersonAnswerRow(Base):
    """What a person answered, once for each origin (`handover:12`, `ticket:34`); see `PersonAnswer`."""

    __tablename__ = "person_answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(unique=True)
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    region: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    joined_id: Mapped[int | None] = mapped_column(ForeignKey("person_answers.id", ondelete="SET NULL"))
    faq_id: Mapped[int | None] = mapped_column(ForeignKey("faqs.id"))
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
