"""When an office is open: its hours, the public holidays as announced, and the days worked instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from knowledge_base.dates import SHANGHAI
from knowledge_base.services.records import Hours, Office
from knowledge_base.workdays import is_announced, is_holiday, is_workday

_LOOK_AHEAD_DAYS = 30
_MONDAY = 1


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether an office is open at a moment.

    Attributes:
        until: When it closes, if it is open.
        next_open: When it opens next, if it is closed; None where it has no hours or none within a month.
        is_certain: False where the holidays of the year are not announced yet.
    """

    is_open: bool
    until: datetime | None = None
    next_open: datetime | None = None
    is_certain: bool = True


def sessions(office: Office, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return from when to when an office is open on a day, in order; in Asia/Shanghai."""
    return tuple((_moment(day, hours.open), _moment(day, hours.close)) for hours in _hours_on(office, day))


def opening(office: Office, now: datetime) -> Opening:
    """Return whether an office is open now, and until when or when it opens next.

    Args:
        now: With its zone.
    """
    local = now.astimezone(SHANGHAI)
    for begins, ends in sessions(office, local.date()):
        if begins <= local < ends:
            return Opening(True, until=ends, is_certain=is_announced(local.date()))
    following = next((begins for begins, _ in _sessions_from(office, local.date()) if begins > local), None)
    return Opening(False, next_open=following, is_certain=is_announced((following or local).date()))


def _sessions_from(office: Office, day: date) -> Iterator[tuple[datetime, datetime]]:
    for ahead in range(_LOOK_AHEAD_DAYS + 1):
        yield from sessions(office, day + timedelta(days=ahead))


def _hours_on(office: Office, day: date) -> Sequence[Hours]:
    weekday = day.isoweekday()
    if office.closed_on_holidays and is_holiday(day):
        return ()
    if office.closed_on_holidays and weekday > 5 and is_workday(day):
        # A weekend day that is worked in place of a holiday: as on the weekdays, if it has no hours itself.
        own = [hours for hours in office.hours if weekday in hours.days]
        weekday = weekday if own else _MONDAY
    return sorted((each for each in office.hours if weekday in each.days), key=lambda each: each.open)


def _moment(day: date, clock: str) -> datetime:
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)
