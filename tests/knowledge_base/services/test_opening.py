"""Open now, or when next: weekends, holidays, days worked instead, and a year not announced yet."""

from datetime import UTC, date, datetime

import pytest

from knowledge_base.dates import SHANGHAI
from knowledge_base.services.opening import Opening, opening, sessions
from knowledge_base.services.records import Office
from knowledge_base.workdays import is_announced, is_holiday, is_workday
from tests.knowledge_base.services.samples import COUNTY_HALL, HALL


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(11, 25, 9), Opening(True, until=at(11, 25, 12))),
        (at(11, 25, 12), Opening(False, next_open=at(11, 25, 13))),
        (at(11, 25, 17), Opening(False, next_open=at(11, 26, 9))),
        (at(11, 27, 17), Opening(False, next_open=at(11, 30, 9))),  # Friday evening
        (at(9, 30, 18), Opening(False, next_open=at(10, 8, 9))),  # National Day
        (at(10, 10, 10), Opening(True, until=at(10, 10, 12))),  # a Saturday worked instead
        (at(2, 16, 10), Opening(False, next_open=at(2, 24, 9))),  # Spring Festival
    ],
)
def test_open_or_when_next(now: datetime, expected: Opening) -> None:
    assert opening(HALL, now) == expected


def test_the_moment_counts_in_shanghai() -> None:
    assert opening(HALL, datetime(2026, 11, 25, 1, 30, tzinfo=UTC)).is_open


def test_an_office_that_stays_open_on_holidays_goes_by_the_week_alone() -> None:
    assert opening(COUNTY_HALL, at(10, 1, 9)).is_open
    assert opening(COUNTY_HALL, at(10, 10, 9)).is_open
    assert sessions(COUNTY_HALL, date(2026, 10, 11)) == ()


def test_an_office_without_hours_never_opens() -> None:
    bare = Office(id="x", name="中心", region="云岭省")
    assert opening(bare, at(11, 25, 9)) == Opening(False)


def test_a_weekend_worked_instead_goes_by_its_own_hours_where_it_has_any() -> None:
    saturday = HALL.model_copy(update={"hours": (*HALL.hours, COUNTY_HALL.hours[0])})
    assert sessions(saturday, date(2026, 10, 10)) == ((at(10, 10, 8, 30), at(10, 10, 17, 30)),)


def test_open_until_midnight() -> None:
    late = COUNTY_HALL.model_copy(
        update={"hours": (COUNTY_HALL.hours[0].model_copy(update={"close": "24:00"}),)}
    )
    assert opening(late, at(11, 25, 23)).until == at(11, 26, 0)


def test_a_year_not_announced_goes_by_weekday_and_fixed_holidays_and_says_so() -> None:
    far = date(2060, 1, 1)
    assert not is_announced(far)
    assert is_holiday(far)
    assert not is_workday(far)
    assert is_workday(date(2060, 1, 2))
    assert not is_workday(date(2060, 1, 3))
    found = opening(HALL, at(1, 1, 10, year=2060))
    assert found == Opening(False, next_open=at(1, 2, 9, year=2060), is_certain=False)
