"""Rewrite: a follow-up is read together with what it follows on."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.answer import Message
from bot.pipeline import Step
from bot.turn import Turn
from retrieval.hybrid import HybridIndex

_MAX_CONTEXT_CHARS = 200


def rewrite(index: Callable[[], HybridIndex]) -> Step:
    """Return the step; the query carries the citizen's line before as its context.

    The turn keeps the index whose reader made the query: a newer one may be cut in other words.
    """

    def step(turn: Turn) -> Turn:
        searched = turn.index or index()
        context = _context(turn)
        return replace(
            turn,
            index=searched,
            query=searched.reader.read(turn.text, context=context),
            earlier=searched.reader.read(context) if context else None,
        )

    return step


def _context(turn: Turn) -> str:
    """Return what the line follows on: by the state of the talk, or by its lines where none is kept."""
    if turn.state is None or turn.state.talk is None:
        return context_of(turn.asked.history)
    return turn.follows.question[-_MAX_CONTEXT_CHARS:] if turn.follows else ""


def context_of(history: tuple[Message, ...]) -> str:
    """Return the citizen's last line that says what it is about: a short one takes the one before along."""
    said = [message.text for message in history if message.role == "user" and message.text.strip()]
    context = ""
    for line in reversed(said):
        context = f"{line} {context}".strip()
        if len(re.findall(r"\w", context)) >= 12:
            break
    return context[-_MAX_CONTEXT_CHARS:]
