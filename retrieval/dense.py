"""Nearest neighbours by meaning: FAISS behind the `VectorIndex` Protocol."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import IndexMismatch
from retrieval.contracts import Vectors

FILE = "dense.faiss"


class FaissIndex:
    """Exact inner-product search; rows are numbered from 0 in the order they were given."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> "FaissIndex":
        """Build from float32 unit rows of shape (n, dim)."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    @classmethod
    def load(cls, folder: Path, *, dim: int) -> "FaissIndex":
        """Load what `save` wrote.

        Raises:
            IndexMismatch: If it holds vectors of another dimension; shows both.
        """
        index = faiss.read_index(str(folder / FILE))
        if index.d != dim:
            raise IndexMismatch(f"index holds vectors of {index.d} dimensions, the encoder gives {dim}")
        return cls(index)

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
        parameters = None
        if allowed is not None:
            # The stubs know the C++ constructors only, not what the Python module makes of them.
            bitmap = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=bitmap)  # type: ignore[call-arg]
        # One question is too little work to share: waking a thread per core costs more than the search.
        faiss.omp_set_num_threads(1)
        cosines, rows = self._index.search(np.ascontiguousarray(queries), k, params=parameters)
        return cosines, rows
