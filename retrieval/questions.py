"""The index of curated questions: which of them asks what a citizen asks.

A question is matched with questions, not with passages: both sides are encoded as queries, and their words
are compared both ways, so that neither may say much that the other does not.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np

from knowledge_base.faq.records import Phrasing
from retrieval.contracts import ALWAYS, Passage, SearchFilter, Vectors
from retrieval.cues import CUES, Cue
from retrieval.dense import FaissIndex
from retrieval.query import Query, QueryReader
from retrieval.table import PassageTable

POOL = 20
_FILE = "phrasings.json"


@dataclass(frozen=True, slots=True)
class QuestionHit:
    """A curated question near the one asked, with how near it is.

    Attributes:
        text: The phrasing that came nearest, of the question and its variants.
        cosine: Cosine similarity of the two questions, in [-1, 1].
        of_asked: Share of the word weight (idf) of the question asked that the phrasing has, in [0, 1].
        of_phrasing: Share of the phrasing's word weight that the question asked has, in [0, 1].
        cues_apart: How many kinds of answer one of the two wants and the other does not.
    """

    faq_id: int
    text: str
    region: str
    cosine: float
    of_asked: float
    of_phrasing: float
    cues_apart: int


@dataclass(frozen=True, slots=True)
class _Words:
    """A phrasing as read when the index was built; `terms` holds its words and their official terms."""

    text: str
    terms: tuple[str, ...]
    cues: int


class QuestionIndex:
    """The published phrasings, read-only once built; safe to share between threads."""

    def __init__(self, table: PassageTable, dense: FaissIndex, words: Sequence[_Words]) -> None:
        self._table = table
        self._dense = dense
        self._words = words
        # Full and short: the filter has seen to the place, its name in a question tells no more.
        parts = {part for region in table.region_names for part in region.split("/")}
        self._places = parts | {part[:-1] for part in parts if len(part) > 2}

    def __len__(self) -> int:
        return len(self._table)

    @classmethod
    def build(cls, phrasings: Sequence[Phrasing], vectors: Vectors, reader: QueryReader) -> "QuestionIndex":
        """Build from phrasings and their vectors, float32 of shape (n, dim), encoded as queries."""
        queries = [reader.read(phrasing.text) for phrasing in phrasings]
        return cls(
            PassageTable.build([_row(phrasing) for phrasing in phrasings]),
            FaissIndex.build(vectors),
            [_Words(query.text, _terms(query), int(query.cues)) for query in queries],
        )

    @classmethod
    def load(cls, folder: Path, *, dim: int) -> "QuestionIndex":
        """Load what `save` wrote."""
        kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        words = [_Words(each["text"], tuple(each["terms"]), each["cues"]) for each in kept]
        return cls(PassageTable.load(folder), FaissIndex.load(folder, dim=dim), words)

    def save(self, folder: Path) -> None:
        """Write every part under `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._table.save(folder)
        self._dense.save(folder)
        kept = json.dumps([asdict(each) for each in self._words], ensure_ascii=False)
        (folder / _FILE).write_text(kept, encoding="utf-8")

    def search(
        self,
        query: Query,
        vector: Vectors,
        *,
        weight: Callable[[str], float],
        where: SearchFilter | None = None,
        k: int = 5,
    ) -> list[QuestionHit]:
        """Return the k curated questions nearest to the one asked, each once, by falling cosine.

        Args:
            vector: Of the question by itself, without what it follows on.
            weight: How much a word tells; see `Bm25Index.weight`.
        """
        if not len(self._table):
            return []
        allowed = self._table.allowed(where)
        cosines, rows = self._dense.search(vector[None, :], k=min(POOL, len(self)), allowed=allowed)
        asked = set(_terms(query)) - self._places
        hits: dict[int, QuestionHit] = {}
        for cosine, row in zip(cosines[0].tolist(), rows[0].tolist(), strict=True):
            if row >= 0:
                hit = self._hit(query, asked, cosine, row, weight)
                hits[hit.faq_id] = max(hits.get(hit.faq_id, hit), hit, key=_closeness)
        return sorted(hits.values(), key=lambda hit: (-hit.cosine, hit.faq_id))[:k]

    def _hit(
        self, query: Query, asked: set[str], cosine: float, row: int, weight: Callable[[str], float]
    ) -> QuestionHit:
        words = self._words[row]
        held = set(words.terms) - self._places
        shared = sum(map(weight, asked & held))
        apart = Cue(words.cues) ^ query.cues
        return QuestionHit(
            faq_id=int(self._table.ids[row]),
            text=words.text,
            region=self._table.region_names[self._table.regions[row]],
            cosine=cosine,
            of_asked=shared / total if (total := sum(map(weight, asked))) else 0.0,
            of_phrasing=shared / total if (total := sum(map(weight, held))) else 0.0,
            cues_apart=sum(1 for cue in CUES if cue in apart),
        )


def _closeness(hit: QuestionHit) -> float:
    return hit.cosine + (hit.of_asked + hit.of_phrasing) / 2


def _terms(query: Query) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*query.words, *query.official)))


def _row(phrasing: Phrasing) -> Passage:
    return Passage(
        id=phrasing.faq_id,
        title="",
        heading="",
        lead="",
        text=phrasing.text,
        region=phrasing.region,
        from_day=0 if phrasing.first == date.min else phrasing.first.toordinal(),
        to_day=ALWAYS if phrasing.end == date.max else phrasing.end.toordinal(),
        document=str(phrasing.faq_id),
    )


def no_questions(dim: int) -> QuestionIndex:
    """Return an index without questions, for vectors of `dim` dimensions."""
    return QuestionIndex(PassageTable.build([]), FaissIndex.build(np.empty((0, dim), dtype=np.float32)), [])
