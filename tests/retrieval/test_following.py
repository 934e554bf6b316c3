"""A machine that only reads catches up with a database that another machine writes to."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import EncoderError
from knowledge_base.store import KnowledgeStore
from retrieval import following
from retrieval.contracts import PassageVectors, Span
from retrieval.following import MOST_PATIENCE_S, Follower
from retrieval.indexing import Indexer, LiveIndex
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


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def test_a_machine_that_only_reads_builds_what_another_has_written(
    store: KnowledgeStore, there: Indexer
) -> None:
    land(store, FEE)
    follower = Follower(there)
    assert not follower.look(), "a first look cannot know whether more is to come"
    assert follower.look()
    assert there.revision(current(there)) == store.revision()
    assert not follower.look()


def test_it_waits_until_an_ingest_has_come_to_rest(store: KnowledgeStore, there: Indexer) -> None:
    follower = Follower(there)
    for number in range(3):
        land(store, FEE, file=f"{number}.txt")
        assert not follower.look()
    assert follower.look()
    assert len(there.open(current(there))) == 3


def test_it_does_not_wait_for_ever(store: KnowledgeStore, there: Indexer) -> None:
    clock = Clock()
    follower = Follower(there, monotonic_s=clock)
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
    follower = Follower(worker)
    follower.look()
    with there._only_one() as alone:
        assert alone
        assert not follower.look()
    assert follower.look()


def test_in_the_background_it_follows_without_a_restart(
    store: KnowledgeStore, there: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
    there.catch_up()
    clock = Clock()
    live = LiveIndex(there, monotonic_s=clock)
    assert len(live.get()) == 0
    follower = Follower(there)
    follower.start()
    try:
        for count, articles in enumerate([(FEE,), (FEE, TERM), (FEE, TERM, PENALTY)], start=1):
            land(store, *articles)
            wait_until(lambda: there.missing_revision() is None)
            clock.passes(2)
            assert len(live.get()) == count
            assert live.revision == store.revision()
    finally:
        follower.stop()


def test_what_keeps_it_from_following_is_told_and_overcome(
    store: KnowledgeStore, there: Indexer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
    fails = threading.Event()
    fails.set()
    encode = there._encoder.encode_passages_with_spans

    def encode_or_fail(
        texts: list[str], spans: list[list[Span]], on_progress: Callable[[int], None] | None = None
    ) -> PassageVectors:
        if fails.is_set():
            raise EncoderError("out of memory")
        return encode(texts, spans, on_progress)

    monkeypatch.setattr(there._encoder, "encode_passages_with_spans", encode_or_fail)
    land(store, FEE)
    follower = Follower(there)
    follower.start()
    try:
        wait_until(lambda: follower.trouble == "索引没有跟上知识库：out of memory")
        time.sleep(0.1)
        assert caplog.text.count("index not caught up") == 1
        fails.clear()
        wait_until(lambda: there.missing_revision() is None)
        wait_until(lambda: follower.trouble == "")
    finally:
        follower.stop()


def test_to_stop_it_breaks_off_what_is_being_encoded(
    store: KnowledgeStore, there: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.01)
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

    monkeypatch.setattr(there._encoder, "encode_passages_with_spans", encode_for_ever)
    follower = Follower(there)
    follower.start()
    assert begun.wait(60)
    follower.stop()
    assert there.current() is None
