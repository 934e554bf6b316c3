"""Keeping the service catalogue: items with every version they have had, offices, and the state of links.

Whether an item can be had done is never stored: it follows from its newest version that has begun and from
its days, so what begins on Monday is there on Monday without anybody doing anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from knowledge_base.database import StateRow
from knowledge_base.errors import UnknownService
from knowledge_base.revision import SERVICES, RevisedStore, raise_revision, revision_of
from knowledge_base.services.records import (
    Batch,
    ItemVersion,
    LinkState,
    Office,
    ServiceItem,
)
from knowledge_base.services.tables import (
    ServiceFeeRow,
    ServiceItemRow,
    ServiceLinkRow,
    ServiceMaterialRow,
    ServiceOfficeRow,
    ServiceQuestionRow,
    ServiceVersionRow,
)
from knowledge_base.store import hold_still

_COLUMNS = (
    "catalog_code",
    "region",
    "task_name",
    "dept_name",
    "task_state",
    "plan_effective_date",
    "plan_cancel_date",
)
_LISTS = ("materials", "fees", "questions")
_ELSEWHERE = frozenset({*_COLUMNS, *_LISTS, "task_code"})
_AT_ONCE = 500
_LINKS_CHECKED = "links_checked_at"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, by 实施编码.

    Attributes:
        withdrawn: Taken out of use by it: stated to be 停用, or missing from a file that holds everything.
        still_withdrawn: Unchanged, and withdrawn by an operator before: they stay so.
        offices: How many offices were added or changed.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    still_withdrawn: tuple[str, ...] = ()
    offices: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole catalogue as of one revision: versions by 实施编码, offices by id, links by address."""

    revision: int
    versions: Mapping[str, tuple[ItemVersion, ...]]
    offices: Mapping[str, Office]
    links: Mapping[str, LinkState]


