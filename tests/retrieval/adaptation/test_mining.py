"""Hard negatives: high in the ranking, and neither right nor the same as a right one."""

from collections.abc import Sequence

import numpy as np

from retrieval.adaptation.mining import HIGHEST, TrainingQuestion, mine
from retrieval.contracts import Hit, Vectors
from retrieval.hybrid import Found
from retrieval.lexicon import load_lexicon
from retrieval.query import Query, QueryReader

READER = QueryReader(load_lexicon())
QUESTION = READER.read("养犬登记要多久")
EAST, NORTH, NEARLY_EAST = (1.0, 0.0), (0.0, 1.0), (0.999, 0.0447)


class Ranked:
    """A ranking made by hand: passage ids with their scores, best first, and a vector for each."""

    def __init__(self, scores: dict[int, float], vectors: dict[int, tuple[float, float]]) -> None:
        self._scores = scores
        self._vectors = vectors

    def encode(self, queries: Sequence[Query]) -> Vectors:
        return np.ones((len(queries), 2), dtype=np.float32)

    def rank(self, query: Query, vector: Vectors, *, k: int = 20, pool: int = 100) -> Found:
        hits = [Hit(id_, score, 0.8, 1.0) for id_, score in self._scores.items()]
        return Found(hits[:k], np.zeros((len(hits[:k]), 1), dtype=np.float32))

    def passage_vectors(self, passage_ids: Sequence[int]) -> Vectors:
        return np.array([self._vectors[id_] for id_ in passage_ids], dtype=np.float32).reshape(-1, 2)


def test_what_ranks_high_without_being_right_is_a_negative_the_hardest_first() -> None:
    ranked = Ranked({3: 9.0, 1: 8.0, 2: 7.0}, {1: EAST, 2: NORTH, 3: NORTH})
    assert mine(ranked, {QUESTION: [1]}) == [TrainingQuestion("养犬登记要多久", (1,), (3, 2))]


def test_the_same_rule_in_other_words_is_no_negative() -> None:
    ranked = Ranked({1: 9.0, 2: 8.0, 3: 7.0}, {1: EAST, 2: NEARLY_EAST, 3: NORTH})
    assert mine(ranked, {QUESTION: [1]})[0].wrong == (3,)


def test_what_ranks_far_above_the_right_one_may_be_right_itself() -> None:
    ranked = Ranked({2: 5.1 + HIGHEST, 3: 5.0 + HIGHEST, 1: 5.0}, {1: EAST, 2: NORTH, 3: NORTH})
    assert mine(ranked, {QUESTION: [1]})[0].wrong == (3,)


def test_a_right_passage_that_is_not_found_is_learned_from_all_the_same() -> None:
    ranked = Ranked({2: 9.0}, {1: EAST, 2: NORTH})
    assert mine(ranked, {QUESTION: [1, 1]}) == [TrainingQuestion("养犬登记要多久", (1,), (2,))]


def test_where_nothing_is_found_there_are_no_negatives() -> None:
    assert mine(Ranked({}, {1: EAST}), {QUESTION: [1]})[0].wrong == ()
