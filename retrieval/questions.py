"""The index of curated questions: which of them asks what a citizen asks.

A question is matched with questions, not with passages: both sides are encoded as queries, and their words
are compared both ways, so that neither may say much that the other does not.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from knowledge_base.faq.records import Phrasing
from retrieval.contracts import ALWAYS, Passage, SearchFilter, Vectors
from retrieval.dense import FaissIndex
from retrieval.query import Query, QueryReader
from retrieval.table import PassageTable

POOL = 20
_FILE = "phrasings.json"
# What a question wants to know, finer than `retrieval.cues`: two questions on one matter differ in this.
_WANTS = {
    "materials": r"材料|资料|证件|证明|[带交要](?:什么|啥|哪些)(?!条件|时候)|准备|手续|东西|户口本",
    "conditions": r"条件|什么人|哪些人|谁|资格|满足|符合|途径|方式|几种|什么情况",
    "place": r"哪里|在哪|去哪|哪儿|地址",
    "date": r"几号|哪天|什么时候|啥时候|何时|几月|哪几天|日期|时间(?!长)|截止|最晚|最迟",
    "duration": r"多久|几天|多长|几个月|多少个?(?:工作日|天|月|年)|期限|几年",
    "amount": r"多少(?!个?月|个?天|个?工作日|年|分钟|岁|户)|几百|几折|标准|费用|收费|要钱|免费|工本费|限额"
    r"|上限|最多|怎么算",
    "penalty": r"罚|扣几?分",
    "procedure": r"怎么(?:办|申请|弄|领|取|补|上|落|续|迁|登记|申领|报|才能)|流程|如何|办理",
}
_WANTS_PATTERNS = {name: re.compile(pattern) for name, pattern in _WANTS.items()}


@dataclass(frozen=True, slots=True)
class QuestionHit:
    """A curated question near the one asked, with how near it is.

    Attributes:
        text: The phrasing that came nearest, of the question and its variants.
        cosine: Cosine similarity of the two questions, in [-1, 1].
        of_asked: Share of the word weight (idf) of the question asked that the phrasing has, in [0, 1].
        of_phrasing: Share of the phrasing's word weight that the question asked has, in [0, 1].
        matters_unsaid: How many matters the question asked names that the whole entry, its answer included,
            does not: 灵活就业, where the entry speaks of any 职工.
        matters_unasked: How many matters a phrasing of the entry names that the question asked does not; of
            the phrasing with fewest.
        wants_shared: Whether the question wants something the entry's phrasings want (see `_WANTS`).
        wants_unmet: Whether it wants something none of them wants.
    """

    faq_id: int
    text: str
    region: str
    cosine: float
    of_asked: float
    of_phrasing: float
    matters_unsaid: int
    matters_unasked: int
    wants_shared: bool
    wants_unmet: bool


# Ways to call one matter: an official term as it is, a colloquial word with the official terms for it, or
# what tells apart two of a kind: the letter of C类, the year of a standard.
Matter = tuple[str, ...]
_SORT_OR_YEAR = re.compile(r"[a-z]+|(?:19|20)\d\d(?=年)")


@dataclass(frozen=True, slots=True)
class _Words:
    """A phrasing as the reader reads it; `terms` holds its words and their official terms."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What an entry speaks of.

    Attributes:
        said: Its phrasings and its answer, in its words and in official terms.
        matters: The matters named by each of its phrasings.
        wants: What its phrasings want.
    """

    said: str
    matters: tuple[tuple[Matter, ...], ...]
    wants: tuple[str, ...]


class QuestionIndex:
    """The published phrasings, read-only once built; safe to share between threads."""

    def __init__(
        self,
        table: PassageTable,
        dense: FaissIndex,
        texts: Sequence[str],
        answers: Mapping[int, str],
        reader: QueryReader,
    ) -> None:
        self._table = table
        self._dense = dense
        self._texts = texts
        self._answers = answers
        queries = [reader.read(text) for text in texts]
        self._words = [_Words(query.text, _terms(query)) for query in queries]
        asked: dict[int, list[Query]] = defaultdict(list)
        for faq_id, query in zip(table.ids.tolist(), queries, strict=True):
            asked[faq_id].append(query)
        self._entries = {
            faq_id: _Entry(
                said="\n".join(map(_said, (*of_entry, reader.read(answers[faq_id])))),
                matters=tuple(dict.fromkeys(map(_matters, of_entry))),
                wants=tuple(dict.fromkeys(want for query in of_entry for want in wants_of(query.text))),
            )
            for faq_id, of_entry in asked.items()
        }
        # The filter has seen to the place: its name, or what a segmenter makes of it, tells no more.
        self._places = " ".join(table.region_names)

    def __len__(self) -> int:
        return len(self._table)

    @classmethod
    def build(cls, phrasings: Sequence[Phrasing], vectors: Vectors, reader: QueryReader) -> "QuestionIndex":
        """Build from phrasings and their vectors, float32 of shape (n, dim), encoded as queries."""
        return cls(
            PassageTable.build([_row(phrasing) for phrasing in phrasings]),
            FaissIndex.build(vectors),
            [phrasing.text for phrasing in phrasings],
            {phrasing.faq_id: phrasing.answer for phrasing in phrasings},
            reader,
        )

    @classmethod
    def load(cls, folder: Path, *, dim: int, reader: QueryReader) -> "QuestionIndex":
        """Load what `save` wrote; it is read in the words of `reader`."""
        texts, answers = _KEPT.validate_json((folder / _FILE).read_bytes())
        return cls(PassageTable.load(folder), FaissIndex.load(folder, dim=dim), texts, answers, reader)

    def read_by(self, reader: QueryReader) -> "QuestionIndex":
        """Return these questions read in other words: both sides are to be compared in the same ones."""
        return QuestionIndex(self._table, self._dense, self._texts, self._answers, reader)

    def save(self, folder: Path) -> None:
        """Write every part under `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._table.save(folder)
        self._dense.save(folder)
        (folder / _FILE).write_bytes(_KEPT.dump_json((list(self._texts), dict(self._answers))))

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
        asked = self._of_the_matter(_terms(query))
        hits: dict[int, QuestionHit] = {}
        for cosine, row in zip(cosines[0].tolist(), rows[0].tolist(), strict=True):
            if row >= 0:
                hit = self._hit(query, asked, cosine, row, weight)
                hits[hit.faq_id] = max(hits.get(hit.faq_id, hit), hit, key=_closeness)
        return sorted(hits.values(), key=lambda hit: (-hit.cosine, hit.faq_id))[:k]

    def _hit(
        self, query: Query, asked: set[str], cosine: float, row: int, weight: Callable[[str], float]
    ) -> QuestionHit:
        phrasing, faq_id = self._words[row], int(self._table.ids[row])
        entry = self._entries[faq_id]
        held = self._of_the_matter(phrasing.terms)
        shared, of_asked, of_held = (sum(map(weight, each)) for each in (asked & held, asked, held))
        wants, wanted = set(wants_of(query.text)), set(entry.wants)
        said = _said(query)
        return QuestionHit(
            faq_id=faq_id,
            text=phrasing.text,
            region=self._table.region_names[self._table.regions[row]],
            cosine=cosine,
            of_asked=shared / of_asked if of_asked else 0.0,
            of_phrasing=shared / of_held if of_held else 0.0,
            matters_unsaid=self._unsaid(_matters(query), entry.said),
            matters_unasked=min(self._unsaid(matters, said) for matters in entry.matters),
            wants_shared=bool(wants & wanted),
            wants_unmet=bool(wants - wanted),
        )

    def _of_the_matter(self, words: Iterable[str]) -> set[str]:
        return {word for word in words if word not in self._places}

    def _unsaid(self, matters: Iterable[Matter], said: str) -> int:
        of_the_matter = [matter for matter in matters if matter[0] not in self._places]
        return sum(not any(name in said for name in matter) for matter in of_the_matter)


def _closeness(hit: QuestionHit) -> float:
    return hit.cosine + (hit.of_asked + hit.of_phrasing) / 2


def _terms(query: Query) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*query.words, *query.official)))


def wants_of(question: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in _WANTS_PATTERNS.items() if pattern.search(question))


def _matters(query: Query) -> tuple[Matter, ...]:
    return (
        *((term,) for term in query.terms),
        *((expansion.matched, *expansion.official) for expansion in query.expansions),
        *((found,) for found in _SORT_OR_YEAR.findall(query.text)),
    )


def _said(query: Query) -> str:
    """Return the question with the official terms its words stand for, to look for names in."""
    official = (term for expansion in query.expansions for term in expansion.official)
    return " ".join((query.text, *official))


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


def no_questions(dim: int, reader: QueryReader) -> QuestionIndex:
    """Return an index without questions, for vectors of `dim` dimensions."""
    return QuestionIndex(
        PassageTable.build([]), FaissIndex.build(np.empty((0, dim), dtype=np.float32)), [], {}, reader
    )


_KEPT = TypeAdapter(tuple[list[str], dict[int, str]])
