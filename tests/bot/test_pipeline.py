"""A turn goes from step to step, each timed under its name."""

from dataclasses import replace

from bot.pipeline import Step, run
from tests.bot.builders import turn_of


def test_steps_run_in_the_order_of_the_list() -> None:
    def add(word: str) -> tuple[str, Step]:
        return word, lambda turn: replace(turn, text=turn.text + word)

    turn = run(replace(turn_of(), text=""), [add("先"), add("后")])
    assert turn.text == "先后"
    assert list(turn.timings_ms) == ["先", "后"]
    assert all(spent_ms >= 0 for spent_ms in turn.timings_ms.values())


def test_what_goes_in_is_not_changed() -> None:
    turn = turn_of()
    assert run(turn, [("same", lambda turn: turn)]) is not turn
    assert turn.timings_ms == {}
