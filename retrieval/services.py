"""The index of service items: which of them a citizen means, by meaning and by words.

Every name, alias, condition and audience of an item is a wording; a question is compared with each, and the
item goes by its best. Small and in memory: it is built from SQL when the catalogue changes, and only wordings
never seen before are encoded.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from knowledge_base.services.catalogue import Catalogue, Wording, WordingKind
from knowledge_base.services.store import ServiceStore
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
    """An item near a question, with how near it is; cosines are in [-1, 1], shares in [0, 1].

    Attributes:
        cosine: Of the question's matter and the nearest name or alias.
        second_cosine: Of the matter and the name that is nearest but for one.
        told_cosine: Of the question as it was asked and the item told whole, as a passage.
        lift: By how much `cosine` is above the middle one of the wordings near the question.
        lexical: BM25 of the item's words, as a share of the best item's.
        of_name: Share of a name's word weight (idf) that the question has; of the name with most.
        terms_unsaid: Official terms of the question that no wording of the item has.
        unsaid: Share of the question's word weight that no wording of the item has.
    """

    catalog_code: str
    cosine: float
    second_cosine: float
    told_cosine: float
    lift: float
    lexical: float
    of_name: float
    terms_unsaid: int
    unsaid: float


@dataclass(frozen=True, slots=True)
class _Words:
    """A wording as the reader reads it: its words and their official terms."""

    text: str
    terms: frozenset[str]


class ServiceIndex:
    """The wordings of one revision of the catalogue; read-only, safe to share between threads.

    Args:
        vectors: Of the wordings, float32 of shape (n, dim), unit rows; an item told whole is encoded as a
            passage, the others as queries.
    """

    def __init__(self, wordings: Sequence[Wording], vectors: Vectors, reader: QueryReader) -> None:
        self._codes = sorted({each.catalog_code for each in wordings})
        place_of = {code: place for place, code in enumerate(self._codes)}
        self._of_row = np.array([place_of[each.catalog_code] for each in wordings], dtype=np.int64)
        self._regions = [each.region for each in wordings]
        self._kinds = [each.kind for each in wordings]
        self._is_short = np.array([kind is not WordingKind.WHOLE for kind in self._kinds], dtype=np.bool_)
        self._dense = build_dense(vectors) if len(wordings) else None
        self._words = [_read(reader.read(each.text)) for each in wordings]
        self._rows: list[list[int]] = [[] for _ in self._codes]
        for row, place in enumerate(self._of_row.tolist()):
            self._rows[place].append(row)
        self._lexical = Bm25Index.build(
            [sorted(frozenset().union(*(self._words[row].terms for row in rows))) for rows in self._rows]
        )

    def __len__(self) -> int:
        return len(self._codes)

    def search(
        self, query: Query, vectors: Vectors, *, allowed: Collection[str], regions: Collection[str], k: int
    ) -> list[ServiceHit]:
        """Return the k items nearest to a question, by falling cosine.

        Args:
            query: The matter of the question, see `bot.aspects.matter_of`.
            vectors: Of the matter and of the question as it was asked, float32 of shape (2, dim).
            allowed: Catalog codes that may be returned.
            regions: Whose wordings count.
        """
        if self._dense is None or not allowed:
            return []
        may = np.array([code in allowed for code in self._codes], dtype=np.bool_)
        seen = np.array([region in regions for region in self._regions], dtype=np.bool_) & may[self._of_row]
        short = seen & self._is_short
        if not short.any():
            return []
        cosines, rows = self._dense.search(vectors[:1], k=min(POOL, int(short.sum())), allowed=short)
        middle = float(np.median(cosines[0]))
        asked = _read(query)
        scores = self._lexical.scores(sorted(asked.terms), may)
        best = float(scores.max(initial=0.0))
        by_words = np.argsort(-scores, kind="stable")[:BY_WORDS]
        places = {int(self._of_row[row]) for row in rows[0].tolist() if row >= 0}
        places |= {int(place) for place in by_words if scores[place] > 0}
        hits = []
        for place in sorted(places):
            of_item = [row for row in self._rows[place] if seen[row]]
            lexical = float(scores[place]) / best if best else 0.0
            hit = self._hit(self._codes[place], query, asked, vectors, of_item)
            hits.append(replace(hit, lift=hit.cosine - middle, lexical=lexical))
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.catalog_code))[:k]

    def nearest(self, vector: Vectors, *, allowed: Collection[str], regions: Collection[str]) -> float:
        """Return the cosine of a vector of shape (dim,) and the nearest name or alias; 0 for none."""
        may = {place for place, code in enumerate(self._codes) if code in allowed}
        named = np.array(
            [
                kind is WordingKind.NAME and region in regions and place in may
                for kind, region, place in zip(self._kinds, self._regions, self._of_row.tolist(), strict=True)
            ],
            dtype=np.bool_,
        )
        if self._dense is None or not named.any():
            return 0.0
        cosines, _ = self._dense.search(vector[np.newaxis], k=1, allowed=named)
        return float(cosines[0, 0])

    def _hit(
        self,
        code: str,
        query: Query,
        asked: _Words,
        vectors: Vectors,
        rows: Sequence[int],
    ) -> ServiceHit:
        """Return how near an item is by these rows; `lift` and `lexical` are for the caller to fill in."""
        of_matter, of_asked = self._cosines(vectors, rows)
        names = [at for at, row in enumerate(rows) if self._kinds[row] is WordingKind.NAME]
        wholes = [at for at, row in enumerate(rows) if self._kinds[row] is WordingKind.WHOLE]
        by_name = sorted((of_matter[at] for at in names), reverse=True) or [min(of_matter)]
        said = "\n".join(self._words[row].text for row in rows)
        return ServiceHit(
            catalog_code=code,
            cosine=by_name[0],
            second_cosine=by_name[min(1, len(by_name) - 1)],
            told_cosine=max((of_asked[at] for at in wholes), default=min(of_asked)),
            lift=0.0,
            lexical=0.0,
            of_name=max((self._share(asked.terms, self._words[rows[at]].terms) for at in names), default=0.0),
            terms_unsaid=sum(term not in said for term in query.terms),
            unsaid=self._unsaid(query, said),
        )

    def _cosines(self, vectors: Vectors, rows: Sequence[int]) -> list[list[float]]:
        if self._dense is None:
            return [[] for _ in vectors]
        of_rows = self._dense.vectors(np.array(rows, dtype=np.int64))
        found: list[list[float]] = (vectors @ of_rows.T).tolist()
        return found

    def _unsaid(self, query: Query, said: str) -> float:
        """Return the share left unsaid; a word put into official terms is said where one of them is."""
        official = {each.matched: each.official for each in query.expansions}
        total = missing = 0.0
        for word in query.words:
            weight = self._lexical.weight(word)
            names = [
                word,
                *(term for matched, terms in official.items() if word in matched for term in terms),
            ]
            total += weight
            missing += 0.0 if any(name in said for name in names) else weight
        return missing / total if total else 0.0

    def _share(self, asked: frozenset[str], held: frozenset[str]) -> float:
        total = sum(map(self._lexical.weight, held))
        return sum(map(self._lexical.weight, asked & held)) / total if total else 0.0


def _read(query: Query) -> _Words:
    official = " ".join(term for expansion in query.expansions for term in expansion.official)
    return _Words(f"{query.text} {official}".strip(), frozenset((*query.words, *query.official)))


@dataclass(frozen=True, slots=True)
class Services:
    """The catalogue and its index, of one revision."""

    catalogue: Catalogue
    index: ServiceIndex


class LiveServices:
    """The catalogue in use, looked for at most once a second; a newer one is built beside what serves."""

    def __init__(
        self,
        store: ServiceStore,
        folder: Path,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._folder = folder
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._services: Services | None = None
        self._reader: QueryReader | None = None
        self._fingerprint = ""

    def get(self, reader: QueryReader, encoder: Encoder) -> Services:
        """Return the catalogue as it is read by `reader`, its vectors comparable with those of `encoder`.

        The first time, and with another encoder, it is built at once; later, what has changed is built in the
        background.

        Raises:
            StoreError: If it cannot be read at once.
        """
        if self._services is None or encoder.fingerprint != self._fingerprint:
            with self._lock:
                if self._services is None or encoder.fingerprint != self._fingerprint:
                    self._load(reader, encoder)
        elif self._monotonic_s() - self._looked_at > _LOOK_EVERY_S and self._lock.acquire(blocking=False):
            self._looked_at = self._monotonic_s()
            threading.Thread(
                target=self._refresh, args=(reader, encoder), name="services", daemon=True
            ).start()
        services = self._services
        if services is None:
            raise RuntimeError("the catalogue was loaded and is not there")
        return services

    def catch_up(self, reader: QueryReader, encoder: Encoder) -> None:
        """Build what has changed now, and wait for it."""
        with self._lock:
            self._load(reader, encoder)

    def encode_ahead(self, reader: QueryReader, encoder: Encoder) -> None:
        """Keep the vectors of an encoder that is about to be used, so that building with it takes moments."""
        self._vectors(Catalogue(self._store.snapshot()).wordings(), reader, encoder)

    def _refresh(self, reader: QueryReader, encoder: Encoder) -> None:
        try:
            self._load(reader, encoder)
        except Exception:  # whatever it is, the catalogue there is goes on serving
            _log.exception("keeping the last service catalogue")
        finally:
            self._lock.release()

    def _load(self, reader: QueryReader, encoder: Encoder) -> None:
        self._looked_at = self._monotonic_s()
        known = self._services
        if (
            known is not None
            and reader is self._reader
            and encoder.fingerprint == self._fingerprint
            and self._store.revision() == known.catalogue.revision
        ):
            return
        catalogue = Catalogue(self._store.snapshot())
        wordings = catalogue.wordings()
        vectors = self._vectors(wordings, reader, encoder)
        self._services = Services(catalogue, ServiceIndex(wordings, vectors, reader))
        self._reader, self._fingerprint = reader, encoder.fingerprint

    def _vectors(self, wordings: Sequence[Wording], reader: QueryReader, encoder: Encoder) -> Vectors:
        """Return vectors of wordings, float32 of shape (n, dim), encoding those that are new."""
        if not wordings:
            return np.empty((0, encoder.dim), dtype=np.float32)
        cache = VectorCache(self._folder / SERVICES_CACHE, encoder.fingerprint, encoder.dim)
        queries = [
            (each.kind is not WordingKind.WHOLE, reader.read(each.text).encoder_text) for each in wordings
        ]
        keys = [vector_key(text, ((0, 0),) if is_query else ()) for is_query, text in queries]
        known = cache.get(set(keys))
        missing = {key: of for key, of in zip(keys, queries, strict=True) if key not in known}
        if missing:
            as_query = {key: text for key, (is_query, text) in missing.items() if is_query}
            as_passage = {key: text for key, (is_query, text) in missing.items() if not is_query}
            vectors: dict[bytes, Vectors] = {}
            for part, encode in (
                (as_query, encoder.encode_queries),
                (as_passage, encoder.encode_passages),
            ):
                if part:
                    vectors |= dict(zip(part, encode(list(part.values())), strict=True))
            no_spans = np.empty((0, encoder.dim), dtype=np.float16)
            fresh = {key: CachedVectors(vector, no_spans) for key, vector in vectors.items()}
            known |= fresh
            try:
                cache.put(fresh)
                cache.keep_only(set(keys))
            except sqlite3.Error as error:  # a full disk costs encoding them again, nothing else
                _log.warning("vectors of service items were not kept: %s", error)
        return np.stack([known[key].passage for key in keys])
