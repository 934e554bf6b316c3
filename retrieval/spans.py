"""Vectors of the sentences inside passages: what a passage says best may be one sentence of it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.arithmetic import dot
from retrieval.contracts import Vectors

_FILE = "spans.npy"


class SpanVectors:
    """float16 of shape (spans, dim), unit rows; `PassageTable.span_starts` says whose they are."""

    def __init__(self, vectors: NDArray[np.float16], starts: NDArray[np.int64]) -> None:
        self._vectors = vectors
        self._starts = starts

    @classmethod
    def build(
        cls, spans: Sequence[NDArray[np.float16]], starts: NDArray[np.int64], dim: int
    ) -> "SpanVectors":
        """Build from the span vectors of each passage, float16 of shape (spans of it, dim)."""
        joined = np.concatenate(spans) if spans else np.empty((0, dim), dtype=np.float16)
        return cls(joined, starts)

    @classmethod
    def load(cls, folder: Path, starts: NDArray[np.int64]) -> "SpanVectors":
        # Read, not mapped: a file that is cut short beneath a mapping kills the process that looks.
        return cls(np.load(folder / _FILE), starts)

    def save(self, folder: Path) -> None:
        np.save(folder / _FILE, self._vectors)

    def cosines(self, query: Vectors, rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """Return, for each of these passages, the cosine of the query with each span of it."""
        starts, ends = self._starts[rows], self._starts[rows + 1]
        counts = ends - starts
        if not counts.sum():
            return [np.empty(0, dtype=np.float32) for _ in rows]
        bounds = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(starts - bounds[:-1], counts) + np.arange(bounds[-1])
        scores = dot(self._vectors[places].astype(np.float32), query)
        return [scores[start:end] for start, end in pairwise(bounds.tolist())]
