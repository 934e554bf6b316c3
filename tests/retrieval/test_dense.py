"""The contract of `VectorIndex`, which every implementation keeps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from numpy.typing import NDArray

from knowledge_base.errors import IndexMismatch
from retrieval.backends import FaissBackend
from retrieval.contracts import VectorBackend, VectorIndex, Vectors


@dataclass(frozen=True)
class Implementation:
    """A backend, with groups for those who do not mind how rows are grouped."""

    backend: VectorBackend

    def build(self, vectors: Vectors, groups: NDArray[np.int64] | None = None) -> VectorIndex:
        return self.backend.build(vectors, np.arange(len(vectors)) // 3 if groups is None else groups)

    def load(self, folder: Path, *, dim: int) -> VectorIndex:
        return self.backend.load(folder, dim=dim)


@pytest.fixture(scope="module", params=["faiss", pytest.param("milvus", marks=pytest.mark.server)])
def implementation(request: pytest.FixtureRequest) -> Implementation:
    if request.param == "faiss":
        return Implementation(FaissBackend())
    return Implementation(request.getfixturevalue("milvus_backend"))


# Unit vectors in the plane, at 0°, 90°, and where 3-4-5 triangles put them.
PLANE = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, -0.6]], dtype=np.float32)
EAST = np.array([[1, 0]], dtype=np.float32)


def random_units(count: int, dim: int, seed: int = 5) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_rows_come_by_falling_cosine(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    cosines, rows = index.search(EAST, k=4)
    assert rows.tolist() == [[0, 3, 2, 1]]
    np.testing.assert_allclose(cosines, [[1.0, 0.8, 0.6, 0.0]], atol=1e-6)
    assert cosines.dtype == np.float32
    assert len(index) == 4


def test_each_query_has_its_own_line(implementation: Implementation) -> None:
    queries = np.array([[0, 1], [-1, 0]], dtype=np.float32)
    cosines, rows = implementation.build(PLANE).search(queries, k=2)
    assert rows.tolist() == [[1, 2], [1, 2]]
    np.testing.assert_allclose(cosines, [[1.0, 0.8], [0.0, -0.6]], atol=1e-6)


def test_a_forbidden_row_is_never_returned_though_it_is_nearest(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    cosines, rows = index.search(EAST, k=2, allowed=np.array([False, True, True, False]))
    assert rows.tolist() == [[2, 1]]
    np.testing.assert_allclose(cosines, [[0.6, 0.0]], atol=1e-6)


def test_minus_one_pads_where_fewer_rows_are_allowed(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    allowed = np.array([False, True, False, False])
    assert index.search(EAST, k=3, allowed=allowed)[1].tolist() == [[1, -1, -1]]
    assert index.search(EAST, k=3, allowed=np.zeros(4, dtype=np.bool_))[1].tolist() == [[-1, -1, -1]]
    assert index.search(EAST, k=6)[1].tolist() == [[0, 3, 2, 1, -1, -1]]


def test_k_rows_are_found_when_all_but_one_in_a_hundred_are_forbidden(implementation: Implementation) -> None:
    vectors = random_units(2000, 8)
    allowed = np.zeros(2000, dtype=np.bool_)
    allowed[::100] = True
    cosines, rows = implementation.build(vectors).search(vectors[:3], k=20, allowed=allowed)
    for line, of_line, query in zip(rows, cosines, vectors[:3], strict=True):
        assert sorted(line.tolist()) == list(range(0, 2000, 100))
        np.testing.assert_allclose(of_line, vectors[line] @ query, atol=1e-5)
        assert (np.diff(of_line) <= 0).all()


@pytest.mark.parametrize("allowed_groups", [{3}, {0, 4}, {0, 1, 2, 4}, {0, 1, 2, 3, 4}, set()])
def test_whole_groups_are_allowed_or_forbidden_like_their_rows(
    implementation: Implementation, allowed_groups: set[int]
) -> None:
    vectors = random_units(500, 8)
    groups = np.arange(500) % 5
    allowed = np.isin(groups, list(allowed_groups))
    cosines, rows = implementation.build(vectors, groups).search(vectors[:2], k=30, allowed=allowed)
    for of_line, line, query in zip(cosines, rows, vectors[:2], strict=True):
        exact = np.where(allowed, vectors @ query, -2)
        best = np.sort(exact[exact > -2])[::-1][:30]
        assert set(groups[line[line >= 0]]) <= allowed_groups
        np.testing.assert_allclose(of_line[line >= 0], best, atol=1e-5)


def test_equal_vectors_score_the_same(implementation: Implementation) -> None:
    vectors = np.repeat(random_units(1, 16), 40, axis=0)
    cosines, rows = implementation.build(vectors).search(vectors[:1], k=40)
    assert sorted(rows[0].tolist()) == list(range(40))
    assert len(set(cosines[0].tolist())) == 1


@settings(max_examples=25, deadline=None)
@given(
    np_st.arrays(np.bool_, st.integers(1, 70)), st.integers(1, 80), st.integers(min_value=0, max_value=2**31)
)
def test_for_any_filter_the_allowed_rows_come_and_no_other(
    implementation: Implementation,
    allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    k: int,
    seed: int,
) -> None:
    vectors = random_units(len(allowed), 4, seed)
    _, rows = implementation.build(vectors).search(vectors[:1], k=k, allowed=allowed)
    found = rows[0][rows[0] >= 0]
    assert allowed[found].all()
    assert len(set(found.tolist())) == len(found) == min(k, int(allowed.sum()))


def test_vectors_are_given_back_by_row(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    np.testing.assert_array_equal(index.vectors(np.array([2, 0, 2])), PLANE[[2, 0, 2]])
    assert index.vectors(np.array([], dtype=np.int64)).shape == (0, 2)


def test_what_was_saved_searches_the_same(implementation: Implementation, tmp_path: Path) -> None:
    built = implementation.build(random_units(300, 16))
    built.save(tmp_path)
    loaded = implementation.load(tmp_path, dim=16)
    queries = random_units(5, 16, seed=6)
    allowed = np.arange(300) % 3 == 0
    assert len(loaded) == 300
    for before, after in zip(
        built.search(queries, k=10, allowed=allowed),
        loaded.search(queries, k=10, allowed=allowed),
        strict=True,
    ):
        np.testing.assert_array_equal(before, after)


def test_another_dimension_is_refused_with_both_numbers(
    implementation: Implementation, tmp_path: Path
) -> None:
    implementation.build(PLANE).save(tmp_path)
    with pytest.raises(IndexMismatch, match="2 dimensions, the encoder gives 384"):
        implementation.load(tmp_path, dim=384)


def test_what_was_saved_twice_is_still_the_same(implementation: Implementation, tmp_path: Path) -> None:
    """A snapshot that was loaded may be saved elsewhere."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    implementation.build(PLANE).save(first)
    implementation.load(first, dim=2).save(second)
    assert implementation.load(second, dim=2).search(EAST, k=4)[1].tolist() == [[0, 3, 2, 1]]


def test_an_empty_index_finds_nothing(implementation: Implementation, tmp_path: Path) -> None:
    implementation.build(np.empty((0, 2), dtype=np.float32)).save(tmp_path)
    index = implementation.load(tmp_path, dim=2)
    assert len(index) == 0
    assert index.search(EAST, k=2, allowed=np.zeros(0, dtype=np.bool_))[1].tolist() == [[-1, -1]]
