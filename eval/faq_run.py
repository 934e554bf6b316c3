"""`wenzheng eval faq`: does a question get the curated answer that is its own, and none that is not?

The model of `bot.likeness` is learned from the same labelled questions; every figure is of questions left
out while learning (five folds, all questions around one entry in the same fold).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bot.answer import Question
from bot.assembly import Service
from bot.likeness import SIGNALS, WEIGHTS_FILE, Likeness, signals
from bot.steps.match import choose
from bot.turn import CuratedAnswer, Turn
from eval.calibrate import FOLDS, Floats, fit_logistic
from eval.datasets import DatasetError, read_rows
from eval.reports import Table, percent

NEAR = 0.9
LEVELS = tuple(level / 100 for level in range(50, 100))
WRONG_COSTS = 5.0
"""A wrong curated answer weighs as much as this many questions left to the quotation, which still answers."""


class FaqQuestion(BaseModel):
    """One line of a labelled set.

    Attributes:
        near: Question of the entry it is written around; empty for none.
        expected: Question of the entry that should answer; empty where none should.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    region: str | None
    near: str
    expected: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates: the entry each stands for, its region, its signals."""

    labelled: FaqQuestion
    entries: tuple[str, ...]
    regions: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class FaqOutcome:
    """What a question got: an entry's question, or empty for none, at its probability."""

    labelled: FaqQuestion
    given: str
    probability: float

    @property
    def is_right(self) -> bool:
        return self.given == self.labelled.expected


@dataclass(frozen=True, slots=True)
class FaqScores:
    """Counts: of `own` questions `right` got their entry and `other` another's; `false` of `none` got one."""

    own: int
    right: int
    other: int
    none: int
    false: int

    @classmethod
    def count(cls, outcomes: Sequence[FaqOutcome]) -> "FaqScores":
        own = [each for each in outcomes if each.labelled.expected]
        none = [each for each in outcomes if not each.labelled.expected]
        return cls(
            own=len(own),
            right=sum(each.is_right for each in own),
            other=sum(bool(each.given) and not each.is_right for each in own),
            none=len(none),
            false=sum(bool(each.given) for each in none),
        )


@dataclass(frozen=True, slots=True)
class FaqResult:
    """One run: as the service is set now, and what was learned with its figures on left-out questions."""

    day: date
    as_set: FaqScores
    learned: Likeness
    left_out: FaqScores
    faults: tuple[FaqOutcome, ...]

    def tables(self) -> list[Table]:
        return [
            Table(
                ("", "有对应问答的题", "得到该问答", "得到别的问答", "不该用问答的题", "误用问答"),
                tuple(
                    (name, str(of.own), f"{of.right}（{percent(of.right / of.own) if of.own else '—'}）",
                     str(of.other), str(of.none), str(of.false))
                    for name, of in (("现用权重", self.as_set), ("学习时留出", self.left_out))
                ),
            ),
            Table(
                ("信号", "学到的权重"),
                (
                    *zip(SIGNALS, (f"{weight:.3f}" for weight in self.learned.weights), strict=True),
                    ("阈值", f"{self.learned.threshold:.3f}"),
                ),
            ),
            Table(
                ("留出时答错的题", "给出的问答", "应为", "概率"),
                tuple(
                    (each.labelled.question, each.given or "—", each.labelled.expected or "—",
                     f"{each.probability:.2f}")
                    for each in self.faults
                ),
            ),
        ]  # fmt: skip


def read_faq_questions(path: Path) -> tuple[FaqQuestion, ...]:
    """Read a labelled set, one JSON object a line.

    Raises:
        DatasetError: If the file is missing or empty, a line is malformed, or an id comes twice.
    """
    questions: dict[str, FaqQuestion] = {}
    for number, question in read_rows(path, FaqQuestion):
        if question.id in questions:
            raise DatasetError(f"{path}:{number}: id {question.id!r} comes twice")
        questions[question.id] = question
    return tuple(questions.values())


