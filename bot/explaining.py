"""How a question is understood, found and judged, step by step: for operators, in frozen records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.answer import AnswerStatus, Question
from bot.assembly import Service
from bot.confidence import SIGNALS, signals
from bot.consultation import Consultation
from bot.turn import Evidence, Turn
from bot.wording import source_name
from knowledge_base.errors import IndexMismatch
from knowledge_base.regions import visible
from knowledge_base.store import KnowledgeStore
from knowledge_base.words import Word, WordDraft
from retrieval.contracts import Hit, SearchFilter
from retrieval.cutting import Source
from retrieval.hybrid import HybridIndex
from retrieval.indexing import passage_of
from retrieval.lexicon import Lexicon, load_lists
from retrieval.query import Query, QueryReader
from retrieval.ranking import FEATURES

GONE = "（已不在知识库中）"


@dataclass(frozen=True, slots=True)
class Segment:
    """A word the question is cut into.

    Attributes:
        source: Whose entry keeps it whole or leaves it out; None for jieba's own word.
        is_searched: False for a stop word.
    """

    word: str
    source: Source | None
    is_searched: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """What was read for something typed: official terms beside a colloquial word, or the right spelling.

    Attributes:
        source: `synonyms`, `own_synonyms`, `own_typos` or `sound` (sounds like a dictionary word).
        is_certain: Whether it was put into the text; official terms are searched beside it.
    """

    typed: str
    read_as: tuple[str, ...]
    source: str
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """What may be found: passages for these regions that are in force on the day."""

    region: str | None
    regions: tuple[str, ...]
    day: date
    allowed: int
    passages: int


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A place in one of the two rankings; `score` is a cosine or BM25."""

    passage_id: int
    place: str
    score: float


