"""Timings on services that sleep for a known while."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from bot.answer import Answer, Question
from eval.latency import Timings, measure_alone, measure_batching, measure_runtimes, measure_together
from retrieval.contracts import Vectors

if TYPE_CHECKING:
    from tests.eval.conftest import HashEncoder, Library

QUESTIONS = [Question(question=f"养犬登记几天内办？{number}") for number in range(8)]


def test_percentiles_of_a_hundred_calls() -> None:
    timings = Timings.of(float(value) for value in range(1, 102))
    assert (timings.p50, timings.p95) == (51.0, 96.0)
    assert len(timings.calls_ms) == 101


class Sleeper:
    """Answers after 4 ms and counts how many it answers at once."""

    def __init__(self, library: "Library") -> None:
        self.calls = 0
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._library = library

    def __call__(self, question: Question) -> Answer:
        with self._lock:
            self.calls += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(0.004)
        with self._lock:
            self._now -= 1
        return self._library.answer(2)


def test_alone_means_one_at_a_time_after_a_warm_up(library: "Library", encoder: "HashEncoder") -> None:
    ask = Sleeper(library)
    latency = measure_alone(QUESTIONS, ask, encoder)
    assert ask.most_at_once == 1
    assert ask.calls == 5 + 8
    assert len(latency.answer.calls_ms) == len(latency.encoder.calls_ms) == 8
    assert latency.answer.p50 >= 4
    assert latency.p50_ratio == pytest.approx(latency.answer.p50 / latency.encoder.p50)
    assert latency.answers_per_s <= 250


def test_together_means_many_at_once(library: "Library", encoder: "HashEncoder") -> None:
    ask = Sleeper(library)
    latency = measure_together(QUESTIONS, ask, encoder, clients=8, rounds=3)
    assert 1 < ask.most_at_once <= 8
    assert len(latency.answer.calls_ms) == len(latency.encoder.calls_ms) == 24
    assert latency.clients == 8


class SlowTwin:
    """The hash encoder's vectors, 2 ms later and half of them turned round."""

    name, dim, fingerprint = "slow", 64, "slow-1"

    def __init__(self, encoder: "HashEncoder") -> None:
        self.encode_passages_with_spans = encoder.encode_passages_with_spans
        self._encoder = encoder

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        time.sleep(0.002)
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str], on_progress: object = None) -> Vectors:
        vectors = self._encoder.encode_queries(texts)
        vectors[1::2] *= -1
        return vectors


def test_runtimes_are_timed_on_the_same_texts_and_compared(encoder: "HashEncoder") -> None:
    fast, slow = measure_runtimes(
        {"fast": encoder, "slow": SlowTwin(encoder)}, ["养犬", "登记"], ["养犬登记", "不收费"] * 5
    )
    assert (fast.name, slow.name) == ("fast", "slow")
    assert slow.ms_per_query >= 2 > fast.ms_per_query
    assert fast.lowest_cosine == pytest.approx(1.0)
    assert slow.lowest_cosine == pytest.approx(-1.0)
    assert fast.passages_per_s > 0


class OnePassAtATime(SlowTwin):
    """Takes 3 ms a pass, however many questions it holds; passes take turns, as on one processor."""

    def __init__(self, encoder: "HashEncoder") -> None:
        super().__init__(encoder)
        self._lock = threading.Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            time.sleep(0.003)
        return self._encoder.encode_queries(texts)


def test_joined_questions_are_measured_beside_single_ones(encoder: "HashEncoder") -> None:
    one, eight = measure_batching(OnePassAtATime(encoder), ["养犬"] * 24, clients=(1, 8), rounds=1)
    assert (one.clients, eight.clients) == (1, 8)
    assert one.alone_per_s < 1000 / 3
    assert eight.ratio == pytest.approx(eight.joined_per_s / eight.alone_per_s)
    assert eight.ratio > 1.5 > 1.2 > one.ratio
