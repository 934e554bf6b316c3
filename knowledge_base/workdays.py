"""Workdays: weekends, holidays, and the weekends that are worked in exchange (调休).

The State Council names a year's holidays in the November before; the library has them in its next release.
A year it does not know yet goes by weekends and the days that the law fixes in the solar calendar.
"""

from datetime import date, timedelta

import chinese_calendar

_ONE_DAY = timedelta(days=1)
# 全国年节及纪念日放假办法: 元旦, 劳动节, 国庆; the others move with the moon or the sun.
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_announced(day: date) -> bool:
    """Tell whether the holidays of the day's year are known, those worked instead included."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def is_workday(day: date) -> bool:
    """Tell whether offices work on a day; where its year is not announced, by weekday and fixed holidays."""
    if is_announced(day):
        return bool(chinese_calendar.is_workday(day))
    return day.isoweekday() < 6 and (day.month, day.day) not in _FIXED_HOLIDAYS


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday, its days off included; an ordinary weekend is none."""
    if not is_announced(day):
        return (day.month, day.day) in _FIXED_HOLIDAYS
    if chinese_calendar.is_workday(day):  # a weekend day worked instead bears the holiday's name as well
        return False
    return day.isoweekday() < 6 or bool(chinese_calendar.get_holiday_detail(day)[1])


def add_workdays(day: date, n: int) -> date:
    """Return the n-th workday after `day`, which does not count itself; 0 returns the day.

    Raises:
        ValueError: If n is negative.
    """
    if n < 0:
        raise ValueError(f"workdays are counted forwards, not {n}")
    while n:
        day += _ONE_DAY
        n -= is_workday(day)
    return day


def workdays_after(day: date, until: date) -> int:
    """Return how many workdays lie after `day` up to `until`, counting that one; 0 if it is not later."""
    return sum(is_workday(day + _ONE_DAY * n) for n in range(1, (until - day).days + 1))
