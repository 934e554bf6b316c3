"""Building the next index in the background, while the one in use goes on serving."""

import logging
import threading
import time
from collections.abc import Callable

from retrieval.indexing import Indexer, Progress

RETRY_AFTER_S = 60.0
STOP_WITHIN_S = 5.0

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The build was told to stop while it was encoding."""


class BackgroundBuild:
    """Brings the index up to the knowledge base and the words in a thread of its own, one at a time.

    The index in use asks for it when it was cut by other words (`retrieval.live_index`), the follower
    when SQL has moved on (`retrieval.following`). Worker processes of one data directory may all start: the
    indexer lets one of them build, the others leave it at that. Vectors come from the cache, so that other
    words alone encode nothing.

    Attributes:
        trouble: Why the last build failed, in Chinese; empty once the index has caught up.
    """

    def __init__(self, indexer: Indexer, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._indexer = indexer
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._not_before_s = 0.0
        self.trouble = ""

    def start(self) -> None:
        """Begin, unless a build is running, one has just failed, or it was stopped; returns at once."""
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if running or self._stop.is_set() or self._monotonic_s() < self._not_before_s:
                return
            self._thread = threading.Thread(target=self._run, name="index-build", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Return once no build is running."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Build no more; encoding is broken off, whatever else is under way gets a few seconds to end."""
        with self._lock:
            self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)

    def caught_up(self) -> None:
        """Take note that nothing is missing, whoever built it."""
        self.trouble, self._not_before_s = "", 0.0

    def _run(self) -> None:
        try:
            self._indexer.catch_up(self._go_on, wait=False)
        except _Stopped:
            return
        except Exception as error:  # whatever it is, the index there is goes on serving
            self._not_before_s = self._monotonic_s() + RETRY_AFTER_S
            trouble = f"索引没有跟上知识库：{error}"
            if trouble != self.trouble:
                _log.error("index not caught up, trying again every %.0f s: %s", RETRY_AFTER_S, error)
            self.trouble = trouble
        else:
            self.trouble = ""

    def _go_on(self, _progress: Progress) -> None:
        if self._stop.is_set():
            raise _Stopped
