"""Offer a person: where questions go unanswered, patience runs out, or a rule says so. An offer, no more."""

from collections.abc import Sequence
from dataclasses import replace

from bot.answer import AnswerStatus, NoticeBlock, Option
from bot.desk.anger import is_angry
from bot.pipeline import Step
from bot.turn import Turn
from bot.wording import CALL_PERSON, OFFER_PERSON, OFFER_PERSON_ANGRY, PERSON_LABEL

_LEADS_TO_PEOPLE = frozenset({AnswerStatus.HANDED_TO_HUMAN, AnswerStatus.TICKET, AnswerStatus.EMERGENCY})


def offer_person(after: int, words: Sequence[str]) -> Step:
    """Return the step; the offer is an option that asks for a person when it is tapped.

    Args:
        after: So many questions in a row without an answer; 0 is never.
        words: A question with one of these is offered a person whatever the answer.
    """

    def step(turn: Turn) -> Turn:
        if turn.status in _LEADS_TO_PEOPLE:
            return turn
        unanswered = turn.status is AnswerStatus.NO_ANSWER and after > 0
        angry = is_angry(turn.text)
        if not (
            angry
            or (unanswered and turn.asked.unanswered_before + 1 >= after)
            or any(word in turn.text for word in words)
        ):
            return turn
        notice = NoticeBlock(text=OFFER_PERSON_ANGRY if angry else OFFER_PERSON)
        option = Option(label=PERSON_LABEL, question=CALL_PERSON)
        return replace(turn, blocks=(*turn.blocks, notice), options=(*turn.options, option))

    return step
