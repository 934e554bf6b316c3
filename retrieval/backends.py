"""The default `VectorBackend`: FAISS in this process, everything in the snapshot's folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import VectorIndex, Vectors
from retrieval.dense import build_dense, load_dense


class FaissBackend:
    """Makes and loads an index of the kind its size asks for; nothing lies outside the folder."""

    fingerprint = "faiss"
    trouble = ""

    def build(self, vectors: Vectors, groups: NDArray[np.int64]) -> VectorIndex:
        del groups  # it is given the rows themselves at each search
        return build_dense(vectors)

    def load(self, folder: Path, *, dim: int) -> VectorIndex:
        return load_dense(folder, dim=dim)

    def verify(self, folder: Path) -> None:
        pass

    def tidy(self, snapshots: Sequence[Path]) -> None:
        pass
