"""The default `VectorBackend`: FAISS in this process, everything in the snapshot's folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Vectors
from retrieval.dense import FaissIndex


class FaissBackend:
    """Makes and loads `FaissIndex`; there is nothing outside the folder to check or to remove."""

    fingerprint = "faiss"
    trouble = ""

    def build(self, vectors: Vectors, groups: NDArray[np.int64]) -> FaissIndex:
        del groups  # it is given the rows themselves at each search
        return FaissIndex.build(vectors)

    def load(self, folder: Path, *, dim: int) -> FaissIndex:
        return FaissIndex.load(folder, dim=dim)

    def verify(self, folder: Path) -> None:
        pass

    def tidy(self, snapshots: Sequence[Path]) -> None:
        pass
