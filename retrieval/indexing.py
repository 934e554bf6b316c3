"""From SQL to an index snapshot, and from the newest snapshot to the index in use.

SQL is the truth. A snapshot is stamped with the revision it was built from; `catch_up` builds the next
one where the stamp is behind, encoding only texts not seen before. `LiveIndex` hands every search the
newest snapshot, so that a worker follows what another process published.
"""

import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import IndexDamaged, IndexMismatch, IndexUnwritable, StoreError
from knowledge_base.faq.records import Phrasing
from knowledge_base.faq.store import FaqStore
from knowledge_base.records import Chunk, ChunkKind
from knowledge_base.sentences import sentence_spans
from knowledge_base.store import KnowledgeStore
from knowledge_base.word_store import WordStore
from retrieval.backends import FaissBackend
from retrieval.contracts import ALWAYS, Encoder, Passage, VectorBackend, Vectors
from retrieval.cutting import Cutting
from retrieval.hybrid import HybridIndex, passage_spans, passage_text
from retrieval.lexicon import Lexicon, load_lexicon
from retrieval.query import QueryReader
from retrieval.questions import QuestionIndex
from retrieval.ranking import Ranking
from retrieval.snapshots import Snapshots, Stamp
from retrieval.vector_cache import CachedVectors, VectorCache, vector_key

