"""Judge: is the best evidence good enough to answer from? Below the threshold there is no answer."""

from dataclasses import replace

from bot.answer import AnswerStatus
from bot.confidence import Confidence, signals
from bot.pipeline import Step
from bot.turn import Turn

# Asking costs the citizen a turn: only where some region's rule very likely answers.
CLARIFY_FROM = 0.5


def judge(confidence: Confidence) -> Step:
    """Return the step; where only other regions have a rule, it asks for the region."""

    def step(turn: Turn) -> Turn:
        if turn.status is not None:
            return turn
        if turn.curated is not None:
            return replace(turn, confidence=turn.curated.probability)
        turn = replace(turn, confidence=_probability(confidence, turn))
        if turn.confidence >= confidence.threshold:
            return turn
        in_regions = replace(turn, evidence=turn.elsewhere)
        if turn.may_ask and _probability(confidence, in_regions) >= max(confidence.threshold, CLARIFY_FROM):
            return replace(turn, status=AnswerStatus.CLARIFY)
        return replace(turn, status=AnswerStatus.NO_ANSWER)

    return step


def _probability(confidence: Confidence, turn: Turn) -> float:
    return confidence.of(signals(turn)) if turn.evidence else 0.0
