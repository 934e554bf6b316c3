"""The operators' words in SQL: added, changed, removed, brought back, by whom; all or none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import WordsRejected
from knowledge_base.word_store import WordStore
from knowledge_base.words import PackagedWords, Word, WordDraft, WordKind
from tests.databases import DATABASES

SYNONYM, STOP = WordKind.SYNONYM, WordKind.STOP
FIRED = Word(SYNONYM, "炒鱿鱼", ("解除劳动合同",))


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = open_database(new_database(request.param))
    yield engine
    engine.dispose()


@pytest.fixture
def words(engine: Engine) -> WordStore:
    return WordStore(engine, PackagedWords(stopwords=frozenset({"请问"}), synonyms={"老板": ("用人单位",)}))


def drafts(*words: Word) -> list[WordDraft]:
    return [WordDraft(row, word) for row, word in enumerate(words, start=1)]


def test_added_words_are_in_use_with_who_and_when(words: WordStore) -> None:
    change = words.add(drafts(FIRED), by="张三")
    assert (change.added, words.in_use()) == ((FIRED,), (FIRED,))
    (record,) = words.records(SYNONYM)
    assert (record.word, record.added_by, record.removed_at) == (FIRED, "张三", None)
    assert words.records(STOP) == ()


def test_every_change_raises_the_revision_and_none_touches_that_of_the_documents(
    words: WordStore, engine: Engine
) -> None:
    from knowledge_base.store import KnowledgeStore

    assert words.revision() == 0
    words.add(drafts(FIRED), by="张三")
    words.remove(SYNONYM, ["炒鱿鱼"], by="张三")
    assert words.revision() == 2
    assert KnowledgeStore(engine).revision() == 0


def test_the_same_again_changes_nothing_and_other_contents_take_its_place(words: WordStore) -> None:
    words.add(drafts(FIRED), by="张三")
    assert words.add(drafts(FIRED), by="李四").unchanged == (FIRED,)
    other = Word(SYNONYM, "炒鱿鱼", ("解除劳动合同", "经济补偿"))
    assert words.add(drafts(other), by="李四").changed == (other,)
    assert words.in_use() == (other,)
    (old,) = words.records(removed=True)
    assert (old.word, old.added_by, old.removed_by) == (FIRED, "张三", "李四")


def test_words_are_kept_as_they_are_matched(words: WordStore) -> None:
    words.add(drafts(Word(SYNONYM, " 勞保ＡＢＣ ", ("勞動保障", "劳动保障"))), by="张三")
    assert words.in_use() == (Word(SYNONYM, "劳保abc", ("劳动保障",)),)


def test_one_fault_and_nothing_is_added(words: WordStore) -> None:
    with pytest.raises(WordsRejected, match="第 2 行，词：自带的停用词里已有“请问”") as rejected:
        words.add(drafts(Word(STOP, "麻溜"), Word(STOP, "请问")), by="张三")
    assert [(fault.row, fault.column) for fault in rejected.value.faults] == [(2, "词")]
    assert (words.in_use(), words.revision()) == ((), 0)


def test_a_removed_word_comes_back_as_it_was(words: WordStore) -> None:
    words.add(drafts(FIRED), by="张三")
    assert words.remove(SYNONYM, ["炒鱿鱼"], by="李四").removed == (FIRED,)
    assert words.in_use() == ()
    assert words.restore(SYNONYM, ["炒鱿鱼"], by="王五").added == (FIRED,)
    assert words.in_use() == (FIRED,)
    assert [record.added_by for record in words.records()] == ["王五"]
    assert words.restore(SYNONYM, ["炒鱿鱼"], by="王五").unchanged == (FIRED,)


def test_a_packaged_word_is_hidden_and_shown_again(words: WordStore) -> None:
    hidden = Word(STOP, "请问", hides=True)
    assert words.remove(STOP, ["请问"], by="张三").removed == (hidden,)
    assert words.in_use() == (hidden,)
    words.restore(STOP, ["请问"], by="张三")
    assert words.in_use() == ()


def test_what_is_nowhere_cannot_be_removed_or_restored(words: WordStore) -> None:
    with pytest.raises(WordsRejected, match="第 2 行，词：“麻溜”不在词表里"):
        words.remove(STOP, ["请问", "麻溜"], by="张三")
    with pytest.raises(WordsRejected, match="“麻溜”没有被移除过"):
        words.restore(STOP, ["麻溜"], by="张三")
    assert words.in_use() == ()


def test_a_word_that_no_longer_holds_does_not_come_back(words: WordStore) -> None:
    words.add(drafts(FIRED), by="张三")
    words.remove(SYNONYM, ["炒鱿鱼"], by="张三")
    words.add(drafts(Word(STOP, "炒鱿鱼")), by="张三")
    with pytest.raises(WordsRejected, match="也是停用词"):
        words.restore(SYNONYM, ["炒鱿鱼"], by="张三")


def test_checking_writes_nothing(words: WordStore) -> None:
    assert words.check(drafts(FIRED)) == (FIRED,)
    assert (words.in_use(), words.revision()) == ((), 0)


def test_a_database_of_the_first_schema_gets_the_table(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, inspect

    from knowledge_base.database import MIGRATIONS

    url = f"sqlite:///{tmp_path / 'old.db'}"
    old = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert "words" not in inspect(connection).get_table_names()
    old.dispose()
    engine = open_database(url)
    assert WordStore(engine, PackagedWords()).add(drafts(FIRED), by="张三").added == (FIRED,)
    engine.dispose()
