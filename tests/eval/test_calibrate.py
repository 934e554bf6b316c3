"""Learning weights: on made-up candidates whose right answer is known to lie in one feature."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.confidence import SIGNALS, Confidence, signals
from bot.turn import Turn
from eval.calibrate import FOLDS, Judged, _even_weights, learn_confidence, learn_ranking
from retrieval.ranking import FEATURES, Ranking
from tests.bot.builders import chunk_of, evidence_of, query_of, turn_of

RANDOM = np.random.default_rng(20261123)
DENSE, LEXICAL = FEATURES.index("dense"), FEATURES.index("lexical")


def candidates(right: int | None, *, decisive: int = DENSE, count: int = 6) -> Judged:
    """Noise in every feature; the right candidate is far ahead in the decisive one."""
    features = RANDOM.normal(0.0, 0.1, (count, len(FEATURES)))
    is_right: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
    if right is not None:
        features[right, decisive] += 2.0
        is_right[right] = True
    return Judged(f"q{right}", features, is_right)


def test_the_feature_that_tells_right_from_wrong_gets_the_weight() -> None:
    learned = learn_ranking([candidates(n % 6, decisive=LEXICAL) for n in range(40)])
    assert max(learned.weights, key=lambda name: learned.weights[name]) == "lexical"
    assert learned.weights["lexical"] > 0
    assert (learned.at_1, learned.at_10, learned.in_candidates) == (1.0, 1.0, 1.0)
    assert set(learned.weights) == set(FEATURES)
    Ranking.of(learned.weights)  # what was learned can be ranked by


def test_a_question_without_its_right_candidate_counts_as_missed() -> None:
    learned = learn_ranking([candidates(n) for n in range(6)] + [candidates(None) for _ in range(2)])
    assert learned.questions == 8
    assert learned.in_candidates == learned.at_10 == 0.75


def test_several_candidates_may_be_right() -> None:
    """Two places answer; to have either of them first is enough."""
    judged = []
    for n in range(20):
        one = candidates(n % 6)
        one.features[(n + 1) % 6, DENSE] += 2.0
        also = one.right.copy()
        also[(n + 1) % 6] = True
        judged.append(replace(one, right=also))
    assert learn_ranking(judged).at_1 == 1.0


def test_figures_are_of_questions_left_out() -> None:
    """Where nothing can be learned, a left-out question is right by chance, however well the rest fits."""
    judged = [replace(candidates(None), right=np.arange(6) == RANDOM.integers(6)) for _ in range(60)]
    assert learn_ranking(judged).at_1 < 0.5


def test_learning_needs_a_question_for_each_fold() -> None:
    with pytest.raises(ValueError, match="4 questions have a right candidate, at least 5 are needed"):
        learn_ranking([candidates(n) for n in range(FOLDS - 1)])


def turn(dense: float) -> Turn:
    features = {"dense": dense}
    evidence = evidence_of(chunk_of("养犬登记应当在三十日内办理。"), features=features)
    return replace(turn_of("登记", evidence), query=query_of("养犬登记"))


def turns(*, gap: float) -> list[tuple[Turn, bool]]:
    """A hundred turns, every second answerable, whose cosines lie `gap` apart on the average."""
    return [(turn(RANDOM.normal(gap * (n % 2), 0.05)), n % 2 == 1) for n in range(100)]


def test_what_is_far_apart_is_told_apart() -> None:
    learned = learn_confidence(turns(gap=1.0))
    assert learned.weights["dense"] > 0
    assert learned.refused_unanswerable == 1.0
    assert (learned.answerable, learned.unanswerable) == (50, 50)
    assert set(learned.weights) == set(SIGNALS)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_the_threshold_keeps_to_the_false_refusals_allowed(share: float) -> None:
    learned = learn_confidence(turns(gap=0.1), false_refusals=share)
    assert learned.refused_answerable <= share
    assert learned.refused_answerable > share - 0.05


def test_what_was_learned_judges_as_it_was_measured() -> None:
    learned = learn_confidence(turns(gap=1.0))
    model = Confidence(tuple(learned.weights[name] for name in SIGNALS), learned.bias, learned.threshold)
    assert model.of(signals(turn(1.0))) > 0.5 > model.of(signals(turn(0.0)))


def test_a_signal_that_never_changes_weighs_nothing() -> None:
    assert learn_confidence(turns(gap=1.0)).weights["unserved"] == 0.0


def test_a_short_question_and_a_long_one_are_answerable_equally_often() -> None:
    lengths = np.array([6] * 30 + [30] * 90)
    labels = np.array([True] * 10 + [False] * 20 + [True] * 60 + [False] * 30)
    weights = _even_weights(lengths, labels)
    short, long = lengths == 6, lengths == 30
    # Ten questions count as if they were twenty of them: a cell that small is not blown up.
    assert weights[short & labels].sum() == pytest.approx(weights[short & ~labels].sum() / 2)
    assert weights[long & labels].sum() == pytest.approx(weights[long & ~labels].sum())
    assert weights.mean() == pytest.approx(1.0)
