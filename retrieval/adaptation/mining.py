"""Hard negatives: passages that the ranking puts high for a question, though they do not answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.contracts import Vectors
from retrieval.hybrid import Found
from retrieval.query import Query

DEPTH = 50
# A passage that far above the right one is rather a right one nobody labelled.
HIGHEST = 4.0
# A passage that near to a right one says the same: the rule of a neighbouring province.
SAME = 0.985


class Ranker(Protocol):
    """The part of `HybridIndex` that mining needs."""

    def encode(self, queries: Sequence[Query]) -> Vectors: ...

    def rank(self, query: Query, vector: Vectors, *, k: int = ..., pool: int = ...) -> Found: ...

    def passage_vectors(self, passage_ids: Sequence[int]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question with passages that answer it and passages that only look as if they did, by their ids.

    Attributes:
        text: The question as the encoder reads it, without prefix.
        right: At least one passage that answers.
        wrong: Hard negatives, the hardest first; may be empty.
    """

    text: str
    right: tuple[int, ...]
    wrong: tuple[int, ...]


def mine(
    ranker: Ranker, questions: Mapping[Query, Sequence[int]], *, depth: int = DEPTH
) -> list[TrainingQuestion]:
    """Return each question with its hard negatives, in the order given.

    Args:
        questions: Each query with the ids of the passages that answer it.
        depth: How far down the ranking to look.
    """
    queries = list(questions)
    vectors = ranker.encode(queries)
    mined = []
    for query, vector in zip(queries, vectors, strict=True):
        right = tuple(dict.fromkeys(questions[query]))
        hits = ranker.rank(query, vector, k=depth, pool=2 * depth).hits
        best = max((hit.score for hit in hits if hit.passage_id in right), default=float("inf"))
        doubtful = [h.passage_id for h in hits if h.passage_id not in right and h.score <= best + HIGHEST]
        alike = ranker.passage_vectors(doubtful) @ ranker.passage_vectors(right).T
        wrong = [id_ for id_, row in zip(doubtful, alike, strict=True) if row.max() < SAME]
        mined.append(TrainingQuestion(query.encoder_text, right, tuple(wrong)))
    return mined
