"""A model that fails is left alone for a while, and no more are asked at once than it can serve."""

import threading
import time
from collections.abc import Callable, Generator
from enum import StrEnum

from bot.responders.contracts import Prompt, Responder
from knowledge_base.errors import ResponderError

FAILURES = 3
RESET_S = 30.0


class BreakerState(StrEnum):
    """Closed: asks go through. Open: none does. Half open: one does, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Opens after so many failures in a row; after a while lets one through, and closes if that goes well.

    The lock is held to decide, never during a call: calls run side by side.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        reset_s: float = RESET_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = failures
        self._reset_s = reset_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        return self._state

    def allows(self) -> bool:
        """Tell whether to call now. Whoever is told yes owes a `succeeded`, a `failed` or a `gave_up`."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return True
            if self._state is BreakerState.OPEN and self._clock() - self._opened_at >= self._reset_s:
                self._state = BreakerState.HALF_OPEN
                return True
            return False

    def succeeded(self) -> None:
        with self._lock:
            self._failed = 0
            self._state = BreakerState.CLOSED

    def failed(self) -> None:
        with self._lock:
            self._failed += 1
            if self._state is BreakerState.HALF_OPEN or self._failed >= self._allowed:
                self._state = BreakerState.OPEN
                self._opened_at = self._clock()

    def gave_up(self) -> None:
        """Say that the call was not made after all: the next may try at once."""
        with self._lock:
            if self._state is BreakerState.HALF_OPEN:
                self._state = BreakerState.OPEN


class GuardedResponder:
    """A responder behind a breaker, for so many at once; who comes beyond is refused, not kept waiting."""

    def __init__(self, inner: Responder, *, at_once: int, breaker: CircuitBreaker | None = None) -> None:
        self._inner = inner
        self.breaker = breaker or CircuitBreaker()
        self._places = threading.BoundedSemaphore(at_once)

    @property
    def name(self) -> str:
        return self._inner.name

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        if not self.breaker.allows():
            raise ResponderError(f"{self.name}: left alone after failures")
        if not self._places.acquire(blocking=False):
            self.breaker.gave_up()
            raise ResponderError(f"{self.name}: busy")
        pieces = self._inner.write(prompt)
        try:
            yield from pieces
        except ResponderError:
            self.breaker.failed()
            raise
        except GeneratorExit:
            self.breaker.succeeded()  # it wrote, and was read as far as wanted
            raise
        except BaseException:
            self.breaker.failed()
            raise
        else:
            self.breaker.succeeded()
        finally:
            self._places.release()
