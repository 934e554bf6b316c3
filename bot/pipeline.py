"""Running the steps of a turn: one readable list, each timed, until all have run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.turn import Turn

Step = Callable[[Turn], Turn]


def run(turn: Turn, steps: Sequence[tuple[str, Step]]) -> Turn:
    """Hand the turn from step to step; each step decides by the turn's status whether it has work."""
    for name, step in steps:
        started = time.perf_counter()
        turn = step(turn)
        spent_ms = (time.perf_counter() - started) * 1000
        turn = replace(turn, timings_ms={**turn.timings_ms, name: round(spent_ms, 3)})
    return turn
