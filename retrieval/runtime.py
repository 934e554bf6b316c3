"""What runs an encoder's forward pass, and the records that go in and come out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Vectors

TokenIds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one model turns text into a vector.

    Attributes:
        dim: Elements of a sentence vector.
        max_tokens: Tokens of a text that are read, specials included; the rest is cut off.
        pooling: Name sentence-transformers gives the pooling, such as `mean` or `cls`.
        pad_id: Token id that fills up shorter texts of a batch.
        query_prefix: Put before every question.
        passage_prefix: Put before every passage.
        fingerprint: 16 hexadecimal digits over all of the above, the tokenizer and the weights.
    """

    name: str
    dim: int
    max_tokens: int
    pooling: str
    pad_id: int
    query_prefix: str
    passage_prefix: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Token ids, padded on the right to the longest text of the batch.

    Attributes:
        ids: int64 of shape (n, length).
        mask: int64 of shape (n, length); 1 for a token, 0 for padding.
    """

    ids: TokenIds
    mask: TokenIds

    @classmethod
    def padded(cls, texts: Sequence[Sequence[int]], pad_id: int) -> "TokenBatch":
        """Return the token ids of n texts, each with at least one token, as one batch."""
        length = max(len(text) for text in texts)
        ids = np.full((len(texts), length), pad_id, np.int64)
        mask = np.zeros((len(texts), length), np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        return cls(ids, mask)


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """What one forward pass gives.

    Attributes:
        tokens: float32 of shape (n, length, hidden): the last layer; rows of padding mean nothing.
        passages: float32 of shape (n, dim): the model's own sentence vectors, not yet of unit length.
    """

    tokens: Vectors
    passages: Vectors


class Runtime(Protocol):
    """Runs one model. Safe to call from several threads."""

    def run(self, batch: TokenBatch) -> TokenVectors:
        """Run one small batch with the least delay."""
        ...

    def run_many(self, batches: Iterable[TokenBatch]) -> Iterator[TokenVectors]:
        """Run many batches at the highest rate; results come in the order of the batches."""
        ...

    def finish(self, means: Vectors) -> Vectors:
        """Do to means of token vectors, (n, hidden), what the model does after pooling; gives (n, dim)."""
        ...


def unit_rows(rows: Vectors) -> Vectors:
    """Return the rows at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = rows / np.maximum(lengths, np.float32(1e-12))
    return units
