"""Search by meaning and by words together, filtered inside both, ranked by one linear score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.arithmetic import dot
from retrieval.backends import FaissBackend
from retrieval.contracts import (
    Encoder,
    Hit,
    Passage,
    SearchFilter,
    Span,
    VectorBackend,
    VectorIndex,
    Vectors,
)
from retrieval.cues import Cue
from retrieval.lexical import Bm25Index
from retrieval.lexicon import load_lexicon
from retrieval.query import Query, QueryReader
from retrieval.questions import QuestionHit, QuestionIndex, no_questions
from retrieval.ranking import FEATURES, Candidates, Ranking, features
from retrieval.spans import SpanVectors
from retrieval.table import PassageTable
from retrieval.tokenize import Tokenizer

POOL = 100
OFFICIAL_WEIGHT = 1.0
CONTEXT_WEIGHT = 0.3
_TITLES = "titles"
_QUESTIONS = "questions"
_FILTERS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Found:
    """The ranked candidates of one query, best first, with the features they were ranked by."""

    hits: list[Hit]
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rankings:
    """What is nearest in meaning and what matches best in words, before both are put together.

    Attributes:
        dense: By falling cosine.
        lexical: By falling BM25, official terms included.
        allowed: How many passages the filter lets through.
    """

    dense: list[Hit]
    lexical: list[Hit]
    allowed: int


_NOTHING = Found([], np.empty((0, len(FEATURES)), dtype=np.float32))


class HybridIndex:
    """An index over passages, read-only once built; safe to share between threads."""

    def __init__(
        self,
        table: PassageTable,
        dense: VectorIndex,
        spans: SpanVectors,
        texts: Bm25Index,
        titles: Bm25Index,
        *,
        encoder: Encoder,
        reader: QueryReader,
        ranking: Ranking,
        questions: QuestionIndex | None = None,
    ) -> None:
        self._table = table
        self._dense = dense
        self._spans = spans
        self._texts = texts
        self._titles = titles
        self.encoder = encoder
        self.reader = reader
        self._ranking = ranking
        self._questions = questions or no_questions(encoder.dim, reader)
        # Citizens of one place ask on one day: the same filter comes again and again.
        self._allowed = lru_cache(_FILTERS_KEPT)(table.allowed)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def passage_ids(self) -> tuple[int, ...]:
        """Ids of the passages, in the order of the rows."""
        return tuple(self._table.ids.tolist())

    @classmethod
    def build(
        cls,
        passages: Sequence[Passage],
        vectors: Vectors,
        span_vectors: Sequence[NDArray[np.float16]],
        *,
        encoder: Encoder,
        reader: QueryReader,
        ranking: Ranking,
        questions: QuestionIndex | None = None,
        backend: VectorBackend | None = None,
    ) -> "HybridIndex":
        """Build from passages and the vectors of their `passage_text` and `passage_spans`.

        Passages are cut as `reader` cuts the questions: an index is never asked in other words than its own.
        """
        table = PassageTable.build(passages)
        texts, titles = _lexical(passages, reader.tokenizer)
        return cls(
            table,
            (backend or FaissBackend()).build(vectors, table.filter_groups()),
            SpanVectors.build(span_vectors, table.span_starts, vectors.shape[1]),
            texts,
            titles,
            encoder=encoder,
            reader=reader,
            ranking=ranking,
            questions=questions,
        )

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        encoder: Encoder,
        reader: QueryReader,
        ranking: Ranking,
        backend: VectorBackend | None = None,
    ) -> "HybridIndex":
        """Load what `save` wrote; `reader` has to cut as `Cutting.load(folder)` says."""
        table = PassageTable.load(folder)
        return cls(
            table,
            (backend or FaissBackend()).load(folder, dim=encoder.dim),
            SpanVectors.load(folder, table.span_starts),
            Bm25Index.load(folder / "texts"),
            Bm25Index.load(folder / _TITLES),
            encoder=encoder,
            reader=reader,
            ranking=ranking,
            questions=QuestionIndex.load(folder / _QUESTIONS, dim=encoder.dim, reader=reader),
        )

    def save(self, folder: Path) -> None:
        """Write every part under `folder`."""
        self._table.save(folder)
        self._dense.save(folder)
        self._spans.save(folder)
        self._texts.save(folder / "texts")
        self._titles.save(folder / _TITLES)
        self._questions.save(folder / _QUESTIONS)
        self.reader.cutting.save(folder)

    def with_reader(self, reader: QueryReader) -> "HybridIndex":
        """Return this index asked by another reader that cuts in the same way; everything else is shared."""
        if reader.cutting.fingerprint != self.reader.cutting.fingerprint:
            raise ValueError("a reader that cuts otherwise needs an index cut otherwise")
        return self._asked_by(reader, self._texts, self._titles)

    def cut_anew(self, passages: Sequence[Passage], reader: QueryReader) -> "HybridIndex":
        """Return this index over the same passages, in the same order, cut as another reader cuts."""
        if tuple(passage.id for passage in passages) != self.passage_ids:
            raise ValueError(f"{len(passages)} passages are not the {len(self)} of this index")
        return self._asked_by(reader, *_lexical(passages, reader.tokenizer))

    def with_questions(self, questions: QuestionIndex) -> "HybridIndex":
        """Return this index with other curated questions; everything else is shared."""
        return HybridIndex(
            self._table,
            self._dense,
            self._spans,
            self._texts,
            self._titles,
            encoder=self.encoder,
            reader=self.reader,
            ranking=self._ranking,
            questions=questions,
        )

    def _asked_by(self, reader: QueryReader, texts: Bm25Index, titles: Bm25Index) -> "HybridIndex":
        return HybridIndex(
            self._table,
            self._dense,
            self._spans,
            texts,
            titles,
            encoder=self.encoder,
            reader=reader,
            ranking=self._ranking,
            questions=self._questions.read_by(reader),
        )

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        """Return up to k hits for each question, by falling score, ties by passage_id.

        Raises:
            ValueError: If k < 1 or a question is blank.
        """
        _require(questions, k)
        queries = [self.reader.read(question) for question in questions]
        return [
            self.rank(query, vector, k=k, where=where).hits
            for query, vector in zip(queries, self.encode(queries), strict=True)
        ]

    def encode(self, queries: Sequence[Query]) -> Vectors:
        """Return the queries' vectors, float32 of shape (n, dim)."""
        return self.encoder.encode_queries([query.encoder_text for query in queries])

    def passage_vectors(self, passage_ids: Sequence[int]) -> Vectors:
        """Return the vectors of passages, float32 of shape (n, dim).

        Raises:
            KeyError: If a passage is not in the index.
        """
        return self._dense.vectors(self._table.rows_of(passage_ids))

    def rank(
        self,
        query: Query,
        vector: Vectors,
        *,
        k: int = 20,
        where: SearchFilter | None = None,
        pool: int = POOL,
        topic: Sequence[int] = (),
    ) -> Found:
        """Rank the `pool` nearest by meaning together with the `pool` best by words; return the first k.

        Args:
            topic: Passages of the documents the dialogue is about.
        """
        if not len(self._table):
            return _NOTHING
        allowed = self._allowed(where)
        _, nearest = self._dense.search(vector[None, :], k=min(pool, len(self._table)), allowed=allowed)
        bm25 = self._lexical_scores(query, allowed)
        rows = np.union1d(nearest[0][nearest[0] >= 0], _best(bm25, pool))
        if not len(rows):
            return _NOTHING
        passages = self._dense.vectors(rows)
        dense = dot(passages, vector)
        span_cosines = self._spans.cosines(vector, rows)
        top_bm25 = float(bm25[rows].max())
        coverage = self._texts.coverage(query.words, rows)
        candidates = Candidates(
            rows=rows,
            dense=dense,
            best_span=_best_spans(span_cosines, dense),
            cued_span=self._cued_spans(span_cosines, dense, rows, query.cues),
            lexical=bm25[rows] / top_bm25 if top_bm25 > 0 else bm25[rows],
            coverage=coverage,
            title_coverage=self._titles.coverage((*query.words, *query.official), rows),
            topic=np.isin(self._table.documents[rows], self._table.documents[self._table.rows_of(topic)]),
        )
        matrix = features(candidates, query.cues, self._table)
        scores = self._ranking.score(matrix)
        ids = self._table.ids[rows]
        order = np.lexsort((ids, -scores))[:k]
        likeness = dot(passages[order], passages[order[0]])
        hits = [
            Hit(
                passage_id=int(ids[place]),
                score=float(scores[place]),
                dense=float(dense[place]),
                lexical=float(bm25[rows[place]]),
                coverage=float(coverage[place]),
                spans=tuple(float(cosine) for cosine in span_cosines[place]),
                likeness=float(alike),
            )
            for place, alike in zip(order, likeness, strict=True)
        ]
        return Found(hits, matrix[order])

    @property
    def has_questions(self) -> bool:
        """Whether there are curated questions to match."""
        return len(self._questions) > 0

    def match(self, query: Query, vector: Vectors, *, where: SearchFilter | None = None) -> list[QuestionHit]:
        """Return the curated questions nearest to one asked; see `QuestionIndex.search`."""
        return self._questions.search(query, vector, weight=self._texts.weight, where=where)

    def reordered(self, found: Found, order: Sequence[int]) -> Found:
        """Return the hits at these places of `found`, in this order; likeness is to the one now first."""
        if not order:
            return _NOTHING
        hits = [found.hits[place] for place in order]
        ids = [hit.passage_id for hit in hits]
        rows = np.flatnonzero(np.isin(self._table.ids, ids))
        row_of = dict(zip(self._table.ids[rows].tolist(), rows.tolist(), strict=True))
        vectors = self._dense.vectors(np.array([row_of[id_] for id_ in ids], dtype=np.int64))
        likeness = dot(vectors, vectors[0])
        hits = [replace(hit, likeness=float(alike)) for hit, alike in zip(hits, likeness, strict=True)]
        return Found(hits, found.features[list(order)])

    def search_dense(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        """Search by meaning alone, the question as it is typed; `score` is the cosine."""
        _require(questions, k)
        if not len(self._table):
            return [[] for _ in questions]
        return self._nearest(self.encoder.encode_queries(questions), k, self._allowed(where))

    def search_lexical(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        """Search by the question's own words alone; `score` is BM25."""
        _require(questions, k)
        allowed = self._allowed(where)
        return [
            self._matching(self._texts.scores(self.reader.read(question).words, allowed), k)
            for question in questions
        ]

    def rankings(
        self, query: Query, vector: Vectors, *, k: int = 20, where: SearchFilter | None = None
    ) -> Rankings:
        """Return the two rankings that `rank` draws its candidates from, before they are put together."""
        if not len(self._table):
            return Rankings([], [], 0)
        allowed = self._allowed(where)
        return Rankings(
            self._nearest(vector[None, :], k, allowed)[0],
            self._matching(self._lexical_scores(query, allowed), k),
            int(allowed.sum()),
        )

    def _nearest(self, vectors: Vectors, k: int, allowed: NDArray[np.bool_]) -> list[list[Hit]]:
        nearest = self._dense.search(vectors, k=min(k, len(self._table)), allowed=allowed)
        found = []
        for cosines, rows in zip(*nearest, strict=True):
            ids = self._table.ids[rows]
            order = np.lexsort((ids, -cosines))
            found.append(
                [
                    Hit(int(ids[at]), float(cosines[at]), float(cosines[at]), 0.0)
                    for at in order
                    if rows[at] >= 0
                ]
            )
        return found

    def _matching(self, scores: Vectors, k: int) -> list[Hit]:
        rows = _best(scores, k)
        ids, bm25 = self._table.ids[rows], scores[rows]
        order = np.lexsort((ids, -bm25))[:k]
        return [Hit(int(ids[at]), float(bm25[at]), 0.0, float(bm25[at])) for at in order]

    def _cued_spans(
        self, cosines: Sequence[Vectors], dense: Vectors, rows: NDArray[np.int64], cues: Cue
    ) -> Vectors:
        """Return for each passage the highest cosine of a span that holds what is asked for."""
        if not cues:
            return _best_spans(cosines, dense)
        starts = self._table.span_starts
        best = dense.copy()
        for place, (row, of_row) in enumerate(zip(rows, cosines, strict=True)):
            if len(of_row):
                holds = (self._table.span_cues[starts[row] : starts[row + 1]] & cues) > 0
                best[place] = of_row[holds].max() if holds.any() else of_row.min()
        return best

    def _lexical_scores(self, query: Query, allowed: NDArray[np.bool_]) -> Vectors:
        own = set(query.words)
        scores = self._texts.scores(query.words, allowed)
        scores = scores + OFFICIAL_WEIGHT * self._texts.scores(
            [w for w in query.official if w not in own], allowed
        )
        if query.context_words:
            context = [word for word in query.context_words if word not in own]
            scores = scores + CONTEXT_WEIGHT * self._texts.scores(context, allowed)
        return scores


def _best_spans(cosines: Sequence[Vectors], dense: Vectors) -> Vectors:
    """Return for each passage the highest cosine of its spans, its own where it has none."""
    return np.array(
        [of_row.max() if len(of_row) else own for of_row, own in zip(cosines, dense, strict=True)],
        dtype=np.float32,
    )


def passage_text(passage: Passage) -> str:
    """Return what is encoded for a passage: where it stands, then its words."""
    return f"{_preface(passage)}{passage.text}"


def passage_spans(passage: Passage) -> list[Span]:
    """Return the passage's spans as offsets into `passage_text`."""
    shift = len(_preface(passage))
    return [(start + shift, end + shift) for start, end in passage.spans]


def _preface(passage: Passage) -> str:
    where = " ".join(part for part in (passage.title, passage.heading) if part)
    lead = f"{passage.lead}\n" if passage.lead else ""
    return f"{where}\n{lead}" if where else lead


def build_hybrid(
    passages: Sequence[Passage], encoder: Encoder, *, on_progress: Callable[[int], None] | None = None
) -> HybridIndex:
    """Encode passages and build an index over them in memory, with the packaged words and weights."""
    encoded = encoder.encode_passages_with_spans(
        [passage_text(passage) for passage in passages],
        [passage_spans(passage) for passage in passages],
        on_progress,
    )
    return HybridIndex.build(
        passages,
        encoded.passages,
        [spans.astype(np.float16) for spans in encoded.spans],
        encoder=encoder,
        reader=QueryReader(load_lexicon()),
        ranking=Ranking.load(),
    )


def _lexical(passages: Sequence[Passage], tokenizer: Tokenizer) -> tuple[Bm25Index, Bm25Index]:
    """Return the word indexes over whole passages and over their titles and headings."""
    titles = [tokenizer.words(f"{passage.title} {passage.heading}") for passage in passages]
    texts = [
        [*title, *tokenizer.words(f"{passage.lead} {passage.text}")]
        for title, passage in zip(titles, passages, strict=True)
    ]
    return Bm25Index.build(texts), Bm25Index.build(titles)


def _best(scores: Vectors, k: int) -> NDArray[np.int64]:
    """Return the places of the k highest scores above 0, in order of place, with all that share the k-th."""
    # Most scores are 0, and to part equal ones takes longest: they are left out first.
    places = np.flatnonzero(scores > 0)
    if len(places) <= k:
        return places
    found = scores[places]
    least = np.partition(found, -k)[-k]
    return np.asarray(places[found >= least], dtype=np.int64)


def _require(questions: Sequence[str], k: int) -> None:
    if k < 1:
        raise ValueError(f"k is {k}, at least 1 is needed")
    for place, question in enumerate(questions):
        if not question.strip():
            raise ValueError(f"question {place} is blank")
