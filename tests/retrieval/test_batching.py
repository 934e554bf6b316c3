"""Calls that come together share a pass; one alone does not wait."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import EncoderError
from retrieval import batching
from retrieval.batching import Batcher, BatchingEncoder
from tests.retrieval.fakes import BigramEncoder


class Gate:
    """Work that doubles numbers, one pass at a time, each held up until it is let go."""

    def __init__(self) -> None:
        self.passes: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self._go = threading.Semaphore(0)

    def __call__(self, items: list[int]) -> list[int]:
        self.passes.append(items)
        self.begun.release()
        assert self._go.acquire(timeout=10)
        if -1 in items:
            raise EncoderError("-1 cannot be doubled")
        return [2 * item for item in items]

    def let_go(self, passes: int = 1) -> None:
        self._go.release(passes)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Crowd:
    """Callers in threads of their own, lined up one behind another."""

    def __init__(self, gate: Gate, max_batch: int = 32) -> None:
        self._batcher = Batcher(gate, max_batch=max_batch)
        self._pool = ThreadPoolExecutor(32)

    def ask(self, *items: int) -> "Callable[[], Sequence[int]]":
        before = len(self._batcher._waiting)
        was_busy = self._batcher._is_busy
        future = self._pool.submit(self._batcher.call, items)
        if was_busy:
            until(lambda: len(self._batcher._waiting) == before + 1)
        else:
            until(lambda: self._batcher._is_busy and not self._batcher._waiting)
        return lambda: future.result(timeout=10)


def test_one_alone_is_done_at_once_and_leaves_nothing_behind() -> None:
    passes: list[list[int]] = []

    def keep(items: list[int]) -> list[int]:
        passes.append(items)
        return items

    batcher = Batcher(keep)
    assert [list(batcher.call([number])) for number in range(3)] == [[0], [1], [2]]
    assert passes == [[0], [1], [2]]


def test_those_who_come_during_a_pass_share_the_next() -> None:
    gate = Gate()
    crowd = Crowd(gate)
    answers = [crowd.ask(1)]
    assert gate.begun.acquire(timeout=10)
    answers += [crowd.ask(2), crowd.ask(3, 4), crowd.ask(5)]
    gate.let_go(2)
    assert [list(answer()) for answer in answers] == [[2], [4], [6, 8], [10]]
    assert gate.passes == [[1], [2, 3, 4, 5]]


def test_a_pass_holds_no_more_than_it_may_and_nobody_is_overtaken() -> None:
    gate = Gate()
    crowd = Crowd(gate, max_batch=3)
    answers = [crowd.ask(1)]
    assert gate.begun.acquire(timeout=10)
    answers += [crowd.ask(2, 3), crowd.ask(4, 5), crowd.ask(6), crowd.ask(7, 8, 9, 10), crowd.ask(11)]
    gate.let_go(5)
    for answer in answers:
        answer()
    # 6 does not slip in beside 2 and 3, though it would fit; four at once are one pass too many, but one.
    assert gate.passes == [[1], [2, 3], [4, 5, 6], [7, 8, 9, 10], [11]]


def test_a_failed_pass_fails_all_in_it_and_no_other() -> None:
    gate = Gate()
    crowd = Crowd(gate, max_batch=2)
    answers = [crowd.ask(1)]
    assert gate.begun.acquire(timeout=10)
    answers += [crowd.ask(2), crowd.ask(-1), crowd.ask(3)]
    gate.let_go(3)
    assert list(answers[0]()) == [2]
    for answer in answers[1:3]:
        with pytest.raises(EncoderError, match="-1 cannot be doubled"):
            answer()
    assert list(answers[3]()) == [6]


def test_too_few_results_are_told_to_all_who_asked() -> None:
    batcher: Batcher[int, int] = Batcher(lambda items: items[:-1])
    with pytest.raises(ValueError, match="1 results for 2 items"):
        batcher.call([1, 2])


@pytest.mark.parametrize("is_its_turn", [False, True])
def test_one_who_is_interrupted_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, is_its_turn: bool
) -> None:
    gate = Gate()
    crowd = Crowd(gate)
    first = crowd.ask(1)
    assert gate.begun.acquire(timeout=10)

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if is_its_turn:
                super().wait(10)
            raise KeyboardInterrupt

    class Impatient(batching._Request[int, int]):
        def __init__(self, items: Sequence[int]) -> None:
            super().__init__(items)
            self.woken = Interrupted()

    with monkeypatch.context() as patch:
        patch.setattr(batching, "_Request", Impatient)
        leaver = ThreadPoolExecutor(1).submit(crowd._batcher.call, [2])
        until(lambda: bool(crowd._batcher._waiting) or leaver.done())
    gate.let_go()
    assert list(first()) == [2]
    with pytest.raises(KeyboardInterrupt):
        leaver.result(timeout=10)
    last = crowd.ask(3)
    gate.let_go()
    assert list(last()) == [6]
    assert gate.passes == [[1], [3]]


@given(
    st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=4), min_size=1, max_size=12), st.integers(1, 8)
)
def test_everybody_gets_their_own_results_in_order(calls: list[list[int]], max_batch: int) -> None:
    running = threading.Lock()
    sizes: list[int] = []

    def double(items: list[int]) -> list[int]:
        assert running.acquire(blocking=False)  # never two passes at once
        sizes.append(len(items))
        running.release()
        return [2 * item for item in items]

    batcher = Batcher(double, max_batch=max_batch)
    with ThreadPoolExecutor(len(calls)) as pool:
        found = list(pool.map(batcher.call, calls))
    assert [list(one) for one in found] == [[2 * item for item in call] for call in calls]
    assert sum(sizes) == sum(map(len, calls))
    assert all(size <= max(max_batch, *map(len, calls)) for size in sizes)


def test_an_encoder_gives_the_same_vectors_to_many_as_to_one() -> None:
    plain = BigramEncoder()
    encoder = BatchingEncoder(plain)
    assert (encoder.name, encoder.dim, encoder.fingerprint) == (plain.name, plain.dim, plain.fingerprint)
    questions = [f"第{number}条养犬登记费" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: encoder.encode_queries([question]), questions))
    np.testing.assert_array_equal(np.concatenate(found), plain.encode_queries(questions))
    assert encoder.encode_queries(questions[:3]).shape == (3, plain.dim)


def test_passages_go_straight_to_the_encoder() -> None:
    plain = BigramEncoder()
    encoder = BatchingEncoder(plain)
    texts, spans = ["养犬登记费每年二百元。"], [[(0, 4)]]
    np.testing.assert_array_equal(encoder.encode_passages(texts), plain.encode_passages(texts))
    (of_text,) = encoder.encode_passages_with_spans(texts, spans).spans
    assert of_text.shape == (1, plain.dim)
