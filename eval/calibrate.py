"""Learning the ranking weights and the answering threshold from labelled questions.

Two small models, both linear and readable. The ranking is learned listwise: for each question a softmax
over its candidates, the right ones against the rest (ListNet with binary relevance, Cao et al. 2007). The
confidence is a logistic regression of "answerable" on the signals of the turn. Figures are of questions left
out while learning (five folds by question), never of those learned from.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from bot.answer import Question
from bot.assembly import Service
from bot.confidence import SIGNALS, signals
from bot.steps.retrieve import candidates
from bot.turn import Turn
from eval.datasets import LabelledQuestion
from eval.judging import is_right
from retrieval.ranking import FEATURES

CANDIDATES = 200
FOLDS = 5
RIDGE = 0.005
FALSE_REFUSALS = 0.05
# Characters that part short questions from long ones; see `_even_weights`.
LENGTHS = (8, 12, 18, 26)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates of one answerable question.

    Attributes:
        features: float64 of shape (c, len(FEATURES)).
        right: bool of shape (c,).
    """

    id: str
    features: Floats
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Weights by feature; how often a right passage of a left-out question comes first, in three, in ten."""

    weights: dict[str, float]
    at_1: float
    at_3: float
    at_10: float
    in_candidates: float
    questions: int


@dataclass(frozen=True, slots=True)
class ConfidenceResult:
    """Weights by signal with the threshold, and the shares refused of left-out questions, each in [0, 1]."""

    weights: dict[str, float]
    bias: float
    threshold: float
    refused_unanswerable: float
    refused_answerable: float
    answerable: int
    unanswerable: int


def judge_candidates(service: Service, questions: Iterable[LabelledQuestion]) -> list[Judged]:
    """Return the candidates of each answerable question, best first by the ranking so far."""
    judged = []
    for labelled in questions:
        if not labelled.answerable:
            continue
        turn = _consult(service, labelled)
        if turn.query is None:
            continue
        found = candidates(turn, service.store, k=CANDIDATES)
        chunks = service.store.chunks([hit.passage_id for hit in found.hits])
        right = []
        for hit in found.hits:
            chunk = chunks[hit.passage_id]
            right.append(
                is_right(
                    labelled.expected,
                    file=chunk.document.source_file,
                    article=chunk.draft.article,
                    heading_path=chunk.draft.heading_path,
                )
            )
        judged.append(Judged(labelled.id, found.features.astype(np.float64), np.array(right, dtype=np.bool_)))
    return judged


def learn_ranking(judged: Sequence[Judged], *, ridge: float = RIDGE) -> RankingResult:
    """Learn the weights from all questions; figures are of the folds left out.

    Raises:
        ValueError: If there are fewer questions with a right candidate than folds.
    """
    usable = [one for one in judged if one.right.any()]
    if len(usable) < FOLDS:
        raise ValueError(f"{len(usable)} questions have a right candidate, at least {FOLDS} are needed")
    places: list[int] = []
    for fold in range(FOLDS):
        weights = _fit_softmax([one for n, one in enumerate(usable) if n % FOLDS != fold], ridge)
        places += [_place(one, weights) for n, one in enumerate(usable) if n % FOLDS == fold]
    total = len(judged)
    weights = _fit_softmax(usable, ridge)
    return RankingResult(
        weights={name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)},
        at_1=sum(place < 1 for place in places) / total,
        at_3=sum(place < 3 for place in places) / total,
        at_10=sum(place < 10 for place in places) / total,
        in_candidates=len(usable) / total,
        questions=total,
    )


def _place(one: Judged, weights: Floats) -> int:
    order = np.argsort(-(one.features @ weights), kind="stable")
    return int(np.flatnonzero(one.right[order])[0])


def _fit_softmax(judged: Sequence[Judged], ridge: float) -> Floats:
    """Return the weights that make right candidates likeliest, in the features' own units."""
    everything = np.concatenate([one.features for one in judged])
    scale = np.maximum(everything.std(axis=0), 1e-6)
    matrices = [one.features / scale for one in judged]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = 0.0, np.zeros_like(weights)
        for matrix, one in zip(matrices, judged, strict=True):
            scores = matrix @ weights
            scores -= scores.max()
            likely = np.exp(scores)
            likely /= likely.sum()
            right = likely * one.right
            mass = right.sum()
            total -= math.log(mass + 1e-12)
            gradient += matrix.T @ (likely - right / (mass + 1e-12))
        n = len(judged)
        return total / n + ridge * float(weights @ weights), gradient / n + 2 * ridge * weights

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B")
    return np.asarray(found.x / scale, dtype=np.float64)


def turns_of(service: Service, questions: Iterable[LabelledQuestion]) -> list[tuple[Turn, bool]]:
    """Return each question's turn with whether it is answerable; a turn without evidence is left out."""
    turns = [(_consult(service, labelled), labelled.answerable) for labelled in questions]
    return [(turn, answerable) for turn, answerable in turns if turn.evidence]


def learn_confidence(
    turns: Sequence[tuple[Turn, bool]], *, false_refusals: float = FALSE_REFUSALS
) -> ConfidenceResult:
    """Learn when to answer; the threshold refuses at most this share of answerable left-out questions."""
    values = np.array([signals(turn) for turn, _ in turns], dtype=np.float64)
    labels = np.array([answerable for _, answerable in turns], dtype=np.bool_)
    lengths = np.array([len(turn.text) for turn, _ in turns])
    evenly = _even_weights(lengths, labels)
    left_out = np.zeros(len(turns))
    for fold in range(FOLDS):
        test = np.arange(len(turns)) % FOLDS == fold
        weights, bias = fit_logistic(values[~test], labels[~test], evenly[~test])
        left_out[test] = 1 / (1 + np.exp(-(values[test] @ weights + bias)))
    threshold = float(np.quantile(left_out[labels], false_refusals))
    weights, bias = fit_logistic(values, labels, evenly)
    return ConfidenceResult(
        weights={name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)},
        bias=round(float(bias), 4),
        threshold=round(threshold, 4),
        refused_unanswerable=float((left_out[~labels] < threshold).mean()),
        refused_answerable=float((left_out[labels] < threshold).mean()),
        answerable=int(labels.sum()),
        unanswerable=int((~labels).sum()),
    )


def _even_weights(lengths: NDArray[np.int64], labels: NDArray[np.bool_]) -> Floats:
    """Weigh questions so that short and long ones are answerable equally often, mean 1.

    Those who write labelled sets write the answerable ones at more length; unevened, the length of a question
    would itself buy it an answer. A cell of few questions is not blown up: it counts as 20.
    """
    cells = 2 * np.digitize(lengths, LENGTHS) + labels
    weights = 1 / np.maximum(np.bincount(cells), 20)[cells]
    return np.asarray(weights * (len(weights) / weights.sum()), dtype=np.float64)


def fit_logistic(
    values: Floats, labels: NDArray[np.bool_], weights: Floats | None = None
) -> tuple[Floats, float]:
    """Return weights and bias of a logistic regression, in the values' own units.

    Args:
        weights: How much each sample counts; by default all alike.
    """
    mean, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.5, max_iter=2000).fit(
        (values - mean) / scale, labels, sample_weight=weights
    )
    coefficients = model.coef_[0] / scale
    return coefficients, float(model.intercept_[0] - coefficients @ mean)


def _consult(service: Service, labelled: LabelledQuestion) -> Turn:
    return service.consultation.consult(
        Question(question=labelled.question, history=labelled.history, region=labelled.region)
    )
