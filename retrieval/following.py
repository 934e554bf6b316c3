"""Keeping this machine's index up with a database that others write to, and with the encoder in use."""

import logging
import threading
import time
from collections.abc import Callable

from retrieval.indexing import Indexer
from retrieval.rebuilding import STOP_WITHIN_S, BackgroundBuild
from retrieval.snapshots import Stamp

LOOK_EVERY_S = 5.0
# Writes that never pause must not keep the index behind for ever.
MOST_PATIENCE_S = 120.0

_log = logging.getLogger(__name__)


class Follower:
    """Has the next snapshot built once SQL has moved on and come to rest, whoever moved it.

    Whoever takes documents in builds the index of the machine it runs on. On every other machine that shares
    the database nobody would; there, this does. It waits until what is missing is the same at two looks, so
    that an ingest of many files is followed by one build.

    Attributes:
        trouble: What it cannot follow and why, in Chinese; empty for nothing.
    """

    def __init__(
        self,
        indexer: Indexer,
        building: BackgroundBuild,
        *,
        before_look: Callable[[], None] = lambda: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what builds.

        Args:
            before_look: Called before each look; it may give the indexer another encoder.
        """
        self._indexer = indexer
        self._building = building
        self._before_look = before_look
        self._monotonic_s = monotonic_s
        self._seen: Stamp | None = None
        self._behind_since_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""

    def start(self) -> None:
        """Look every few seconds, in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="index-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a build that was begun goes on."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)

    def look(self) -> bool:
        """Look once; return whether it is time to build, and begin then.

        Raises:
            StoreError: If the database cannot be read.
        """
        missing, now_s = self._indexer.missing(), self._monotonic_s()
        if missing is None:
            self._seen = None
            self._building.caught_up()
            return False
        if self._seen is None:
            self._behind_since_s = now_s
        at_rest, self._seen = missing == self._seen, missing
        if not at_rest and now_s - self._behind_since_s < MOST_PATIENCE_S:
            return False
        self._building.start()
        return True

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            # Whatever fails, the index there is goes on serving, and neither holds up the other.
            troubles = (
                _trouble_with(self._before_look, "没有跟上换过的适配器，原来的照常使用"),
                _trouble_with(self.look, "看不到知识库有没有变化"),
            )
            trouble = "；".join(filter(None, troubles))
            if trouble and trouble != self.trouble:
                _log.error("not following: %s", trouble)
            self.trouble = trouble


def _trouble_with(act: Callable[[], object], words: str) -> str:
    try:
        act()
    except Exception as error:  # it is told, and tried again at the next look
        return f"{words}：{error}"
    return ""
