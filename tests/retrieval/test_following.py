"""A machine that only reads catches up with a database that another machine writes to."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import EncoderError, StoreError
from knowledge_base.store import KnowledgeStore
from knowledge_base.word_store import WordStore
from knowledge_base.words import PackagedWords, Word, WordDraft, WordKind
from retrieval import following, rebuilding
from retrieval.contracts import PassageVectors, Span
from retrieval.following import MOST_PATIENCE_S, Follower
from retrieval.indexing import Indexer
from retrieval.live_index import LiveIndex
from retrieval.rebuilding import BackgroundBuild
from retrieval.snapshots import Stamp
from tests.databases import DATABASES
from tests.retrieval.fakes import BigramEncoder
from tests.retrieval.test_indexing import FEE, PENALTY, TERM, Clock, current, land


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The other machine's connection to the same database."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def there(engine: Engine, tmp_path: Path) -> Indexer:
    """The other machine: the same database, a data directory of its own."""
    return Indexer(KnowledgeStore(engine), BigramEncoder(), tmp_path / "there" / "index")


@pytest.fixture
def building(there: Indexer) -> Iterator[BackgroundBuild]:
    building = BackgroundBuild(there)
    yield building
    building.stop()


@pytest.fixture
def follower(there: Indexer, building: BackgroundBuild) -> Iterator[Follower]:
    follower = Follower(there, building)
    yield follower
    follower.stop()


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def test_a_machine_that_only_reads_builds_what_another_has_written(
    store: KnowledgeStore, there: Indexer, building: BackgroundBuild, follower: Follower
) -> None:
    land(store, FEE)
    assert not follower.look(), "a first look cannot know whether more is to come"
    assert follower.look()
    building.wait()
    assert there.revision(current(there)) == store.revision()
    assert not follower.look()


def test_it_waits_until_an_ingest_has_come_to_rest(
    store: KnowledgeStore, there: Indexer, building: BackgroundBuild, follower: Follower
) -> None:
    for number in range(3):
        land(store, FEE, file=f"{number}.txt")
        assert not follower.look()
    assert follower.look()
    building.wait()
    assert len(there.open(current(there))) == 3


def test_it_does_not_wait_for_ever(store: KnowledgeStore, there: Indexer, building: BackgroundBuild) -> None:
    clock = Clock()
    follower = Follower(there, building, monotonic_s=clock)
    land(store, FEE)
    assert not follower.look()
    clock.passes(MOST_PATIENCE_S)
    land(store, FEE, TERM)
    assert follower.look()


def test_it_leaves_a_build_that_is_under_way_alone(
    store: KnowledgeStore, there: Indexer, engine: Engine, tmp_path: Path
) -> None:
    land(store, FEE)
    worker = Indexer(KnowledgeStore(engine), BigramEncoder(), tmp_path / "there" / "index")
    building = BackgroundBuild(worker)
    follower = Follower(worker, building)
    follower.look()
    with there._only_one() as alone:
        assert alone
        assert follower.look()
        building.wait()
    assert there.current() is None
    assert follower.look()
    building.wait()
    assert there.missing() is None


def test_in_the_background_it_follows_without_a_restart(
    store: KnowledgeStore, there: Indexer, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
    there.catch_up()
    clock = Clock()
    live = LiveIndex(there, monotonic_s=clock)
    assert len(live.get()) == 0
    follower.start()
    for count, articles in enumerate([(FEE,), (FEE, TERM), (FEE, TERM, PENALTY)], start=1):
        land(store, *articles)
        wait_until(lambda: there.missing() is None)
        clock.passes(2)
        assert len(live.get()) == count
        assert live.revision == store.revision()


def test_what_keeps_it_from_following_is_told_and_overcome(
    store: KnowledgeStore,
    there: Indexer,
    building: BackgroundBuild,
    follower: Follower,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(rebuilding, "RETRY_AFTER_S", 0.02)
    fails = threading.Event()
    fails.set()
    encode = there.encoder.encode_passages_with_spans

    def encode_or_fail(
        texts: list[str], spans: list[list[Span]], on_progress: Callable[[int], None] | None = None
    ) -> PassageVectors:
        if fails.is_set():
            raise EncoderError("out of memory")
        return encode(texts, spans, on_progress)

    monkeypatch.setattr(there.encoder, "encode_passages_with_spans", encode_or_fail)
    land(store, FEE)
    follower.start()
    wait_until(lambda: building.trouble == "索引没有跟上知识库：out of memory")
    time.sleep(0.1)
    assert caplog.text.count("index not caught up") == 1
    fails.clear()
    wait_until(lambda: there.missing() is None)
    wait_until(lambda: building.trouble == "")


def test_a_failure_is_forgotten_once_another_process_has_built(
    store: KnowledgeStore,
    there: Indexer,
    building: BackgroundBuild,
    follower: Follower,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land(store, FEE)

    def fail(*_: object, **__: object) -> bool:
        raise EncoderError("out of memory")

    with monkeypatch.context() as failing:
        failing.setattr(there, "catch_up", fail)
        building.start()
        building.wait()
    assert building.trouble
    there.catch_up()
    follower.look()
    assert building.trouble == ""


def test_a_database_that_cannot_be_seen_is_told_and_overcome(
    there: Indexer, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
    gone = threading.Event()
    gone.set()
    missing = there.missing

    def look() -> Stamp | None:
        if gone.is_set():
            raise StoreError("the database is gone")
        return missing()

    monkeypatch.setattr(there, "missing", look)
    follower.start()
    wait_until(lambda: follower.trouble == "看不到知识库有没有变化：the database is gone")
    gone.clear()
    wait_until(lambda: follower.trouble == "")


def test_an_adapter_that_cannot_be_loaded_does_not_hold_up_the_database(
    there: Indexer, building: BackgroundBuild, store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)

    def lost() -> None:
        raise EncoderError("the adapter is not there")

    follower = Follower(there, building, before_look=lost)
    land(store, FEE)
    follower.start()
    try:
        wait_until(lambda: there.current() is not None)
        assert there.current() is not None
        assert follower.trouble == "没有跟上换过的适配器，原来的照常使用：the adapter is not there"
    finally:
        follower.stop()


def test_other_words_are_followed_too(engine: Engine, tmp_path: Path) -> None:
    """The words another machine's operators gave, though nobody asks here."""
    words = WordStore(engine, PackagedWords())
    here = Indexer(KnowledgeStore(engine), BigramEncoder(), tmp_path / "words" / "index", words=words)
    here.catch_up()
    assert here.missing() is None
    words.add([WordDraft(1, Word(WordKind.DICTIONARY, "青岚惠民卡", frequency=900))], by="张三")
    building = BackgroundBuild(here)
    follower = Follower(here, building)
    assert not follower.look()
    assert follower.look()
    building.wait()
    assert here.missing() is None


def test_to_stop_it_breaks_off_what_is_being_encoded(
    store: KnowledgeStore, there: Indexer, building: BackgroundBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(store, FEE)
    begun = threading.Event()

    def encode_for_ever(
        texts: list[str], spans: list[list[Span]], on_progress: Callable[[int], None] | None = None
    ) -> PassageVectors:
        assert on_progress
        while True:
            begun.set()
            on_progress(0)
            time.sleep(0.01)

    monkeypatch.setattr(there.encoder, "encode_passages_with_spans", encode_for_ever)
    building.start()
    assert begun.wait(60)
    building.stop()
    assert there.current() is None
    begun.clear()
    building.start()
    building.wait()
    assert not begun.is_set(), "what was stopped does not begin again"
