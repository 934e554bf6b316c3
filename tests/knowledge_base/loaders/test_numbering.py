"""Numbers as a word processor writes them."""

import pytest

from knowledge_base.loaders.numbering import chinese, formatted, is_numbered


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "零"), (1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (101, "一百零一"), (110, "一百一十"),
     (111, "一百一十一"), (1001, "一千零一"), (1260, "一千二百六十"),
     (2020, "二千零二十"), (10_000, "10000")],
)  # fmt: skip
def test_chinese_counts(number: int, written: str) -> None:
    assert chinese(number) == written


@pytest.mark.parametrize(
    ("number", "style", "written"),
    [(3, "decimal", "3"), (3, "upperRoman", "III"), (4, "lowerRoman", "iv"), (27, "lowerLetter", "aa"),
     (3, "decimalEnclosedCircle", "③"), (21, "decimalEnclosedCircle", "21"),
     (2, "ideographTraditional", "乙"),
     (12, "decimalFullWidth", "１２"), (3, "decimalZero", "03"), (1, "bullet", ""), (5, "unheardOf", "5"),
     (2, "chineseLegalSimplified", "贰"), (26, "ideographDigital", "二六")],
)  # fmt: skip
def test_formats(number: int, style: str, written: str) -> None:
    assert formatted(number, style) == written


@pytest.mark.parametrize("line", ["1、甲", "（一）甲", "第十条 甲", "①甲", "a.甲", "12. 甲"])
def test_numbered(line: str) -> None:
    assert is_numbered(line)


@pytest.mark.parametrize("line", ["身份证", "2026年起", "一次性补贴", "（试行）"])
def test_not_numbered(line: str) -> None:
    assert not is_numbered(line)
