"""Call a person: a question that asks for one is not searched for, it is handed over."""

from collections.abc import Callable
from dataclasses import replace

from bot.answer import AnswerStatus
from bot.desk.front import Reach
from bot.desk.handover import Need
from bot.pipeline import Step
from bot.replying import Replier
from bot.routes import Route
from bot.turn import Turn


def calling(reach: Callable[[Need], Reach], reply: Replier) -> Step:
    """Return the step that ends a turn with a person, or with a ticket where nobody is there.

    The channel carries out what the status says: the queue, or the form of a ticket.

    Args:
        reach: Whether somebody is there for a need.
    """

    def step(turn: Turn) -> Turn:
        if not turn.asked.can_wait:
            return replace(turn, status=AnswerStatus.HANDED_TO_HUMAN, blocks=reply("person", turn))
        if reach(need_of(turn.region, turn.asked.locale)) is Reach.OPEN:
            return replace(turn, status=AnswerStatus.HANDED_TO_HUMAN, blocks=reply("person_called", turn))
        return replace(turn, status=AnswerStatus.TICKET, blocks=reply("person_absent", turn))

    return step


def call_person(call: Step) -> Step:
    """Return the step: what clearly asks for a person is not searched for."""

    def step(turn: Turn) -> Turn:
        wanted = turn.status is None and turn.route is not None and turn.route.route is Route.PERSON
        return call(turn) if wanted else turn

    return step


def need_of(region: str | None, locale: str | None, department: str = "") -> Need:
    """Return what a conversation asks of an agent; the language is the first part of a BCP 47 tag."""
    language = (locale or "zh").split("-")[0].lower() or "zh"
    return Need(department, region or "", language)
