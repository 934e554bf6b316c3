"""What Milvus adds to the contract of `test_dense.py`: outages, collections of snapshots, filters."""

import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import IndexDamaged, IndexUnavailable
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import SearchFilter
from retrieval.indexing import Indexer
from retrieval.live_index import LiveIndex
from retrieval.milvus import (
    MilvusBackend,
    MilvusIndex,
    _Note,
    nearest_one_by_one,
)
from retrieval.milvus_server import PAUSE_S, MilvusServer
from tests.retrieval.fakes import BigramEncoder
from tests.retrieval.test_dense import EAST, PLANE, random_units
from tests.retrieval.test_indexing import FEE, PENALTY, TERM, Clock, current, land


@pytest.fixture
def dead_uri() -> str:
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


class Switch(MilvusServer):
    """A connection that can be cut; counts how often it was tried."""

    def __init__(self, uri: str, clock: Clock) -> None:
        super().__init__(uri, monotonic_s=clock)
        self.is_cut = False
        self.tries = 0

    def _connected(self) -> Any:
        self.tries += 1
        if self.is_cut:
            from pymilvus.exceptions import MilvusException

            raise MilvusException(message="connection refused")
        return super()._connected()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(milvus_uri: str, clock: Clock) -> Switch:
    return Switch(milvus_uri, clock)


def collections(server: MilvusServer) -> set[str]:
    return set(server.call(lambda client: client.list_collections()))


def indexer(store: KnowledgeStore, tmp_path: Path, server: MilvusServer) -> Indexer:
    folder = tmp_path / "index"
    return Indexer(store, BigramEncoder(), folder, backend=MilvusBackend(server, folder))


@given(st.integers(1, 40), st.integers(0, 2**31), st.data())
def test_looking_at_every_vector_finds_the_nearest_whatever_the_block(
    count: int, seed: int, data: st.DataObject
) -> None:
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    k = data.draw(st.integers(0, int(allowed.sum())))
    vectors, query = random_units(count, 4, seed), random_units(1, 4, seed + 1)
    if not k:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrieval.milvus._LOCAL_BLOCK_ROWS", 7)
        (rows,) = nearest_one_by_one(vectors, query, k, allowed)
    cosines = vectors @ query[0]
    assert len(rows) == k
    assert allowed[rows].all()
    assert min(cosines[rows]) >= sorted(cosines[allowed])[-k] - 1e-6


@pytest.mark.parametrize(
    ("allowed", "expression"),
    [
        (None, ""),
        ([1, 1, 1, 1, 1, 1], ""),
        ([0, 0, 1, 1, 0, 0], "group_no in [1]"),
        ([1, 1, 0, 0, 1, 1], "group_no not in [1]"),
        ([0, 1, 0, 0, 0, 0], "row_no in [1]"),
        ([1, 0, 1, 1, 1, 1], "row_no not in [1]"),
    ],
)
def test_the_filter_is_the_shorter_list_of_groups_or_of_rows(
    allowed: list[int] | None, expression: str
) -> None:
    index = MilvusIndex(
        MilvusServer("unused.db"), _Note("c", 6, 2, "FLAT"), random_units(6, 2), np.array([0, 0, 1, 1, 2, 2])
    )
    assert index._expression(None if allowed is None else np.array(allowed, dtype=np.bool_)) == expression


@pytest.mark.server
def test_while_milvus_is_away_searches_go_on_and_say_so(server: Switch, clock: Clock, tmp_path: Path) -> None:
    backend = MilvusBackend(server, tmp_path)
    index = backend.build(PLANE, np.arange(4))
    there = index.search(EAST, k=3)
    assert backend.trouble == ""
    server.is_cut, server._client = True, None
    away = index.search(EAST, k=3)
    np.testing.assert_array_equal(there, away)
    assert "connection refused" in backend.trouble
    assert "暂用本机的向量" in backend.trouble
    tries = server.tries
    index.search(EAST, k=3)
    assert server.tries == tries, "a search does not wait for what has just failed"
    server.is_cut = False
    clock.passes(PAUSE_S + 1)
    np.testing.assert_array_equal(index.search(EAST, k=3), there)
    assert server.tries == tries + 1
    assert backend.trouble == ""


