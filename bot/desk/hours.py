"""When the desk is open (人工服务时间)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from knowledge_base.dates import SHANGHAI
from knowledge_base.workdays import is_workday

_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
# The longest holiday is nine days; whoever closes for longer has no next opening to tell.
_LOOK_AHEAD_DAYS = 40


@dataclass(frozen=True, slots=True)
class Span:
    """From one time of day to a later one, the end not included; `time.max` is midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The desk's hours, in Asia/Shanghai.

    Attributes:
        spans: Within a day; none means never open.
        every_day: Open on weekends and holidays, too.
        closed_on: Days closed all the same.
    """

    spans: tuple[Span, ...]
    every_day: bool = False
    closed_on: frozenset[date] = frozenset()
    is_workday: Callable[[date], bool] = is_workday

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the desk is open at a moment, given with its zone."""
        local = moment.astimezone(SHANGHAI)
        return self._opens_on(local.date()) and any(
            span.opens <= local.time() < span.closes for span in self.spans
        )

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return when the desk opens next after a moment; None if it does not within `_LOOK_AHEAD_DAYS`."""
        local = moment.astimezone(SHANGHAI)
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=ahead)
            if not self._opens_on(day):
                continue
            openings = (datetime.combine(day, span.opens, SHANGHAI) for span in self.spans)
            later = [opening for opening in openings if opening > local]
            if later:
                return min(later)
        return None

    def _opens_on(self, day: date) -> bool:
        return day not in self.closed_on and (self.every_day or self.is_workday(day))


def read_spans(texts: tuple[str, ...]) -> tuple[Span, ...]:
    """Read `09:00-12:00`; `00:00-24:00` is round the clock.

    Raises:
        ValueError: If one is no such span, or ends before it begins; shows it.
    """
    return tuple(map(_read_span, texts))


def _read_span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of hours such as '09:00-12:00'")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    try:
        opens = time(from_hour, from_minute)
        closes = time.max if (to_hour, to_minute) == (24, 0) else time(to_hour, to_minute)
    except ValueError as error:
        raise ValueError(f"{text!r} is no span of hours: {error}") from None
    if opens >= closes:
        raise ValueError(f"{text!r} ends before it begins; a night is two spans, to 24:00 and from 00:00")
    return Span(opens, closes)
