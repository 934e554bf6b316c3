"""An encoder made of hashes, shared by the tests of this folder."""

import hashlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from retrieval.contracts import PassageVectors, Span, Vectors


class BigramEncoder:
    """Counts pairs of neighbouring characters in `dim` buckets, so that texts that share words are near.

    The same text has the same vector on every machine; a span's vector is that of its own words.
    `encoded` keeps every passage it was ever asked to encode.
    """

    def __init__(self, dim: int = 64, name: str = "bigram") -> None:
        self._dim = dim
        self._name = name
        self.encoded: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def fingerprint(self) -> str:
        return f"{self._name}-{self._dim}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts)

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        self.encoded.extend(texts)
        if on_progress is not None:
            on_progress(len(texts))
        return self._vectors(texts)

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        words = [[text[start:end] for start, end in cut] for text, cut in zip(texts, spans, strict=True)]
        return PassageVectors(
            self.encode_passages(texts, on_progress), [self._vectors(of_text) for of_text in words]
        )

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        counts = np.zeros((len(texts), self._dim), dtype=np.float32)
        for place, text in enumerate(texts):
            for pair in pairwise(f" {text} "):
                counts[place, hashlib.sha256("".join(pair).encode()).digest()[0] % self._dim] += 1
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)
