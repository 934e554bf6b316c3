"""Sheets of words as offices make them: with BOM, in GB18030, with tabs, with mistakes."""

from pathlib import Path

import pytest

from knowledge_base.errors import KnowledgeError, WordsRejected
from knowledge_base.word_files import read_words, write_words
from knowledge_base.words import Word, WordDraft, WordKind

SYNONYMS = "口语,公文用语,双向\n炒鱿鱼,解除劳动合同|辞退,否\n\n租房补贴,住房租赁补贴,是\n"
EXPECTED = (
    WordDraft(2, Word(WordKind.SYNONYM, "炒鱿鱼", ("解除劳动合同", "辞退"))),
    WordDraft(4, Word(WordKind.SYNONYM, "租房补贴", ("住房租赁补贴",), two_way=True)),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(("suffix", "separator"), [("csv", ","), ("tsv", "\t"), ("txt", "\t")])
def test_a_sheet_is_read_in_every_form(tmp_path: Path, encoding: str, suffix: str, separator: str) -> None:
    path = tmp_path / f"words.{suffix}"
    path.write_bytes(SYNONYMS.replace(",", separator).encode(encoding))
    assert read_words(path, WordKind.SYNONYM) == EXPECTED


def test_a_sheet_needs_no_heading_and_not_every_column(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("灵活就业\n停工留薪期,900,n\n", encoding="utf-8")
    assert [draft.word for draft in read_words(path, WordKind.DICTIONARY)] == [
        Word(WordKind.DICTIONARY, "灵活就业"),
        Word(WordKind.DICTIONARY, "停工留薪期", frequency=900, tag="n"),
    ]


def test_cells_that_cannot_be_understood_are_told_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("词,词频,词性\n甲词,许多\n乙词,1,n,多余\n", encoding="utf-8")
    with pytest.raises(WordsRejected) as rejected:
        read_words(path, WordKind.DICTIONARY)
    assert list(map(str, rejected.value.faults)) == [
        "第 2 行，词频：“许多”不是整数；不知道就留空",
        "第 3 行，词性：有 4 格，最多 3 格，多出的是“多余”",
    ]
    path.write_text("甲词,乙词,也许\n", encoding="utf-8")
    with pytest.raises(WordsRejected, match="第 1 行，双向：“也许”应当是“是”或“否”"):
        read_words(path, WordKind.SYNONYM)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes(b"\xff\xff\xff")
    with pytest.raises(KnowledgeError, match="既不是 UTF-8 也不是 GB18030"):
        read_words(path, WordKind.STOP)


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize(
    "word",
    [
        Word(WordKind.DICTIONARY, "停工留薪期", frequency=900, tag="n"),
        Word(WordKind.DICTIONARY, "灵活就业"),
        Word(WordKind.SYNONYM, "炒,鱿鱼", ("解除劳动合同", "辞退"), two_way=True),
        Word(WordKind.STOP, "麻溜"),
        Word(WordKind.TYPO, "公鸡金", ("公积金",)),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str, word: Word) -> None:
    path = tmp_path / f"words.{suffix}"
    write_words(path, word.kind, [word])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_words(path, word.kind) == (WordDraft(2, word),)
