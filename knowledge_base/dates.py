"""Dates and lengths of time as official documents write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge_base.structure import chinese_number

_N = "〇○零Ｏ一二三四五六七八九十"
_YEAR = r"(?:\d{4}|[一二][〇○零Ｏ一二三四五六七八九]{3})"
_SHORT = rf"(?:\d{{1,2}}|[{_N}]{{1,3}})"
DATE = rf"{_YEAR}\s?年\s?{_SHORT}\s?月\s?{_SHORT}\s?日"
COUNT = rf"(?:\d{{1,3}}|[{_N}两百]{{1,4}})"

_PARTS = re.compile(r"(.+?)\s?年\s?(.+?)\s?月\s?(.+?)\s?日")
_NUMERIC = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """Return the day it is where the law applies."""
    return datetime.now(SHANGHAI).date()


def utc_now() -> datetime:
    """Return the moment it is, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date and the words it was read from."""

    day: date
    words: str
    start: int


def read_number(words: str) -> int:
    """Read `5`, `五` or `三十`.

    Raises:
        ValueError: If it is no numeral.
    """
    return chinese_number(re.sub("[○Ｏ]", "〇", words.strip()))


def read_date(words: str) -> date | None:
    """Read `2026年3月5日`, `二〇二六年三月五日`, `2026-03-05` or `2026/3/5`; None if there is no such day."""
    found = _PARTS.fullmatch(words.strip()) or _NUMERIC.fullmatch(words.strip())
    if found is None:
        return None
    try:
        return date(read_number(found[1]), read_number(found[2]), read_number(found[3]))
    except ValueError:
        return None


def find_dates(text: str) -> Iterator[FoundDate]:
    """Yield the dates written with 年月日 in order."""
    for found in re.finditer(DATE, text):
        day = read_date(found[0])
        if day:
            yield FoundDate(day, found[0], found.start())


def later(day: date, *, years: int = 0, months: int = 0, days: int = 0) -> date:
    """Return the day so much later; 29 February becomes 1 March where the year has none."""
    month = day.month - 1 + months
    year, month = day.year + years + month // 12, month % 12 + 1
    try:
        moved = day.replace(year=year, month=month)
    except ValueError:
        moved = date(year + month // 12, month % 12 + 1, 1)
    return moved + timedelta(days=days)