def start_server(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(folder)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process
        time.sleep(0.1)
    process.kill()
    process.wait()
    raise AssertionError("Milvus Lite did not start")


@pytest.mark.server
@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back(dead_uri: str, clock: Clock, tmp_path: Path) -> None:
    port = int(dead_uri.rsplit(":", 1)[1])
    server = MilvusServer(dead_uri, monotonic_s=clock)
    backend = MilvusBackend(server, tmp_path / "index")
    process = start_server(tmp_path / "data", port)
    try:
        index = backend.build(random_units(300, 16), np.arange(300) // 10)
        question = random_units(1, 16, seed=9)
        there = index.search(question, k=10)
        process.kill()
        process.wait()
        np.testing.assert_array_equal(index.search(question, k=10), there)
        assert dead_uri in backend.trouble
        process = start_server(tmp_path / "data", port)
        until = time.monotonic() + 120
        while backend.trouble and time.monotonic() < until:  # gRPC lets an address rest after it failed
            clock.passes(PAUSE_S + 1)
            np.testing.assert_array_equal(index.search(question, k=10), there)
        assert backend.trouble == ""
    finally:
        process.kill()
        process.wait()


@pytest.mark.server
def test_an_address_nobody_listens_on_is_named(dead_uri: str, tmp_path: Path) -> None:
    backend = MilvusBackend(MilvusServer(dead_uri), tmp_path)
    with pytest.raises(IndexUnavailable, match=dead_uri):
        backend.build(PLANE, np.arange(4))
    assert dead_uri in backend.trouble


@pytest.mark.server
def test_the_index_is_the_same_as_with_faiss(store: KnowledgeStore, tmp_path: Path, server: Switch) -> None:
    land(store, FEE, TERM, PENALTY)
    land(store, PENALTY, TERM, file="另一份.txt")
    plain = Indexer(store, BigramEncoder(), tmp_path / "plain")
    other = indexer(store, tmp_path, server)
    plain.catch_up()
    other.catch_up()
    day = date(2025, 1, 1).toordinal()
    for where in (None, SearchFilter(frozenset({"全国"}), day), SearchFilter(day=day - 1)):
        found = [each.open(current(each)).search(["养犬登记"], where=where) for each in (plain, other)]
        assert found[0] == found[1]


@pytest.mark.server
def test_collections_go_with_their_snapshots(store: KnowledgeStore, tmp_path: Path, server: Switch) -> None:
    others = collections(server)
    for number in range(4):
        land(store, FEE, file=f"{number}.txt")
        indexer(store, tmp_path, server).catch_up()
    kept = sorted((tmp_path / "index" / "snapshots").iterdir())
    assert len(kept) == 2
    assert len(collections(server) - others) == 2
    assert others <= collections(server), "those of another index folder are not touched"


@pytest.mark.server
def test_a_collection_that_is_gone_is_built_anew(
    store: KnowledgeStore, tmp_path: Path, server: Switch
) -> None:
    others = collections(server)
    land(store, FEE, TERM)
    indexer(store, tmp_path, server).catch_up()
    (lost,) = collections(server) - others
    server.call(lambda client: client.drop_collection(lost))
    with pytest.raises(IndexDamaged, match=f"{lost} holds 0 rows, expected 2"):
        MilvusBackend(server, tmp_path / "index").verify(current(indexer(store, tmp_path, server)))
    assert indexer(store, tmp_path, server).catch_up()
    (found,) = collections(server) - others
    assert found != lost


@pytest.mark.server
def test_the_last_good_index_serves_while_a_newer_cannot_be_built(
    store: KnowledgeStore, tmp_path: Path, server: Switch
) -> None:
    land(store, FEE)
    indexer(store, tmp_path, server).catch_up()
    server.is_cut, server._client = True, None
    land(store, FEE, TERM)
    behind = indexer(store, tmp_path, server)
    with pytest.raises(IndexUnavailable, match="connection refused"):
        behind.catch_up()
    live = LiveIndex(behind)
    assert [len(hits) for hits in live.get().search(["养犬登记费"])] == [1]
    assert live.revision == 1


@pytest.mark.server
def test_another_milvus_gets_collections_of_its_own(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE)
    folder = tmp_path / "index"
    plain = Indexer(store, BigramEncoder(), folder)
    plain.catch_up()
    first = current(plain)
    uri = str(tmp_path / "other.db")
    moved = Indexer(store, BigramEncoder(), folder, backend=MilvusBackend(MilvusServer(uri), folder))
    assert moved.catch_up()
    assert current(moved) != first
    assert len(moved.open(current(moved)).search(["养犬登记费"])[0]) == 1


@pytest.mark.server
def test_hnsw_finds_nearly_all_of_the_nearest(server: Switch, tmp_path: Path) -> None:
    vectors = random_units(2000, 16)
    groups = np.arange(2000) % 4
    index = MilvusBackend(server, tmp_path, index_type="HNSW").build(vectors, groups)
    allowed = groups == 1
    _, rows = index.search(vectors[:20], k=20, allowed=allowed)
    exact = np.where(allowed, vectors[:20] @ vectors.T, -2)
    best = np.argsort(-exact, axis=1)[:, :20]
    found = sum(len(set(line) & set(wanted)) for line, wanted in zip(rows, best, strict=True))
    assert allowed[rows].all()
    assert found / 400 >= 0.95
