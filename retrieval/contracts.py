"""One Protocol per role in retrieval, and the records that cross them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """Vectors of passages and of the spans inside them.

    Attributes:
        passages: float32 of shape (n, dim), unit rows.
        spans: n arrays, each float32 of shape (number of spans of that passage, dim), unit rows.
    """

    passages: Vectors
    spans: list[Vectors]


class Encoder(Protocol):
    """Turns text into unit vectors whose inner product is cosine similarity."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors it gives would change."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (n, dim) with unit rows."""
        ...

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return float32 of shape (n, dim) with unit rows; `on_progress` gets the number done so far."""
        ...

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        """Encode passages and, from the same forward pass, the character spans inside each."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """What an index knows of a chunk: words to match, and what to filter by.

    Attributes:
        id: The chunk's id in SQL (or a row number, for a benchmark corpus).
        title: Title of the document.
        heading: Heading path and article label, joined by spaces.
        lead: Words that govern the text but stand elsewhere (see `ChunkDraft.lead`).
        text: The chunk's own words.
        spans: Sentences or items inside `text`, code points, end exclusive.
        region: Region path, `全国` for national.
        from_day: First day in force as a proleptic Gregorian ordinal; 0 for always.
        to_day: First day no longer in force; `ALWAYS` for never.
        answerable: False for what may be found in its document but must not answer, such as a signature.
        document: Identity of the document; empty means its title is.
    """

    id: int
    title: str
    heading: str
    lead: str
    text: str
    spans: tuple[Span, ...] = ()
    region: str = "全国"
    from_day: int = 0
    to_day: int = 2**31 - 1
    answerable: bool = True
    document: str = ""


ALWAYS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What a search may return; applied inside the indexes, never after them.

    Attributes:
        regions: Region paths that are visible; None for all.
        day: Ordinal of the day whose law is asked for; None for any day.
    """

    regions: frozenset[str] | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with the parts of its score.

    Attributes:
        score: Fused score, unitless; comparable between passages for one question only.
        dense: Cosine similarity of question and passage, in [-1, 1].
        lexical: BM25 score, at least 0.
        coverage: Share of the question's word weight (idf) found in the passage, in [0, 1].
        spans: Cosine similarity of the question and each span of the passage, in order.
        likeness: Cosine similarity of this passage and the first of the same search, in [-1, 1].
    """

    passage_id: int
    score: float
    dense: float
    lexical: float
    coverage: float = 0.0
    spans: tuple[float, ...] = ()
    likeness: float = 1.0


class VectorIndex(Protocol):
    """Nearest neighbours by inner product; rows are numbered from 0 in the order they were given."""

    def __len__(self) -> int: ...

    def search(
        self, queries: Vectors, *, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return cosines and rows, both of shape (n, k); row -1 pads where fewer rows are allowed."""
        ...

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """Return the vectors of these rows, float32 of shape (len(rows), dim)."""
        ...

    def save(self, folder: Path) -> None: ...


class VectorBackend(Protocol):
    """Where vector indexes are made and kept: files of the snapshot, or a vector store beside it."""

    @property
    def fingerprint(self) -> str:
        """Another fingerprint means that a snapshot of the one is of no use to the other."""
        ...

    @property
    def trouble(self) -> str:
        """What hinders searching just now though it goes on, in Chinese; empty for nothing."""
        ...

    def build(self, vectors: Vectors, groups: NDArray[np.int64]) -> VectorIndex:
        """Build an index.

        Args:
            vectors: float32 of shape (n, dim), unit rows.
            groups: int64 of shape (n,), numbers from 0 on. Rows of one group share region and days, so that
                a search filter allows all of them or none.

        Raises:
            IndexUnavailable: If a store beside this process cannot be reached.
        """
        ...

    def load(self, folder: Path, *, dim: int) -> VectorIndex:
        """Load what `VectorIndex.save` wrote.

        Raises:
            IndexMismatch: If it holds vectors of another dimension; shows both.
        """
        ...

    def verify(self, folder: Path) -> None:
        """Check that what a snapshot keeps outside its folder is whole; what cannot be asked now passes.

        Raises:
            IndexDamaged: If it is gone, or holds another number of rows.
        """
        ...

    def tidy(self, snapshots: Sequence[Path]) -> None:
        """Remove what was kept outside for snapshots other than these."""
        ...


class LexicalIndex(Protocol):
    """Scores all passages for a bag of words; rows as in the vector index."""

    def __len__(self) -> int: ...

    def scores(self, words: Sequence[str], allowed: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Return float32 of shape (size,), at least 0; 0 where a row is not allowed."""
        ...

    def save(self, folder: Path) -> None: ...


class Retriever(Protocol):
    """Finds passages for questions."""

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        """Return up to k hits for each question, by falling score, ties by passage_id.

        Raises:
            ValueError: If k < 1 or a question is blank.
        """
        ...
