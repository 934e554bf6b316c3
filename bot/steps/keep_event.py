"""Keep event: a questionnaire that something else came between waits, and the way back to it is offered.

Words that were no answer and no question either, 应该差不多, have the question put once more.
"""

from dataclasses import replace

from bot.answer import AnswerStatus, Option
from bot.pipeline import Step
from bot.routing import asks_something
from bot.steps.follow_event import RESUME, EventDialogue, kept, progress_of
from bot.turn import Turn

SHORT_CHARS = 12
_NOT_UNDERSTOOD = "没有听懂您的回答，请选一个，也可以跳过；要问别的，直接问就行。"
_OFFERED_WITH = frozenset(
    {
        AnswerStatus.ANSWERED,
        AnswerStatus.ANSWERED_FROM_SERVICE,
        AnswerStatus.NO_ANSWER,
        AnswerStatus.PERSONAL_DATA,
        AnswerStatus.CLARIFY,
    }
)
# Whatever was found to a few words that ask nothing: they were meant for the question that waits.
_NOT_AN_ANSWER = _OFFERED_WITH | {AnswerStatus.SMALLTALK, AnswerStatus.OUT_OF_SCOPE}


def keep_event(dialogue: EventDialogue) -> Step:
    """Return the step; it has work only where a question was waiting and this turn did not answer it."""

    def step(turn: Turn) -> Turn:
        before = turn.asked.state.life_event if turn.asked.state else None
        waiting = progress_of(turn)
        if before is None or not before.asking or waiting is not before:
            return turn
        index = turn.index or dialogue.desk.index()
        run = waiting.runs[0]
        event = dialogue.desk.events(index).snapshot.on(turn.day).get(run.event)
        if event is None:
            return kept(turn, run)
        if turn.status in _NOT_AN_ANSWER and len(turn.text) <= SHORT_CHARS and not asks_something(turn.text):
            bare = replace(turn, citations=(), cards=(), suggestions=(), stated=())
            return dialogue.proceed(bare, event, run, index, lead=_NOT_UNDERSTOOD)
        turn = kept(turn, run)
        if turn.status not in _OFFERED_WITH:
            return turn
        words = RESUME.format(name=event.name)
        return replace(turn, options=(*turn.options, Option(label=words, question=words)))

    return step
