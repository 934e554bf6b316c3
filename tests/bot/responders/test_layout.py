"""How a quotation is laid out: what is a list in the document is a list in the answer."""

from hypothesis import given
from hypothesis import strategies as st

from bot.responders.layout import Part, item_starts, lay_out, lay_out_rows

LINES = st.lists(
    st.sampled_from(
        (
            "第六条　申请人应当提交下列材料：",
            "（一）身份证；",
            "（二）户口簿。",
            "1.申请表；",
            "2．照片",
            "1. 到窗口申请。",
            "从事经营的，另行登记。",
            "　　逾期不办的，处二百元罚款：",
            "",
            "  ",
        )
    ),
    max_size=8,
)


def test_a_paragraph_is_one_part() -> None:
    assert lay_out("养犬登记不收费。\n年检也不收费。") == (Part("养犬登记不收费。\n年检也不收费。"),)


def test_a_list_keeps_the_words_that_introduce_it_and_those_after_it() -> None:
    text = "申请应当在三十日内提出。\n申请时提交：\n（一）身份证；\n（二）免疫证。\n材料不齐的，当场告知。"
    assert lay_out(text) == (
        Part("申请应当在三十日内提出。"),
        Part("申请时提交：", ("（一）身份证；", "（二）免疫证。")),
        Part("材料不齐的，当场告知。"),
    )


def test_numbered_lines_under_a_heading_are_a_list_without_introduction() -> None:
    text = "1.登记申请书；\n2.公司章程；\n3.住所证明。\n从事许可经营的，另行取得批准。"
    assert lay_out(text) == (
        Part("", ("1.登记申请书；", "2.公司章程；", "3.住所证明。")),
        Part("从事许可经营的，另行取得批准。"),
    )


def test_a_single_numbered_line_is_a_provision_and_not_a_list() -> None:
    assert lay_out("（三）停车30分钟以内免费。") == (Part("（三）停车30分钟以内免费。"),)


def test_a_single_item_is_one_where_words_introduce_it() -> None:
    assert lay_out("（二）材料如下：\n1.身份证。") == (Part("（二）材料如下：", ("1.身份证。",)),)


def test_items_below_items_stay_in_the_list() -> None:
    text = "提交下列材料：\n（一）身份证明：\n1.居民身份证；\n（二）申请表。"
    assert lay_out(text) == (
        Part("提交下列材料：", ("（一）身份证明：", "1.居民身份证；", "（二）申请表。")),
    )


@given(LINES)
def test_the_parts_hold_all_of_the_quotation_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = lay_out(text)
    laid = [line for part in parts for line in (*part.text.split("\n"), *part.items) if line]
    assert laid == [line.strip() for line in lines if line.strip()]
    assert all(text.startswith(("（", "1", "2"), start) for start in item_starts(text))


def test_cells_stand_beside_their_columns() -> None:
    header = "年龄段 | 每人每月标准 | 原标准"
    assert lay_out_rows(["100周岁以上 | 500元 | "], header) == (
        Part("", ("年龄段：100周岁以上", "每人每月标准：500元")),
    )
    assert lay_out_rows(["80周岁以上 | 80元 | 60元", "100周岁以上 | 500元 | 400元"], header) == (
        Part(
            "",
            (
                "年龄段：80周岁以上；每人每月标准：80元；原标准：60元",
                "年龄段：100周岁以上；每人每月标准：500元；原标准：400元",
            ),
        ),
    )


def test_a_table_of_names_and_values_needs_no_header() -> None:
    assert lay_out_rows(["咨询电话 | 0999-1234540 | 0999-1234541"], "") == (
        Part("", ("咨询电话：0999-1234540，0999-1234541",)),
    )


def test_cells_that_do_not_match_the_columns_are_not_given_wrong_names() -> None:
    assert lay_out_rows(["一类区域 | 5元"], "区域 | 首小时 | 最高") == (Part("", ("一类区域：5元",)),)


def test_a_column_without_a_name_shows_its_cell_alone() -> None:
    assert lay_out_rows(["合计 | 9元"], " | 金额") == (Part("", ("合计", "金额：9元")),)
