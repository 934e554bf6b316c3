"""The secrecy marking of a document, told from words about secrecy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.records import Block, BlockKind
from knowledge_base.secrecy import HEAD_BLOCKS, secrecy_marking

BODY = "为做好有关工作，现将有关事项通知如下。"


def blocks(*lines: str) -> list[Block]:
    return [Block(BlockKind.PARAGRAPH, line) for line in lines]


@pytest.mark.parametrize(
    ("lines", "marking"),
    [
        (["秘密★1年", BODY], "秘密★1年"),
        (["000012", "机密★", "特急", BODY], "机密★"),
        (["绝密", BODY], "绝密"),
        (["机 密", BODY], "机密"),
        (["秘 密 ★ 10 年"], "秘密★10年"),
        (["绝密★启用前"], "绝密★启用前"),
        (["机密☆长期"], "机密☆长期"),
        (["机密级★３年"], "机密级★３年"),
        (["【秘密】"], "秘密"),
        (["密级：机密"], "机密"),
        (["密 级: 秘密★5年 紧急程度: 特急"], "秘密★5年"),
        (["份号：000001 密级：机密"], "机密"),
        (["000001 机密★1年"], "机密★1年"),
        (["№ 000001 机密"], "机密"),
        (["机密 特急"], "机密"),
        (["云州市人民政府文件 机密★1年"], "机密★1年"),
        (["機密★1年"], "機密★1年"),
        ([BODY] * 40 + ["附件1", "秘密★3年", "名单"], "秘密★3年"),
    ],
)
def test_a_marking_is_found(lines: list[str], marking: str) -> None:
    assert secrecy_marking(blocks(*lines)) == marking


@pytest.mark.parametrize(
    "line",
    [
        "中华人民共和国保守国家秘密法",
        "《中华人民共和国保守国家秘密法》",
        "第三条 保守国家秘密是公民的义务。",
        "行政机关对涉及商业秘密、个人隐私的信息不予公开。",
        "国家秘密的密级分为绝密、机密、秘密三级。",
        "密级：公开",
        "密级：机密、秘密两级的文件由专人保管。",
        "商业秘密",
        "保密期限为“秘密★1年”的，应当在首页标注。",
        "绝密级国家秘密是最重要的国家秘密",
        "机密件的传递",
        "秘密投票",
        "第一条 秘密",
    ],
)
def test_words_about_secrecy_are_not_a_marking(line: str) -> None:
    assert secrecy_marking(blocks(line, BODY)) is None


def test_a_bare_word_counts_in_the_first_blocks_only() -> None:
    assert secrecy_marking(blocks(*[BODY] * (HEAD_BLOCKS - 1), "秘密")) == "秘密"
    assert secrecy_marking(blocks(*[BODY] * HEAD_BLOCKS, "秘密")) is None


def test_table_rows() -> None:
    def row(text: str, header: str = "") -> list[Block]:
        return [Block(BlockKind.TABLE_ROW, text, header=header)]

    assert secrecy_marking(row("文号 | 云政发〔2026〕3号 | 密级 | 机密")) == "机密"
    assert secrecy_marking(row("000012 | 机密★1年")) == "机密★1年"
    assert secrecy_marking(row("标题", header="000012 | 机密★1年")) == "机密★1年"
    assert secrecy_marking(row("第一类事项 | 机密 | 10年", header="事项 | 密级 | 期限")) is None


def test_nothing_bears_no_marking() -> None:
    assert secrecy_marking([]) is None


MARKS = st.sampled_from(["绝密", "机密", "秘密"])
TERMS = st.sampled_from(["", "长期"]) | st.integers(1, 30).map(lambda years: f"{years}年")
ORDINARY = st.text(st.sampled_from("申请人应当提交材料，。《》保守国家商业"), min_size=1)


@given(MARKS, TERMS, st.lists(ORDINARY, max_size=30), st.lists(ORDINARY, max_size=5))
def test_a_starred_line_counts_wherever_it_stands(
    mark: str, term: str, before: list[str], after: list[str]
) -> None:
    assert secrecy_marking(blocks(*before, f"{mark}★{term}", *after)) == f"{mark}★{term}"


@given(ORDINARY, MARKS, ORDINARY)
def test_a_word_within_running_text_never_counts(before: str, mark: str, after: str) -> None:
    assert secrecy_marking(blocks(f"{before}{mark}{after}")) is None
