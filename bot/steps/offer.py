"""Offer: the door to the service that was asked for, or that rests on the document that answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.answer import AnswerStatus, ServiceCard
from bot.cards import card_of
from bot.own_records import own_record_service
from bot.pipeline import Step
from bot.steps.serve import region_of
from bot.turn import ServiceMatch, Turn
from knowledge_base.services.catalogue import Catalogue
from retrieval.services import Services

# Of several items that rest on one document, or of one for a question that may be about another part of it:
# likelier than this, it is worth a look.
RELATED_FROM = 0.2
_OFFERED_WITH = (
    AnswerStatus.ANSWERED,
    AnswerStatus.ANSWERED_FROM_SERVICE,
    AnswerStatus.NO_ANSWER,
    AnswerStatus.PERSONAL_DATA,
)


def offer(services: Callable[[Turn], Services], now: Callable[[], datetime]) -> Step:
    """Return the step."""

    def step(turn: Turn) -> Turn:
        if turn.status not in _OFFERED_WITH or turn.index is None or turn.cards:
            return turn
        catalogue = services(turn).catalogue
        moment = now()
        if turn.status is AnswerStatus.PERSONAL_DATA:
            shown_by = own_record_service(turn)
            cards = () if shown_by is None else (_card(turn, shown_by, catalogue, moment),)
            return replace(turn, cards=cards)
        # Asked often enough: what may be meant is shown rather than asked for once more.
        unsure = turn.status is AnswerStatus.NO_ANSWER and not turn.may_ask
        shown = turn.services if unsure else ()
        shown = (turn.service,) if turn.service is not None else shown
        if shown or not turn.citations or turn.options:
            return replace(turn, cards=tuple(_card(turn, each, catalogue, moment) for each in shown))
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
        return replace(turn, cards=(_card(turn, related, catalogue, moment),))

    return step


def _card(turn: Turn, match: ServiceMatch, catalogue: Catalogue, moment: datetime) -> ServiceCard:
    """Return the card of an item; where nothing answers, or it was not clearly meant, it is only related."""
    is_meant = turn.status is AnswerStatus.PERSONAL_DATA or (
        match is turn.service and turn.status is not AnswerStatus.NO_ANSWER
    )
    return card_of(match.effective, catalogue, region=region_of(turn), now=moment, related=not is_meant)