@dataclass(frozen=True, slots=True)
class FusedPassage:
    """A place in the final order, with what its score was computed from."""

    passage_id: int
    place: str
    score: float
    dense: float
    lexical: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the first piece of evidence answers: its probability against the threshold."""

    confidence: float
    threshold: float
    signals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class NearEntry:
    """A curated question near the one asked: its probability to ask the same, against the threshold."""

    faq_id: int
    question: str
    region: str
    probability: float
    threshold: float
    is_answered_from: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """One question, from what was typed to how the turn ended."""

    question: str
    read_as: str
    context: str
    segments: tuple[Segment, ...]
    expansions: tuple[Replacement, ...]
    mendings: tuple[Replacement, ...]
    official_words: tuple[str, ...]
    filter: Filter
    dense: tuple[RankedPassage, ...]
    lexical: tuple[RankedPassage, ...]
    fused: tuple[FusedPassage, ...]
    curated: tuple[NearEntry, ...]
    judgement: Judgement
    status: AnswerStatus
    answer: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """The same question before and after words that are not saved."""

    before: Explanation
    after: Explanation


def explain(
    service: Service, question: Question, *, top: int = 5, index: HybridIndex | None = None
) -> Explanation:
    """Answer a question and tell how.

    Args:
        top: Places shown of each ranking.
        index: What to ask in place of the index in use.

    Raises:
        QuestionRejected: If the text cannot be a question.
        IndexDamaged: If there is no index to search.
    """
    index = index or service.index.get()
    turn = service.consultation.consult(question, index=index)
    if turn.query is None:
        raise ValueError("a turn is explained after it is rewritten")
    regions = visible(turn.region)
    rankings = index.rankings(
        turn.query,
        index.encode([turn.query])[0],
        k=top,
        where=SearchFilter(regions, turn.day.toordinal()),
    )
    answer = Consultation.answer_of(turn)
    return Explanation(
        question=turn.text,
        read_as=turn.query.text,
        context=turn.query.context,
        segments=_segments(turn.query, index.reader),
        expansions=tuple(
            Replacement(each.matched, each.official, _synonym_source(each.source), False)
            for each in turn.query.expansions
        ),
        mendings=tuple(
            Replacement(
                each.typed,
                each.meant,
                "own_typos" if each.source is Source.OPERATORS else "sound",
                each.certain,
            )
            for each in turn.query.mendings
        ),
        official_words=turn.query.official,
        filter=Filter(turn.region, tuple(sorted(regions)), turn.day, rankings.allowed, len(index)),
        dense=_ranked(service.store, rankings.dense),
        lexical=_ranked(service.store, rankings.lexical),
        fused=tuple(map(_fused, turn.evidence[:top])),
        curated=_near_entries(service.consultation, turn),
        judgement=_judgement(service.consultation, turn),
        status=answer.status,
        answer=answer.text,
        citations=tuple(f"《{each.document.title}》{each.article}" for each in answer.citations),
    )


def try_words(
    service: Service, drafts: Sequence[WordDraft], questions: Iterable[Question], *, top: int = 5
) -> tuple[Trial, ...]:
    """Ask questions without and with words that are not saved.

    Raises:
        WordsRejected: If the words do not hold.
        IndexMismatch: If the index is not up to date with the knowledge base.
    """
    before = service.index.get()
    after = _with_words(service, before, service.words.check(drafts))
    return tuple(
        Trial(
            explain(service, question, top=top, index=before),
            explain(service, question, top=top, index=after),
        )
        for question in questions
    )


def _with_words(service: Service, index: HybridIndex, words: Sequence[Word]) -> HybridIndex:
    lexicon = Lexicon.of(load_lists(), words)
    if lexicon.cutting.fingerprint == index.reader.cutting.fingerprint:
        return index.with_reader(index.reader.with_words(lexicon))
    passages = {chunk.id: passage_of(chunk) for chunk in service.store.snapshot()[1]}
    try:
        return index.cut_anew([passages[id_] for id_ in index.passage_ids], QueryReader(lexicon))
    except KeyError as gone:
        raise IndexMismatch(f"条款 {gone} 已不在知识库里，索引落后了；请稍后再试") from gone


def _segments(query: Query, reader: QueryReader) -> tuple[Segment, ...]:
    stop, whose = reader.cutting.stopwords, reader.cutting.whose
    return tuple(
        Segment(word, stop.get(word) or whose.get(word), word not in stop)
        for word in reader.tokenizer.every_word(query.text)
    )


def _synonym_source(source: Source) -> str:
    return "own_synonyms" if source is Source.OPERATORS else "synonyms"


def _ranked(store: KnowledgeStore, hits: Sequence[Hit]) -> tuple[RankedPassage, ...]:
    chunks = store.chunks([hit.passage_id for hit in hits])
    return tuple(
        RankedPassage(
            hit.passage_id,
            source_name(chunks[hit.passage_id]) if hit.passage_id in chunks else GONE,
            hit.score,
        )
        for hit in hits
    )


def _fused(evidence: Evidence) -> FusedPassage:
    return FusedPassage(
        evidence.chunk.id,
        source_name(evidence.chunk),
        evidence.hit.score,
        evidence.hit.dense,
        evidence.hit.lexical,
        dict(zip(FEATURES, evidence.features, strict=True)),
    )


def _near_entries(consultation: Consultation, turn: Turn) -> tuple[NearEntry, ...]:
    used = None if turn.curated is None else turn.curated.entry.id
    return tuple(
        NearEntry(
            near.entry.id,
            near.entry.content.question,
            near.hit.region,
            near.probability,
            consultation.likeness.threshold,
            near.entry.id == used,
        )
        for near in sorted(consultation.candidates(turn), key=lambda near: -near.probability)
    )


def _judgement(consultation: Consultation, turn: Turn) -> Judgement:
    values = signals(turn) if turn.evidence else ()
    return Judgement(
        # What is answered from may be a curated question; this is about the documents.
        consultation.confidence.of(values) if values else 0.0,
        consultation.confidence.threshold,
        dict(zip(SIGNALS, values, strict=True)) if values else {},
    )
