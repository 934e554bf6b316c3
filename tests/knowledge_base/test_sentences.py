import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_stops_and_line_breaks_end_a_sentence() -> None:
    assert sentences("可以申请；材料齐全的，当场受理。\n不收费") == [
        "可以申请；",
        "材料齐全的，当场受理。",
        "不收费",
    ]


@pytest.mark.parametrize(
    "whole",
    [
        "所称“本市户籍。含集体户”是指在本市登记的常住户口。",
        "依照《甲办法（试行）。》办理（详见附件；另附说明。），不另行通知。",
        "按照1.5倍计发。",
        "依照本办法第十五条第一款办理。",
        "（一）未按时申报的，处五十元罚款；情节严重的，处二百元罚款；",
    ],
)
def test_what_stays_whole(whole: str) -> None:
    assert sentences(whole) == [whole]


def test_a_quotation_that_ends_a_sentence_ends_it() -> None:
    assert sentences("牌上写明“请勿停车。”违者拖离。") == ["牌上写明“请勿停车。”", "违者拖离。"]


def test_a_long_item_is_divided_at_full_stops_only() -> None:
    first = "（一）发放标准。" + "八十至八十九周岁每人每月一百元；" * 7 + "其余另定。"
    assert sentences(first + "按季发放。") == [
        "（一）发放标准。",
        first.removeprefix("（一）发放标准。"),
        "按季发放。",
    ]


@settings(deadline=None)
@given(st.text(alphabet="甲乙。；，！\n（）“”《》1.一、 \u3000", max_size=80))
def test_spans_hold_every_character_once_and_in_order(text: str) -> None:
    spans = sentence_spans(text)
    held = [position for start, end in spans for position in range(start, end)]
    assert held == sorted(set(held))
    assert all(text[n].isspace() for n in range(len(text)) if n not in set(held))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
