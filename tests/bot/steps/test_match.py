"""Match: a curated answer is preferred where its question is clearly the same, the nearest region's first."""

from dataclasses import replace

import pytest

from bot.answer import AnswerStatus
from bot.steps.match import NEARER_FROM, choose, match
from bot.turn import CuratedAnswer, Turn
from knowledge_base.faq.records import FaqEntry, FaqRow, FaqState
from retrieval.questions import QuestionHit
from tests.bot.builders import turn_of

CITY, COUNTY, NATION = "云岭省/云州市", "云岭省/云州市/青岚县", "全国"


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([], None),
        ([(CITY, 0.79)], None),
        ([(CITY, 0.8)], 0),
        ([(CITY, 0.85), (CITY, 0.9)], 1),
        ([(NATION, 0.99), (CITY, 0.81)], 1),
        ([(CITY, 0.99), (COUNTY, NEARER_FROM)], 1),
        ([(CITY, 0.99), (COUNTY, NEARER_FROM - 0.01)], 0),
        ([(CITY, 0.7), (COUNTY, 0.7)], None),
        ([(COUNTY, 0.9), (CITY, 0.99), (NATION, 0.99)], 0),
    ],
)
def test_one_has_to_be_clear_and_the_nearest_wins(
    candidates: list[tuple[str, float]], chosen: int | None
) -> None:
    assert choose(candidates, 0.8) == chosen


def answer_of(probability: float) -> CuratedAnswer:
    entry = FaqEntry(7, FaqRow("问", "答", ("据",), region=CITY), (), FaqState.PUBLISHED)
    hit = QuestionHit(7, "问", CITY, 0.9, 1.0, 1.0, 0, 0, False, False)
    return CuratedAnswer(entry, hit, probability, ())


def curated(turn: Turn, probability: float = 0.9) -> CuratedAnswer | None:
    return match(lambda _: (answer_of(probability),), 0.8)(turn).curated


def test_an_open_turn_gets_the_clear_one() -> None:
    assert curated(turn_of("问")) == answer_of(0.9)
    assert curated(turn_of("问"), 0.5) is None


def test_a_closed_turn_gets_none() -> None:
    assert curated(replace(turn_of("问"), status=AnswerStatus.BLOCKED)) is None
