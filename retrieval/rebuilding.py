"""Building the next index in the background, while the one in use goes on serving."""

import logging
import threading
import time
from collections.abc import Callable

from knowledge_base.errors import WenzhengError
from retrieval.indexing import Indexer

RETRY_AFTER_S = 60.0

_log = logging.getLogger(__name__)


class BackgroundBuild:
    """Brings the index up to the knowledge base in a thread of its own, one at a time.

    Worker processes of one data directory may all start: the indexer lets one of them build, the others find
    the work done. Vectors come from the cache, so that other words alone encode nothing.
    """

    def __init__(self, indexer: Indexer, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._indexer = indexer
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._not_before_s = 0.0

    def start(self) -> None:
        """Begin, unless a build is running or one has just failed; returns at once."""
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if running or self._monotonic_s() < self._not_before_s:
                return
            self._thread = threading.Thread(target=self._run, name="index-build", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Return once no build is running."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._indexer.catch_up()
        except (WenzhengError, OSError) as error:
            self._not_before_s = self._monotonic_s() + RETRY_AFTER_S
            _log.error(
                "the index for the new words could not be built, trying again in %.0f s: %s",
                RETRY_AFTER_S,
                error,
            )
