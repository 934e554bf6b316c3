"""Guard: what cannot be a question is refused; personal data and masked words are gone before anything else.

Block-listed words and words that speak to a machine are noted for operators. The latter change nothing: a
question is searched for, never obeyed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bot.alerts import Alert, AlertPlace
from bot.answer import Message
from bot.personal_data import mask
from bot.pipeline import Step
from bot.question_text import check_question_text
from bot.turn import Turn
from knowledge_base.blocking.matching import BlockMatch, BlockMatcher, struck_out
from knowledge_base.blocking.records import BlockLevel
from knowledge_base.injection import find_injections


def guard(max_chars: int, block_list: Callable[[], BlockMatcher] = lambda: BlockMatcher(())) -> Step:
    """Return the step; it raises `QuestionRejected` for a text that is blank, too long or not text.

    Args:
        block_list: The block list of the moment.
    """

    def step(turn: Turn) -> Turn:
        asked, matcher = turn.asked, block_list()
        check_question_text(asked.question, max_chars)
        found = matcher.find(asked.question)
        said = [(line, matcher.find(line.text)) for line in asked.history]
        alerts = [
            *_alerts(AlertPlace.QUESTION, asked.question, found),
            *(alert for line, matches in said for alert in _alerts(AlertPlace.HISTORY, line.text, matches)),
        ]
        history = tuple(_cleaned(line, matches) for line, matches in said if not _refuses(matches))
        return replace(
            turn,
            asked=asked.model_copy(update={"history": history}),
            text=mask(_without_masked(asked.question, found)).text,
            alerts=tuple(dict.fromkeys(alerts)),
        )

    return step


def _alerts(place: AlertPlace, text: str, matches: Sequence[BlockMatch]) -> Iterator[Alert]:
    for match in matches:
        yield Alert(place, match.word.word, match.word.category, match.word.level)
    for injection in find_injections(text):
        yield Alert(place, injection.kind.value)


def _refuses(matches: Sequence[BlockMatch]) -> bool:
    return any(match.word.level is BlockLevel.REFUSE for match in matches)


def _without_masked(text: str, matches: Sequence[BlockMatch]) -> str:
    masked = [match for match in matches if match.word.level is BlockLevel.MASK]
    return struck_out(text, masked, by=" ") if masked else text


def _cleaned(line: Message, matches: Sequence[BlockMatch]) -> Message:
    return line.model_copy(update={"text": _without_masked(line.text, matches)}) if matches else line
