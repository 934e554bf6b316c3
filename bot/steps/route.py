"""Route: where a turn wants to go. What cannot wait for a search is led there at once; the rest is named.

What is named only decides, in `conclude`, once it is known whether the documents answer.
"""

import logging
from dataclasses import replace

from bot.alerts import Alert, AlertPlace
from bot.answer import AnswerStatus
from bot.emergencies import emergency_of
from bot.pipeline import Step
from bot.replying import Replier
from bot.routes import Route, RouteGuess
from bot.routing import Router, asks_something, wants_person
from bot.turn import Turn
from knowledge_base.blocking.records import BlockLevel
from knowledge_base.blocking.variants import visible_units

# What is left beside the masked words, such as 你们这些, is no question when it is this short.
NOTHING_ASKED_UNITS = 6
_log = logging.getLogger(__name__)


def route_at_once(reply: Replier) -> Step:
    """Return the step that ends a turn in danger or with a refused word, and tells who wants a person."""

    def step(turn: Turn) -> Turn:
        emergency = emergency_of(turn.text)
        if emergency is not None:
            ended = replace(turn, route=RouteGuess(Route.EMERGENCY, 1.0), status=AnswerStatus.EMERGENCY)
            return replace(ended, blocks=reply(emergency.value, turn))
        levels = {alert.level for alert in turn.alerts if alert.place is AlertPlace.QUESTION}
        if BlockLevel.REFUSE in levels:
            return replace(turn, status=AnswerStatus.BLOCKED, blocks=reply("blocked", turn))
        if BlockLevel.MASK in levels and _asks_nothing(turn.text):
            return replace(turn, status=AnswerStatus.BLOCKED, blocks=reply("abuse", turn))
        if wants_person(turn.text):
            return replace(turn, route=RouteGuess(Route.PERSON, 1.0))
        return turn

    return step


def route(router: Router) -> Step:
    """Return the step that names the route of an open turn, from the vector its search was made with."""
    strangers: set[str] = set()

    def step(turn: Turn) -> Turn:
        if turn.status is not None or turn.vector is None or turn.index is None:
            return turn
        encoder = turn.index.encoder.fingerprint
        if encoder != router.encoder:
            if encoder not in strangers:
                strangers.add(encoder)
                _log.warning(
                    "routes are for encoder %s, this is %s: learn anew with `wenzheng eval routes --write`",
                    router.encoder,
                    encoder,
                )
            return turn
        return replace(turn, route=router.guess(turn.text, turn.vector))

    return step


def _asks_nothing(text: str) -> bool:
    units = visible_units(text)
    return len(units) <= NOTHING_ASKED_UNITS and not asks_something(text)


def is_abusive(alerts: tuple[Alert, ...]) -> bool:
    """Tell whether the citizen's question held words that are masked."""
    return any(alert.level is BlockLevel.MASK and alert.place is AlertPlace.QUESTION for alert in alerts)
