"""Learning which service is meant: by hand-made candidates, counted by hand, kept where it is read."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.service_confidence import SIGNALS, ServiceConfidence
from eval.datasets import DatasetError
from eval.services_run import (
    Asked,
    ServiceOutcome,
    ServiceQuestion,
    ServiceScores,
    ServicesResult,
    keep,
    learn_services,
    read_service_questions,
)

LIFT = SIGNALS.index("lift")


def labelled(item: str | None, number: int = 0) -> ServiceQuestion:
    return ServiceQuestion(question=f"问{number}", region=None, item=item)


def asked(number: int) -> Asked:
    """A question with two candidates; the item meant is the one lifted, of each third question none is."""
    values = np.zeros((2, len(SIGNALS)))
    item = None if number % 3 == 2 else ("甲", "乙")[number % 2]
    if item is not None:
        values[("甲", "乙").index(item), LIFT] = 0.2
    values[:, LIFT] += 0.001 * (number % 5)
    return Asked(labelled(item, number), ("甲", "乙"), values)


def test_what_tells_them_apart_is_learned() -> None:
    model, outcomes = learn_services([asked(number) for number in range(60)])
    assert model.weights[LIFT] > 0
    scores = ServiceScores.count(outcomes)
    assert (scores.with_item, scores.right_first, scores.opened_right, scores.wrong_door) == (40, 40, 40, 0)
    assert scores.asked_in_vain == 0


def test_nothing_to_learn_from_is_said() -> None:
    empty = Asked(labelled("甲"), (), np.empty((0, len(SIGNALS))))
    with pytest.raises(DatasetError, match="nothing to learn"):
        learn_services([empty])


def test_counts_tell_opened_asked_in_vain_and_wrong() -> None:
    outcomes = [
        ServiceOutcome(labelled("甲"), "甲", "甲", (), 0.9),
        ServiceOutcome(labelled("甲"), "甲", "", ("甲", "乙"), 0.5),
        ServiceOutcome(labelled("甲"), "乙", "乙", (), 0.9),
        ServiceOutcome(labelled("甲"), "乙", "", ("乙",), 0.4),
        ServiceOutcome(labelled(None), "乙", "乙", (), 0.9),
        ServiceOutcome(labelled(None), "乙", "", ("乙", "甲"), 0.4),
        ServiceOutcome(labelled(None), "", "", (), 0.0),
    ]
    assert ServiceScores.count(outcomes) == ServiceScores(
        questions=7, with_item=4, right_first=2, opened_right=1, asked_right=1, asked_in_vain=2, wrong_door=2
    )


def test_what_is_kept_is_what_the_service_reads(tmp_path: Path) -> None:
    learned = ServiceConfidence(tuple(float(n) for n in range(len(SIGNALS))), -1.5, 0.85, 0.2)
    scores = ServiceScores(1, 1, 1, 1, 0, 0, 0)
    result = ServicesResult(date(2026, 11, 25), scores, (), {}, 0, learned, scores, replace(scores), ())
    (tmp_path / "set.jsonl").write_text("{}", encoding="utf-8")
    keep(result, tmp_path / "set.jsonl", 1, tmp_path / "services.json")
    assert ServiceConfidence.load(tmp_path / "services.json") == learned
    assert json.loads((tmp_path / "services.json").read_text(encoding="utf-8"))["test"]["questions"] == 1
    assert len(result.tables()) == 5


def test_a_question_that_comes_twice_or_is_malformed_names_its_line(tmp_path: Path) -> None:
    line = json.dumps({"question": "社保卡丢了", "region": None, "item": None})
    (tmp_path / "twice.jsonl").write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"twice\.jsonl:2"):
        read_service_questions(tmp_path / "twice.jsonl")
    (tmp_path / "bad.jsonl").write_text(
        '{"question": "问", "region": null, "item": null, "aspect": "color"}\n'
    )
    with pytest.raises(DatasetError, match=r"bad\.jsonl:1"):
        read_service_questions(tmp_path / "bad.jsonl")
