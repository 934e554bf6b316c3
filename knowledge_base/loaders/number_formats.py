"""What a spreadsheet shows of a value under its number format; the formats that government tables use.

Written out are General, digits with grouping and decimals, per cent, words and currency signs around
them, dates and times with 年月日 or signs. A format beyond these shows the value itself.
"""

import re
from datetime import date, datetime, time, timedelta

_SKIPPED = re.compile(r"_.|\*.|\[(?:\$-[^\]]*|[A-Za-z]+\d*|[<>=]+[^\]]*|DBNum\d)\]")
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]+)?%?|[#0?,]*\.[#0?]+%?")
_DATE_PART = re.compile(r"yyyy|yy|e|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|AM/PM|上午/下午", re.IGNORECASE)
_WORD = 0xE000  # words of a format stand as one private character each while its signs are looked at
_WORDS = re.compile("[\ue000-\uf8ff]")
_WEEKDAYS = "一二三四五六日"
EXACT_DIGITS = 15  # what a spreadsheet keeps of a number


def shown(value: object, number_format: str) -> str:
    """Return what the cell shows; empty for an empty one."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime() | date() | time():
            return _shown_day(value, number_format)
        case timedelta():
            hours, rest = divmod(int(value.total_seconds()), 3600)
            return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
        case int() | float():
            return _shown_number(value, number_format)
        case _:
            return str(value)


def _general(value: float) -> str:
    if isinstance(value, int) or value.is_integer():
        return str(int(value)) if abs(value) < 10**EXACT_DIGITS else f"{value:.{EXACT_DIGITS - 1}g}"
    return f"{value:.{EXACT_DIGITS - 4}g}"


def _shown_number(value: float, number_format: str) -> str:
    sections = number_format.split(";")
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    section = _CURRENCY.sub(lambda found: f'"{found[1]}"' if found[1] else "", section)
    section = _SKIPPED.sub("", section)
    words: list[str] = []

    def kept(found: re.Match[str]) -> str:
        words.append(found[1] if found[1] is not None else found[2])
        return chr(_WORD + len(words) - 1)

    bare = _QUOTED.sub(kept, section)
    pattern = _WORDS.sub("", bare)
    if pattern.strip().lower() in {"general", "@", "", "g/通用格式"}:
        written = _general(value) if pattern.strip() or not words else ""
        bare = re.sub(r"general|@|g/通用格式", written, bare, flags=re.IGNORECASE) or _general(value)
    elif _DIGITS.search(bare) and not re.search(r"[E?/]", pattern):
        bare = _DIGITS.sub(lambda found: _digits(value, found[0]), bare, count=1)
    else:
        return _general(value)
    return _WORDS.sub(lambda found: words[ord(found[0]) - _WORD], bare).strip()


def _digits(value: float, pattern: str) -> str:
    per_cent = pattern.endswith("%")
    whole, _, fraction = pattern.rstrip("%").partition(".")
    if per_cent:
        value *= 100
    scale = len(whole) - len(whole.rstrip(","))
    value /= 1000**scale
    grouping = "," if "," in whole.rstrip(",") else ""
    # Halves round up on paper, and a stored 2.675 stands for itself, not for the binary number below it.
    rounded = round(value + (1 if value >= 0 else -1) * 1e-9, len(fraction))
    text = f"{rounded:{grouping}.{len(fraction)}f}"
    optional = len(fraction) - len(fraction.rstrip("#?"))
    if optional:
        head, _, tail = text.partition(".")
        tail = tail[: len(tail) - optional] + tail[len(tail) - optional :].rstrip("0")
        text = f"{head}.{tail}" if tail else head
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    least = whole.rstrip(",").count("0")
    if not grouping:
        head, dot, tail = text.partition(".")
        text = f"{head.zfill(least)}{dot}{tail}"
    return f"{sign}{text}{'%' if per_cent else ''}"


def _shown_day(value: datetime | date | time, number_format: str) -> str:
    section = _SKIPPED.sub("", _CURRENCY.sub("", number_format.partition(";")[0]))
    if not _DATE_PART.search(_QUOTED.sub("", section)) or section.strip().lower() == "general":
        section = "h:mm" if isinstance(value, time) else "yyyy-mm-dd"
    written, position, clock = "", 0, False
    half = re.search(r"AM/PM|上午/下午", section, re.IGNORECASE) is not None
    while position < len(section):
        quoted = _QUOTED.match(section, position)
        part = _DATE_PART.match(section, position)
        if quoted:
            written += quoted[1] if quoted[1] is not None else quoted[2]
        elif part:
            code = part[0].lower()
            # m is minutes after hours and before seconds, months otherwise.
            minutes = code in {"m", "mm"} and (
                clock or re.match(r"[^a-z]*s", section[part.end() :], re.IGNORECASE) is not None
            )
            written += _part(value, code, minutes=minutes, half=half)
            clock = code in {"h", "hh"}
        else:
            written += section[position]
        position = quoted.end() if quoted else part.end() if part else position + 1
    return written.strip()


def _part(value: datetime | date | time, code: str, *, minutes: bool, half: bool) -> str:
    moment = value if isinstance(value, (datetime, time)) else datetime(value.year, value.month, value.day)
    hour = (moment.hour % 12 or 12) if half else moment.hour
    clock = {
        "h": f"{hour}",
        "hh": f"{hour:02d}",
        "s": f"{moment.second}",
        "ss": f"{moment.second:02d}",
        "am/pm": "PM" if moment.hour >= 12 else "AM",
        "上午/下午": "下午" if moment.hour >= 12 else "上午",
    }
    if minutes:
        clock |= {"m": f"{moment.minute}", "mm": f"{moment.minute:02d}"}
    if code in clock or isinstance(moment, time):
        return clock.get(code, "")
    weekday = _WEEKDAYS[moment.weekday()]
    return {
        "yyyy": f"{moment.year:04d}",
        "e": f"{moment.year:04d}",
        "yy": f"{moment.year % 100:02d}",
        "m": f"{moment.month}",
        "mm": f"{moment.month:02d}",
        "mmm": f"{moment.month}",
        "mmmm": f"{moment.month}",
        "d": f"{moment.day}",
        "dd": f"{moment.day:02d}",
        "ddd": f"周{weekday}",
        "dddd": f"星期{weekday}",
    }[code]
