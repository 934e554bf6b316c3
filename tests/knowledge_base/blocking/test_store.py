"""The block list in SQL: all or none, with its history, on top of the project's, read when it changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge_base.blocking.records import BlockDraft, BlockLevel, BlockWord
from knowledge_base.blocking.sheets import packaged_block_words, read_block_words, write_block_words
from knowledge_base.blocking.store import BlockStore, LiveBlockList
from knowledge_base.database import open_database
from knowledge_base.errors import KnowledgeError, WordsRejected
from knowledge_base.following import LOOK_EVERY_S

PACKAGED = (BlockWord("傻逼", BlockLevel.MASK, "辱骂"),)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def blocks(engine: Engine) -> BlockStore:
    return BlockStore(engine, PACKAGED)


def draft(word: str, level: BlockLevel = BlockLevel.REFUSE, row: int = 1) -> BlockDraft:
    return BlockDraft(row, BlockWord(word, level, "广告"))


def test_words_are_kept_plain_with_who_and_when(blocks: BlockStore) -> None:
    change = blocks.add([draft(" 加 Ｖ 領錢！")], by="张三")
    assert [word.word for word in change.added] == ["加v领钱"]
    (record,) = blocks.records()
    assert (record.added_by, record.removed_at) == ("张三", None)
    assert {word.word for word in blocks.in_use()} == {"傻逼", "加v领钱"}


def test_adding_again_changes_the_level_or_nothing(blocks: BlockStore) -> None:
    blocks.add([draft("加微领钱")], by="张三")
    before = blocks.revision()
    assert blocks.add([draft("加微领钱")], by="李四").unchanged
    assert blocks.add([draft("加微领钱", BlockLevel.ALERT)], by="李四").changed
    assert [record.word.level for record in blocks.records()] == [BlockLevel.ALERT]
    assert [record.removed_by for record in blocks.records(removed=True)] == ["李四"]
    assert blocks.revision() > before


def test_removing_a_packaged_word_hides_it_and_adding_it_brings_it_back(blocks: BlockStore) -> None:
    assert blocks.remove(["傻 逼"], by="张三").removed[0].hides
    assert blocks.in_use() == ()
    with pytest.raises(WordsRejected, match="没有可移除的"):
        blocks.remove(["傻逼"], by="张三")
    blocks.add([draft("傻逼", BlockLevel.ALERT)], by="张三")
    assert [word.level for word in blocks.in_use()] == [BlockLevel.ALERT]


def test_one_fault_and_nothing_is_added(blocks: BlockStore) -> None:
    with pytest.raises(WordsRejected) as rejected:
        blocks.add(
            [draft("加微领钱"), draft("。", row=2), draft("加微 领钱", row=3), draft("长" * 41, row=4)], by=""
        )
    assert [fault.row for fault in rejected.value.faults] == [2, 3, 4]
    assert blocks.records() == ()
    with pytest.raises(WordsRejected):
        blocks.remove(["从来没有"], by="")


def test_a_running_process_takes_up_a_change_within_a_second(blocks: BlockStore) -> None:
    now = [0.0]
    live = LiveBlockList(blocks, monotonic_s=lambda: now[0])
    assert live.get().find("加微领钱") == ()
    blocks.add([draft("加微领钱")], by="张三")
    assert live.get().find("加微领钱") == ()  # looked at a moment ago
    now[0] += LOOK_EVERY_S
    assert live.get().find("加微领钱")


def test_without_a_database_the_last_list_goes_on(
    blocks: BlockStore, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    live = LiveBlockList(blocks, monotonic_s=lambda: now[0])
    matcher = live.get()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE state")
    now[0] += LOOK_EVERY_S
    assert live.get() is matcher
    assert "the last one goes on" in caplog.text


def test_a_sheet_is_read_as_it_was_written(tmp_path: Path) -> None:
    sheet = tmp_path / "词.csv"
    words = [BlockWord("加微领钱", BlockLevel.REFUSE, "广告", "投诉多"), BlockWord("傻逼", BlockLevel.MASK)]
    write_block_words(sheet, words)
    assert [each.word for each in read_block_words(sheet)] == words


def test_a_cell_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    sheet = tmp_path / "词.tsv"
    sheet.write_text("# 说明\n词\t级别\n加微领钱\t很重\n傻逼\t遮盖\t辱骂\t\t多了\n", encoding="gb18030")
    with pytest.raises(WordsRejected) as rejected:
        read_block_words(sheet)
    assert [(fault.row, fault.column) for fault in rejected.value.faults] == [(3, "级别"), (4, "备注")]
    with pytest.raises(KnowledgeError, match="无法读取"):
        read_block_words(tmp_path / "没有.csv")


def test_the_packaged_list_is_small_and_holds(blocks: BlockStore) -> None:
    words = packaged_block_words()
    assert 40 <= len(words) <= 100
    assert {word.level for word in words} == set(BlockLevel)
    assert blocks.add([BlockDraft(row, word) for row, word in enumerate(words, 1)], by="").added