# Raised too when the sizes by which the kind of dense index goes are changed.
LAYOUT = 4
VECTORS_CACHE = "vectors.db"
QUESTIONS_CACHE = "questions.db"
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
        words: WordStore | None = None,
        ranking: Ranking | None = None,
        faq: FaqStore | None = None,
        backend: VectorBackend | None = None,
    ) -> None:
        self._store = store
        self._faq = faq
        self._encoder = encoder
        self._folder = folder
        self._snapshots = Snapshots(folder)
        self.backend = backend or FaissBackend()
        self._words = words
        self._lexicon = load_lexicon()
        self._words_revision = 0
        self._reader: QueryReader | None = None
        self._reading_words = threading.Lock()
        self._ranking = ranking or Ranking.load()

    def catch_up(self, on_progress: Callable[[Progress], None] | None = None, *, wait: bool = True) -> bool:
        """Build a snapshot of the newest revision unless there is a sound one; say whether one was built.

        Args:
            wait: Where another process is building: wait for it and look again, or leave it at that.
        """
        if self._is_current():
            return False
        with self._only_one(wait=wait) as alone:
            if not alone or self._is_current():
                return False
            self._build(on_progress)
            return True

    def rebuild(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Build a snapshot of the newest revision, though there may be a sound one."""
        with self._only_one():
            self._build(on_progress)

    def lexicon(self) -> Lexicon:
        """Return the words of this moment, the operators' included; read again only when these changed.

        Raises:
            StoreError: If the database refuses.
        """
        if self._words is None:
            return self._lexicon
        with self._reading_words:
            # First the number, then the words: those of a later change are read twice, never missed.
            revision = self._words.revision()
            if revision != self._words_revision:
                self._lexicon = load_lexicon(words=self._words.in_use())
                self._words_revision = revision
            return self._lexicon

    def reader(self, cutting: Cutting | None = None) -> QueryReader:
        """Return a reader with the words of this moment that cuts as `cutting` says, by default as they say.

        Readers that cut in the same way share the dictionaries, which take a second to load.
        """
        lexicon = self.lexicon()
        lexicon = lexicon if cutting is None else lexicon.cut_by(cutting)
        kept = self._reader
        if kept is None or kept.cutting.fingerprint != lexicon.cutting.fingerprint:
            kept = self._reader = QueryReader(lexicon)
        return kept.with_words(lexicon)

    def current(self) -> Path | None:
        """Return the folder of the snapshot in use."""
        return self._snapshots.current()

    def missing(self) -> Stamp | None:
        """Return what the snapshot in use is not built from, though it ought to be; None where it is.

        Raises:
            StoreError: If the database cannot be read.
        """
        wanted, snapshot = self._wanted(), self.current()
        try:
            return None if snapshot and self._snapshots.stamp(snapshot) == wanted else wanted
        except IndexDamaged:
            return wanted

    def older(self) -> list[Path]:
        """Return the snapshots kept beside the one in use, the newest first."""
        return self._snapshots.older()

    def open(self, snapshot: Path) -> HybridIndex:
        """Open a snapshot after checking every file of it.

        Raises:
            IndexDamaged: If a checksum does not hold, or the snapshot is removed while it is read.
            IndexMismatch: If it was built by another encoder or laid out otherwise.
            StoreError: If the operators' words cannot be read.
        """
        self._snapshots.verify(snapshot)
        stamp, vectors = self._snapshots.stamp(snapshot), self.backend.fingerprint
        if (stamp.encoder, stamp.layout, stamp.vectors) != (self._encoder.fingerprint, LAYOUT, vectors):
            raise IndexMismatch(
                f"snapshot {snapshot.name} was built for {stamp},"
                f" this process expects encoder {self._encoder.fingerprint}, layout {LAYOUT}"
                f" and vectors in {vectors}"
            )
        # Whatever the words are now, questions are cut as the passages were; synonyms and typos are today's.
        reader = self.reader(Cutting.load(snapshot))
        try:
            return HybridIndex.load(
                snapshot,
                encoder=self._encoder,
                reader=reader,
                ranking=self._ranking,
                backend=self.backend,
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
            if self._snapshots.stamp(snapshot) != self._wanted():
                return False
            self._snapshots.verify(snapshot)
            self.backend.verify(snapshot)
        except IndexDamaged as damage:
            _log.warning("%s; building it anew", damage)
            return False
        return True

    def _wanted(self) -> Stamp:
        return self._stamp(self._store.revision(), self.lexicon())

    def _stamp(self, revision: int, lexicon: Lexicon) -> Stamp:
        return Stamp(
            revision,
            self._encoder.fingerprint,
            lexicon.cutting.fingerprint,
            LAYOUT,
            self.backend.fingerprint,
        )

    @contextmanager
    def _only_one(self, *, wait: bool = True) -> Iterator[bool]:
        """Let one process of this machine at a time build; gives False where one is and we do not wait."""
        with self._writing():
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = (self._folder / "LOCK").open("w")
        with descriptor as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alone = False
            else:
                alone = True
            yield alone

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say what is to be done when the disk refuses; faiss gives a RuntimeError, SQLite its own."""
        try:
            yield
        except (OSError, RuntimeError, sqlite3.Error) as error:
            raise IndexUnwritable(
                f"索引没有写成，原有的索引继续使用：{error}。"
                f"请查看 {self._folder} 所在磁盘的剩余空间和权限，然后运行 wenzheng reindex"
            ) from error

    def _build(self, on_progress: Callable[[Progress], None] | None) -> None:
        started = time.monotonic()
        lexicon = self.lexicon()
        revision, chunks, phrasings = self._read()
        reader = QueryReader(lexicon)
        passages = [passage_of(chunk) for chunk in chunks]
        vectors, spans = self._vectors(passages, on_progress)
        index = HybridIndex.build(
            passages,
            vectors,
            spans,
            encoder=self._encoder,
            reader=reader,
            ranking=self._ranking,
            questions=QuestionIndex.build(phrasings, self._question_vectors(phrasings, reader), reader),
            backend=self.backend,
        )
        with self._writing():
            snapshot = self._snapshots.publish(self._stamp(revision, lexicon), index.save)
        self.backend.tidy(self._snapshots.kept())
        _log.info("built %s: %d passages in %.1f s", snapshot.name, len(passages), time.monotonic() - started)

    def _read(self) -> tuple[int, list[Chunk], list[Phrasing]]:
        """Return chunks and curated questions as of one revision, and that revision."""
        while True:
            revision, chunks = self._store.snapshot()
            if self._faq is None:
                return revision, chunks, []
            as_of, phrasings = self._faq.phrasings()
            if as_of == revision:
                return revision, chunks, phrasings

    def _question_vectors(self, phrasings: Sequence[Phrasing], reader: QueryReader) -> Vectors:
        """Return vectors of questions as queries, float32 of shape (n, dim), encoding those that are new."""
        with self._writing():
            cache = VectorCache(self._folder / QUESTIONS_CACHE, self._encoder.fingerprint, self._encoder.dim)
        texts = [reader.read(phrasing.text).encoder_text for phrasing in phrasings]
        keys = [vector_key(text, ()) for text in texts]
        known = cache.get(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = self._encoder.encode_queries(list(missing.values()))
            no_spans = np.empty((0, self._encoder.dim), dtype=np.float16)
            fresh = {
                key: CachedVectors(vector, no_spans) for key, vector in zip(missing, vectors, strict=True)
            }
            with self._writing():
                cache.put(fresh)
                cache.keep_only(set(keys))
            known |= fresh
        if not keys:
            return np.empty((0, self._encoder.dim), dtype=np.float32)
        return np.stack([known[key].passage for key in keys])

    def _vectors(
        self, passages: Sequence[Passage], on_progress: Callable[[Progress], None] | None
    ) -> tuple[Vectors, list[NDArray[np.float16]]]:
        """Return the vectors of all passages, encoding those whose text is new."""
        with self._writing():
            cache = VectorCache(self._folder / VECTORS_CACHE, self._encoder.fingerprint, self._encoder.dim)
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
            with self._writing():
                cache.put(fresh)
            known |= fresh
        if missing:
            with self._writing():
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
            except (IndexDamaged, IndexMismatch, StoreError) as error:
                if newest != self._indexer.current():
                    continue  # it was replaced, and removed, while it was read
                if self._index is None and not self._open_older():
                    raise
                _log.error("keeping the last good index: %s", error)
            else:
                index.reader.warm_up()
                self._index, self._revision = index, revision
            self._seen = newest
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
