"""The index of service items: which of them a citizen means, by meaning and by words.

Every name, alias, condition and audience of an item is a wording; a question is compared with each, and the
item goes by its best. Small and in memory: it is built from SQL when the catalogue changes, and only wordings
never seen before are encoded.
"""

import logging
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.services.catalogue import Catalogue, Wording
from knowledge_base.services.store import ServiceStore
from retrieval.actions import actions
from retrieval.contracts import Encoder, Vectors
from retrieval.dense import build_dense
from retrieval.lexical import Bm25Index
from retrieval.query import Query, QueryReader
from retrieval.vector_cache import CachedVectors, VectorCache, vector_key

POOL = 40
BY_WORDS = 10
SERVICES_CACHE = "services.db"
_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceHit:
    """An item near a question, with how near it is.

    Attributes:
        cosine: Of the question and the nearest name or alias, in [-1, 1].
        any_cosine: The same with conditions and audiences among the wordings.
        lexical: BM25 of the item's words, as a share of the best item's, in [0, 1].
        of_asked: Share of the question's word weight (idf) that the item's wordings have, in [0, 1].
        of_name: Share of a name's word weight that the question has, in [0, 1]; of the name with most.
        named: Share of the question's characters that a name or alias found in it makes up, in [0, 1].
        terms_unsaid: Official terms of the question that no wording of the item has.
        actions_shared: Whether question and names want the same done (see `retrieval.actions`).
        actions_unmet: What the question wants done and no name speaks of.
        actions_unasked: What the name nearest to the question speaks of and the question does not.
    """

    catalog_code: str
    cosine: float
    any_cosine: float
    lexical: float
    of_asked: float
    of_name: float
    named: float
    terms_unsaid: int
    actions_shared: bool
    actions_unmet: int
    actions_unasked: int


@dataclass(frozen=True, slots=True)
class _Words:
    """A wording as the reader reads it: its words and their official terms."""

    text: str
    terms: frozenset[str]
    actions: frozenset[str]


class ServiceIndex:
    """The wordings of one revision of the catalogue; read-only, safe to share between threads."""

    def __init__(self, wordings: Sequence[Wording], vectors: Vectors, reader: QueryReader) -> None:
        self._codes = sorted({each.catalog_code for each in wordings})
        place_of = {code: place for place, code in enumerate(self._codes)}
        self._of_row = np.array([place_of[each.catalog_code] for each in wordings], dtype=np.int64)
        self._regions = [each.region for each in wordings]
        self._is_name = np.array([each.is_name for each in wordings], dtype=np.bool_)
        self._dense = build_dense(vectors) if len(wordings) else None
        self._words = [_read(reader.read(each.text)) for each in wordings]
        self._rows: dict[int, list[int]] = defaultdict(list)
        for row, place in enumerate(self._of_row.tolist()):
            self._rows[place].append(row)
        self._held = [frozenset().union(*(self._words[row].terms for row in self._rows[place])) for place in range(len(self._codes))]
        self._said = ["\n".join(self._words[row].text for row in self._rows[place]) for place in range(len(self._codes))]
        self._lexical = Bm25Index.build([sorted(held) for held in self._held])

    def __len__(self) -> int:
        return len(self._codes)

    def search(
        self, query: Query, vector: Vectors, *, allowed: Collection[str], regions: Collection[str], k: int = 8
    ) -> list[ServiceHit]:
        """Return the k items nearest to a question, by falling cosine.

        Args:
            vector: Of the question, float32 of shape (dim,).
            allowed: Catalog codes that may be returned.
            regions: Whose wordings count.
        """
        if self._dense is None or not allowed:
            return []
        may = np.array([code in allowed for code in self._codes], dtype=np.bool_)
        seen = np.array([region in regions for region in self._regions], dtype=np.bool_) & may[self._of_row]
        if not seen.any():
            return []
        cosines, rows = self._dense.search(vector[None, :], k=min(POOL, int(seen.sum())), allowed=seen)
        near = dict(zip(rows[0].tolist(), cosines[0].tolist(), strict=True))
        terms = _read(query)
        scores = self._lexical.scores(sorted(terms.terms), may)
        best = float(scores.max(initial=0.0))
        by_words = np.argsort(-scores, kind="stable")[:BY_WORDS]
        places = {int(self._of_row[row]) for row in near if row >= 0}
        places |= {int(place) for place in by_words if scores[place] > 0}
        hits = [
            self._hit(place, query, terms, vector, seen, float(scores[place]) / best if best else 0.0)
            for place in sorted(places)
        ]
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.catalog_code))[:k]

    def _hit(
        self, place: int, query: Query, asked: _Words, vector: Vectors, seen: NDArray[np.bool_], lexical: float
    ) -> ServiceHit:
        rows = [row for row in self._rows[place] if seen[row]]
        cosines = self._cosines(vector, rows)
        names = [(cosine, row) for cosine, row in zip(cosines, rows, strict=True) if self._is_name[row]]
        nearest = max(names, default=(0.0, rows[0]))
        weight = self._lexical.weight
        held = self._held[place]
        spoken = frozenset().union(*(self._words[row].actions for _, row in names)) if names else frozenset()
        plain = _bare(query.text)
        found = [text for _, row in names if (text := _bare(self._words[row].text)) in plain]
        return ServiceHit(
            catalog_code=self._codes[place],
            cosine=nearest[0],
            any_cosine=max(cosines),
            lexical=lexical,
            of_asked=_share(asked.terms & held, asked.terms, weight),
            of_name=max((_share(asked.terms & self._words[row].terms, self._words[row].terms, weight) for _, row in names), default=0.0),
            named=max(map(len, found), default=0) / len(plain) if plain else 0.0,
            terms_unsaid=sum(term not in self._said[place] for term in query.terms),
            actions_shared=bool(asked.actions & spoken),
            actions_unmet=len(asked.actions - spoken),
            actions_unasked=len(self._words[nearest[1]].actions - asked.actions),
        )

    def _cosines(self, vector: Vectors, rows: Sequence[int]) -> list[float]:
        if self._dense is None:
            return []
        vectors = self._dense.vectors(np.array(rows, dtype=np.int64))
        return [float(each) for each in vectors @ vector]


