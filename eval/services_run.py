"""`wenzheng eval services`: is the right item found, asked about where in doubt, no wrong door opened?

The model of `bot.service_confidence` is learned from the half of the labelled questions marked `tune`, its
thresholds from questions left out while learning (five folds, all around one item in the same fold); those
marked `test` are only measured on.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize

from bot.answer import AnswerStatus, Question
from bot.aspects import Aspect
from bot.assembly import Service
from bot.service_confidence import LOWER, SIGNALS, WEIGHTS_FILE, ServiceConfidence
from bot.steps.serve import near, region_of
from bot.turn import Turn
from eval.calibrate import FOLDS, Floats
from eval.datasets import DatasetError, read_rows
from eval.reports import Table, percent
from knowledge_base.regions import visible

THRESHOLDS = tuple(level / 100 for level in range(50, 98))
ASKS = tuple(level / 100 for level in range(10, 96, 5))
RIDGE = 0.001
# A wrong door weighs as much as this many opened ones; to be asked is worth less than to be answered.
WRONG_COSTS = 10.0
ASKED_WORTH = 0.5
ASKED_IN_VAIN_COSTS = 0.15


class ServiceQuestion(BaseModel):
    """One line of a labelled set.

    Attributes:
        item: Catalog code of the item that is meant; None where no item is.
        aspect: What of it is asked for; None for the matter alone.
        near_miss: Catalog code of an item that must not be opened.
        split: What is learned from, or only measured on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1)
    region: str | None
    item: str | None
    aspect: Aspect | None = None
    near_miss: str | None = None
    split: Literal["tune", "test"] = "tune"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates and their signals, float64 of shape (c, len(SIGNALS))."""

    labelled: ServiceQuestion
    codes: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """What a question got.

    Attributes:
        first: The likeliest candidate; empty for none.
        opened: The item whose door was opened; empty for none.
        options: The items asked about.
    """

    labelled: ServiceQuestion
    first: str
    opened: str
    options: tuple[str, ...]
    probability: float

    @property
    def is_wrong_door(self) -> bool:
        return bool(self.opened) and self.opened != self.labelled.item


@dataclass(frozen=True, slots=True)
class ServiceScores:
    """Counts: of `with_item` questions the right item came first, was opened, was among the options asked.

    `wrong_door` is of all `questions`; `asked_in_vain` of those without an item.
    """

    questions: int
    with_item: int
    right_first: int
    opened_right: int
    asked_right: int
    asked_in_vain: int
    wrong_door: int

    @classmethod
    def count(cls, outcomes: Sequence[ServiceOutcome]) -> "ServiceScores":
        own = [each for each in outcomes if each.labelled.item]
        return cls(
            questions=len(outcomes),
            with_item=len(own),
            right_first=sum(each.first == each.labelled.item for each in own),
            opened_right=sum(each.opened == each.labelled.item for each in own),
            asked_right=sum(each.labelled.item in each.options for each in own),
            asked_in_vain=sum(
                bool(each.options) and each.labelled.item not in each.options for each in outcomes
            ),
            wrong_door=sum(each.is_wrong_door for each in outcomes),
        )


@dataclass(frozen=True, slots=True)
class AspectScores:
    """Of the questions on one aspect: how many were taken as such, and how many answered from that field."""

    aspect: str
    questions: int
    recognised: int
    answered: int


@dataclass(frozen=True, slots=True)
class ServicesResult:
    """One run: as the service is set now, by aspect, and what was learned with its figures.

    Attributes:
        left_out: Of the questions learned from, each left out once. test: Of those never learned from.
        cards_wrong: Cards of items offered beside an answer as related that are not the item meant.
        statuses: How the questions ended.
    """

    day: date
    as_set: ServiceScores
    aspects: tuple[AspectScores, ...]
    statuses: dict[str, int]
    cards_wrong: int
    learned: ServiceConfidence
    left_out: ServiceScores
    test: ServiceScores
    faults: tuple[ServiceOutcome, ...]

    def tables(self) -> list[Table]:
        return [
            Table(
                ("", "题数", "有事项的", "第一名就对", "直接打开对", "询问且选项里有", "白问", "开错门"),
                tuple(
                    _row(name, of)
                    for name, of in (
                        ("现用权重，全部", self.as_set),
                        ("学习时留出（tune）", self.left_out),
                        ("从未学过（test）", self.test),
                    )
                ),
            ),
            Table(
                ("问的方面", "题数", "认出", "按这一栏作答"),
                tuple(
                    (each.aspect, str(each.questions), str(each.recognised), str(each.answered))
                    for each in self.aspects
                ),
            ),
            Table(("结果", "题数"), tuple((name, str(count)) for name, count in self.statuses.items())),
            Table(
                ("信号", "学到的权重"),
                (
                    *zip(SIGNALS, (f"{weight:.3f}" for weight in self.learned.weights), strict=True),
                    ("阈值", f"{self.learned.threshold:.3f}"),
                    ("询问", f"{self.learned.ask_from:.3f}"),
                ),
            ),
            Table(
                ("留出时第一名不对或开错门的题", "第一名", "打开", "应为", "概率"),
                tuple(
                    (each.labelled.question, each.first or "—", each.opened or "—", each.labelled.item or "—",
                     f"{each.probability:.2f}")
                    for each in self.faults
                ),
            ),
        ]  # fmt: skip


def _row(name: str, of: ServiceScores) -> tuple[str, ...]:
    def share(count: int, whole: int) -> str:
        return f"{count}（{percent(count / whole) if whole else '—'}）"

    return (
        name,
        str(of.questions),
        str(of.with_item),
        share(of.right_first, of.with_item),
        share(of.opened_right, of.with_item),
        str(of.asked_right),
        str(of.asked_in_vain),
        share(of.wrong_door, of.questions),
    )


def read_service_questions(path: Path) -> tuple[ServiceQuestion, ...]:
    """Read a labelled set, one JSON object a line.

    Raises:
        DatasetError: If the file is missing or empty, a line is malformed, or a question comes twice.
    """
    questions: dict[tuple[str, str | None], ServiceQuestion] = {}
    for number, question in read_rows(path, ServiceQuestion):
        key = (question.question, question.region)
        if key in questions:
            raise DatasetError(f"{path}:{number}: question {question.question!r} comes twice")
        questions[key] = question
    return tuple(questions.values())


def run_services(service: Service, questions: Sequence[ServiceQuestion], day: date) -> ServicesResult:
    """Ask every question as of `day`, learn from all, and judge both settings.

    Raises:
        DatasetError: If the catalogue has no item that a question means.
    """
    index = service.index.get()
    catalogue = service.service_desk.live.get(index.reader, index.encoder).catalogue
    known = {item.catalog_code for item in catalogue.items_on(day)}
    missing = sorted({each.item for each in questions if each.item} - known)
    if missing:
        raise DatasetError(
            f"the catalogue has no item {missing[0]!r} ({len(missing)} missing): import the services first"
        )
    turns = [
        service.consultation.consult(Question(question=each.question, region=each.region, as_of=day))
        for each in questions
    ]
    asked = [_asked(each, turn, service) for each, turn in zip(questions, turns, strict=True)]
    as_set = [_as_set(each, turn) for each, turn in zip(questions, turns, strict=True)]
    learned, left_out = learn_services([each for each in asked if each.labelled.split == "tune"])
    tested = [each for each in asked if each.labelled.split == "test"]
    held_out = _outcomes(tested, [learned.of(each.values.tolist()) for each in tested], learned)
    return ServicesResult(
        day=day,
        as_set=ServiceScores.count(as_set),
        aspects=_by_aspect(questions, turns),
        statuses=dict(Counter(str(turn.status) for turn in turns).most_common()),
        cards_wrong=sum(
            turn.service is None and bool(turn.cards) and each.item not in _card_codes(turn)
            for each, turn in zip(questions, turns, strict=True)
        ),
        learned=learned,
        left_out=ServiceScores.count(left_out),
        test=ServiceScores.count(held_out),
        faults=tuple(
            each
            for each in (*left_out, *held_out)
            if each.is_wrong_door or (each.labelled.item and each.first != each.labelled.item)
        ),
    )


def _card_codes(turn: Turn) -> set[str]:
    shown = {card.code for card in turn.cards}
    return {each.hit.catalog_code for each in turn.services if each.effective.item.task_code in shown}


def _asked(labelled: ServiceQuestion, turn: Turn, service: Service) -> Asked:
    found = []
    if turn.query is not None and turn.index is not None:
        live, region = service.service_desk.of(turn), region_of(turn)
        found = near(turn, live, live.catalogue.effective(region, turn.day), visible(region))
    return Asked(
        labelled,
        tuple(hit.catalog_code for hit, _ in found),
        np.array([values for _, values in found], dtype=np.float64).reshape(-1, len(SIGNALS)),
    )


def _as_set(labelled: ServiceQuestion, turn: Turn) -> ServiceOutcome:
    first = turn.services[0] if turn.services else None
    named = {each.effective.name: each.hit.catalog_code for each in turn.services}
    return ServiceOutcome(
        labelled,
        first.hit.catalog_code if first else "",
        turn.service.hit.catalog_code if turn.service else "",
        tuple(named[option.label] for option in turn.options if option.label in named),
        first.probability if first else 0.0,
    )


def _by_aspect(questions: Sequence[ServiceQuestion], turns: Sequence[Turn]) -> tuple[AspectScores, ...]:
    found = []
    for aspect in Aspect:
        pairs = [(each, turn) for each, turn in zip(questions, turns, strict=True) if each.aspect is aspect]
        found.append(
            AspectScores(
                aspect.value,
                len(pairs),
                sum(turn.aspect is aspect for _, turn in pairs),
                sum(
                    turn.status is AnswerStatus.ANSWERED_FROM_SERVICE
                    and turn.aspect is aspect
                    and turn.service is not None
                    and turn.service.hit.catalog_code == each.item
                    for each, turn in pairs
                ),
            )
        )
    return tuple(found)


def learn_services(asked: Sequence[Asked]) -> tuple[ServiceConfidence, list[ServiceOutcome]]:
    """Learn the weights and thresholds; the outcomes are of left-out questions at those thresholds.

    Raises:
        DatasetError: If no question has its item among the candidates.
    """
    if not any(each.labelled.item in each.codes for each in asked):
        raise DatasetError("no question has its item among the candidates: there is nothing to learn from")
    around = [each.labelled.item or each.labelled.near_miss or each.labelled.question for each in asked]
    groups = {near_item: place % FOLDS for place, near_item in enumerate(dict.fromkeys(around))}
    folds = np.array([groups[each] for each in around])
    probabilities: list[list[float]] = [[]] * len(asked)
    for fold in range(FOLDS):
        weights, bias = _fit([each for each, of in zip(asked, folds, strict=True) if of != fold])
        of_fold = ServiceConfidence(tuple(weights.tolist()), bias, 0.0, 0.0)
        for place in np.flatnonzero(folds == fold).tolist():
            probabilities[place] = of_fold.of(asked[place].values.tolist())
    weights, bias = _fit(asked)
    kept = tuple(round(float(weight), 4) for weight in weights)
    models = (
        ServiceConfidence(kept, round(bias, 4), threshold, ask_from)
        for threshold in THRESHOLDS
        for ask_from in ASKS
    )
    best = max(models, key=lambda model: _worth(_outcomes(asked, probabilities, model)))
    return best, _outcomes(asked, probabilities, best)


def _fit(asked: Sequence[Asked]) -> tuple[Floats, float]:
    """Return weights and bias that make the item meant, or none where none is, likeliest of the candidates.

    Each signal speaks for or against, as it is meant to: of a few hundred questions, chance would turn some.
    """
    everything = np.concatenate([each.values for each in asked])
    mean, scale = everything.mean(axis=0), np.maximum(everything.std(axis=0), 1e-6)
    matrices = [(each.values - mean) / scale for each in asked]
    rights = [
        np.array([code == each.labelled.item for code in each.codes], dtype=np.float64) for each in asked
    ]

    def loss(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[:-1], point[-1]
        total, gradient = 0.0, np.zeros_like(point)
        for matrix, right in zip(matrices, rights, strict=True):
            logits = np.append(matrix @ weights + bias, 0.0)
            likely = np.exp(logits - logits.max())
            likely /= likely.sum()
            wanted = np.append(right, 0.0 if right.any() else 1.0)
            mass = float(likely @ wanted) + 1e-12
            total -= math.log(mass)
            pull = (likely - likely * wanted / mass)[:-1]
            gradient[:-1] += matrix.T @ pull
            gradient[-1] += pull.sum()
        n = len(matrices)
        ridge = np.append(weights, 0.0)
        return total / n + RIDGE * float(weights @ weights), gradient / n + 2 * RIDGE * ridge

    bounds = [(None, 0.0) if name in LOWER else (0.0, None) for name in SIGNALS]
    found = minimize(
        loss, np.zeros(len(SIGNALS) + 1), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]
    )
    weights = np.asarray(found.x[:-1] / scale, dtype=np.float64)
    return weights, float(found.x[-1] - weights @ mean)


def _outcomes(
    asked: Sequence[Asked], probabilities: Sequence[Sequence[float]], model: ServiceConfidence
) -> list[ServiceOutcome]:
    outcomes = []
    for each, of_each in zip(asked, probabilities, strict=True):
        choice = model.choose(of_each)
        best = max(range(len(of_each)), key=lambda place: of_each[place], default=None)
        outcomes.append(
            ServiceOutcome(
                each.labelled,
                "" if best is None else each.codes[best],
                each.codes[choice.places[0]] if choice.opens else "",
                () if choice.opens else tuple(each.codes[place] for place in choice.places),
                0.0 if best is None else of_each[best],
            )
        )
    return outcomes


def _worth(outcomes: Sequence[ServiceOutcome]) -> float:
    scores = ServiceScores.count(outcomes)
    return (
        scores.opened_right
        + ASKED_WORTH * scores.asked_right
        - ASKED_IN_VAIN_COSTS * scores.asked_in_vain
        - WRONG_COSTS * scores.wrong_door
    )


def keep(result: ServicesResult, file: Path, questions: int, path: Path = WEIGHTS_FILE) -> None:
    """Write what was learned, and from what, where `ServiceConfidence.load` reads it."""
    learned = result.learned
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": {
            "file": file.name,
            "questions": questions,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        },
        "weights": dict(zip(SIGNALS, learned.weights, strict=True)),
        "bias": learned.bias,
        "threshold": learned.threshold,
        "ask_from": learned.ask_from,
        "left_out": asdict(result.left_out),
        "test": asdict(result.test),
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
