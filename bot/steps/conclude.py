"""Conclude: a turn that no document answers ends by its route, and an answer is given what belongs beside it.

A wrong route must not cost an answer: where the documents clearly answer they do, whatever the route is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.answer import AnswerStatus, NoticeBlock
from bot.own_records import own_record_service, service_showing
from bot.pipeline import Step
from bot.replying import Replier
from bot.routes import Route, RouteGuess
from bot.routing import has_cue_of, small_talk
from bot.steps.route import is_abusive
from bot.turn import Turn
from knowledge_base.folding import fold

# From this confidence on the documents answer clearly.
CLEARLY_ANSWERED = 0.8
# How likely the route has to be: where nothing answers, and where something does, though not clearly.
LIKELY = 0.5
SURE = 0.85
CERTAIN = 0.95


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a route ends a turn: the status, and how sure one has to be where nothing answers.

    Attributes:
        displaces: Whether it may take the place of an answer that is not clear, where the words speak for it.
        needs_cue: Whether the words have to speak for it even where nothing answers.
    """

    status: AnswerStatus
    at_least: float
    displaces: bool
    needs_cue: bool = False


_ENDINGS: Mapping[Route, _Ending] = {
    Route.EMERGENCY: _Ending(AnswerStatus.EMERGENCY, LIKELY, displaces=False),
    Route.PERSON: _Ending(AnswerStatus.HANDED_TO_HUMAN, 0.6, displaces=True, needs_cue=True),
    Route.OWN_RECORD: _Ending(AnswerStatus.PERSONAL_DATA, LIKELY, displaces=True),
    Route.COMPLAINT: _Ending(AnswerStatus.HANDED_TO_HUMAN, 0.6, displaces=False),
    Route.SMALLTALK: _Ending(AnswerStatus.SMALLTALK, LIKELY, displaces=True),
    # To be told that a question is out of scope, when the documents only lack an answer, sends people away.
    Route.OUT_OF_SCOPE: _Ending(AnswerStatus.OUT_OF_SCOPE, SURE, displaces=True, needs_cue=True),
}
_ANSWERING = frozenset({AnswerStatus.ANSWERED, AnswerStatus.CLARIFY})


def conclude(reply: Replier, call: Step) -> Step:
    """Return the step; what has ended already passes through.

    Args:
        call: Ends a turn with a person, or with a ticket.
    """

    def ended(turn: Turn, status: AnswerStatus) -> Turn:
        bare = replace(turn, citations=(), options=(), suggestions=(), curated=None)
        if turn.route is not None and turn.route.route is Route.PERSON and not is_abusive(turn.alerts):
            return call(bare)
        return _replied(bare, status, reply)

    def step(turn: Turn) -> Turn:
        ending = _ENDINGS.get(turn.route.route) if turn.route is not None else None
        if turn.route is None or ending is None:
            return turn
        if _ends(turn, turn.route, ending):
            return ended(turn, ending.status)
        answers = turn.status in _ANSWERING or turn.status is AnswerStatus.ANSWERED_FROM_SERVICE
        return _accompanied(turn, reply) if answers and turn.route.probability >= LIKELY else turn

    return step


def _ends(turn: Turn, route: RouteGuess, ending: _Ending) -> bool:
    """Tell whether a turn ends by its route, whatever it was answered so far."""
    sure, is_said = route.probability, has_cue_of(route.route, turn.text)
    if turn.status is AnswerStatus.ANSWERED_FROM_SERVICE:
        return route.route is Route.OWN_RECORD and _shows_own_record(turn) and sure >= LIKELY
    if turn.status in _ANSWERING:
        clear = turn.curated is not None or turn.confidence >= CLEARLY_ANSWERED
        # No document holds what is kept of one citizen, however much it speaks of the same matter.
        clear = clear and not (route.route is Route.OWN_RECORD and sure >= CERTAIN)
        return ending.displaces and is_said and sure >= SURE and not clear
    if turn.status not in (None, AnswerStatus.NO_ANSWER):
        return False
    # A follow-up by itself says little of where it wants to go.
    least = SURE if turn.earlier is not None and ending.displaces else ending.at_least
    return sure >= least and (is_said or not ending.needs_cue)


def _accompanied(turn: Turn, reply: Replier) -> Turn:
    """Put numbers before an answer to somebody who may be in danger, where to go after one to a complaint."""
    if turn.route is not None and turn.route.route is Route.EMERGENCY:
        return replace(turn, blocks=(*reply("emergency_general", turn), *turn.blocks))
    if (
        turn.route is not None
        and turn.route.route is Route.COMPLAINT
        and turn.status in (AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE)
    ):
        return replace(turn, blocks=(*turn.blocks, NoticeBlock(text=reply.text("complaint_beside", turn))))
    return turn


def _replied(turn: Turn, status: AnswerStatus, reply: Replier) -> Turn:
    key, filled = _reply_of(turn, status)
    if key == "abuse":
        status = AnswerStatus.BLOCKED
    elif key == "complaint_here":
        status = AnswerStatus.TICKET
    return replace(turn, status=status, blocks=reply(key, turn, **filled))


def _shows_own_record(turn: Turn) -> bool:
    """Tell whether the service that is meant is one by which people see what is kept of them."""
    return turn.service is not None and turn.aspect is None and bool(turn.service.effective.item.own_record)


def _reply_of(turn: Turn, status: AnswerStatus) -> tuple[str, dict[str, str]]:
    text = fold(turn.text)
    if is_abusive(turn.alerts) and status is not AnswerStatus.EMERGENCY:
        return "abuse", {}
    match status:
        case AnswerStatus.EMERGENCY:
            return "emergency_general", {}
        case AnswerStatus.PERSONAL_DATA:
            shown_by = own_record_service(turn)
            name = shown_by.effective.name if shown_by is not None else service_showing(text)
            return "own_record", {"service": name}
        case AnswerStatus.SMALLTALK:
            return next(
                (key for key, pattern in small_talk().items() if pattern.search(text)), "smalltalk"
            ), {}
        case AnswerStatus.OUT_OF_SCOPE:
            return "out_of_scope", {}
    return ("complaint_here" if turn.asked.can_wait else "complaint"), {}
