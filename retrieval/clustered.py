"""Nearest neighbours among hundreds of thousands: rough codes choose, float16 vectors decide.

Rows are put into clusters (k-means) and kept twice: as one bit for each dimension of what sets a row
apart from its cluster's centre (RaBitQ; Gao and Long, 2024), and whole, in float16, on disk and mapped. A
search goes through the codes of the clusters nearest to the question and compares the best of them in
float16. Cosines are therefore good to about 1e-5; what can be lost is a row whose cluster was not looked
into or whose code looked too far.

A narrow filter loses nothing: where few rows are allowed each of them is compared.
"""

import math
import os
from pathlib import Path
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Vectors
from retrieval.faiss_calls import as_selector, on_one_thread, read_index

FILE = "clustered.faiss"
# Allowed rows up to which each is compared; they are scattered, so that each costs a look into memory.
EXACT_ROWS = 20_000
# Rows whose codes are gone through.
SCANNED_ROWS = 350_000
# Rows compared in float16 after that.
REFINED_ROWS = 2_500
_SEED = 1
_THREADED_FROM = 20_000
_ITERATIONS = 8
_SAMPLES_PER_CLUSTER = 40
# FAISS goes through the codes in blocks and wants whole bytes of them.
_DIMENSIONS_PER_BYTE = 8


class ClusteredIndex:
    """Approximate inner-product search; rows are numbered from 0 in the order they were given."""

    def __init__(
        self, index: faiss.IndexRefine, *, exact_rows: int = EXACT_ROWS, scanned_rows: int = SCANNED_ROWS
    ) -> None:
        """Take a trained index: codes in `base_index`, float16 in `refine_index`.

        Args:
            exact_rows: Where no more rows are allowed, each is compared.
            scanned_rows: Rows whose codes are gone through, to the next whole cluster.
        """
        self._index = index
        self._codes = cast("faiss.IndexIVF", faiss.downcast_index(index.base_index))
        self._vectors = faiss.downcast_index(index.refine_index)
        self._exact_rows = exact_rows
        self._scanned_rows = scanned_rows

    @classmethod
    def build(
        cls, vectors: Vectors, *, exact_rows: int = EXACT_ROWS, scanned_rows: int = SCANNED_ROWS
    ) -> "ClusteredIndex":
        """Build from float32 unit rows of shape (n, dim), a mapped file among others; the same rows give
        the same index. `dim` is a multiple of 8.
        """
        count, dim = vectors.shape
        if not can_cluster(dim):
            raise ValueError(f"vectors have {dim} dimensions, a multiple of {_DIMENSIONS_PER_BYTE} is needed")
        clusters = clusters_for(count)
        # Few rows are clustered sooner than threads are woken.
        faiss.omp_set_num_threads(len(os.sched_getaffinity(0)) if count > _THREADED_FROM else 1)
        centres = faiss.IndexFlatIP(dim)
        codes = faiss.IndexIVFRaBitQFastScan(centres, dim, clusters, faiss.METRIC_INNER_PRODUCT)
        codes.cp.seed, codes.cp.niter, codes.cp.spherical = _SEED, _ITERATIONS, True
        codes.cp.min_points_per_centroid = 1
        codes.cp.max_points_per_centroid = _SAMPLES_PER_CLUSTER
        kept = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index = faiss.IndexRefine(codes, kept)
        if count:
            codes.train(_sample(vectors, clusters * _SAMPLES_PER_CLUSTER))
            index.is_trained = True
            index.add(np.ascontiguousarray(vectors))
        on_one_thread()
        return cls(index, exact_rows=exact_rows, scanned_rows=scanned_rows)

    @classmethod
    def load(
        cls, folder: Path, *, dim: int, exact_rows: int = EXACT_ROWS, scanned_rows: int = SCANNED_ROWS
    ) -> "ClusteredIndex":
        """Load what `save` wrote; the vectors stay on disk, mapped, and are shared by all processes.

        Raises:
            IndexMismatch: If it holds vectors of another dimension; shows both.
        """
        index = cast("faiss.IndexRefine", read_index(folder / FILE, dim, mapped=True))
        return cls(index, exact_rows=exact_rows, scanned_rows=scanned_rows)

    def save(self, folder: Path) -> None:
        faiss.write_index(self._index, str(folder / FILE))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """Return the vectors of these rows, each element to the nearest float16."""
        return np.asarray(self._vectors.reconstruct_batch(rows), dtype=np.float32)

    def search(
        self, queries: Vectors, *, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return cosines and row numbers, both of shape (n, k); -1 pads where fewer rows are allowed."""
        on_one_thread()
        queries = np.ascontiguousarray(queries)
        selector = None if allowed is None else as_selector(allowed)
        candidates = len(self) if allowed is None else int(np.count_nonzero(allowed))
        if candidates <= max(self._exact_rows, k):
            return self._compare_all(queries, k, selector)
        cosines, rows = self._compare_likely(queries, k, selector)
        # The clusters looked into may hold too few of what a filter allows.
        short = np.flatnonzero(rows[:, -1] < 0)
        if len(short):
            cosines[short], rows[short] = self._compare_all(queries[short], k, selector)
        return cosines, rows

    def _compare_all(
        self, queries: Vectors, k: int, selector: faiss.IDSelector | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        parameters = None if selector is None else faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        cosines, rows = self._vectors.search(queries, k, params=parameters)
        return cosines, rows

    def _compare_likely(
        self, queries: Vectors, k: int, selector: faiss.IDSelector | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        share = min(1.0, self._scanned_rows / len(self))
        probed = math.ceil(share * self._codes.nlist)
        codes = faiss.SearchParametersIVF(nprobe=probed, sel=selector)  # type: ignore[call-arg]
        refined = min(max(REFINED_ROWS, k), len(self))
        parameters = faiss.IndexRefineSearchParameters(  # type: ignore[call-arg]
            k_factor=refined / k, base_index_params=codes
        )
        cosines, rows = self._index.search(queries, k, params=parameters)
        return cosines, rows


def can_cluster(dim: int) -> bool:
    """Return whether rows of this many dimensions can be coded."""
    return dim % _DIMENSIONS_PER_BYTE == 0


def clusters_for(rows: int) -> int:
    """Return how many clusters to make: 1.5 times the root of the rows, with four rows or more to each."""
    return max(1, min(round(1.5 * math.sqrt(rows)), rows // 4))


def _sample(vectors: Vectors, count: int) -> Vectors:
    """Return rows to train on, spread over all, in their order: neighbouring rows are of one document."""
    if count >= len(vectors):
        return np.ascontiguousarray(vectors)
    chosen = np.random.default_rng(_SEED).choice(len(vectors), count, replace=False)
    return np.ascontiguousarray(vectors[np.sort(chosen)])
