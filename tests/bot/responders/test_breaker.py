"""A model that fails is left alone; one that is full refuses at once."""

from collections.abc import Generator

import pytest

from bot.responders.breaker import BreakerState, CircuitBreaker, GuardedResponder
from bot.responders.contracts import Prompt
from knowledge_base.errors import ResponderError

PROMPT = Prompt("规则", "问题")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Model:
    """Writes two pieces, or fails as told."""

    name = "model"

    def __init__(self) -> None:
        self.fails = False
        self.calls = 0

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        self.calls += 1
        yield "一"
        if self.fails:
            raise ResponderError("gone")
        yield "二"


def state_of(guarded: GuardedResponder) -> BreakerState:
    return guarded.breaker.state


def fail(guarded: GuardedResponder, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ResponderError):
            list(guarded.write(PROMPT))


def test_it_opens_after_failures_in_a_row_and_tries_one_after_a_while() -> None:
    clock, model = Clock(), Model()
    guarded = GuardedResponder(model, at_once=2, breaker=CircuitBreaker(failures=3, reset_s=30, clock=clock))
    model.fails = True
    fail(guarded, 3)
    assert state_of(guarded) is BreakerState.OPEN
    fail(guarded, 5)
    assert model.calls == 3

    clock.now = 30
    fail(guarded, 2)  # the first is let through and fails, the second is not
    assert model.calls == 4

    clock.now = 60
    model.fails = False
    assert list(guarded.write(PROMPT)) == ["一", "二"]
    assert state_of(guarded) is BreakerState.CLOSED


def test_a_success_in_between_starts_the_count_anew() -> None:
    model = Model()
    guarded = GuardedResponder(model, at_once=1, breaker=CircuitBreaker(failures=2))
    for _ in range(3):
        model.fails = True
        fail(guarded, 1)
        model.fails = False
        list(guarded.write(PROMPT))
    assert state_of(guarded) is BreakerState.CLOSED


def test_no_more_at_once_than_there_are_places_and_a_place_comes_free() -> None:
    guarded = GuardedResponder(Model(), at_once=1)
    first = guarded.write(PROMPT)
    assert next(first) == "一"
    with pytest.raises(ResponderError, match="busy"):
        list(guarded.write(PROMPT))
    first.close()
    assert list(guarded.write(PROMPT)) == ["一", "二"]


def test_to_be_full_while_half_open_does_not_lock_it_open() -> None:
    clock, model = Clock(), Model()
    guarded = GuardedResponder(model, at_once=1, breaker=CircuitBreaker(failures=1, reset_s=1, clock=clock))
    slow = guarded.write(PROMPT)
    next(slow)
    guarded.breaker.failed()
    clock.now = 1
    with pytest.raises(ResponderError, match="busy"):
        list(guarded.write(PROMPT))
    slow.close()
    assert list(guarded.write(PROMPT)) == ["一", "二"]
