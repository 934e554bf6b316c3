"""Figures: one value however it is written, and another thing where unit, bound or role differ."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grounding.numerals import fold_figures, read_figure
from bot.grounding.quantities import Quantity, agrees, find_quantities


def only(text: str) -> Quantity:
    found = find_quantities(fold_figures(text))
    assert len(found) == 1, [str(each) for each in found]
    return found[0]


def shown(text: str) -> list[str]:
    return [str(each) for each in find_quantities(fold_figures(text))]


@pytest.mark.parametrize(
    "spellings",
    [
        ("三十日", "30日", "30天", "３０日", "三十日内", "30 天"),
        ("二〇二六年", "2026年", "二○二六年", "二零二六年"),
        ("第二十三条", "第23条"),
        ("百分之五", "5%", "５％"),
        ("万分之五", "0.05%"),
        ("1.2万元", "12000元", "12,000元", "一万二千元", "1.2 万块钱"),
        ("五个工作日", "5个工作日", "5工作日"),
        ("年满十八周岁", "满18岁", "18周岁以上"),
        ("不满十八周岁", "未满18岁"),
        ("不超过五百元", "500元以下", "最多500元"),
        ("二〇二六年三月五日", "2026年3月5日", "2026-03-05"),
        ("8时30分", "8:30", "上午八点半"),
        ("云政发〔2026〕3号", "云政发[2026]3号"),
        ("80周岁至89周岁", "80-89岁", "八十至八十九周岁"),
        ("1至2万元", "10000元至20000元"),
        ("一点五倍", "1.5倍"),
        ("三分之一", "3分之1"),
        ("半年", "0.5年"),
        ("每月", "按月", "每个月"),
    ],
)
def test_one_value_in_many_spellings(spellings: tuple[str, ...]) -> None:
    first = only(spellings[0])
    assert all(agrees(only(spelling), first) for spelling in spellings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("80元", "80岁"),
        ("80周岁", "80周岁以上"),
        ("80周岁以上", "80周岁以下"),
        ("30日", "30个工作日"),
        ("30日内", "30日后"),
        ("3个月", "3年"),
        ("5%", "5‰"),
        ("每月", "每年"),
        ("第三条", "第三款"),
        ("2026年3月", "2026年4月"),
        ("云政发〔2026〕3号", "云政发〔2026〕4号"),
        ("1000元、1500元", "1500元、1000元"),
        ("超过60日", "60日"),
    ],
)
def test_another_thing(one: str, other: str) -> None:
    assert not agrees(only(one), only(other))


@pytest.mark.parametrize(
    "text", ["一致同意", "统一办理", "一次性告知", "万一", "三甲医院", "一般情况", "十分重要", "一件事"]
)
def test_a_numeral_inside_a_word_is_no_figure(text: str) -> None:
    assert shown(text) == []


def test_a_date_may_leave_out_its_year_but_not_its_day_and_may_name_the_end_of_a_period() -> None:
    period = only("2026年9月15日至2026年12月31日")
    assert agrees(only("9月15日至12月31日"), period)
    assert agrees(only("2026年12月31日截止"), period)
    assert agrees(only("2026年9月15日起"), period)
    assert not agrees(only("2026年9月15日截止"), period)
    assert not agrees(only("2026年"), only("2026年9月15日"))
    assert not agrees(only("2027年9月15日"), only("9月15日"))


def test_figures_stand_in_order_with_their_bounds() -> None:
    assert shown("16周岁以上不满18周岁的，每人每月100元") == [">=16岁", "<18岁", "每人", "每月", "100元"]
    assert shown("不得超过三个工作日") == ["3工作日"]  # a term ends within it, said or not
    assert shown("罚款不得超过三百元") == ["<=300元"]


@pytest.mark.parametrize("words", ["", "点五", "十点", "abc", "三x"])
def test_what_is_no_number_is_told(words: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        read_figure(words)


DIGITS = "零一二三四五六七八九"


def in_chinese(value: int) -> str:
    """Write a number below 100,000,000 the way documents do."""
    if value >= 10_000:
        above, below = divmod(value, 10_000)
        rest = "" if not below else ("零" if below < 1000 else "") + in_chinese(below)
        return f"{in_chinese(above)}万{rest}"
    words, pending = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, size)
        if digit:
            words += ("零" if pending and words else "") + DIGITS[digit] + name
            pending = False
        else:
            pending = True
    return words or "零"


@given(st.integers(min_value=0, max_value=99_999_999))
def test_a_number_written_in_chinese_is_read_back(value: int) -> None:
    assert read_figure(in_chinese(value)) == value


@given(
    st.integers(min_value=1, max_value=99_999),
    st.sampled_from(["元", "日", "个工作日", "周岁", "平方米", "倍"]),
)
def test_both_spellings_of_any_figure_agree_and_the_next_does_not(value: int, unit: str) -> None:
    source = only(f"{value}{unit}")
    assert agrees(only(f"{in_chinese(value)}{unit}"), source)
    assert not agrees(only(f"{value + 1}{unit}"), source)


@given(st.decimals(min_value=0, max_value=10_000, places=2))
def test_ten_thousand_times_is_written_out(value: Decimal) -> None:
    assert read_figure(f"{value}万") == value * 10_000


@given(
    st.text(
        alphabet="0123456789一二三十百千万点零第条年月日时元周岁至、不超过满以上下内后%分之〔〕号",
        max_size=30,
    )
)
def test_any_text_is_read_without_fault_and_without_overlap(text: str) -> None:
    folded = fold_figures(text)
    found = find_quantities(folded)
    for one, following in pairwise(found):
        assert one.end <= following.start
    assert all(0 <= each.start < each.end <= len(folded) for each in found)
