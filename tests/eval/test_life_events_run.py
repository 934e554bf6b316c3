"""Cases judged against plans, openings counted by hand, and what tells an event from an item learned."""

import json
from pathlib import Path

import pytest

from bot.life_events.desk import EventMatch
from bot.life_events.likeness import SIGNALS, EventLikeness
from eval.datasets import DatasetError
from eval.life_events_run import (
    LifeEventsResult,
    OpeningQuestion,
    keep,
    learn,
    read_cases,
    read_openings,
)
from knowledge_base.life_events.planning import applying
from knowledge_base.life_events.sheets import read_events
from tests.bot.builders import DAY
from tests.knowledge_base.life_events.samples import EVENT

ROOT = Path(__file__).parents[2]
DATA = ROOT / "eval" / "data"


def match(cosine: float, for_all: float) -> EventMatch:
    values = tuple({"cosine": cosine, "asks_for_all": for_all}.get(name, 0.0) for name in SIGNALS)
    return EventMatch(EVENT, values, 0.0)


def question(number: int, event: str | None) -> OpeningQuestion:
    return OpeningQuestion(question=f"问{number}", region=None, event=event, split="tune")


def test_the_steps_worked_by_hand_are_those_of_the_sample() -> None:
    events = read_events(ROOT / "knowledge_base" / "sample" / "life-events").events
    cases = read_cases(DATA / "life-event-cases.jsonl")
    assert len(cases) == 46
    for case in cases:
        steps = applying(events[case.event].event, case.answers)
        assert tuple(step.catalog_code for step in steps) == case.steps


def test_the_questions_are_what_the_page_says_of_them() -> None:
    questions = read_openings(DATA / "life-event-questions.jsonl")
    assert len(questions) == len({each.question for each in questions}) == 128
    asking = [each for each in questions if each.event]
    assert (len(asking), len([each for each in questions if each.split == "tune"])) == (53, 67)
    named = set(read_events(ROOT / "knowledge_base" / "sample" / "life-events").events)
    assert {each.event for each in asking} == named


def test_what_tells_them_apart_is_learned_and_kept(tmp_path: Path) -> None:
    asked = [question(number, "dog" if number % 2 else None) for number in range(40)]
    matches = [[match(0.9 + 0.001 * number, float(number % 2))] for number in range(40)]
    learned, outcomes = learn(asked, matches)
    assert learned.weights[SIGNALS.index("asks_for_all")] > 0
    assert [each.opened for each in outcomes] == ["dog" if number % 2 else "" for number in range(40)]
    result = LifeEventsResult(DAY, (), {}, learned, ())
    keep(result, DATA / "life-event-questions.jsonl", 40, tmp_path / "kept.json")
    assert EventLikeness.load(tmp_path / "kept.json") == learned
    assert json.loads((tmp_path / "kept.json").read_text("utf-8"))["learned_from"]["questions"] == 40


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(DatasetError, match="nothing to learn"):
        learn([question(1, None)], [[]])
