"""The SQL tables of the FAQ."""

from datetime import UTC, date, datetime

from sqlalchemy import Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge_base.database import Base, UtcDateTime


class FaqRecord(Base):
    """An entry. A question is curated once for a region."""

    __tablename__ = "faqs"
    __table_args__ = (UniqueConstraint("question", "region"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]
    region: Mapped[str]
    answer: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date | None] = mapped_column(Date)
    effective_to: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(index=True)
    variants: Mapped[list["FaqVariantRecord"]] = relationship(
        order_by="FaqVariantRecord.position", cascade="all, delete-orphan", lazy="selectin"
    )
    sources: Mapped[list["FaqSourceRecord"]] = relationship(
        order_by="FaqSourceRecord.position", cascade="all, delete-orphan", lazy="selectin"
    )
    changes: Mapped[list["FaqChangeRecord"]] = relationship(
        order_by="FaqChangeRecord.id", cascade="all, delete-orphan", lazy="selectin"
    )


class FaqVariantRecord(Base):
    """Another way to ask the question (相似问)."""

    __tablename__ = "faq_variants"

    faq_id: Mapped[int] = mapped_column(ForeignKey("faqs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class FaqSourceRecord(Base):
    """An article an answer rests on; `version_id` is the version whose words it was written from."""

    __tablename__ = "faq_sources"

    faq_id: Mapped[int] = mapped_column(ForeignKey("faqs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))
    place: Mapped[str]


class FaqChangeRecord(Base):
    """Who did what to an entry; never changed, never removed."""

    __tablename__ = "faq_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    faq_id: Mapped[int] = mapped_column(ForeignKey("faqs.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    by: Mapped[str]
    action: Mapped[str]
    state: Mapped[str]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
