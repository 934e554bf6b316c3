"""Measuring databases and vector stores: every figure comes from a run, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eval.backends_run import (
    ARTICLES,
    clustered_units,
    database_table,
    measure_database,
    measure_vectors,
    vector_table,
)
from knowledge_base.database import open_database
from knowledge_base.errors import StoreError
from knowledge_base.store import KnowledgeStore
from tests.databases import DATABASES


@pytest.mark.parametrize("backend", DATABASES)
def test_a_database_is_filled_and_timed(backend: str, new_database: Callable[..., str]) -> None:
    url = new_database(backend)
    cost = measure_database(url, backend, chunks=2 * ARTICLES, seconds=0.2)
    assert cost.chunks == 2 * ARTICLES
    assert len(cost.land_ms.calls_ms) == 2
    assert len(cost.crowd_ms.calls_ms) >= 20
    assert len(cost.crowd_land_ms.calls_ms) >= 1
    assert cost.turn_ms.p50 <= cost.turn_ms.p95
    assert cost.crowd_reads_per_s > 0
    (row,) = database_table([cost]).rows
    assert row[:2] == (backend, "100")
    engine = open_database(url)
    assert KnowledgeStore(engine).counts().documents == 2 + len(cost.crowd_land_ms.calls_ms)
    engine.dispose()


def test_a_database_in_use_is_not_measured(new_database: Callable[..., str]) -> None:
    url = new_database()
    measure_database(url, "SQLite", chunks=1, seconds=0.01)
    with pytest.raises(StoreError, match=r"holds \d+ documents; name an empty one"):
        measure_database(url, "SQLite", chunks=1, seconds=0.01)


def test_made_up_vectors_are_clustered_unit_rows() -> None:
    vectors = clustered_units(200, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    near = clustered_units(5, 16, seed=6, like=vectors)
    assert (near @ vectors.T).max(axis=1).min() > 0.9
    assert np.array_equal(vectors, clustered_units(200, 16))


@pytest.mark.slow
def test_faiss_is_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    cost = measure_vectors(1_000, tmp_path / "faiss")
    assert (cost.name, cost.vectors, cost.recall) == ("FAISS", 1_000, 1.0)
    assert len(cost.search_ms.calls_ms) == len(cost.filtered_ms.calls_ms) == 60
    assert vector_table([cost]).rows[0][:2] == ("FAISS", "1000")


@pytest.mark.server
def test_milvus_is_timed_and_its_collection_removed(tmp_path: Path) -> None:
    uri = str(tmp_path / "milvus.db")
    cost = measure_vectors(1_000, tmp_path / "milvus", milvus_uri=uri)
    assert (cost.name, cost.recall) == ("Milvus FLAT", 1.0)
    from retrieval.milvus_server import MilvusServer

    assert MilvusServer(uri).call(lambda client: client.list_collections()) == []
