"""What operators keep in SQL, as it is at this moment, without a query for every question."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from knowledge_base.errors import StoreError

LOOK_EVERY_S = 1.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Followed(Generic[T]):
    """Something read from SQL, read again when its revision has changed; looked for at most once a second.

    Args:
        what: Its name, for the log.
        first: What there is until it is read.
        revision: Gives the number of its last change; `read` what it holds.
        monotonic_s: The clock.
    """

    def __init__(
        self,
        what: str,
        first: T,
        *,
        revision: Callable[[], int],
        read: Callable[[], T],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._value = first
        self._revision_now = revision
        self._read = read
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_s = float("-inf")
        self._revision = -1

    def get(self) -> T:
        """Return it; where the database cannot be read, the last one goes on serving."""
        with self._lock:
            now_s = self._monotonic_s()
            if now_s - self._looked_s >= LOOK_EVERY_S:
                self._looked_s = now_s
                try:
                    self._look()
                except StoreError as error:
                    _log.error("%s cannot be read, the last one goes on: %s", self._what, error)
            return self._value

    def _look(self) -> None:
        # First the number, then the content: a later change is read twice, never missed.
        revision = self._revision_now()
        if revision != self._revision:
            self._value = self._read()
            self._revision = revision
