"""Plain text and its encodings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import load, text
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.records import Block, BlockKind

NOTICE = """云州市人民政府办公室关于调整高龄津贴标准的通知

　　一、年满80周岁的本市户籍老年人，每人每月发放１００元。
　　二、本通知自2026年3月1日起施行。
"""
LINES = [
    "云州市人民政府办公室关于调整高龄津贴标准的通知",
    "一、年满80周岁的本市户籍老年人，每人每月发放１００元。",
    "二、本通知自2026年3月1日起施行。",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32"])
def test_each_line_is_a_paragraph_whatever_the_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "通知.txt"
    file.write_bytes(NOTICE.replace("\n", "\r\n").encode(encoding))
    assert load(file) == tuple(Block(BlockKind.PARAGRAPH, line) for line in LINES)


def test_traditional_characters_in_gb18030_are_text() -> None:
    line = "個人所得稅專項附加扣除，包括子女教育、繼續教育、大病醫療、住房貸款利息。"
    assert text.read(line.encode("gb18030")) == (Block(BlockKind.PARAGRAPH, line),)


def test_rare_characters_of_gb18030_are_kept() -> None:
    assert (
        text.read("申请人：𠮷田喆，住云州市㙟头村。".encode("gb18030"))[0].text
        == "申请人：𠮷田喆，住云州市㙟头村。"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (NOTICE.encode("utf-16-le"), "没有字节顺序标记的 UTF-16"),
        ("申請人應當向戶籍所在地提出書面申請，並提交身分證明文件。".encode("big5"), "可读的只占"),
        (NOTICE.encode().decode("gb18030", "ignore").encode(), "常用字只占"),
        (NOTICE.encode("gb18030").decode("latin-1").encode(), "控制字符|可读的只占"),
        ("高龄津贴\ufffd\ufffd标准".encode(), "有 2 个无法还原的字符，第一个在第 1 行"),
        ("第一行\n第二行\x00".encode(), "第 2 行有控制字符（U\\+0000）"),
        (b"\xef\xbb\xbf\xd4\xc6\xd6\xdd", "文件标明 utf-8"),
        (b"\xff\xfa\x81 " * 9, "按 gb18030 第 0 字节起读不通"),
    ],
)
def test_other_encodings_are_refused_with_the_cure(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        text.read(data)


def test_tidy_keeps_full_width_forms_and_drops_what_cannot_be_seen() -> None:
    assert tidy("　第　一　章　　总\u200b则\u00ad ") == "第 一 章 总则"
    assert tidy("（１）Ａ，ｂ") == "（１）Ａ，ｂ"
    assert tidy("e\u0301") == "é"
    assert tidy("第\x00一\x07条\x7f") == "第一条"


@given(st.text())
def test_tidying_twice_changes_nothing(written: str) -> None:
    assert tidy(tidy(written)) == tidy(written)


HANZI = st.text(st.sampled_from("一二三年月日的市政府办法条申请人，。；：（）《》 123ab"), min_size=1).map(
    tidy
)


@given(st.lists(HANZI.filter(bool), min_size=1), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
def test_lines_come_back_as_written(lines: list[str], encoding: str) -> None:
    lines = ["第一条", *lines]  # 一 alone is two bytes in GB18030 that are also a letter in UTF-8
    assert [block.text for block in text.read("\n\n".join(lines).encode(encoding))] == lines


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        blocks = text.read(data)
    except UnreadableFile:
        return
    assert all(block.text == tidy(block.text) for block in blocks)
