"""`wenzheng eval life-events`: does a plan hold what was worked out by hand, does a question open its event?

The model of `bot.life_events.likeness` is learned from the questions marked `tune`, those about single items
(`service-questions.jsonl`) among them, its threshold from questions left out while learning; those marked
`test` are only measured on.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bot.assembly import Service
from bot.life_events.desk import EventMatch
from bot.life_events.likeness import SIGNALS, WEIGHTS_FILE, EventLikeness
from eval.calibrate import FOLDS, fit_logistic
from eval.datasets import DatasetError, read_rows
from eval.reports import Table, percent
from knowledge_base.life_events.planning import plan
from knowledge_base.life_events.records import LifeEvent

THRESHOLDS = tuple(level / 100 for level in range(30, 98))
# An event opened over a question that did not ask for it costs as much as this many that were not opened.
WRONG_COSTS = 3.0


class EventCase(BaseModel):
    """A run of an event worked by hand: answers, the steps in order, and what the merged materials hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: str = Field(min_length=1)
    answers: dict[str, str]
    steps: tuple[str, ...]
    materials_contains: tuple[str, ...]
    materials_not_twice: tuple[str, ...]


class OpeningQuestion(BaseModel):
    """A question and the event it asks for as a whole; None where it asks for none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str = Field(min_length=1)
    region: str | None
    event: str | None = None
    split: Literal["tune", "test"]


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What a case came to; no faults where all of it is as worked by hand."""

    event: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpeningScores:
    """Counts: of `asking` questions their event was opened; of all, an event that was not asked for."""

    questions: int
    asking: int
    opened_right: int
    opened_wrong: int


@dataclass(frozen=True, slots=True)
class OpeningOutcome:
    """What a question got: the event opened, empty for none, and the likeliest with its probability."""

    labelled: OpeningQuestion
    likeliest: str
    opened: str
    probability: float


@dataclass(frozen=True, slots=True)
class LifeEventsResult:
    """One run: the cases; opening as set now and as learned, by questions of the set and those on items."""

    day: date
    cases: tuple[CaseOutcome, ...]
    openings: dict[str, OpeningScores]
    learned: EventLikeness
    faults: tuple[OpeningOutcome, ...]

    def tables(self) -> list[Table]:
        wrong = [each for each in self.cases if each.faults]
        return [
            Table(
                ("案例", "全对", "不对的"),
                ((str(len(self.cases)), str(len(self.cases) - len(wrong)), str(len(wrong))),),
            ),
            *(
                [Table(("案例", "不对在"), tuple((each.event, "；".join(each.faults)) for each in wrong))]
                if wrong
                else []
            ),
            Table(
                ("", "题数", "问整件事的", "打开对", "开错"),
                tuple(_row(name, scores) for name, scores in self.openings.items()),
            ),
            Table(
                ("信号", "学到的权重"),
                (
                    *zip(SIGNALS, (f"{weight:.3f}" for weight in self.learned.weights), strict=True),
                    ("偏置", f"{self.learned.bias:.3f}"),
                    ("阈值", f"{self.learned.threshold:.3f}"),
                ),
            ),
            Table(
                ("不对的题", "题组", "打开", "应为", "最像", "概率"),
                tuple(
                    (each.labelled.question, each.labelled.split, each.opened or "—",
                     each.labelled.event or "—", each.likeliest or "—", f"{each.probability:.2f}")
                    for each in self.faults
                ),
            ),
        ]  # fmt: skip


def _row(name: str, of: OpeningScores) -> tuple[str, ...]:
    right = f"{of.opened_right}（{percent(of.opened_right / of.asking)}）" if of.asking else "—"
    wrong = f"{of.opened_wrong}（{percent(of.opened_wrong / of.questions)}）" if of.questions else "—"
    return name, str(of.questions), str(of.asking), right, wrong


def read_cases(path: Path) -> tuple[EventCase, ...]:
    """Read the cases, one JSON object a line.

    Raises:
        DatasetError: If the file is missing or empty, or a line is malformed.
    """
    return tuple(case for _, case in read_rows(path, EventCase))


def read_openings(path: Path) -> tuple[OpeningQuestion, ...]:
    """Read labelled questions, one JSON object a line; those of a set on items ask for no event.

    Raises:
        DatasetError: As `read_cases`.
    """
    return tuple(question for _, question in read_rows(path, OpeningQuestion))


def run_case(
    case: EventCase, event: LifeEvent, service: Service, day: date, region: str | None = None
) -> CaseOutcome:
    """Plan a case in the event's region, and say what differs from what was worked by hand."""
    index = service.index.get()
    catalogue = service.service_desk.live.get(index.reader, index.encoder).catalogue
    found = plan(event, case.answers, catalogue.effective(region or event.region, day))
    steps = tuple(each.step.catalog_code for each in found.steps)
    names = [each.name for each in found.materials]
    faults = [f"步骤是 {'、'.join(steps)}，应为 {'、'.join(case.steps)}"] if steps != case.steps else []
    faults += [f"材料里没有“{name}”" for name in case.materials_contains if name not in names]
    faults += [
        f"材料“{name}”列了 {names.count(name)} 次"
        for name in case.materials_not_twice
        if names.count(name) != 1
    ]
    return CaseOutcome(case.event, tuple(faults))


