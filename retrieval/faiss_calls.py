"""The few calls of FAISS that both kinds of dense index make alike."""

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import IndexMismatch


def on_one_thread() -> None:
    """Keep the calling thread's searches to itself: waking a thread per core costs more than one search."""
    faiss.omp_set_num_threads(1)


def as_selector(allowed: NDArray[np.bool_]) -> faiss.IDSelector:
    """Return bool of shape (n,) as FAISS takes it."""
    # The stubs know the C++ constructors only, not what the Python module makes of them.
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[call-arg, arg-type]


def read_index(path: Path, dim: int, *, mapped: bool = False) -> faiss.Index:
    """Read an index file; `mapped` leaves its vectors on disk, shared by all who read them.

    Raises:
        IndexMismatch: If it holds vectors of another dimension; shows both.
    """
    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
    if index.d != dim:
        raise IndexMismatch(f"index holds vectors of {index.d} dimensions, the encoder gives {dim}")
    return index
