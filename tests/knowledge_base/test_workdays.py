"""Workdays as the State Council set them for 2026, and by weekends where it has not yet spoken."""

from datetime import date

import pytest

from knowledge_base.workdays import add_workdays, is_workday, workdays_after


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 25), True),  # a Wednesday
        (date(2026, 11, 28), False),  # a Saturday
        (date(2026, 10, 1), False),  # 国庆节
        (date(2026, 10, 10), True),  # a Saturday worked for 国庆节
        (date(2026, 2, 17), False),  # 春节
        (date(2026, 2, 14), True),  # a Saturday worked for 春节
        (date(2035, 1, 1), False),  # not announced yet, but fixed by law
        (date(2035, 1, 2), True),
        (date(2035, 1, 6), False),
    ],
)
def test_a_day_is_worked_or_not(day: date, works: bool) -> None:
    assert is_workday(day) is works


def test_workdays_are_counted_over_a_holiday_and_what_is_worked_for_it() -> None:
    """From Wednesday 30 September 2026: the holiday lasts to the 7th; 8, 9, and Saturday 10 are worked."""
    assert add_workdays(date(2026, 9, 30), 0) == date(2026, 9, 30)
    assert add_workdays(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert add_workdays(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert add_workdays(date(2026, 9, 30), 4) == date(2026, 10, 12)
    assert workdays_after(date(2026, 9, 30), date(2026, 10, 12)) == 4
    assert workdays_after(date(2026, 10, 12), date(2026, 9, 30)) == 0


def test_workdays_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="-1"):
        add_workdays(date(2026, 9, 30), -1)
