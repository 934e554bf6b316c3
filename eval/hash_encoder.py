"""An encoder without a model, for proofs about storage: the same text has the same vector everywhere."""

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from retrieval.contracts import PassageVectors, Span, Vectors


class HashEncoder:
    """Counts pairs of neighbouring characters in `dim` buckets, so that texts that share words are near."""

    name = "hash"

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim

    @property
    def fingerprint(self) -> str:
        return f"hash-{self.dim}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts)

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        if on_progress is not None:
            on_progress(len(texts))
        return self._vectors(texts)

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        cut = [
            [text[start:end] for start, end in of_text] for text, of_text in zip(texts, spans, strict=True)
        ]
        return PassageVectors(self.encode_passages(texts, on_progress), [self._vectors(each) for each in cut])

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        counts = np.zeros((len(texts), self.dim), dtype=np.float32)
        for place, text in enumerate(texts):
            for pair in pairwise(f" {text} "):
                counts[place, zlib.crc32("".join(pair).encode()) % self.dim] += 1
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)
