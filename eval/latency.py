"""How long answers take, each against the encoder's own time for the same questions in the same run."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from bot.answer import Answer, Question
from retrieval.batching import BatchingEncoder
from retrieval.contracts import Encoder, Vectors

WARM_UP = 5
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds a call, in the order of the calls, with their 50th and 95th percentiles."""

    p50: float
    p95: float
    calls_ms: tuple[float, ...]

    @classmethod
    def of(cls, calls_ms: Iterable[float]) -> "Timings":
        calls = tuple(calls_ms)
        p50, p95 = np.percentile(calls, [50, 95]).tolist()
        return cls(p50, p95, calls)


@dataclass(frozen=True, slots=True)
class Latency:
    """Answers against the encoder for the same questions, by as many clients asking without a pause.

    Attributes:
        p50_ratio: Median answer time by median encoder time; `p95_ratio` likewise.
        answers_per_s: Answers finished a second by all clients together.
    """

    clients: int
    answer: Timings
    encoder: Timings
    p50_ratio: float
    p95_ratio: float
    answers_per_s: float


@dataclass(frozen=True, slots=True)
class RuntimeSpeed:
    """One encoder runtime: median milliseconds for a question alone, and passages a second in bulk.

    `lowest_cosine` compares its passage vectors with those of the first runtime measured.
    """

    name: str
    ms_per_query: float
    passages_per_s: float
    lowest_cosine: float


@dataclass(frozen=True, slots=True)
class Batching:
    """Questions encoded a second for clients asking without a pause: each for itself, and joined.

    Medians over rounds; the two take turns, so that both meet the same machine.
    """

    clients: int
    alone_per_s: float
    joined_per_s: float
    ratio: float


def measure_alone(
    questions: Sequence[Question], ask: Callable[[Question], Answer], encoder: Encoder
) -> Latency:
    """Ask one question at a time; answer and encoding alternate, so that both meet the same machine."""
    for question in questions[:WARM_UP]:
        ask(question)
        encoder.encode_queries([question.question])
    answers, encodings = [], []
    for question in questions:
        encodings.append(_time_ms(partial(encoder.encode_queries, [question.question])))
        answers.append(_time_ms(partial(ask, question)))
    return _latency(1, answers, encodings, sum(answers) / 1000)


def measure_together(
    questions: Sequence[Question],
    ask: Callable[[Question], Answer],
    encoder: Encoder,
    *,
    clients: int = 20,
    rounds: int = 1,
) -> Latency:
    """Let `clients` threads ask all questions `rounds` times; then let them encode the same questions."""
    load = list(questions) * rounds

    def time_encoding(one: Question) -> float:
        return _time_ms(partial(encoder.encode_queries, [one.question]))

    def time_answer(one: Question) -> float:
        return _time_ms(partial(ask, one))

    with ThreadPoolExecutor(clients) as pool:
        encodings = list(pool.map(time_encoding, load))
        begun = time.perf_counter()
        answers = list(pool.map(time_answer, load))
        spent_s = time.perf_counter() - begun
    return _latency(clients, answers, encodings, spent_s)


def measure_batching(
    encoder: Encoder,
    questions: Sequence[str],
    *,
    clients: Sequence[int] = (1, 8, 32),
    rounds: int = 3,
) -> tuple[Batching, ...]:
    """Let clients encode all questions, one question a call, with and without joining their calls.

    Args:
        encoder: One that does not join calls itself.
    """
    joining = BatchingEncoder(encoder)
    measured = []
    for count in clients:
        alone, joined = [], []
        for _ in range(rounds):
            alone.append(_encoded_per_s(encoder, questions, count))
            joined.append(_encoded_per_s(joining, questions, count))
        usual, batched = float(np.median(alone)), float(np.median(joined))
        measured.append(Batching(count, usual, batched, batched / usual))
    return tuple(measured)


def _encoded_per_s(encoder: Encoder, questions: Sequence[str], clients: int) -> float:
    with ThreadPoolExecutor(clients) as pool:
        begun = time.perf_counter()
        for _ in pool.map(lambda question: encoder.encode_queries([question]), questions):
            pass
        return len(questions) / (time.perf_counter() - begun)


def measure_runtimes(
    encoders: dict[str, Encoder], questions: Sequence[str], passages: Sequence[str]
) -> tuple[RuntimeSpeed, ...]:
    """Time each encoder on the same questions, one at a time, and on the same passages, in two rounds."""
    queries: dict[str, list[float]] = {name: [] for name in encoders}
    bulk_s = dict.fromkeys(encoders, 0.0)
    vectors: dict[str, Vectors] = {}
    for _ in range(_ROUNDS):
        # In stretches, not question by question: threads of one runtime still spin when the next is called.
        for name, encoder in encoders.items():
            encoder.encode_queries(questions[:1])
            encoder.encode_passages(passages[:8])
            queries[name] += [_time_ms(partial(encoder.encode_queries, [text])) for text in questions]
            begun = time.perf_counter()
            vectors[name] = encoder.encode_passages(passages)
            bulk_s[name] += time.perf_counter() - begun
    reference = next(iter(vectors.values()))
    return tuple(
        RuntimeSpeed(
            name,
            Timings.of(queries[name]).p50,
            _ROUNDS * len(passages) / bulk_s[name],
            float(np.sum(vectors[name] * reference, axis=1).min()),
        )
        for name in encoders
    )


def _latency(clients: int, answers: list[float], encodings: list[float], spent_s: float) -> Latency:
    answer, encoder = Timings.of(answers), Timings.of(encodings)
    return Latency(
        clients,
        answer,
        encoder,
        answer.p50 / encoder.p50,
        answer.p95 / encoder.p95,
        len(answers) / spent_s,
    )


def _time_ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)
