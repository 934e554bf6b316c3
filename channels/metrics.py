"""What Prometheus reads at `/metrics`; `PROMETHEUS_MULTIPROC_DIR` joins the numbers of several workers."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from bot.answer import Answer

MULTIPROC_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._questions = Counter(
            "wenzheng_questions",
            "Questions answered, by status and channel",
            ["status", "channel"],
            registry=self._registry,
        )
        self._rejected = Counter(
            "wenzheng_rejected",
            "Messages and requests refused, by error code and channel",
            ["code", "channel"],
            registry=self._registry,
        )
        self._latency = Histogram(
            "wenzheng_answer_seconds",
            "Time from question to answer, waiting for a thread included",
            ["channel"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._steps = Histogram(
            "wenzheng_step_seconds",
            "Time of each step of a consultation turn",
            ["step"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._rephrasings = Counter(
            "wenzheng_rephrasings",
            "Answers a language model was asked for, by what became of them; all but `shown` were quoted",
            ["outcome"],
            registry=self._registry,
        )
        self._dropped = Counter(
            "wenzheng_sentences_dropped",
            "Sentences of a language model that were not shown, by reason",
            ["fault"],
            registry=self._registry,
        )
        self.open_sockets = Gauge(
            "wenzheng_open_sockets",
            "Open WebSocket connections",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.index_revision = Gauge(
            "wenzheng_index_revision",
            "Revision of the knowledge base the loaded index was built from",
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )

    @contextmanager
    def timing(self, channel: str) -> Iterator[None]:
        """Time one answer."""
        start = time.perf_counter()
        yield
        self._latency.labels(channel).observe(time.perf_counter() - start)

    def count(self, channel: str, answer: Answer) -> None:
        """Count one answer and the time of its steps."""
        self._questions.labels(answer.status.value, channel).inc()
        for step, duration_ms in answer.trace.timings_ms.items():
            self._steps.labels(step).observe(duration_ms / 1000)
        if answer.trace.rephrasing is not None:
            self._rephrasings.labels(answer.trace.rephrasing.outcome).inc()
            for fault, count in answer.trace.rephrasing.dropped.items():
                self._dropped.labels(fault).inc(count)

    def reject(self, channel: str, code: str) -> None:
        """Count one refusal."""
        self._rejected.labels(code, channel).inc()

    def exposition(self) -> bytes:
        """Return the numbers of all workers in Prometheus text format."""
        if MULTIPROC_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)
