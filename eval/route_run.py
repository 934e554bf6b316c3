"""`wenzheng eval routes`: is every turn led where it wants to go, and no emergency missed?

The model of `bot.routing` is learned from the labelled turns that are marked `tune`; how strongly it is held
back is chosen by folds left out among them. Every figure is of the others, `test`, which are in other words
and never learned from.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from sklearn.linear_model import LogisticRegression

from bot.emergencies import emergency_of
from bot.routes import Route
from bot.routing import WEIGHTS_FILE, Router, cues_of, wants_person
from eval.calibrate import FOLDS, Floats
from eval.datasets import DatasetError, read_rows
from eval.reports import Table, percent
from retrieval.contracts import Encoder, Vectors
from retrieval.query import QueryReader

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
SHARPENINGS = tuple(place / 4 for place in range(4, 25))
# Vectors lie close together: what sets questions apart has to be brought up to the size of a cue.
VECTOR_SCALE = 20.0


class LabelledTurn(BaseModel):
    """One line of the labelled set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    split: Literal["tune", "test"]
    route: Route
    text: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class RouteScores:
    """How one route fared: `right` of `labelled` turns, and of the `given` ones."""

    route: Route
    labelled: int
    given: int
    right: int

    @property
    def recall(self) -> float:
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.given if self.given else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.labelled + self.given) if self.labelled + self.given else 0.0


@dataclass(frozen=True, slots=True)
class RoutedTurn:
    """A turn and where it was led; `by_pattern` tells who decided."""

    turn: LabelledTurn
    given: Route
    probability: float
    by_pattern: bool


@dataclass(frozen=True, slots=True)
class RouteResult:
    """What one run measured on the test half."""

    by_route: tuple[RouteScores, ...]
    macro_f1: float
    accuracy: float
    emergencies_by_pattern: int
    confusions: tuple[tuple[Route, Route, int], ...]
    faults: tuple[RoutedTurn, ...]
    left_out_macro_f1: float | None

    def tables(self) -> list[Table]:
        scores = Table(
            ("去向", "题数", "查全", "查准", "F1"),
            (
                *(
                    _row(each)
                    for each in self.by_route
                ),
                ("宏平均 F1", "", "", "", f"{self.macro_f1:.3f}"),
                ("正确率", "", percent(self.accuracy), "", ""),
            ),
        )  # fmt: skip
        confused = Table(
            ("应为", "判为", "题数"),
            tuple((right.value, given.value, str(count)) for right, given, count in self.confusions),
        )
        faults = Table(
            ("判错的题", "应为", "判为", "把握"),
            tuple(
                (each.turn.text, each.turn.route.value, each.given.value, f"{each.probability:.2f}")
                for each in self.faults
            ),
        )
        return [scores, confused, faults]


def _row(scores: RouteScores) -> tuple[str, ...]:
    shares = percent(scores.recall), percent(scores.precision), f"{scores.f1:.3f}"
    return scores.route.value, str(scores.labelled), *shares


def read_turns(path: Path) -> tuple[LabelledTurn, ...]:
    """Read a labelled set, one JSON object a line.

    Raises:
        DatasetError: If the file is missing or empty, a line is malformed, or a text or id comes twice.
    """
    turns: list[LabelledTurn] = []
    seen: set[str] = set()
    for number, turn in read_rows(path, LabelledTurn):
        for key in (turn.id, turn.text):
            if key in seen:
                raise DatasetError(f"{path}:{number}: {key!r} comes twice")
            seen.add(key)
        turns.append(turn)
    return tuple(turns)


def encode_turns(turns: Sequence[LabelledTurn], encoder: Encoder, reader: QueryReader) -> Vectors:
    """Return the vectors that a search makes of the turns, float32 of shape (n, dim)."""
    return encoder.encode_queries([reader.read(turn.text).encoder_text for turn in turns])


def learn_router(turns: Sequence[LabelledTurn], vectors: Vectors, encoder: str) -> tuple[Router, float]:
    """Learn from the tune half; return the model and its macro-F1 on the folds left out.

    What the patterns decide is learned from, too: a model that knows emergencies in plain words finds those
    that no pattern foresaw.
    """
    tune = np.array([turn.split == "tune" for turn in turns])
    learned = [turn for turn in turns if turn.split == "tune"]
    labels = np.array([turn.route.value for turn in learned])
    centre = vectors[tune].mean(axis=0)
    cues = np.stack([cues_of(turn.text) for turn in learned])
    values = np.hstack([(vectors[tune] - centre) * VECTOR_SCALE, cues]).astype(np.float64)
    left_out = {strength: _left_out_logits(values, labels, strength) for strength in STRENGTHS}
    scores = {strength: _macro_f1_of(learned, logits) for strength, logits in left_out.items()}
    strength = max(STRENGTHS, key=scores.__getitem__)
    weights, bias = _fit(values, labels, strength)
    # What is held back says less than it knows: likelihoods are brought up to what left-out turns bear out.
    factor = min(SHARPENINGS, key=lambda each: _log_loss(learned, each * left_out[strength]))
    weights, bias = factor * weights, factor * bias
    dim = vectors.shape[1]
    router = Router(
        encoder,
        centre.astype(np.float32),
        (weights[:, :dim] * VECTOR_SCALE).astype(np.float32),
        weights[:, dim:].astype(np.float32),
        bias.astype(np.float32),
    )
    return router, scores[strength]


