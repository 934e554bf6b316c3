"""The index in use: every search gets the newest snapshot, whichever process published it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from knowledge_base.errors import IndexDamaged, IndexMismatch, StoreError
from retrieval.contracts import Encoder
from retrieval.hybrid import HybridIndex
from retrieval.indexing import Indexer
from retrieval.lexicon import Lexicon

_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class LiveIndex:
    """The index in use: the newest snapshot and the newest words, looked for at most once a second.

    Synonyms and typos are put into the index in use; a dictionary or stop list it was not cut by is told to
    `on_outdated`, and the index goes on serving with its own until there is a snapshot for the new one.
    """

    def __init__(
        self,
        indexer: Indexer,
        *,
        on_outdated: Callable[[], None] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._indexer = indexer
        self._on_outdated = on_outdated
        self._lexicon: Lexicon | None = None
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._seen: tuple[Path, Encoder] | None = None
        self._index: HybridIndex | None = None
        self._revision = 0

    @property
    def revision(self) -> int:
        """SQL revision of the index in use."""
        return self._revision

    def get(self) -> HybridIndex:
        """Return the newest sound index; while a newer one is damaged, the last good one goes on serving.

        Raises:
            IndexDamaged: If there is none at all.
        """
        if self._index is None:
            with self._lock:
                self._refresh()
        elif self._monotonic_s() - self._looked_at > _LOOK_EVERY_S and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        if self._index is None:
            raise IndexDamaged("there is no index snapshot yet; build one with `wenzheng reindex`")
        return self._index

    def _refresh(self) -> None:
        self._looked_at = self._monotonic_s()
        while (newest := self._indexer.current()) is not None:
            # What does not fit this encoder may be what the next one was built for.
            seen = newest, self._indexer.encoder
            if seen == self._seen:
                break
            try:
                index, revision = self._indexer.open(newest), self._indexer.revision(newest)
            except (IndexDamaged, IndexMismatch, StoreError) as error:
                if seen != (self._indexer.current(), self._indexer.encoder):
                    continue  # it was replaced, and removed, while it was read
                if self._index is None and not self._open_older():
                    raise
                # One built for another encoder is no fault: the switch, or this index, is a moment behind.
                level = logging.INFO if isinstance(error, IndexMismatch) else logging.ERROR
                _log.log(level, "keeping the last good index: %s", error)
            else:
                index.reader.warm_up()
                self._index, self._revision = index, revision
            self._seen = seen
        self._follow_words()

    def _follow_words(self) -> None:
        if self._index is None:
            return
        try:
            lexicon = self._indexer.lexicon()
        except StoreError as error:
            _log.error("keeping the last known words: %s", error)
            return
        if lexicon is not self._lexicon:
            self._index = self._index.with_reader(self._index.reader.with_words(lexicon))
            self._lexicon = lexicon
        is_outdated = lexicon.cutting.fingerprint != self._index.reader.cutting.fingerprint
        if is_outdated and self._on_outdated is not None:
            self._on_outdated()

    def _open_older(self) -> bool:
        """Open the newest sound snapshot kept beside a damaged one; SQL still has the last word."""
        for snapshot in self._indexer.older():
            try:
                index, revision = self._indexer.open(snapshot), self._indexer.revision(snapshot)
            except (IndexDamaged, IndexMismatch) as error:
                _log.warning("%s", error)
            else:
                self._index, self._revision = index, revision
                return True
        return False
