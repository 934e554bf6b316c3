"""What a line's words say of how it is tied to what was said before."""

import pytest

from bot.manner import Manner, read_manner


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("那要多久？", "要多久"),
        ("材料呢", "材料"),
        ("不是，我说的是到期换的", "到期换的"),
        ("说错了，是激活", "是激活"),
        ("刚才那个激活要带身份证吗", "激活要带身份证吗"),
        ("公积金那个几天到账", "公积金 几天到账"),
        ("继承那个吧", "继承"),
        ("老人的呢", "老人的"),
        ("遛狗不牵绳罚多少", "遛狗不牵绳罚多少"),
    ],
)
def test_what_only_ties_a_line_is_left_out(line: str, rest: str) -> None:
    assert read_manner(line).rest == rest


@pytest.mark.parametrize(
    ("line", "manner"),
    [
        ("说错了，是激活", {"corrects": True}),
        ("我讲的是公司", {"corrects": True}),
        ("回到开公司，刻章要钱吗", {"returns": True}),
        ("它要不要去窗口", {"refers": True}),
        ("老人的呢", {"substitutes": True}),
        ("我孩子呢", {"substitutes": True, "for_another": True}),
        ("就那个租房的", {"picks": True, "refers": True}),
        ("都不是", {"declines": True}),
        ("多少钱", {}),
        ("离婚要跑几趟", {}),
    ],
)
def test_how_a_line_is_tied(line: str, manner: dict[str, bool]) -> None:
    read = read_manner(line)
    said = {
        name
        for name in ("corrects", "returns", "refers", "substitutes", "for_another", "picks", "declines")
        if getattr(read, name)
    }
    assert said == manner.keys()


@pytest.mark.parametrize(
    ("line", "ordinal"),
    [("第二个", 1), ("2", 1), ("选第三个吧", 2), ("最后一个", -1), ("第一次办", None), ("两个都要吗", None)],
)
def test_a_choice_by_its_place(line: str, ordinal: int | None) -> None:
    assert read_manner(line).ordinal == ordinal


def test_the_middle_one() -> None:
    assert read_manner("中间那个").is_middle


def test_nothing_is_read_into_nothing() -> None:
    assert read_manner("") == Manner(rest="")
