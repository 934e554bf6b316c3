"""Guard: what cannot be a question is refused; personal data is masked before anything else sees it."""

from dataclasses import replace

from bot.personal_data import mask
from bot.pipeline import Step
from bot.question_text import check_question_text
from bot.turn import Turn


def guard(max_chars: int) -> Step:
    """Return the step; it raises `QuestionRejected` for a text that is blank, too long or not text."""

    def step(turn: Turn) -> Turn:
        check_question_text(turn.asked.question, max_chars)
        return replace(turn, text=mask(turn.asked.question).text)

    return step
