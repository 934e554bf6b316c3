"""The contract of `VectorIndex`, which every implementation keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from numpy.typing import NDArray

from knowledge_base.errors import IndexMismatch
from retrieval import dense
from retrieval.clustered import ClusteredIndex
from retrieval.contracts import VectorIndex, Vectors
from retrieval.dense import FaissIndex, Kind, build_dense, kind_for, load_dense
from retrieval.milvus import MilvusBackend


class Load(Protocol):
    def __call__(self, folder: Path, *, dim: int) -> VectorIndex: ...


@dataclass(frozen=True)
class Implementation:
    """One kind of index; `precision` is how far a cosine may be off."""

    made: Callable[[Vectors], VectorIndex]
    load: Load
    precision: float = 1e-6
    milvus: MilvusBackend | None = None

    def build(self, vectors: Vectors, groups: NDArray[np.int64] | None = None) -> VectorIndex:
        """Build; only Milvus minds how rows are grouped."""
        if self.milvus is None:
            return self.made(vectors)
        return self.milvus.build(vectors, np.arange(len(vectors)) // 3 if groups is None else groups)


HALF = Implementation(partial(FaissIndex.build, half=True), FaissIndex.load, precision=5e-4)
CLUSTERED = Implementation(ClusteredIndex.build, ClusteredIndex.load, precision=5e-4)
# So few rows would be compared one by one; here the clusters are gone through all the same.
CLUSTERED_AT_ANY_SIZE = Implementation(
    partial(ClusteredIndex.build, exact_rows=0), partial(ClusteredIndex.load, exact_rows=0), precision=5e-4
)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Implementation(FaissIndex.build, FaissIndex.load), id="flat"),
        pytest.param(HALF, id="half"),
        pytest.param(CLUSTERED, id="clustered"),
        pytest.param(CLUSTERED_AT_ANY_SIZE, id="clustered-never-exact"),
        pytest.param(None, id="milvus", marks=pytest.mark.server),
    ],
)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    if isinstance(request.param, Implementation):
        return request.param
    milvus: MilvusBackend = request.getfixturevalue("milvus_backend")
    return Implementation(FaissIndex.build, milvus.load, milvus=milvus)


DIM = 8


def in_the_plane(*points: tuple[float, float]) -> Vectors:
    return np.pad(np.array(points, dtype=np.float32), ((0, 0), (0, DIM - 2)))


# Unit vectors at 0°, 90°, and where 3-4-5 triangles put them.
PLANE = in_the_plane((1, 0), (0, 1), (0.6, 0.8), (0.8, -0.6))
EAST = in_the_plane((1, 0))


def random_units(count: int, dim: int, seed: int = 5) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_rows_come_by_falling_cosine(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    cosines, rows = index.search(EAST, k=4)
    assert rows.tolist() == [[0, 3, 2, 1]]
    np.testing.assert_allclose(cosines, [[1.0, 0.8, 0.6, 0.0]], atol=implementation.precision)
    assert cosines.dtype == np.float32
    assert len(index) == 4


def test_each_query_has_its_own_line(implementation: Implementation) -> None:
    queries = in_the_plane((0, 1), (-1, 0))
    cosines, rows = implementation.build(PLANE).search(queries, k=2)
    assert rows.tolist() == [[1, 2], [1, 2]]
    np.testing.assert_allclose(cosines, [[1.0, 0.8], [0.0, -0.6]], atol=implementation.precision)


def test_a_forbidden_row_is_never_returned_though_it_is_nearest(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    cosines, rows = index.search(EAST, k=2, allowed=np.array([False, True, True, False]))
    assert rows.tolist() == [[2, 1]]
    np.testing.assert_allclose(cosines, [[0.6, 0.0]], atol=implementation.precision)


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
        np.testing.assert_allclose(of_line, vectors[line] @ query, atol=1e-5 + implementation.precision)
        assert (np.diff(of_line) <= 0).all()


@settings(max_examples=25, deadline=None)  # clustering takes its time on a busy machine
@given(
    np_st.arrays(np.bool_, st.integers(1, 70)), st.integers(1, 80), st.integers(min_value=0, max_value=2**31)
)
def test_for_any_filter_the_allowed_rows_come_and_no_other(
    implementation: Implementation,
    allowed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    k: int,
    seed: int,
) -> None:
    vectors = random_units(len(allowed), DIM, seed)
    _, rows = implementation.build(vectors).search(vectors[:1], k=k, allowed=allowed)
    found = rows[0][rows[0] >= 0]
    assert allowed[found].all()
    assert len(set(found.tolist())) == len(found) == min(k, int(allowed.sum()))


def test_vectors_are_given_back_by_row(implementation: Implementation) -> None:
    index = implementation.build(PLANE)
    found = index.vectors(np.array([2, 0, 2]))
    np.testing.assert_allclose(found, PLANE[[2, 0, 2]], atol=implementation.precision)
    assert found.dtype == np.float32
    assert index.vectors(np.array([], dtype=np.int64)).shape == (0, DIM)


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
    with pytest.raises(IndexMismatch, match="8 dimensions, the encoder gives 384"):
        implementation.load(tmp_path, dim=384)


def test_what_was_saved_twice_is_still_the_same(implementation: Implementation, tmp_path: Path) -> None:
    """A snapshot that was loaded may be saved elsewhere."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    implementation.build(PLANE).save(first)
    implementation.load(first, dim=DIM).save(second)
    assert implementation.load(second, dim=DIM).search(EAST, k=4)[1].tolist() == [[0, 3, 2, 1]]


def test_an_empty_index_finds_nothing(implementation: Implementation, tmp_path: Path) -> None:
    implementation.build(np.empty((0, DIM), dtype=np.float32)).save(tmp_path)
    index = implementation.load(tmp_path, dim=DIM)
    assert len(index) == 0
    assert index.search(EAST, k=2, allowed=np.zeros(0, dtype=np.bool_))[1].tolist() == [[-1, -1]]


def test_what_is_kept_whole_is_given_back_to_the_bit() -> None:
    vectors = random_units(50, DIM)
    np.testing.assert_array_equal(FaissIndex.build(vectors).vectors(np.arange(50)), vectors)


@pytest.mark.parametrize(
    ("rows", "kind"),
    [(0, "flat"), (20_000, "flat"), (20_001, "half"), (100_000, "half"), (100_001, "clustered")],
)
def test_the_kind_goes_by_size(rows: int, kind: str) -> None:
    assert kind_for(rows) == kind


@pytest.mark.parametrize(
    ("kind", "of_class"), [("flat", FaissIndex), ("half", FaissIndex), ("clustered", ClusteredIndex)]
)
def test_a_folder_tells_what_kind_it_holds(kind: Kind, of_class: type, tmp_path: Path) -> None:
    vectors = random_units(30, DIM)
    built = build_dense(vectors, kind)
    built.save(tmp_path)
    loaded = load_dense(tmp_path, dim=DIM)
    assert type(built) is type(loaded) is of_class
    np.testing.assert_array_equal(loaded.search(vectors, k=3)[1], built.search(vectors, k=3)[1])


def test_dimensions_that_make_no_whole_bytes_are_not_clustered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "kind_for", lambda rows: "clustered")
    assert isinstance(build_dense(random_units(30, 12)), FaissIndex)
    with pytest.raises(ValueError, match="12 dimensions, a multiple of 8"):
        ClusteredIndex.build(random_units(30, 12))
