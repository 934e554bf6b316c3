"""Offer: the door to the service that was asked for, or that rests on the document that answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.answer import AnswerStatus
from bot.cards import card_of
from bot.pipeline import Step
from bot.steps.serve import region_of
from bot.turn import Turn
from retrieval.services import Services

# Of several items that rest on one document, or of one for a question that may be about another part of it:
# likelier than this, it is worth a look.
RELATED_FROM = 0.2
_ANSWERING = (AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE)


def offer(services: Callable[[Turn], Services], now: Callable[[], datetime]) -> Step:
    """Return the step."""

    def step(turn: Turn) -> Turn:
        if turn.status not in _ANSWERING or turn.index is None:
            return turn
        catalogue = services(turn).catalogue
        moment = now()
        if turn.service is not None:
            card = card_of(turn.service.effective, catalogue, region=region_of(turn), now=moment)
            return replace(turn, cards=(card,))
        if not turn.citations or turn.options:
            return turn
        resting = {
            each.item.catalog_code
            for each in catalogue.resting_on(turn.citations[0].document.title, region_of(turn), turn.day)
        }
        related = next(
            (
                match
                for match in turn.services
                if match.hit.catalog_code in resting and match.probability >= RELATED_FROM
            ),
            None,
        )
        if related is None:
            return turn
        card = card_of(related.effective, catalogue, region=region_of(turn), now=moment, related=True)
        return replace(turn, cards=(card,))

    return step
