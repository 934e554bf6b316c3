"""Word matching: BM25 (the Lucene form) from the library bm25s, behind the `LexicalIndex` Protocol."""

from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75


class Bm25Index:
    """BM25 scores of all passages for a bag of words; rows as in the dense index."""

    def __init__(self, index: bm25s.BM25, size: int) -> None:
        self._index = index
        self._size = size

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> "Bm25Index":
        """Build from the words of each passage. A corpus without a single word matches nothing."""
        index = bm25s.BM25(method="lucene", k1=K1, b=B)
        # bm25s needs at least one word to build its table from; no question contains this one.
        filled = [list(words) or ["\0"] for words in documents] or [["\0"]]
        index.index(filled, show_progress=False, leave_progress=False)
        index.scores["num_docs"] = len(documents)
        return cls(index, len(documents))

    @classmethod
    def load(cls, folder: Path) -> "Bm25Index":
        index = bm25s.BM25.load(folder, load_corpus=False, mmap=False)
        return cls(index, int(index.scores["num_docs"]))

    def save(self, folder: Path) -> None:
        self._index.save(folder, show_progress=False)

    def __len__(self) -> int:
        return self._size

    def scores(self, words: Sequence[str], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Return float32 of shape (size,): the BM25 score of every passage, 0 where it is not allowed."""
        known = [word for word in dict.fromkeys(words) if word in self._index.vocab_dict]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        mask = None if allowed is None else allowed.astype(np.float32)
        return np.asarray(self._index.get_scores(known, weight_mask=mask), dtype=np.float32)

    def coverage(self, words: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return float32 of shape (len(rows),): the share of the words' weight (idf) found in each passage.

        A word no passage has weighs more than any other. No words at all cover nothing: 0.
        """
        unique = list(dict.fromkeys(words))
        found = np.zeros(len(rows), dtype=np.float32)
        total = 0.0
        pointers, passages = self._index.scores["indptr"], self._index.scores["indices"]
        is_holder = np.zeros(self._size, dtype=np.bool_)
        for word in unique:
            number = self._index.vocab_dict.get(word)
            known = slice(0) if number is None else slice(pointers[number], pointers[number + 1])
            holders = passages[known]
            weight = _idf(self._size, len(holders))
            total += weight
            is_holder[holders] = True
            found += weight * is_holder[rows]
            is_holder[holders] = False
        return found / total if total else found

    def weight(self, word: str) -> float:
        """Return how much a word tells (idf), more than 0; one that no passage has tells most."""
        number = self._index.vocab_dict.get(word)
        pointers = self._index.scores["indptr"]
        return _idf(self._size, 0 if number is None else int(pointers[number + 1] - pointers[number]))


def _idf(size: int, holders: int) -> float:
    return float(np.log1p((size - holders + 0.5) / (holders + 0.5)))
