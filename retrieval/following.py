"""Keeping this machine's index up with a database that others write to."""

import logging
import threading
import time
from collections.abc import Callable

from retrieval.indexing import Indexer, Progress

LOOK_EVERY_S = 5.0
# Writes that never pause must not keep the index behind for ever.
MOST_PATIENCE_S = 120.0
STOP_WITHIN_S = 5.0

_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The follower was told to stop while it was encoding."""


class Follower:
    """Builds the next snapshot once SQL has moved on and come to rest, whoever moved it.

    Whoever takes documents in builds the index of the machine it runs on. On every other machine that shares
    the database nobody would; there, this does. It waits until the revision is the same at two looks, so that
    an ingest of many files is followed by one build, and leaves a build that is under way alone.
    """

    def __init__(self, indexer: Indexer, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._indexer = indexer
        self._monotonic_s = monotonic_s
        self._seen: int | None = None
        self._behind_since_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""

    def start(self) -> None:
        """Look every few seconds, in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="index-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; encoding is broken off, whatever else is under way gets a few seconds to end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)

    def look(self) -> bool:
        """Look once; return whether a snapshot was built.

        Raises:
            WenzhengError: If the database, the encoder or the vector store fails.
        """
        missing, now_s = self._indexer.missing_revision(), self._monotonic_s()
        if missing is None:
            self._seen = None
            return False
        if self._seen is None:
            self._behind_since_s = now_s
        at_rest, self._seen = missing == self._seen, missing
        if not at_rest and now_s - self._behind_since_s < MOST_PATIENCE_S:
            return False
        return self._indexer.catch_up(self._go_on, wait=False)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except _Stopped:
                return
            except Exception as error:  # whatever it is, the index there is goes on serving
                trouble = f"索引没有跟上知识库：{error}"
                if trouble != self.trouble:
                    _log.error("index not caught up: %s", error)
                self.trouble = trouble
            else:
                self.trouble = ""

    def _go_on(self, _progress: Progress) -> None:
        if self._stop.is_set():
            raise _Stopped
