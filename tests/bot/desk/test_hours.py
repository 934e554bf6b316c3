"""When the desk is open, across lunch, weekends, holidays and days that are worked for them."""

from datetime import date, datetime

import pytest

from bot.desk.hours import OpeningHours, read_spans
from knowledge_base.dates import SHANGHAI

OFFICE = OpeningHours(read_spans(("09:00-12:00", "13:00-17:30")))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-25T08:59:59", False),
        ("2026-11-25T09:00", True),
        ("2026-11-25T12:00", False),
        ("2026-11-25T17:29", True),
        ("2026-11-28T10:00", False),  # a Saturday
        ("2026-10-01T10:00", False),  # 国庆节, a Thursday
        ("2026-10-10T10:00", True),  # a Saturday that is worked
    ],
)
def test_the_desk_is_open_in_its_hours_on_workdays(moment: str, is_open: bool) -> None:
    assert OFFICE.is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-25T12:30", "2026-11-25T13:00"),
        ("2026-11-25T18:00", "2026-11-26T09:00"),
        ("2026-11-27T18:00", "2026-11-30T09:00"),
        ("2026-09-30T18:00", "2026-10-08T09:00"),
        ("2026-11-25T10:00", "2026-11-25T13:00"),
    ],
)
def test_the_next_opening_is_told(moment: str, opens: str) -> None:
    assert OFFICE.next_opening(at(moment)) == at(opens)


def test_hours_are_those_of_shanghai_wherever_the_clock_is() -> None:
    assert OFFICE.is_open(datetime.fromisoformat("2026-11-25T01:30:00+00:00"))
    assert not OFFICE.is_open(datetime.fromisoformat("2026-11-25T10:30:00+00:00"))


def test_a_desk_may_be_open_round_the_clock_or_never() -> None:
    always = OpeningHours(read_spans(("00:00-24:00",)), every_day=True)
    assert always.is_open(at("2026-10-01T23:59:59.999998"))
    assert not OpeningHours(()).is_open(at("2026-11-25T10:00"))
    assert OpeningHours(()).next_opening(at("2026-11-25T10:00")) is None


def test_a_day_may_be_closed_by_the_operator() -> None:
    closed = OpeningHours(read_spans(("09:00-12:00",)), closed_on=frozenset({date(2026, 11, 25)}))
    assert not closed.is_open(at("2026-11-25T10:00"))
    assert closed.next_opening(at("2026-11-25T08:00")) == at("2026-11-26T09:00")


@pytest.mark.parametrize("text", ["9-12", "09:00–12:00", "12:00-09:00", "09:00-09:00", "25:00-26:00", ""])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text or "no span"):
        read_spans((text,))
