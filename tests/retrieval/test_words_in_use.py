"""Words reach the index in use: at once where only questions change, else with an index of their own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from knowledge_base.errors import StoreError
from knowledge_base.store import KnowledgeStore
from knowledge_base.word_store import WordStore
from knowledge_base.words import Word, WordDraft, WordKind
from retrieval.hybrid import HybridIndex
from retrieval.indexing import Indexer
from retrieval.lexicon import load_lexicon, load_lists
from retrieval.live_index import LiveIndex
from retrieval.query import QueryReader
from retrieval.rebuilding import RETRY_AFTER_S, BackgroundBuild
from tests.retrieval.fakes import BigramEncoder
from tests.retrieval.test_indexing import FEE, TERM, Clock, current, land

CARD = "第三条 青岚惠民卡每年年审一次。"
WHOLE = Word(WordKind.DICTIONARY, "青岚惠民卡")


@pytest.fixture
def words(store: KnowledgeStore) -> WordStore:
    return WordStore(store._engine, load_lists().packaged)


@pytest.fixture
def encoder() -> BigramEncoder:
    return BigramEncoder()


@pytest.fixture
def indexer(store: KnowledgeStore, words: WordStore, encoder: BigramEncoder, tmp_path: Path) -> Indexer:
    land(store, FEE, TERM, CARD)
    indexer = Indexer(store, encoder, tmp_path / "index", words=words)
    indexer.catch_up()
    return indexer


def add(words: WordStore, *those: Word) -> None:
    words.add([WordDraft(row, word) for row, word in enumerate(those, start=1)], by="张三")


def agree(index: HybridIndex, word: str) -> bool:
    """Say whether a word of the question is one of the index's own."""
    return word in index._texts._index.vocab_dict and word in index.reader.read(word).words


@pytest.mark.slow
def test_synonyms_and_typos_reach_every_worker_within_a_second_without_a_new_index(
    indexer: Indexer, words: WordStore, store: KnowledgeStore, encoder: BigramEncoder, tmp_path: Path
) -> None:
    clock = Clock()
    other = Indexer(store, encoder, tmp_path / "index", words=words)
    workers = [LiveIndex(each, on_outdated=pytest.fail, monotonic_s=clock) for each in (indexer, other)]
    for worker in workers:
        assert worker.get().reader.read("薅羊毛").expansions == ()
    before = current(indexer)
    add(words, Word(WordKind.SYNONYM, "薅羊毛", ("登记费",)), Word(WordKind.TYPO, "瞪记", ("登记",)))
    clock.passes(1.1)
    for worker in workers:
        query = worker.get().reader.read("瞪记薅羊毛")
        assert query.text == "登记薅羊毛"
        assert [found.official for found in query.expansions] == [("登记费",)]
    assert current(indexer) == before
    words.remove(WordKind.SYNONYM, ["薅羊毛"], by="张三")
    clock.passes(1.1)
    assert workers[0].get().reader.read("薅羊毛").expansions == ()


def test_an_index_and_the_words_it_is_asked_in_never_disagree(
    indexer: Indexer, words: WordStore, encoder: BigramEncoder
) -> None:
    clock = Clock()
    outdated: list[int] = []
    live = LiveIndex(indexer, on_outdated=lambda: outdated.append(1), monotonic_s=clock)
    assert not agree(live.get(), "青岚惠民卡")
    add(words, WHOLE)
    clock.passes(1.1)
    old = live.get()
    assert outdated
    assert "青岚惠民卡" not in old.reader.read("青岚惠民卡").words
    assert len(old.search(["惠民卡年审"])[0]) == 3
    encoder.encoded.clear()
    assert indexer.catch_up()
    assert encoder.encoded == []
    clock.passes(1.1)
    assert agree(live.get(), "青岚惠民卡")
    assert "青岚惠民卡" not in old.reader.read("青岚惠民卡").words, (
        "a turn under way keeps what it began with"
    )


def test_a_snapshot_of_other_words_is_opened_with_its_own_after_a_restart(
    indexer: Indexer, words: WordStore, store: KnowledgeStore, tmp_path: Path
) -> None:
    add(words, WHOLE, Word(WordKind.SYNONYM, "薅羊毛", ("登记费",)))
    restarted = Indexer(store, BigramEncoder(), tmp_path / "index", words=words)
    query = restarted.open(current(restarted)).reader.read("青岚惠民卡薅羊毛")
    assert "青岚惠民卡" not in query.words
    assert query.expansions
    assert restarted.catch_up()
    assert not restarted.catch_up()
    assert agree(restarted.open(current(restarted)), "青岚惠民卡")


def test_words_taken_back_before_the_index_is_built_need_none(indexer: Indexer, words: WordStore) -> None:
    add(words, WHOLE)
    words.remove(WordKind.DICTIONARY, [WHOLE.word], by="张三")
    assert not indexer.catch_up()


def test_a_reader_that_cuts_otherwise_is_refused(indexer: Indexer) -> None:
    index = indexer.open(current(indexer))
    other = QueryReader(load_lexicon(words=(WHOLE,)))
    with pytest.raises(ValueError, match="needs an index cut otherwise"):
        index.with_reader(other)
    with pytest.raises(ValueError, match="0 passages are not the 3"):
        index.cut_anew([], other)


def test_a_database_that_refuses_leaves_the_last_known_words(
    indexer: Indexer, words: WordStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    live = LiveIndex(indexer, monotonic_s=clock)
    good = live.get()

    def locked() -> int:
        raise StoreError("词表无法读取：database is locked") from OperationalError("", {}, Exception())

    monkeypatch.setattr(words, "revision", locked)
    clock.passes(1.1)
    assert live.get() is good
    assert "keeping the last known words" in caplog.text


@pytest.fixture
def slow(indexer: Indexer, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """Let every build wait until it is told to go on."""
    go, begun = threading.Event(), list[int]()
    build: Callable[[], bool] = indexer.catch_up

    def wait_then_build(*_: object, **__: object) -> bool:
        begun.append(1)
        assert go.wait(10)
        return build()

    monkeypatch.setattr(indexer, "catch_up", wait_then_build)
    yield go, begun
    go.set()


@pytest.mark.slow
def test_while_the_next_index_is_built_the_old_one_serves_and_it_is_built_once(
    indexer: Indexer, words: WordStore, slow: tuple[threading.Event, list[int]]
) -> None:
    go, begun = slow
    clock = Clock()
    building = BackgroundBuild(indexer)
    live = LiveIndex(indexer, on_outdated=building.start, monotonic_s=clock)
    live.get()
    add(words, WHOLE)
    for _ in range(3):
        clock.passes(1.1)
        assert not agree(live.get(), "青岚惠民卡")
    assert begun == [1]
    go.set()
    building.wait()
    clock.passes(1.1)
    assert agree(live.get(), "青岚惠民卡")
    clock.passes(1.1)
    live.get()
    assert begun == [1]


def test_a_build_that_failed_is_told_and_tried_again_later(
    indexer: Indexer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def full_disk(*_: object, **__: object) -> bool:
        tries.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(indexer, "catch_up", full_disk)
    clock = Clock()
    building = BackgroundBuild(indexer, monotonic_s=clock)
    for _ in range(2):
        building.start()
        building.wait()
    assert tries == [1]
    assert "No space left on device" in caplog.text
    clock.passes(RETRY_AFTER_S + 1)
    building.start()
    building.wait()
    assert tries == [1, 1]
