"""Learning when a curated question is the same: by hand-made pairs, judged on what was left out."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bot.likeness import SIGNALS, Likeness
from eval.datasets import DatasetError
from eval.faq_run import (
    Asked,
    FaqOutcome,
    FaqQuestion,
    FaqResult,
    FaqScores,
    keep,
    learn_likeness,
    read_faq_questions,
)
from knowledge_base.faq.sheets import read_sheet

DATA = Path(__file__).parents[2] / "eval" / "data" / "faq-questions.jsonl"
SAMPLE = Path(__file__).parents[2] / "knowledge_base" / "data" / "sample-faq.csv"


def labelled(number: int, expected: str) -> FaqQuestion:
    return FaqQuestion(id=str(number), question="问", region=None, near=f"近{number // 2}", expected=expected)


def asked(number: int, *, same: bool) -> Asked:
    """A question whose one candidate is the same when its words are."""
    signals = {"cosine": 0.95, "of_asked": 0.9 if same else 0.3, "of_phrasing": 0.9 if same else 0.4}
    values = np.array([[signals.get(name, 0.0) + 0.001 * (number % 3) for name in SIGNALS]])
    return Asked(labelled(number, "甲" if same else ""), ("甲",), ("全国",), values)


def test_what_tells_them_apart_is_learned() -> None:
    learned, outcomes = learn_likeness([asked(number, same=number % 2 == 0) for number in range(40)])
    assert FaqScores.count(outcomes) == FaqScores(own=20, right=20, other=0, none=20, false=0)
    named = dict(zip(SIGNALS, learned.weights, strict=True))
    assert named["of_asked"] > 0
    assert named["of_phrasing"] > 0
    assert 0.5 <= learned.threshold < 1.0


def test_a_question_without_candidates_gets_none() -> None:
    bare = Asked(labelled(41, ""), (), (), np.empty((0, len(SIGNALS))))
    _, outcomes = learn_likeness([*(asked(number, same=number % 2 == 0) for number in range(40)), bare])
    assert outcomes[-1] == FaqOutcome(bare.labelled, "", 0.0)


def test_counts_tell_right_from_anothers_and_none() -> None:
    outcomes = [
        FaqOutcome(labelled(1, "甲"), "甲", 0.9),
        FaqOutcome(labelled(2, "甲"), "乙", 0.9),
        FaqOutcome(labelled(3, "甲"), "", 0.1),
        FaqOutcome(labelled(4, ""), "甲", 0.9),
        FaqOutcome(labelled(5, ""), "", 0.1),
    ]
    assert FaqScores.count(outcomes) == FaqScores(own=3, right=1, other=1, none=2, false=1)


def test_what_is_kept_is_what_the_service_reads(tmp_path: Path) -> None:
    learned = Likeness(tuple(float(n) for n in range(len(SIGNALS))), -1.5, 0.75)
    scores = FaqScores(1, 1, 0, 1, 0)
    result = FaqResult(date(2026, 11, 25), scores, learned, scores, ())
    (tmp_path / "set.jsonl").write_text("{}", encoding="utf-8")
    keep(result, tmp_path / "set.jsonl", 2, tmp_path / "likeness.json")
    assert Likeness.load(tmp_path / "likeness.json") == learned
    assert json.loads((tmp_path / "likeness.json").read_text(encoding="utf-8"))["left_out"] == asdict(scores)


def test_the_labelled_set_is_about_the_sample_and_half_of_it_must_not_hit() -> None:
    questions = read_faq_questions(DATA)
    sample = {each.row.question for each in read_sheet(SAMPLE) if each.row}
    phrasings = {
        text for each in read_sheet(SAMPLE) if each.row for text in (each.row.question, *each.row.variants)
    }
    assert len(sample) >= 30
    assert len(questions) >= 120
    assert {each.expected for each in questions} - {""} == sample
    assert {each.near for each in questions} - {""} == sample
    assert sum(not each.expected for each in questions) >= len(questions) / 2
    assert not {each.question for each in questions if each.expected} & phrasings


def test_a_malformed_set_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(labelled(1, "甲").model_dump_json() + "\n" + labelled(1, "").model_dump_json() + "\n")
    with pytest.raises(DatasetError, match=r"set.jsonl:2: id '1' comes twice"):
        read_faq_questions(path)
    path.write_text('{"id": "1", "question": "问", "region": null, "near": ""}\n', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"set.jsonl:1: expected: Field required"):
        read_faq_questions(path)
