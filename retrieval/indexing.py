"""From SQL to an index snapshot.

SQL is the truth. A snapshot is stamped with the revision it was built from; `catch_up` builds the next
one where the stamp is behind, encoding only texts not seen before.
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

from knowledge_base.errors import IndexDamaged, IndexMismatch, IndexUnwritable
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

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far encoding is: passages done, and passages that need encoding."""

    done: int
    total: int


class Indexer:
    """Builds and opens index snapshots of one knowledge base under one folder.

    Attributes:
        encoder: Encodes what is built from now on. Another may take its place at any moment; an index that is
            open goes on with its own.
        backend: Where vectors are indexed.
    """

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
        self.encoder = encoder
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

    def assemble(self, on_progress: Callable[[Progress], None] | None = None) -> HybridIndex:
        """Return an index of the newest revision without putting it to use; what was encoded stays cached."""
        return self._assemble(self.encoder, on_progress)[1]

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
        encoder = self.encoder
        stamp, vectors = self._snapshots.stamp(snapshot), self.backend.fingerprint
        if (stamp.encoder, stamp.layout, stamp.vectors) != (encoder.fingerprint, LAYOUT, vectors):
            raise IndexMismatch(
                f"snapshot {snapshot.name} was built for {stamp},"
                f" this process expects encoder {encoder.fingerprint}, layout {LAYOUT}"
                f" and vectors in {vectors}"
            )
        # Whatever the words are now, questions are cut as the passages were; synonyms and typos are today's.
        reader = self.reader(Cutting.load(snapshot))
        try:
            return HybridIndex.load(
                snapshot,
                encoder=encoder,
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
        return self._stamp(self._store.revision(), self.encoder, self.lexicon())

    def _stamp(self, revision: int, encoder: Encoder, lexicon: Lexicon) -> Stamp:
        return Stamp(
            revision,
            encoder.fingerprint,
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
        stamp, index = self._assemble(self.encoder, on_progress)
        with self._writing():
            snapshot = self._snapshots.publish(stamp, index.save)
        self.backend.tidy(self._snapshots.kept())
        _log.info("built %s: %d passages in %.1f s", snapshot.name, len(index), time.monotonic() - started)

    def _assemble(
        self, encoder: Encoder, on_progress: Callable[[Progress], None] | None
    ) -> tuple[Stamp, HybridIndex]:
        lexicon = self.lexicon()
        revision, chunks, phrasings = self._read()
        reader = QueryReader(lexicon)
        passages = [passage_of(chunk) for chunk in chunks]
        vectors, spans = self._vectors(encoder, passages, on_progress)
        questions = self._question_vectors(encoder, phrasings, reader)
        index = HybridIndex.build(
            passages,
            vectors,
            spans,
            encoder=encoder,
            reader=reader,
            ranking=self._ranking,
            questions=QuestionIndex.build(phrasings, questions, reader),
            backend=self.backend,
        )
        return self._stamp(revision, encoder, lexicon), index

    def _read(self) -> tuple[int, list[Chunk], list[Phrasing]]:
        """Return chunks and curated questions as of one revision, and that revision."""
        while True:
            revision, chunks = self._store.snapshot()
            if self._faq is None:
                return revision, chunks, []
            as_of, phrasings = self._faq.phrasings()
            if as_of == revision:
                return revision, chunks, phrasings

    def _question_vectors(
        self, encoder: Encoder, phrasings: Sequence[Phrasing], reader: QueryReader
    ) -> Vectors:
        """Return vectors of questions as queries, float32 of shape (n, dim), encoding those that are new."""
        with self._writing():
            cache = VectorCache(self._folder / QUESTIONS_CACHE, encoder.fingerprint, encoder.dim)
        texts = [reader.read(phrasing.text).encoder_text for phrasing in phrasings]
        keys = [vector_key(text, ()) for text in texts]
        known = cache.get(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = encoder.encode_queries(list(missing.values()))
            no_spans = np.empty((0, encoder.dim), dtype=np.float16)
            fresh = {
                key: CachedVectors(vector, no_spans) for key, vector in zip(missing, vectors, strict=True)
            }
            with self._writing():
                cache.put(fresh)
                cache.keep_only(set(keys))
            known |= fresh
        if not keys:
            return np.empty((0, encoder.dim), dtype=np.float32)
        return np.stack([known[key].passage for key in keys])

    def _vectors(
        self,
        encoder: Encoder,
        passages: Sequence[Passage],
        on_progress: Callable[[Progress], None] | None,
    ) -> tuple[Vectors, list[NDArray[np.float16]]]:
        """Return the vectors of all passages, encoding those whose text is new."""
        with self._writing():
            cache = VectorCache(self._folder / VECTORS_CACHE, encoder.fingerprint, encoder.dim)
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
            encoded = encoder.encode_passages_with_spans(
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
        matrix = np.empty((len(passages), encoder.dim), dtype=np.float32)
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