def _left_out_logits(values: Floats, labels: NDArray[np.str_], strength: float) -> Floats:
    """Return the logits of every turn by a model that has not seen it, of shape (n, len(Route))."""
    folds = np.arange(len(values)) % FOLDS
    logits = np.empty((len(values), len(Route)))
    for fold in range(FOLDS):
        weights, bias = _fit(values[folds != fold], labels[folds != fold], strength)
        logits[folds == fold] = values[folds == fold] @ weights.T + bias
    return logits


def _macro_f1_of(turns: Sequence[LabelledTurn], logits: Floats) -> float:
    given = logits.argmax(axis=1)
    return macro_f1(
        score_routes([(turn.route, tuple(Route)[at]) for turn, at in zip(turns, given, strict=True)])
    )


def _log_loss(turns: Sequence[LabelledTurn], logits: Floats) -> float:
    right = [tuple(Route).index(turn.route) for turn in turns]
    spread = np.logaddexp.reduce(logits, axis=1)
    return float((spread - logits[np.arange(len(turns)), right]).mean())


def _fit(values: Floats, labels: NDArray[np.str_], strength: float) -> tuple[Floats, Floats]:
    """Return weights of shape (len(Route), features) and bias, in the order of Route; all count evenly."""
    model = LogisticRegression(C=strength, max_iter=3000, class_weight="balanced").fit(values, labels)
    order = [list(model.classes_).index(route.value) for route in Route]
    return model.coef_[order], model.intercept_[order]


def score_routes(pairs: Sequence[tuple[Route, Route]]) -> tuple[RouteScores, ...]:
    """Count pairs of right and given route, in the order of `Route`."""
    labelled, given = Counter(right for right, _ in pairs), Counter(said for _, said in pairs)
    right = Counter(right for right, said in pairs if right is said)
    return tuple(RouteScores(route, labelled[route], given[route], right[route]) for route in Route)


def macro_f1(scores: Sequence[RouteScores]) -> float:
    """Return the mean F1 over the routes that are labelled at all."""
    labelled = [each.f1 for each in scores if each.labelled]
    return sum(labelled) / len(labelled)


def lead(turn: LabelledTurn, vector: Vectors, router: Router) -> RoutedTurn:
    """Return where the service leads a turn: patterns first, then what is learned."""
    if emergency_of(turn.text) is not None:
        return RoutedTurn(turn, Route.EMERGENCY, 1.0, by_pattern=True)
    if wants_person(turn.text):
        return RoutedTurn(turn, Route.PERSON, 1.0, by_pattern=True)
    guess = router.guess(turn.text, vector)
    return RoutedTurn(turn, guess.route, guess.probability, by_pattern=False)


def run_routes(
    turns: Sequence[LabelledTurn],
    encode: Callable[[Sequence[LabelledTurn]], Vectors],
    encoder: str,
    *,
    learn: bool = False,
) -> tuple[RouteResult, Router]:
    """Judge the test half by the weights in use, or by those learned now.

    Raises:
        DatasetError: If the weights in use were learned from another encoder.
    """
    if learn:
        vectors = encode(turns)
        router, left_out = learn_router(turns, vectors, encoder)
        test = [(turn, vector) for turn, vector in zip(turns, vectors, strict=True) if turn.split == "test"]
    else:
        router, left_out = Router.load(), None
        if router.encoder != encoder:
            raise DatasetError(
                f"route weights are for encoder {router.encoder}, this is {encoder}: learn with --write"
            )
        held = [turn for turn in turns if turn.split == "test"]
        test = list(zip(held, encode(held), strict=True))
    led = [lead(turn, vector, router) for turn, vector in test]
    scores = score_routes([(each.turn.route, each.given) for each in led])
    wrong = [each for each in led if each.given is not each.turn.route]
    confusions = Counter((each.turn.route, each.given) for each in wrong)
    result = RouteResult(
        scores,
        macro_f1(scores),
        1 - len(wrong) / len(led),
        sum(each.by_pattern and each.turn.route is Route.EMERGENCY for each in led),
        tuple((right, given, count) for (right, given), count in confusions.most_common()),
        tuple(wrong),
        left_out,
    )
    return result, router


def keep_router(router: Router, result: RouteResult, file: Path, path: Path = WEIGHTS_FILE) -> None:
    """Write what was learned, and from what, where `Router.load` reads it."""
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
        "test_macro_f1": round(result.macro_f1, 4),
        **router.kept(),
    }
    path.write_text(json.dumps(kept, ensure_ascii=False) + "\n", encoding="utf-8")
