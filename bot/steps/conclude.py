"""Conclude: a turn that no document answers ends by its route, and an answer is given what belongs beside it.

A wrong route must not cost an answer: where the documents clearly answer they do, whatever the route is named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.answer import AnswerStatus, NoticeBlock
from bot.own_records import service_showing
from bot.pipeline import Step
from bot.replying import Replier
from bot.routes import Route
from bot.steps.route import is_abusive
from bot.turn import Turn
from knowledge_base.folding import fold

# From this confidence on the documents answer clearly.
CLEARLY_ANSWERED = 0.8
# How likely the route has to be: where nothing answers, and where something does, though not clearly.
LIKELY = 0.5
SURE = 0.85
_SMALLTALK: Mapping[str, re.Pattern[str]] = {
    "identity": re.compile(
        r"你(?:是|叫|会|能|有什么(?:功能|用)|可以|多大|几岁|干(?:啥|嘛)|背后|真的是)|介绍一?下?(?:你)?自己|能问你|是(?:真人|机器人)|who are you|what are you|what can you|your name"
    ),
    "thanks": re.compile(
        r"谢|感谢|辛苦|再见|拜拜|回头见|晚安|好的|好嘞|好吧|知道|明白|懂了|收到|没事了|不用了|不需要|没别的|打扰|麻烦你|88$|thank|bye|^ok"
    ),
    "greeting": re.compile(r"你好|您好|嗨|哈喽|早|下午好|晚上好|在吗|有人在|hello|\bhi\b|\bhey\b|good (?:morning|afternoon|evening)"),
}


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a route ends a turn: the status, and how sure one has to be where nothing answers.

    Attributes:
        displaces: Whether it may take the place of an answer that is not clear.
    """

    status: AnswerStatus
    at_least: float
    displaces: bool


_ENDINGS: Mapping[Route, _Ending] = {
    Route.EMERGENCY: _Ending(AnswerStatus.EMERGENCY, LIKELY, displaces=False),
    Route.PERSON: _Ending(AnswerStatus.HANDED_TO_HUMAN, LIKELY, displaces=True),
    Route.OWN_RECORD: _Ending(AnswerStatus.PERSONAL_DATA, LIKELY, displaces=True),
    Route.COMPLAINT: _Ending(AnswerStatus.HANDED_TO_HUMAN, LIKELY, displaces=False),
    Route.SMALLTALK: _Ending(AnswerStatus.SMALLTALK, LIKELY, displaces=True),
    # To be told that a question is out of scope, when the documents only lack an answer, sends people away.
    Route.OUT_OF_SCOPE: _Ending(AnswerStatus.OUT_OF_SCOPE, 0.6, displaces=True),
}
_ANSWERING = frozenset({AnswerStatus.ANSWERED, AnswerStatus.CLARIFY})
_UNDECIDED = frozenset({None, AnswerStatus.NO_ANSWER, AnswerStatus.ANSWERED, AnswerStatus.CLARIFY})


def conclude(reply: Replier) -> Step:
    """Return the step; what has ended already passes through."""

    def step(turn: Turn) -> Turn:
        ending = _ENDINGS.get(turn.route.route) if turn.route is not None else None
        if turn.route is None or ending is None or turn.status not in _UNDECIDED:
            return turn
        sure = turn.route.probability
        if turn.status in _ANSWERING:
            clear = turn.curated is not None or turn.confidence >= CLEARLY_ANSWERED
            if ending.displaces and sure >= SURE and not clear:
                return _ended(turn, ending.status, reply)
            return _accompanied(turn, reply) if sure >= LIKELY else turn
        # A follow-up by itself says little of where it wants to go.
        least = SURE if turn.earlier is not None and ending.displaces else ending.at_least
        return _ended(turn, ending.status, reply) if sure >= least else turn

    return step


def _accompanied(turn: Turn, reply: Replier) -> Turn:
    """An answer to somebody who may be in danger has the numbers before it, one to a complaint where to go after."""
    if turn.route is not None and turn.route.route is Route.EMERGENCY:
        return replace(turn, blocks=(*reply("emergency_general", turn), *turn.blocks))
    if turn.route is not None and turn.route.route is Route.COMPLAINT and turn.status is AnswerStatus.ANSWERED:
        return replace(turn, blocks=(*turn.blocks, NoticeBlock(text=reply.text("complaint_beside", turn))))
    return turn


def _ended(turn: Turn, status: AnswerStatus, reply: Replier) -> Turn:
    key, filled = _reply_of(turn, status)
    if key == "abuse":
        status = AnswerStatus.BLOCKED
    return replace(
        turn,
        status=status,
        blocks=reply(key, turn, **filled),
        citations=(),
        options=(),
        suggestions=(),
        curated=None,
    )


def _reply_of(turn: Turn, status: AnswerStatus) -> tuple[str, dict[str, str]]:
    text = fold(turn.text)
    if is_abusive(turn.alerts) and status is not AnswerStatus.EMERGENCY:
        return "abuse", {}
    match status:
        case AnswerStatus.EMERGENCY:
            return "emergency_general", {}
        case AnswerStatus.PERSONAL_DATA:
            return "own_record", {"service": service_showing(text)}
        case AnswerStatus.SMALLTALK:
            return next((key for key, pattern in _SMALLTALK.items() if pattern.search(text)), "smalltalk"), {}
        case AnswerStatus.OUT_OF_SCOPE:
            return "out_of_scope", {}
    is_complaint = turn.route is not None and turn.route.route is Route.COMPLAINT
    return ("complaint" if is_complaint else "person"), {}
