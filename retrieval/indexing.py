"""From SQL to an index snapshot, and from the newest snapshot to the index in use.

SQL is the truth. A snapshot is stamped with the revision it was built from; `catch_up` builds the next
one where the stamp is behind, encoding only texts not seen before. `LiveIndex` hands every search the
newest snapshot, so that a worker follows what another process published.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import IndexDamaged, IndexMismatch
from knowledge_base.records import Chunk, ChunkKind
from knowledge_base.sentences import sentence_spans
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import ALWAYS, Encoder, Passage, Vectors
from retrieval.hybrid import HybridIndex, passage_spans, passage_text
from retrieval.lexicon import Lexicon, load_lexicon
from retrieval.query import QueryReader
from retrieval.ranking import Ranking
from retrieval.snapshots import Snapshots, Stamp
from retrieval.tokenize import Tokenizer
from retrieval.vector_cache import CachedVectors, VectorCache, vector_key

# 2: the kind of dense index goes by size. Raised too when the sizes it goes by are changed.
LAYOUT = 2
_SAVE_EVERY = 512
_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far encoding is: passages done, and passages that need encoding."""

    done: int
    total: int


class Indexer:
    """Builds and opens index snapshots of one knowledge base under one folder."""

    def __init__(
        self,
        store: KnowledgeStore,
        encoder: Encoder,
        folder: Path,
        *,
        lexicon: Lexicon | None = None,
        ranking: Ranking | None = None,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._snapshots = Snapshots(folder)
        self._lexicon = lexicon or load_lexicon()
        self._tokenizer = Tokenizer(self._lexicon)
        self.reader = QueryReader(self._lexicon, self._tokenizer)
        self._ranking = ranking or Ranking.load()

    def catch_up(self, on_progress: Callable[[Progress], None] | None = None) -> bool:
        """Build a snapshot of the newest revision unless there is a sound one; say whether one was built."""
        if self._is_current():
            return False
        with self._only_one():
            if self._is_current():
                return False
            self._build(on_progress)
            return True

    def rebuild(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Build a snapshot of the newest revision, though there may be a sound one."""
        with self._only_one():
            self._build(on_progress)

    def current(self) -> Path | None:
        """Return the folder of the snapshot in use."""
        return self._snapshots.current()

    def open(self, snapshot: Path) -> HybridIndex:
        """Open a snapshot after checking every file of it.

        Raises:
            IndexDamaged: If a checksum does not hold, or the snapshot is removed while it is read.
            IndexMismatch: If it was built by another encoder or from other word lists.
        """
        self._snapshots.verify(snapshot)
        stamp, expected = self._snapshots.stamp(snapshot), self._stamp(0)
        if (stamp.encoder, stamp.words, stamp.layout) != (expected.encoder, expected.words, expected.layout):
            raise IndexMismatch(
                f"snapshot {snapshot.name} was built for {stamp}, this process expects {expected}"
            )
        try:
            return HybridIndex.load(
                snapshot, encoder=self._encoder, reader=self.reader, ranking=self._ranking
            )
        except (OSError, RuntimeError) as error:  # faiss gives a RuntimeError for a file it cannot open
            raise IndexDamaged(f"index snapshot {snapshot.name}: cannot be read: {error}") from error

    def revision(self, snapshot: Path) -> int:
        """Return the SQL revision a snapshot was built from."""
        return self._snapshots.stamp(snapshot).revision

    def _is_current(self) -> bool:
        snapshot = self._snapshots.current()
        if snapshot is None:
            return False
        try:
            if self._snapshots.stamp(snapshot) != self._stamp(self._store.revision()):
                return False
            self._snapshots.verify(snapshot)
        except IndexDamaged as damage:
            _log.warning("%s; building it anew", damage)
            return False
        return True

    def _stamp(self, revision: int) -> Stamp:
        return Stamp(revision, self._encoder.fingerprint, self._lexicon.fingerprint, LAYOUT)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Let one process at a time build; the others wait and find the work done."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "LOCK").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _build(self, on_progress: Callable[[Progress], None] | None) -> None:
        started = time.monotonic()
        revision, chunks = self._store.snapshot()
        passages = [passage_of(chunk) for chunk in chunks]
        vectors, spans = self._vectors(passages, on_progress)
        index = HybridIndex.build(
            passages,
            vectors,
            spans,
            encoder=self._encoder,
            reader=self.reader,
            tokenizer=self._tokenizer,
            ranking=self._ranking,
        )
        snapshot = self._snapshots.publish(self._stamp(revision), index.save)
        _log.info("built %s: %d passages in %.1f s", snapshot.name, len(passages), time.monotonic() - started)

    def _vectors(
        self, passages: Sequence[Passage], on_progress: Callable[[Progress], None] | None
    ) -> tuple[Vectors, list[NDArray[np.float16]]]:
        """Return the vectors of all passages, encoding those whose text is new."""
        cache = VectorCache(self._folder / "vectors.db", self._encoder.fingerprint, self._encoder.dim)
        texts = [passage_text(passage) for passage in passages]
        spans = [passage_spans(passage) for passage in passages]
        keys = [vector_key(text, of_text) for text, of_text in zip(texts, spans, strict=True)]
        known = cache.get(set(keys))
        # Longest first, as the encoder batches by length: a stretch of neighbours pads little.
        missing = sorted(
            {key: place for place, key in enumerate(keys) if key not in known}.values(),
            key=lambda place: -len(texts[place]),
        )
        for start in range(0, len(missing), _SAVE_EVERY):
            part = missing[start : start + _SAVE_EVERY]
            report = None if on_progress is None else _from(start, len(missing), on_progress)
            encoded = self._encoder.encode_passages_with_spans(
                [texts[place] for place in part], [spans[place] for place in part], report
            )
            fresh = {
                keys[place]: CachedVectors(vector, of_passage.astype(np.float16))
                for place, vector, of_passage in zip(part, encoded.passages, encoded.spans, strict=True)
            }
            cache.put(fresh)
            known |= fresh
        if missing:
            cache.keep_only(set(keys))
        matrix = np.empty((len(passages), self._encoder.dim), dtype=np.float32)
        for place, key in enumerate(keys):
            matrix[place] = known[key].passage
        return matrix, [known[key].spans for key in keys]


def _from(start: int, total: int, on_progress: Callable[[Progress], None]) -> Callable[[int], None]:
    return lambda done: on_progress(Progress(start + done, total))


def passage_of(chunk: Chunk) -> Passage:
    """Return what an index needs of a chunk."""
    draft, meta = chunk.draft, chunk.document.meta
    return Passage(
        id=chunk.id,
        title=meta.title,
        heading=" ".join((*draft.heading_path, draft.article)).strip(),
        lead=draft.lead,
        text=draft.text,
        spans=sentence_spans(draft.text),
        region=meta.region,
        from_day=chunk.effective_from.toordinal() if chunk.effective_from else 0,
        to_day=chunk.effective_to.toordinal() if chunk.effective_to else ALWAYS,
        answerable=draft.kind is not ChunkKind.PREAMBLE,
        document=str(chunk.version_id),
    )


class LiveIndex:
    """The index in use: the newest snapshot, looked for at most once a second."""

    def __init__(self, indexer: Indexer, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._indexer = indexer
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._seen: Path | None = None
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
        while (newest := self._indexer.current()) is not None and newest != self._seen:
            try:
                index, revision = self._indexer.open(newest), self._indexer.revision(newest)
            except (IndexDamaged, IndexMismatch) as error:
                if newest != self._indexer.current():
                    continue  # it was replaced, and removed, while it was read
                if self._index is None:
                    raise
                _log.error("keeping the last good index: %s", error)
            else:
                self._index, self._revision = index, revision
            self._seen = newest