def run_life_events(
    service: Service,
    cases: Sequence[EventCase],
    openings: Sequence[OpeningQuestion],
    of_items: Sequence[OpeningQuestion],
    day: date,
) -> LifeEventsResult:
    """Plan every case and ask every question as of `day`; learn from those to learn from.

    Raises:
        DatasetError: If an event is not there, or there is nothing to learn from.
    """
    index = service.index.get()
    events = service.life_event_desk.events(index).snapshot.on(day)
    missing = sorted({*(case.event for case in cases), *(q.event for q in openings if q.event)} - set(events))
    if missing:
        raise DatasetError(f"没有一件事 {'、'.join(missing)}：先 wenzheng life-event import")
    asked = [*openings, *of_items]
    matches = [_matches(service, each, day) for each in asked]
    tune = [at for at, each in enumerate(asked) if each.split == "tune"]
    test = [at for at, each in enumerate(asked) if each.split == "test"]
    learned, left_out = learn([asked[at] for at in tune], [matches[at] for at in tune])
    as_set = _outcomes(asked, matches, service.life_event_desk.likeness)
    tested = _outcomes([asked[at] for at in test], [matches[at] for at in test], learned)
    of_set = {each.question for each in openings}
    scores = {"现用权重，全部": _scores(as_set)}
    for name, outcomes in (("学习时留出（tune）", left_out), ("从未学过（test）", tested)):
        scores[f"{name}，本题集"] = _scores([o for o in outcomes if o.labelled.question in of_set])
        scores[f"{name}，问单个事项的"] = _scores([o for o in outcomes if o.labelled.question not in of_set])
    return LifeEventsResult(
        day=day,
        cases=tuple(run_case(case, events[case.event], service, day) for case in cases),
        openings=scores,
        learned=learned,
        faults=tuple(each for each in (*left_out, *tested) if each.opened != (each.labelled.event or "")),
    )


def _matches(service: Service, labelled: OpeningQuestion, day: date) -> list[EventMatch]:
    index = service.index.get()
    query = index.reader.read(labelled.question)
    vector = index.encode([query])[0]
    return service.life_event_desk.matches(query, vector, index, region=labelled.region, day=day)


def learn(
    asked: Sequence[OpeningQuestion], matches: Sequence[Sequence[EventMatch]]
) -> tuple[EventLikeness, list[OpeningOutcome]]:
    """Learn weights and threshold from each question's nearest event; outcomes are of left-out questions.

    Raises:
        DatasetError: If no question has its event nearest, or every one has.
    """
    nearest = [max(found, key=lambda each: each.values[0], default=None) for found in matches]
    values = np.array([each.values if each else (0.0,) * len(SIGNALS) for each in nearest], dtype=np.float64)
    labels = np.array(
        [each is not None and each.event.code == of.event for each, of in zip(nearest, asked, strict=True)]
    )
    if labels.all() or not labels.any():
        raise DatasetError("every question, or none, has its event nearest: there is nothing to learn from")
    folds = np.arange(len(asked)) % FOLDS
    left_out = [EventLikeness((0.0,) * len(SIGNALS), -9.0, 1.0)] * FOLDS
    for fold in range(FOLDS):
        left_out[fold] = _fitted(values[folds != fold], labels[folds != fold])
    rated = [
        [replace(each, probability=left_out[fold].of(each.values)) for each in found]
        for found, fold in zip(matches, folds.tolist(), strict=True)
    ]

    def worth(threshold: float) -> float:
        scores = _scores(_chosen(asked, rated, threshold))
        return scores.opened_right - WRONG_COSTS * scores.opened_wrong

    best = max(map(worth, THRESHOLDS))
    # Of thresholds as good as each other, the middle one is farthest from both kinds of fault.
    good = [each for each in THRESHOLDS if worth(each) == best]
    threshold = good[len(good) // 2]
    return replace(_fitted(values, labels), threshold=threshold), _chosen(asked, rated, threshold)


def _fitted(values: NDArray[np.float64], labels: NDArray[np.bool_]) -> EventLikeness:
    weights, bias = fit_logistic(values, labels)
    return EventLikeness(tuple(round(float(each), 4) for each in weights), round(bias, 4), 0.5)


def _outcomes(
    asked: Sequence[OpeningQuestion], matches: Sequence[Sequence[EventMatch]], model: EventLikeness
) -> list[OpeningOutcome]:
    rated = [[replace(each, probability=model.of(each.values)) for each in found] for found in matches]
    return _chosen(asked, rated, model.threshold)


def _chosen(
    asked: Sequence[OpeningQuestion], rated: Sequence[Sequence[EventMatch]], threshold: float
) -> list[OpeningOutcome]:
    outcomes = []
    for labelled, found in zip(asked, rated, strict=True):
        best = max(found, key=lambda each: each.probability, default=None)
        code, probability = (best.event.code, best.probability) if best else ("", 0.0)
        outcomes.append(OpeningOutcome(labelled, code, code if probability >= threshold else "", probability))
    return outcomes


def _scores(outcomes: Sequence[OpeningOutcome]) -> OpeningScores:
    asking = [each for each in outcomes if each.labelled.event]
    return OpeningScores(
        questions=len(outcomes),
        asking=len(asking),
        opened_right=sum(each.opened == each.labelled.event for each in asking),
        opened_wrong=sum(bool(each.opened) and each.opened != each.labelled.event for each in outcomes),
    )


def keep(result: LifeEventsResult, file: Path, questions: int, path: Path = WEIGHTS_FILE) -> None:
    """Write what was learned, and from what, where `EventLikeness.load` reads it."""
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
        "scores": {name: asdict(scores) for name, scores in result.openings.items()},
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
