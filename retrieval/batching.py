"""Questions that arrive together are encoded together.

A question alone is encoded at once. One that comes while a pass is under way waits for that pass, which
it would have to do anyway, and then shares the next with all that came meanwhile. So nobody waits for a
timer, and nobody longer than one pass before their own. There is no thread to start or stop: each pass is
run by the caller that waited longest.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from retrieval.contracts import Encoder, PassageVectors, Span, Vectors

# Questions of one pass: more would make those that came first wait for little gain.
MAX_BATCH = 32

T = TypeVar("T")
R = TypeVar("R")


class _Request(Generic[T, R]):
    """One call. `woken` is set when it is done, or when it is its turn to run the next pass."""

    def __init__(self, items: Sequence[T]) -> None:
        self.items = items
        self.woken = threading.Event()
        self.is_done = False
        self.results: Sequence[R] = ()
        self.error: BaseException | None = None


class Batcher(Generic[T, R]):
    """Joins calls made at the same time from several threads into few."""

    def __init__(self, run: Callable[[list[T]], Sequence[R]], *, max_batch: int = MAX_BATCH) -> None:
        """Take what does the work.

        Args:
            run: Gives a result for each item, in order; never called by two threads at once.
            max_batch: Most items of one pass; a single call with more gets a pass of its own.
        """
        self._run = run
        self._max_batch = max_batch
        self._lock = threading.Lock()
        self._waiting: deque[_Request[T, R]] = deque()
        self._is_busy = False

    def call(self, items: Sequence[T]) -> Sequence[R]:
        """Return the results for these items, in order.

        Raises:
            BaseException: Whatever `run` raised for the pass these items were in.
        """
        mine: _Request[T, R] = _Request(items)
        with self._lock:
            self._waiting.append(mine)
            is_mine, self._is_busy = not self._is_busy, True
        if not is_mine:
            try:
                mine.woken.wait()
            except BaseException:  # an interrupt: the others must not wait for one who has left
                self._leave(mine)
                raise
        if not mine.is_done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.results

    def _lead(self) -> None:
        """Run one pass for the calls that wait, the first of them the caller's own; then hand on."""
        with self._lock:
            batch = self._take()
        try:
            results = self._run_whole([item for request in batch for item in request.items])
            start = 0
            for request in batch:
                request.results = results[start : start + len(request.items)]
                start += len(request.items)
        except BaseException as error:  # it is raised in every thread that waits for this pass
            for request in batch:
                request.error = error
        finally:
            with self._lock:
                self._hand_on()
            for request in batch:
                request.is_done = True
                request.woken.set()

    def _run_whole(self, items: list[T]) -> Sequence[R]:
        results = self._run(items)
        if len(results) != len(items):
            raise ValueError(f"{len(results)} results for {len(items)} items")
        return results

    def _take(self) -> list[_Request[T, R]]:
        batch = [self._waiting.popleft()]
        size = len(batch[0].items)
        while self._waiting and size + len(self._waiting[0].items) <= self._max_batch:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].items)
        return batch

    def _hand_on(self) -> None:
        if self._waiting:
            self._waiting[0].woken.set()
        else:
            self._is_busy = False

    def _leave(self, request: _Request[T, R]) -> None:
        with self._lock:
            if request in self._waiting:
                self._waiting.remove(request)
                if request.woken.is_set():
                    self._hand_on()


class BatchingEncoder:
    """An `Encoder` whose questions, when they come from several threads, share passes of another's."""

    def __init__(self, encoder: Encoder, *, max_batch: int = MAX_BATCH) -> None:
        self.inner = encoder
        self._batcher = Batcher(self._encode, max_batch=max_batch)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def dim(self) -> int:
        return self.inner.dim

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (n, dim) with unit rows."""
        if not texts:
            return self.inner.encode_queries(texts)
        return np.stack(self._batcher.call(texts))

    def _encode(self, texts: list[str]) -> list[Vectors]:
        return list(self.inner.encode_queries(texts))

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        return self.inner.encode_passages(texts, on_progress)

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        return self.inner.encode_passages_with_spans(texts, spans, on_progress)
