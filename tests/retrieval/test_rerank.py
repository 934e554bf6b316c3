"""A second look at the best candidates: as many as the time allows, the others in their old order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import EncoderError
from retrieval.contracts import Vectors
from retrieval.rerank import CrossEncoderScorer, Reranker
from tests.retrieval.cross_encoders import save_cross_encoder


class Clock:
    def __init__(self) -> None:
        self.now_s = 5.0

    def __call__(self) -> float:
        return self.now_s


class ByNumber:
    """Scores a passage by the number it is, and takes `ms` for each batch, one after another."""

    name = "by number"

    def __init__(self, clock: Clock, *ms: float) -> None:
        self._clock = clock
        self._ms = list(ms)
        self.batches: list[list[str]] = []

    def score(self, question: str, passages: Sequence[str]) -> Vectors:
        self.batches.append(list(passages))
        self._clock.now_s += (self._ms.pop(0) if len(self._ms) > 1 else self._ms[0]) / 1000
        return np.array([float(passage) for passage in passages], dtype=np.float32)


def rerank(passages: Sequence[str], *ms: float, budget_ms: float) -> tuple[list[str], list[list[str]]]:
    clock = Clock()
    scorer = ByNumber(clock, *ms)
    order = Reranker(scorer, budget_ms=budget_ms, batch=2, monotonic_s=clock).order("问", passages)
    return [passages[place] for place in order], scorer.batches


def test_with_time_enough_all_are_read_and_ordered() -> None:
    assert rerank(["1", "5", "3", "4", "2"], 10, budget_ms=1000)[0] == ["5", "4", "3", "2", "1"]


def test_those_not_reached_follow_in_their_order_however_good() -> None:
    order, batches = rerank(["1", "5", "3", "4", "9", "8"], 10, budget_ms=25)
    assert batches == [["1", "5"], ["3", "4"]]
    assert order == ["5", "4", "3", "1", "9", "8"]


def test_no_batch_is_begun_that_would_end_too_late() -> None:
    # 10 ms are left after the second batch, but the first took 30.
    assert len(rerank(["1", "2", "3", "4", "5", "6"], 30, 10, 10, budget_ms=50)[1]) == 1
    assert len(rerank(["1", "2", "3", "4", "5", "6"], 10, 20, 10, budget_ms=50)[1]) == 3


def test_the_best_are_read_though_that_alone_is_too_slow() -> None:
    assert rerank(["1", "2", "3"], 500, budget_ms=50) == (["2", "1", "3"], [["1", "2"]])


def test_equal_scores_keep_their_order_and_none_is_none() -> None:
    clock = Clock()
    passages = ["7", "7.0", "9", "7.00"]
    assert Reranker(ByNumber(clock, 1), budget_ms=99, monotonic_s=clock).order("问", passages) == [2, 0, 1, 3]
    assert Reranker(ByNumber(clock, 1), budget_ms=99, monotonic_s=clock).order("问", []) == []


def test_a_scorer_that_fails_leaves_the_order(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    reranker = Reranker(ByNumber(clock, 1), budget_ms=99, batch=1, monotonic_s=clock)
    assert reranker.order("问", ["1", "2", "not a number", "3"]) == [0, 1, 2, 3]
    assert "reranker by number failed; the order stays as it was" in caplog.text


@given(st.lists(st.integers(0, 9), max_size=15), st.integers(1, 90), st.integers(1, 30))
def test_every_passage_comes_once_the_read_ones_first(numbers: list[int], budget_ms: int, ms: int) -> None:
    clock = Clock()
    scorer = ByNumber(clock, ms)
    passages = [str(number) for number in numbers]
    order = Reranker(scorer, budget_ms=budget_ms, monotonic_s=clock).order("问", passages)
    read = sum(map(len, scorer.batches))
    assert sorted(order) == list(range(len(passages)))
    assert order[read:] == list(range(read, len(passages)))
    assert [numbers[place] for place in order[:read]] == sorted(numbers[:read], reverse=True)
    assert len(scorer.batches) <= max(1, budget_ms / ms + 1e-6)


@pytest.fixture(scope="module")
def prefers_fees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder that reads one thing only: whether 费 stands in the passage."""
    return save_cross_encoder(tmp_path_factory.mktemp("fees"), prefers="费")


PASSAGES = ("登记应当在三日内办理", "登记费每年二百元", "逾期的处罚款", "不收费")


@pytest.mark.slow
def test_a_real_cross_encoder_orders_by_what_it_prefers(prefers_fees: Path) -> None:
    scorer = CrossEncoderScorer.load(str(prefers_fees))
    scores = scorer.score("登记多少钱", PASSAGES)
    assert scores.shape == (4,)
    assert scores.dtype == np.float32
    assert min(scores[1], scores[3]) > max(scores[0], scores[2])
    order = Reranker(scorer, budget_ms=60_000).order("登记多少钱", PASSAGES)
    assert set(order[:2]) == {1, 3}
    assert scorer.score("登记多少钱", []).shape == (0,)


@pytest.mark.slow
def test_a_random_cross_encoder_scores_a_pair_alike_alone_and_beside_others(tmp_path: Path) -> None:
    scorer = CrossEncoderScorer.load(str(save_cross_encoder(tmp_path)))
    together = scorer.score("登记多少钱", PASSAGES)
    alone = [scorer.score("登记多少钱", [passage])[0] for passage in PASSAGES]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert len(set(together.tolist())) == 4


@pytest.mark.slow
def test_what_is_no_reranker_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="gives 3 numbers for a pair, 1 is needed"):
        CrossEncoderScorer.load(str(save_cross_encoder(tmp_path, labels=3)))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        CrossEncoderScorer.load(str(tmp_path / "nowhere"))
