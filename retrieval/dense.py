"""Nearest neighbours by meaning: FAISS behind the `VectorIndex` Protocol, its kind chosen by size.

flat       every row compared, in float32
half       every row compared, kept in float16: half the bytes to read, cosines good to about 1e-5
clustered  one bit for each dimension first, the best of those compared in float16 (`retrieval.clustered`)

Where each begins is measured (`wenzheng eval index`) and written down in docs/adr/0016.
"""

from pathlib import Path
from typing import Literal, get_args

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.clustered import FILE as CLUSTERED_FILE
from retrieval.clustered import ClusteredIndex, can_cluster
from retrieval.contracts import VectorIndex, Vectors
from retrieval.faiss_calls import as_selector, on_one_thread, read_index

FILE = "dense.faiss"
Kind = Literal["flat", "half", "clustered"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FLAT_UP_TO = 20_000
HALF_UP_TO = 100_000


class FaissIndex:
    """Exact inner-product search; rows are numbered from 0 in the order they were given."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors, *, half: bool = False) -> "FaissIndex":
        """Build from float32 unit rows of shape (n, dim), kept as they are or in float16."""
        dim = vectors.shape[1]
        index: faiss.Index = (
            faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
            if half
            else faiss.IndexFlatIP(dim)
        )
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    @classmethod
    def load(cls, folder: Path, *, dim: int) -> "FaissIndex":
        """Load what `save` wrote.

        Raises:
            IndexMismatch: If it holds vectors of another dimension; shows both.
        """
        return cls(read_index(folder / FILE, dim))

    def save(self, folder: Path) -> None:
        faiss.write_index(self._index, str(folder / FILE))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        return np.asarray(self._index.reconstruct_batch(rows), dtype=np.float32)

    def search(
        self, queries: Vectors, *, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return cosines and row numbers, both of shape (n, k); -1 pads where fewer rows are allowed."""
        on_one_thread()
        parameters = None if allowed is None else faiss.SearchParameters(sel=as_selector(allowed))  # type: ignore[call-arg]
        cosines, rows = self._index.search(np.ascontiguousarray(queries), k, params=parameters)
        return cosines, rows


def kind_for(rows: int) -> Kind:
    """Return the kind of index that is quickest at this size without losing what matters."""
    if rows <= FLAT_UP_TO:
        return "flat"
    return "half" if rows <= HALF_UP_TO else "clustered"


def build_dense(vectors: Vectors, kind: Kind | None = None) -> FaissIndex | ClusteredIndex:
    """Build from float32 unit rows of shape (n, dim); the kind goes by their number unless it is given.

    Raises:
        ValueError: If `clustered` is asked for and `dim` is no multiple of 8; by size, it is `half` then.
    """
    if kind is None:
        kind = kind_for(len(vectors))
        if kind == "clustered" and not can_cluster(vectors.shape[1]):
            kind = "half"
    if kind == "clustered":
        return ClusteredIndex.build(vectors)
    return FaissIndex.build(vectors, half=kind == "half")


def load_dense(folder: Path, *, dim: int) -> VectorIndex:
    """Load the index a folder holds, of whatever kind.

    Raises:
        IndexMismatch: If it holds vectors of another dimension; shows both.
    """
    if (folder / CLUSTERED_FILE).exists():
        return ClusteredIndex.load(folder, dim=dim)
    return FaissIndex.load(folder, dim=dim)
