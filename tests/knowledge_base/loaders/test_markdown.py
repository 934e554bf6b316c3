"""Markdown as policy libraries write it."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.loaders import markdown
from knowledge_base.records import Block, BlockKind


def texts(source: str) -> list[str]:
    return [block.text for block in markdown.read(source.encode())]


def test_a_law_keeps_one_block_per_line() -> None:
    source = """# 云州市养犬管理条例

2025年6月1日 云州市人民代表大会常务委员会通过

<!-- INFO END -->

## 第一章　总　则

第一条　为了规范养犬行为，制定本条例。
第二条　本条例适用于本市。

（一）个人养犬；
"""
    assert markdown.read(source.encode()) == (
        Block(BlockKind.HEADING, "云州市养犬管理条例", level=1),
        Block(BlockKind.PARAGRAPH, "2025年6月1日 云州市人民代表大会常务委员会通过"),
        Block(BlockKind.HEADING, "第一章 总 则", level=2),
        Block(BlockKind.PARAGRAPH, "第一条 为了规范养犬行为，制定本条例。"),
        Block(BlockKind.PARAGRAPH, "第二条 本条例适用于本市。"),
        Block(BlockKind.PARAGRAPH, "（一）个人养犬；"),
    )


def test_table_rows_carry_their_header() -> None:
    source = """缴费标准如下：

| 档次 | 年缴费额 | 补贴 |
|:---|---:|:---:|
| 一档 | **200**元 | 30元 |
|  |  |  |
| 二档 | 500元 | 其他\\|另定 |
以上标准每年调整。
"""
    header = "档次 | 年缴费额 | 补贴"
    assert markdown.read(source.encode()) == (
        Block(BlockKind.PARAGRAPH, "缴费标准如下："),
        Block(BlockKind.TABLE_ROW, "一档 | 200元 | 30元", header=header),
        Block(BlockKind.TABLE_ROW, "二档 | 500元 | 其他|另定", header=header),
        Block(BlockKind.PARAGRAPH, "以上标准每年调整。"),
    )


def test_markup_is_reduced_to_its_words() -> None:
    assert texts('**办理时限**：*5个*工作日，见[办事指南](https://a.example/x "t")') == [
        "办理时限：5个工作日，见办事指南"
    ]
    assert texts("- 身份证\n* 户口簿\n> 引用\n- [x] 已备") == ["身份证", "户口簿", "引用", "已备"]
    assert texts("网址 <https://zwfw.yunzhou.example/>；`task_code` 与 a_b_c\n\n---\n\n## 材料 ##") == [
        "网址 https://zwfw.yunzhou.example/；task_code 与 a_b_c",
        "材料",
    ]


def test_the_texts_own_signs_stay() -> None:
    kept = ["1.身份证", "（1）原件", "3*4=12，5*6=30", "机密性<通知>", "①表格", "#1 窗口", "1\\.5"]
    assert texts("\n".join(kept)) == [*kept[:-1], "1.5"]


def test_a_comment_over_several_lines_is_dropped() -> None:
    assert texts("甲\n<!-- 第一行\n第二行 -->\n乙") == ["甲", "乙"]


@given(st.text(st.sampled_from("第一条申请人，。#|*_`[]()<>!-\\ \n1.\u3000"), max_size=60))
def test_no_letter_is_lost_or_invented(source: str) -> None:
    def letters(written: str) -> str:
        return "".join(each for each in written if each.isalnum())

    read = markdown.read(source.encode())
    rows = "".join(f"{block.text}{block.header}" for block in read)
    assert set(letters(rows)) <= set(letters(source))
    if "|" not in source and "](" not in source and "<!" not in source and "`" not in source:
        assert letters("".join(block.text for block in read)) == letters(source)