class ServiceStore(RevisedStore):
    """The catalogue in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, SERVICES, "the service catalogue")

    def take_in(self, batch: Batch, *, by: str, is_whole: bool = False) -> ImportReport:
        """Store what has changed, all or nothing; an item that has gets its next version.

        An item an operator has withdrawn comes back only with another content.

        Args:
            is_whole: The batch is the whole catalogue; items that are not in it are withdrawn.

        Raises:
            StoreError: If the database refuses.
        """
        with self._writing("service items could not be stored") as session:
            report = _take_in(session, batch, by, is_whole)
            if report.added or report.changed or report.withdrawn or report.offices:
                raise_revision(session, SERVICES)
        return report

    def withdraw(self, task_codes: Sequence[str], *, by: str, undo: bool = False) -> None:
        """Withdraw items at once, or take that back; all or none.

        Raises:
            UnknownService: If one is not there; names it.
        """
        with self._writing("service items could not be withdrawn") as session:
            for code in dict.fromkeys(task_codes):
                row = session.scalar(select(ServiceItemRow).filter_by(task_code=code))
                if row is None:
                    raise UnknownService(f"没有实施编码为 {code} 的事项：wenzheng service list 列出全部")
                row.withdrawn_at = None if undo else datetime.now(UTC)
                row.withdrawn_by = by
            raise_revision(session, SERVICES)

    def history(self, task_code: str) -> tuple[ItemVersion, ...]:
        """Return the versions of an item, oldest first.

        Raises:
            UnknownService: If there is none of this code.
        """
        with self._reading() as session:
            row = session.scalar(select(ServiceItemRow).filter_by(task_code=task_code))
            if row is None:
                raise UnknownService(f"没有实施编码为 {task_code} 的事项：wenzheng service list 列出全部")
            return _versions(row)

    def snapshot(self) -> Snapshot:
        """Return everything as of one moment."""
        with self._reading() as session:
            hold_still(session)
            rows = session.scalars(select(ServiceItemRow).order_by(ServiceItemRow.id)).all()
            return Snapshot(
                revision_of(session, SERVICES),
                {row.task_code: _versions(row) for row in rows},
                {row.id: _office(row) for row in session.scalars(select(ServiceOfficeRow))},
                {row.url: _link(row) for row in session.scalars(select(ServiceLinkRow))},
            )

    def record_links(self, states: Iterable[LinkState]) -> None:
        """Keep what was found of these addresses; the catalogue changes only where one died or came back."""
        with self._writing("link states could not be stored") as session:
            before = set(session.scalars(select(ServiceLinkRow.url).filter_by(state="dead")))
            dead = set(before)
            for state in states:
                session.merge(ServiceLinkRow(**state.model_dump()))
                (dead.add if state.state == "dead" else dead.discard)(state.url)
            if dead != before:
                raise_revision(session, SERVICES)

    def claim_link_check(self, now: datetime, every: timedelta) -> bool:
        """Take it upon this process to check the links, if the last check was claimed long enough ago."""
        with self._writing("link check could not be claimed") as session:
            row = session.get(StateRow, _LINKS_CHECKED)
            if row is not None and datetime.fromisoformat(row.value) + every > now:
                return False
            session.merge(StateRow(key=_LINKS_CHECKED, value=now.isoformat()))
        return True

    def forget_links(self, kept: Iterable[str]) -> None:
        """Forget what was found of every address but these."""
        kept = set(kept)
        with self._writing("link states could not be stored") as session:
            known = session.scalars(select(ServiceLinkRow.url)).all()
            for url in (each for each in known if each not in kept):
                session.execute(delete(ServiceLinkRow).where(ServiceLinkRow.url == url))


def _take_in(session: Session, batch: Batch, by: str, is_whole: bool) -> ImportReport:
    added: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    withdrawn: list[str] = []
    still: list[str] = []
    rows = _rows_by_code(session, [item.task_code for item in batch.items])
    for item in batch.items:
        row = rows.get(item.task_code)
        if row is None:
            row = ServiceItemRow(task_code=item.task_code, versions=[_version_row(item, 1, by)])
            session.add(row)
            rows[item.task_code] = row
            added.append(item.task_code)
            continue
        newest = row.versions[-1]
        before = _item(newest, item.task_code)
        if before == item:
            (still if row.withdrawn_at else unchanged).append(item.task_code)
            continue
        row.versions.append(_version_row(item, newest.number + 1, by))
        ended = item.task_state == "停用" and before.task_state != "停用"
        (withdrawn if ended else changed).append(item.task_code)
        row.withdrawn_at = None
    if is_whole:
        missing = set(
            session.scalars(select(ServiceItemRow.task_code).where(ServiceItemRow.withdrawn_at.is_(None)))
        )
        missing -= {item.task_code for item in batch.items}
        for code, row in _rows_by_code(session, sorted(missing)).items():
            row.withdrawn_at, row.withdrawn_by = datetime.now(UTC), by
            withdrawn.append(code)
    offices = 0
    for office in batch.offices:
        known = session.get(ServiceOfficeRow, office.id)
        if known is None or _office(known) != office:
            session.merge(ServiceOfficeRow(**office.model_dump(mode="json")))
            offices += 1
    session.flush()
    return ImportReport(
        tuple(added), tuple(changed), tuple(unchanged), tuple(withdrawn), tuple(still), offices
    )


def _rows_by_code(session: Session, codes: Sequence[str]) -> dict[str, ServiceItemRow]:
    found: dict[str, ServiceItemRow] = {}
    for start in range(0, len(codes), _AT_ONCE):
        part = select(ServiceItemRow).where(ServiceItemRow.task_code.in_(codes[start : start + _AT_ONCE]))
        found |= {row.task_code: row for row in session.scalars(part)}
    return found


def _version_row(item: ServiceItem, number: int, by: str) -> ServiceVersionRow:
    return ServiceVersionRow(
        number=number,
        **{name: getattr(item, name) for name in _COLUMNS},
        fields=item.model_dump(mode="json", exclude_none=True, exclude=set(_ELSEWHERE)),
        stated_lists=[name for name in _LISTS if getattr(item, name) is not None],
        stored_by=by,
        materials=[
            ServiceMaterialRow(position=place, **each.model_dump())
            for place, each in enumerate(item.materials or ())
        ],
        fees=[
            ServiceFeeRow(position=place, **each.model_dump()) for place, each in enumerate(item.fees or ())
        ],
        questions=[
            ServiceQuestionRow(position=place, **each.model_dump())
            for place, each in enumerate(item.questions or ())
        ],
    )


def _item(row: ServiceVersionRow, task_code: str) -> ServiceItem:
    return ServiceItem.model_validate(
        {
            **row.fields,
            **{name: getattr(row, name) for name in _COLUMNS},
            **{name: [_values(each) for each in getattr(row, name)] for name in row.stated_lists},
            "task_code": task_code,
        }
    )


def _values(row: ServiceMaterialRow | ServiceFeeRow | ServiceQuestionRow) -> dict[str, object]:
    names = (column.key for column in row.__table__.columns)
    return {name: getattr(row, name) for name in names if name not in ("version_id", "position")}


def _versions(row: ServiceItemRow) -> tuple[ItemVersion, ...]:
    return tuple(
        ItemVersion(
            item=_item(each, row.task_code),
            number=each.number,
            stored_at=each.stored_at,
            stored_by=each.stored_by,
            withdrawn_at=row.withdrawn_at,
        )
        for each in row.versions
    )


def _office(row: ServiceOfficeRow) -> Office:
    return Office.model_validate({column.key: getattr(row, column.key) for column in row.__table__.columns})


def _link(row: ServiceLinkRow) -> LinkState:
    return LinkState.model_validate(
        {column.key: getattr(row, column.key) for column in row.__table__.columns}
    )
