from datetime import date

import pytest

from knowledge_base.dates import find_dates, later, read_date


@pytest.mark.parametrize(
    "words",
    [
        "2026年3月5日",
        "2026 年 3 月 5 日",
        "二〇二六年三月五日",
        "二○二六年三月五日",
        "2026-03-05",
        "2026/3/5",
    ],
)
def test_the_ways_to_write_a_date(words: str) -> None:
    assert read_date(words) == date(2026, 3, 5)


@pytest.mark.parametrize("words", ["", "2026年2月30日", "2026年3月", "三月五日", "next week"])
def test_what_is_no_date(words: str) -> None:
    assert read_date(words) is None


def test_dates_in_running_text() -> None:
    found = list(find_dates("二〇二五年十二月三十一日印发，2026年1月1日起执行"))
    assert [(each.day, each.start) for each in found] == [(date(2025, 12, 31), 0), (date(2026, 1, 1), 15)]


@pytest.mark.parametrize(
    ("years", "months", "days", "expected"),
    [
        (5, 0, 0, date(2029, 2, 28)),
        (0, 1, 0, date(2024, 3, 28)),
        (0, 11, 0, date(2025, 1, 28)),
        (0, 0, 2, date(2024, 3, 1)),
    ],
)
def test_later(years: int, months: int, days: int, expected: date) -> None:
    assert later(date(2024, 2, 28), years=years, months=months, days=days) == expected


def test_a_day_that_does_not_exist_becomes_the_next() -> None:
    assert later(date(2024, 2, 29), years=1) == date(2025, 3, 1)
    assert later(date(2024, 12, 31), months=2) == date(2025, 3, 1)
