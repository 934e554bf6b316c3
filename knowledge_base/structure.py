"""The numbering grammar of Chinese official documents.

    laws        第X编 > 第X分编 > 第X章 > 第X节 > 第X条 > (款, unnumbered) > （一） 项 > 1. 目
    circulars   一、 > （一） > 1. > （1） > ①, any level may be skipped

A marker is read at the start of a line only, and a label that reads as a reference
(`第三条规定的…`) is not one.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

_NUMERALS = "零〇一二三四五六七八九十百千"
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


class Rank(IntEnum):
    """How deep a marker stands; a smaller rank holds a larger one."""

    PART = 1
    SUBPART = 2
    CHAPTER = 3
    SECTION = 4
    ARTICLE = 5
    FIRST = 6
    SECOND = 7
    THIRD = 8
    FOURTH = 9
    FIFTH = 10


@dataclass(frozen=True, slots=True)
class Marker:
    """A numbering marker at the start of a line.

    Attributes:
        label: As the text writes it: `第十五条`, `（一）`, `1.`.
        number: Its ordinal; 第十条之二 is 10, with `branch` 2.
        end: Offset in the line where the words begin.
        spaced: True when a space (or the end of the line) parts the label from the words.
    """

    rank: Rank
    label: str
    number: int
    end: int
    spaced: bool
    branch: int = 0

    def follows(self, other: "Marker | None") -> bool:
        """Tell whether this article number comes next after `other`; 第一条 may always begin anew."""
        if self.number == 1 and not self.branch:
            return True
        if other is None:
            return False
        if self.branch:
            return (self.number, self.branch) in {(other.number, other.branch + 1), (other.number, 1)}
        return self.number == other.number + 1


_DIVISION = re.compile(
    rf"第\s?([{_NUMERALS}]+|\d{{1,4}})\s?(编|分编|章|节|条)(?![件例款程能目日号制者])(?:之([{_NUMERALS}]+))?"
)
_DIVISION_RANKS = {
    "编": Rank.PART,
    "分编": Rank.SUBPART,
    "章": Rank.CHAPTER,
    "节": Rank.SECTION,
    "条": Rank.ARTICLE,
}
REFERENCE = re.compile(
    r"(?:[、，,。；;）)》”和与及或至到的之中所前后起]"
    rf"|第[{_NUMERALS}\d]+(?:款|项|条|目)|规定|以及|或者|情形|要求|明确|确定|适用|修改|废止|删去)"
)
_ITEMS = (
    (Rank.FIRST, re.compile(rf"([{_NUMERALS}]+)\s?、")),
    (Rank.SECOND, re.compile(rf"[（(]\s?([{_NUMERALS}]+)\s?[）)]")),
    (Rank.FOURTH, re.compile(r"[（(]\s?(\d{1,3})\s?[）)]")),
    (Rank.THIRD, re.compile(r"(\d{1,3})\s?(?:[、．]|\.(?!\d)|[）)])")),
    (Rank.FIFTH, re.compile(f"([{_CIRCLED}])")),
)


def chinese_number(numeral: str) -> int:
    """Read a numeral such as `一百二十三`, `二〇二六`, `15`, `③`.

    Raises:
        ValueError: If a character is no numeral; names it.
    """
    if numeral in _CIRCLED and len(numeral) == 1:
        return _CIRCLED.index(numeral) + 1
    if numeral.isdecimal():
        return int(numeral)
    if not any(c in _UNITS for c in numeral):
        return int("".join(str(_digit(c)) for c in numeral))
    total, digit = 0, 0
    for c in numeral:
        if c in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[c], 0
        else:
            digit = _digit(c)
    return total + digit


def _digit(character: str) -> int:
    if character not in _DIGITS:
        raise ValueError(f"{character!r} is not a Chinese numeral")
    return _DIGITS[character]


def marker_of(line: str) -> Marker | None:
    """Return the marker the line begins with, if any; leading spaces are allowed."""
    offset = len(line) - len(line.lstrip())
    division = _DIVISION.match(line, offset)
    if division:
        return _division_marker(division, line)
    for rank, pattern in _ITEMS:
        found = pattern.match(line, offset)
        if found:
            label = re.sub(r"\s", "", found[0])
            return Marker(rank, label, chinese_number(found[1]), found.end(), spaced=True)
    return None


def _division_marker(found: re.Match[str], line: str) -> Marker | None:
    rest = line[found.end() :]
    spaced = not rest or rest[0].isspace()
    words = rest.lstrip(" \u3000\t：:")
    if not spaced and REFERENCE.match(rest):
        return None
    branch = chinese_number(found[3]) if found[3] else 0
    label = re.sub(r"\s", "", found[0])
    end = len(line) - len(words)
    return Marker(_DIVISION_RANKS[found[2]], label, chinese_number(found[1]), end, spaced, branch)


def tidy_heading(text: str) -> str:
    """Close up letter-spaced headings and part the label by one space: `第一章 总则`."""
    words = text.strip().strip("【】")
    marker = marker_of(words)
    label, rest = (marker.label, words[marker.end :]) if marker else ("", words)
    rest = re.sub(r"\s+", " ", rest.strip())
    if re.fullmatch(r"(?:[\u4e00-\u9fff] )+[\u4e00-\u9fff]", rest):
        rest = rest.replace(" ", "")
    rest = rest.rstrip("：:")
    joint = " " if marker and marker.rank <= Rank.ARTICLE and rest else ""
    return f"{label}{joint}{rest}"