def _read(query: Query) -> _Words:
    terms = frozenset((*query.words, *query.official))
    official = " ".join(term for expansion in query.expansions for term in expansion.official)
    return _Words(f"{query.text} {official}".strip(), terms, actions(query.text))


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _share(part: Iterable[str], whole: Iterable[str], weight: Callable[[str], float]) -> float:
    total = sum(map(weight, whole))
    return sum(map(weight, part)) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Services:
    """The catalogue and its index, of one revision."""

    catalogue: Catalogue
    index: ServiceIndex


class LiveServices:
    """The catalogue in use: the newest, looked for at most once a second; a change is built beside what serves."""

    def __init__(
        self,
        store: ServiceStore,
        encoder: Encoder,
        folder: Path,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._services: Services | None = None
        self._reader: QueryReader | None = None

    def get(self, reader: QueryReader) -> Services:
        """Return the catalogue as it is read by `reader`.

        The first time it is built at once; later, what has changed is built in the background.

        Raises:
            StoreError: If it cannot be read the first time.
        """
        if self._services is None:
            with self._lock:
                if self._services is None:
                    self._load(reader)
        elif self._monotonic_s() - self._looked_at > _LOOK_EVERY_S and self._lock.acquire(blocking=False):
            self._looked_at = self._monotonic_s()
            threading.Thread(target=self._refresh, args=(reader,), name="services", daemon=True).start()
        services = self._services
        if services is None:
            raise RuntimeError("the catalogue was loaded and is not there")
        return services

    def catch_up(self, reader: QueryReader) -> None:
        """Build what has changed now, and wait for it."""
        with self._lock:
            self._load(reader)

    def _refresh(self, reader: QueryReader) -> None:
        try:
            self._load(reader)
        except Exception:  # whatever it is, the catalogue there is goes on serving
            _log.exception("keeping the last service catalogue")
        finally:
            self._lock.release()

    def _load(self, reader: QueryReader) -> None:
        self._looked_at = self._monotonic_s()
        known = self._services
        if known is not None and reader is self._reader and self._store.revision() == known.catalogue.revision:
            return
        catalogue = Catalogue(self._store.snapshot())
        wordings = catalogue.wordings()
        self._services = Services(catalogue, ServiceIndex(wordings, self._vectors(wordings, reader), reader))
        self._reader = reader

    def _vectors(self, wordings: Sequence[Wording], reader: QueryReader) -> Vectors:
        """Return vectors of wordings as queries, float32 of shape (n, dim), encoding those that are new."""
        if not wordings:
            return np.empty((0, self._encoder.dim), dtype=np.float32)
        cache = VectorCache(self._folder / SERVICES_CACHE, self._encoder.fingerprint, self._encoder.dim)
        texts = [reader.read(each.text).encoder_text for each in wordings]
        keys = [vector_key(text, ()) for text in texts]
        known = cache.get(set(keys))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = self._encoder.encode_queries(list(missing.values()))
            no_spans = np.empty((0, self._encoder.dim), dtype=np.float16)
            fresh = {
                key: CachedVectors(vector, no_spans) for key, vector in zip(missing, vectors, strict=True)
            }
            known |= fresh
            try:
                cache.put(fresh)
                cache.keep_only(set(keys))
            except sqlite3.Error as error:  # a full disk costs encoding them again, nothing else
                _log.warning("vectors of service items were not kept: %s", error)
        return np.stack([known[key].passage for key in keys])
