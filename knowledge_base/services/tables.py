"""The SQL tables of the service catalogue."""

from datetime import UTC, date, datetime

from pydantic import JsonValue
from sqlalchemy import JSON, Date, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from knowledge_base.database import Base, UtcDateTime


class ServiceItemRow(Base):
    """An item: one for each 实施编码, whatever versions it has had."""

    __tablename__ = "service_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_code: Mapped[str] = mapped_column(unique=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str] = mapped_column(default="")
    versions: Mapped[list["ServiceVersionRow"]] = relationship(
        order_by="ServiceVersionRow.number", cascade="all, delete-orphan", lazy="selectin"
    )


class ServiceVersionRow(Base):
    """What an item said from one import to the next; never changed.

    Attributes:
        fields: What has no column or table of its own, as in JSON; what is not stated is left out.
        stated_lists: Which of materials, fees and questions the version states, be it that there are none.
    """

    __tablename__ = "service_versions"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"), index=True)
    number: Mapped[int]
    catalog_code: Mapped[str] = mapped_column(index=True)
    region: Mapped[str] = mapped_column(index=True)
    task_name: Mapped[str | None]
    dept_name: Mapped[str | None]
    task_state: Mapped[str | None]
    plan_effective_date: Mapped[date | None] = mapped_column(Date)
    plan_cancel_date: Mapped[date | None] = mapped_column(Date)
    fields: Mapped[dict[str, JsonValue]] = mapped_column(JSON)
    stated_lists: Mapped[list[str]] = mapped_column(JSON)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    stored_by: Mapped[str]
    materials: Mapped[list["ServiceMaterialRow"]] = relationship(
        order_by="ServiceMaterialRow.position", cascade="all, delete-orphan", lazy="selectin"
    )
    fees: Mapped[list["ServiceFeeRow"]] = relationship(
        order_by="ServiceFeeRow.position", cascade="all, delete-orphan", lazy="selectin"
    )
    questions: Mapped[list["ServiceQuestionRow"]] = relationship(
        order_by="ServiceQuestionRow.position", cascade="all, delete-orphan", lazy="selectin"
    )


class ServiceMaterialRow(Base):
    """A material of a version; see `knowledge_base.services.records.Material`."""

    __tablename__ = "service_materials"

    version_id: Mapped[int] = mapped_column(ForeignKey("service_versions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str | None]
    copies: Mapped[int | None]
    is_need: Mapped[bool]
    page_num: Mapped[int | None]
    source_type: Mapped[str | None]
    waived: Mapped[bool]
    waived_reason: Mapped[str | None] = mapped_column(Text)
    form_guid: Mapped[str | None] = mapped_column(Text)
    example_guid: Mapped[str | None] = mapped_column(Text)
    fill_explain: Mapped[str | None] = mapped_column(Text)
    condition: Mapped[str | None] = mapped_column(Text)


class ServiceFeeRow(Base):
    """A fee of a version."""

    __tablename__ = "service_fees"

    version_id: Mapped[int] = mapped_column(ForeignKey("service_versions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    stand: Mapped[str | None] = mapped_column(Text)
    by_law: Mapped[str | None] = mapped_column(Text)


class ServiceQuestionRow(Base):
    """A question often asked about a version."""

    __tablename__ = "service_questions"

    version_id: Mapped[int] = mapped_column(ForeignKey("service_versions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)


class ServiceOfficeRow(Base):
    """A place where items are handled; `hours` as in JSON."""

    __tablename__ = "service_offices"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    region: Mapped[str] = mapped_column(index=True)
    address: Mapped[str | None] = mapped_column(Text)
    link_way: Mapped[str | None]
    hours: Mapped[list[dict[str, JsonValue]]] = mapped_column(JSON)
    closed_on_holidays: Mapped[bool]
    note: Mapped[str | None] = mapped_column(Text)


class ServiceLinkRow(Base):
    """What was found when a web address of the catalogue was last asked."""

    __tablename__ = "service_links"

    url: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    final_url: Mapped[str] = mapped_column(Text, default="")
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