def run_faq(service: Service, questions: Sequence[FaqQuestion], day: date) -> FaqResult:
    """Ask every question as of `day`, learn from all, and judge both settings.

    Raises:
        DatasetError: If the knowledge base has not published an entry that a question expects.
    """
    known = {each.content.question for each in service.faq.entries()}
    missing = sorted({each.expected for each in questions if each.expected} - known)
    if missing:
        raise DatasetError(
            f"the knowledge base has no entry {missing[0]!r} ({len(missing)} missing): import the FAQ first"
        )
    turns = [
        service.consultation.consult(Question(question=each.question, region=each.region, as_of=day))
        for each in questions
    ]
    asked = [
        _asked(each, turn, service.consultation.candidates(turn))
        for each, turn in zip(questions, turns, strict=True)
    ]
    as_set = [
        FaqOutcome(each, turn.curated.entry.content.question if turn.curated else "", turn.confidence)
        for each, turn in zip(questions, turns, strict=True)
    ]
    learned, left_out = learn_likeness(asked)
    return FaqResult(
        day,
        FaqScores.count(as_set),
        learned,
        FaqScores.count(left_out),
        tuple(each for each in left_out if not each.is_right),
    )


def _asked(labelled: FaqQuestion, turn: Turn, candidates: Sequence[CuratedAnswer]) -> Asked:
    return Asked(
        labelled,
        tuple(each.entry.content.question for each in candidates),
        tuple(each.hit.region for each in candidates),
        np.array([signals(turn, each.hit, each.sources) for each in candidates]).reshape(-1, len(SIGNALS)),
    )


def learn_likeness(asked: Sequence[Asked]) -> tuple[Likeness, list[FaqOutcome]]:
    """Learn the weights and the threshold; the outcomes are of left-out questions at that threshold."""
    groups = {near: place % FOLDS for place, near in enumerate(dict.fromkeys(a.labelled.near for a in asked))}
    folds = np.array([groups[each.labelled.near] for each in asked])
    probabilities: list[NDArray[np.float64]] = [np.empty(0)] * len(asked)
    for fold in range(FOLDS):
        weights, bias = _fit([each for each, of in zip(asked, folds, strict=True) if of != fold])
        for place in np.flatnonzero(folds == fold).tolist():
            probabilities[place] = 1 / (1 + np.exp(-(asked[place].values @ weights + bias)))
    threshold = max(LEVELS, key=lambda level: _worth(_outcomes(asked, probabilities, level)))
    weights, bias = _fit(asked)
    learned = Likeness(tuple(round(float(w), 4) for w in weights), round(bias, 4), round(threshold, 4))
    return learned, _outcomes(asked, probabilities, learned.threshold)


def _fit(asked: Sequence[Asked]) -> tuple[Floats, float]:
    """Fit on the pairs that are near at all: the far ones would teach that everything near is the same."""
    values = np.concatenate([each.values for each in asked])
    labels = np.array([entry == each.labelled.expected for each in asked for entry in each.entries])
    near = values[:, SIGNALS.index("cosine")] >= NEAR
    return fit_logistic(values[near], labels[near])


def _outcomes(
    asked: Sequence[Asked], probabilities: Sequence[NDArray[np.float64]], threshold: float
) -> list[FaqOutcome]:
    outcomes = []
    for each, of_each in zip(asked, probabilities, strict=True):
        chosen = choose(list(zip(each.regions, map(float, of_each), strict=True)), threshold)
        given = "" if chosen is None else each.entries[chosen]
        probability = float(of_each.max(initial=0.0)) if chosen is None else float(of_each[chosen])
        outcomes.append(FaqOutcome(each.labelled, given, probability))
    return outcomes


def _worth(outcomes: Sequence[FaqOutcome]) -> float:
    scores = FaqScores.count(outcomes)
    return scores.right - WRONG_COSTS * (scores.other + scores.false)


def keep(result: FaqResult, file: Path, questions: int, path: Path = WEIGHTS_FILE) -> None:
    """Write what was learned, and from what, where `Likeness.load` reads it."""
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": {
            "file": file.name,
            "questions": questions,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        },
        "weights": dict(zip(SIGNALS, result.learned.weights, strict=True)),
        "bias": result.learned.bias,
        "threshold": result.learned.threshold,
        "left_out": asdict(result.left_out),
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
