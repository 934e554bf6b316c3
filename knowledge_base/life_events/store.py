"""Keeping life events with every version they have had; which one holds follows from its days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from knowledge_base.errors import UnknownLifeEvent
from knowledge_base.life_events.records import EventVersion, LifeEvent
from knowledge_base.life_events.tables import LifeEventRow, LifeEventVersionRow
from knowledge_base.revision import LIFE_EVENTS, RevisedStore, raise_revision, revision_of
from knowledge_base.store import hold_still


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What an import did, by code.

    Attributes:
        still_withdrawn: Unchanged, and withdrawn by an operator before: they stay so.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    still_withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventsSnapshot:
    """All life events as of one revision: their versions by code."""

    revision: int
    versions: Mapping[str, tuple[EventVersion, ...]]

    def on(self, day: date) -> dict[str, LifeEvent]:
        """Return by code the events that hold on a day."""
        found = {code: version_on(versions, day) for code, versions in self.versions.items()}
        return {code: event for code, event in found.items() if event is not None}


def version_on(versions: Sequence[EventVersion], day: date) -> LifeEvent | None:
    """Return what an event says on a day: its newest version that has begun, unless that has ended."""
    if not versions or versions[-1].withdrawn_at is not None:
        return None
    begun = [each.event for each in versions if (each.event.plan_effective_date or date.min) <= day]
    if not begun:
        return None
    ends = begun[-1].plan_cancel_date
    return None if ends is not None and ends <= day else begun[-1]


class LifeEventStore(RevisedStore):
    """The life events in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, LIFE_EVENTS, "life events")

    def take_in(self, events: Iterable[LifeEvent], *, by: str) -> EventsReport:
        """Store what has changed, all or nothing; an event that has gets its next version.

        An event an operator has withdrawn comes back only with another content.

        Raises:
            StoreError: If the database refuses.
        """
        done: dict[str, list[str]] = {
            name: [] for name in ("added", "changed", "unchanged", "still_withdrawn")
        }
        with self._writing("life events could not be stored") as session:
            for event in events:
                done[_take_in(session, event, by)].append(event.code)
                session.flush()
            if done["added"] or done["changed"]:
                raise_revision(session, LIFE_EVENTS)
        return EventsReport(**{name: tuple(codes) for name, codes in done.items()})

    def withdraw(self, codes: Sequence[str], *, by: str, undo: bool = False) -> None:
        """Withdraw events at once, or take that back; all or none.

        Raises:
            UnknownLifeEvent: If one is not there; names it.
        """
        with self._writing("life events could not be withdrawn") as session:
            for code in dict.fromkeys(codes):
                row = _row(session, code)
                row.withdrawn_at = None if undo else datetime.now(UTC)
                row.withdrawn_by = by
            raise_revision(session, LIFE_EVENTS)

    def history(self, code: str) -> tuple[EventVersion, ...]:
        """Return the versions of an event, oldest first.

        Raises:
            UnknownLifeEvent: If there is none of this code.
        """
        with self._reading() as session:
            return _versions(_row(session, code))

    def snapshot(self) -> EventsSnapshot:
        """Return all of them as of one moment."""
        with self._reading() as session:
            hold_still(session)
            rows = session.scalars(select(LifeEventRow).order_by(LifeEventRow.id)).all()
            return EventsSnapshot(
                revision_of(session, LIFE_EVENTS), {row.code: _versions(row) for row in rows}
            )


def _take_in(session: Session, event: LifeEvent, by: str) -> str:
    """Store an event if it is new or changed; return what became of it."""
    content = event.model_dump(mode="json", exclude_none=True)
    row = session.scalar(select(LifeEventRow).filter_by(code=event.code))
    if row is None:
        first = LifeEventVersionRow(number=1, content=content, stored_by=by)
        session.add(LifeEventRow(code=event.code, versions=[first]))
        return "added"
    newest = row.versions[-1]
    if LifeEvent.model_validate(newest.content) == event:
        return "still_withdrawn" if row.withdrawn_at else "unchanged"
    row.versions.append(LifeEventVersionRow(number=newest.number + 1, content=content, stored_by=by))
    row.withdrawn_at = None
    return "changed"


def _row(session: Session, code: str) -> LifeEventRow:
    row = session.scalar(select(LifeEventRow).filter_by(code=code))
    if row is None:
        raise UnknownLifeEvent(f"没有编码为 {code} 的一件事：wenzheng life-event list 列出全部")
    return row


def _versions(row: LifeEventRow) -> tuple[EventVersion, ...]:
    return tuple(
        EventVersion(
            event=LifeEvent.model_validate(each.content),
            number=each.number,
            stored_at=each.stored_at,
            stored_by=each.stored_by,
            withdrawn_at=row.withdrawn_at,
        )
        for each in row.versions
    )
