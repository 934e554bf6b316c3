"""What the clustered index keeps beyond the contract: most of the nearest rows, all of a narrow filter."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.clustered import ClusteredIndex, clusters_for
from retrieval.contracts import Vectors
from retrieval.dense import FaissIndex

ROWS, DIM, GROUPS = 6000, 32, 150


def grouped(seed: int = 3) -> Vectors:
    """Make rows that gather in groups, forty to each, row by row."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(GROUPS, DIM))
    rows = np.repeat(centres, ROWS // GROUPS, axis=0) + 0.8 * rng.normal(size=(ROWS, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


VECTORS = grouped()
QUESTIONS = VECTORS[::97]
# A tenth of the rows is gone through, none compared beyond what their codes promise.
INDEX = ClusteredIndex.build(VECTORS, exact_rows=500, scanned_rows=ROWS // 10)
EXACT = FaissIndex.build(VECTORS)


def recall(found: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    pairs = zip(found.tolist(), expected.tolist(), strict=True)
    return float(np.mean([len(set(one) & set(other)) / len(other) for one, other in pairs]))


def test_most_of_the_nearest_rows_are_found_in_a_tenth_of_them() -> None:
    cosines, rows = INDEX.search(QUESTIONS, k=20)
    exact_cosines, exact_rows = EXACT.search(QUESTIONS, k=20)
    assert recall(rows, exact_rows) > 0.9
    np.testing.assert_allclose(cosines[:, 0], exact_cosines[:, 0], atol=1e-3)
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_going_through_more_rows_finds_more() -> None:
    expected = EXACT.search(QUESTIONS, k=20)[1]
    few, many = (
        ClusteredIndex(INDEX._index, exact_rows=0, scanned_rows=scanned).search(QUESTIONS, k=20)[1]
        for scanned in (ROWS // 50, ROWS)
    )
    assert recall(few, expected) < recall(many, expected)
    assert recall(many, expected) > 0.99


def test_a_narrow_filter_loses_nothing() -> None:
    allowed = np.zeros(ROWS, dtype=np.bool_)
    allowed[np.random.default_rng(8).choice(ROWS, 300, replace=False)] = True
    _, rows = INDEX.search(QUESTIONS, k=20, allowed=allowed)
    assert allowed[rows].all()
    assert recall(rows, EXACT.search(QUESTIONS, k=20, allowed=allowed)[1]) > 0.995  # float16 swaps ties


def test_a_broad_filter_costs_little() -> None:
    allowed = np.arange(ROWS) % 2 == 0
    _, rows = INDEX.search(QUESTIONS, k=20, allowed=allowed)
    assert allowed[rows].all()
    assert recall(rows, EXACT.search(QUESTIONS, k=20, allowed=allowed)[1]) > 0.9


def test_where_the_clusters_looked_into_hold_too_little_every_row_is_compared() -> None:
    # Allowed are the 600 rows farthest from the question, which none of the nearest clusters holds.
    allowed = np.zeros(ROWS, dtype=np.bool_)
    allowed[np.argsort(VECTORS @ VECTORS[0])[:600]] = True
    narrow = ClusteredIndex(INDEX._index, exact_rows=0, scanned_rows=40)
    _, rows = narrow.search(VECTORS[:1], k=20, allowed=allowed)
    assert recall(rows, EXACT.search(VECTORS[:1], k=20, allowed=allowed)[1]) > 0.9


def test_the_same_rows_give_the_same_index(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        ClusteredIndex.build(VECTORS[:2000]).save(tmp_path / name)
        written.append((tmp_path / name / "clustered.faiss").read_bytes())
    assert written[0] == written[1]


def test_a_mapped_file_can_be_built_from(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", VECTORS[:2000])
    mapped = ClusteredIndex.build(np.load(tmp_path / "vectors.npy", mmap_mode="r"), exact_rows=0)
    plain = ClusteredIndex.build(VECTORS[:2000], exact_rows=0)
    np.testing.assert_array_equal(mapped.search(QUESTIONS, k=5)[1], plain.search(QUESTIONS, k=5)[1])


@pytest.mark.parametrize(("rows", "clusters"), [(0, 1), (1, 1), (9, 2), (58_720, 363), (1_000_000, 1500)])
def test_clusters_grow_with_the_root_of_the_rows(rows: int, clusters: int) -> None:
    assert clusters_for(rows) == clusters
