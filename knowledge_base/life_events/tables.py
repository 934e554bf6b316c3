"""The SQL tables of life events."""

from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge_base.database import Base, UtcDateTime


class LifeEventRow(Base):
    """A life event: one for each code, whatever versions it has had."""

    __tablename__ = "life_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str] = mapped_column(default="")
    versions: Mapped[list["LifeEventVersionRow"]] = relationship(
        order_by="LifeEventVersionRow.number", cascade="all, delete-orphan", lazy="selectin"
    )


class LifeEventVersionRow(Base):
    """What an event said from one import to the next; never changed. `content` is its JSON."""

    __tablename__ = "life_event_versions"
    __table_args__ = (UniqueConstraint("event_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("life_events.id"), index=True)
    number: Mapped[int]
    content: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    stored_by: Mapped[str]
