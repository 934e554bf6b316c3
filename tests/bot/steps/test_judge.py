"""Judge: with a model that looks at the cosine alone, so that each probability can be set."""

import math

import pytest

from bot.answer import AnswerStatus
from bot.confidence import SIGNALS, Confidence
from bot.steps.judge import CLARIFY_FROM, judge
from bot.turn import Evidence, Turn
from tests.bot.builders import chunk_of, evidence_of, turn_of

BY_COSINE = Confidence(tuple(1.0 if name == "dense" else 0.0 for name in SIGNALS), 0.0, 0.6)
JUDGE = judge(BY_COSINE)


def likely(probability: float) -> Evidence:
    dense = math.log(probability / (1 - probability))
    return evidence_of(chunk_of("养犬登记应当在三十日内办理。"), features={"dense": dense})


def judged(*evidence: Evidence, elsewhere: tuple[Evidence, ...] = ()) -> Turn:
    return JUDGE(turn_of("养犬登记要多久？", *evidence, elsewhere=elsewhere))


# Never below the threshold of an answer.
ASKED_FROM = max(0.6, CLARIFY_FROM)


@pytest.mark.parametrize(("probability", "status"), [(0.61, None), (0.59, AnswerStatus.NO_ANSWER)])
def test_below_the_threshold_there_is_no_answer(probability: float, status: AnswerStatus | None) -> None:
    turn = judged(likely(probability))
    assert turn.confidence == pytest.approx(probability)
    assert turn.status == status


def test_without_evidence_there_is_no_answer() -> None:
    turn = judged()
    assert (turn.confidence, turn.status) == (0.0, AnswerStatus.NO_ANSWER)


@pytest.mark.parametrize(
    ("probability", "status"),
    [(ASKED_FROM + 0.01, AnswerStatus.CLARIFY), (ASKED_FROM - 0.01, AnswerStatus.NO_ANSWER)],
)
def test_the_region_is_asked_for_only_where_some_regions_rule_very_likely_answers(
    probability: float, status: AnswerStatus
) -> None:
    assert judged(likely(0.3), elsewhere=(likely(probability),)).status is status


def test_what_the_nation_answers_is_not_asked_back() -> None:
    assert judged(likely(0.7), elsewhere=(likely(0.99),)).status is None
