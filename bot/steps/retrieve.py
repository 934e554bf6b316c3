"""Retrieve: what may answer, from documents in force on the day and visible to the region.

Beside the evidence it finds curated questions (FAQ) near the one asked; `match` decides on them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.pipeline import Step
from bot.turn import Evidence, Turn
from knowledge_base.records import NATIONAL, Chunk
from knowledge_base.regions import specificity, visible
from knowledge_base.store import Article, KnowledgeStore
from retrieval.contracts import SearchFilter, Vectors
from retrieval.cues import Cue, held
from retrieval.hybrid import Found, HybridIndex, passage_text
from retrieval.indexing import passage_of
from retrieval.query import Query
from retrieval.questions import QuestionHit
from retrieval.rerank import Reranker

CHUNKS = 12
# How deep a reranker may reach, if its time allows.
RERANKED = 48
ELSEWHERE = 5
# One place with many passages must not hide that others have rules of their own.
SEARCHED_ELSEWHERE = 30
TOPIC = 5
# Measured on the labelled sets with the packaged adapter: of the 137 questions where one of the two passages
# is right and the other is not, this swaps 9 of the 22 that ask for it and none of the others.
SAME_MATTER = 0.89
LIKENESS_PER_SCORE = 0.004
HARDLY_WORSE = 5.0
_DECISIVE = Cue.AMOUNT | Cue.FEE | Cue.DURATION | Cue.LIST | Cue.PENALTY


def retrieve(
    store: KnowledgeStore, served: Callable[[], frozenset[str]], reranker: Reranker | None = None
) -> Step:
    """Return the step. SQL has the last word on effect and region: an index may be a moment behind.

    The index only nominates; all that is quoted is read from SQL at one moment, so that no answer
    mixes two revisions. A reranker orders what is visible here, before the nearer region is preferred; see
    `retrieval.rerank` for what that means for scores and confidence. What holds elsewhere stays as it is.
    """

    def step(turn: Turn) -> Turn:
        if turn.status is not None or turn.query is None or turn.index is None:
            return turn
        day = turn.day.toordinal()
        here, there = visible(turn.region), _elsewhere(turn.region, served())
        asking = _asking(turn, store)
        best = asking.ask(CHUNKS if reranker is None else RERANKED, SearchFilter(here, day))
        if reranker is not None:
            best = _reranked(reranker, store, turn.index, turn.query, best)
        found = [(best, here)]
        if there:
            found.append((asking.ask(SEARCHED_ELSEWHERE, SearchFilter(there, day)), there))
        reading = store.read([hit.passage_id for each, _ in found for hit in each.hits])
        current = {id_: chunk for id_, chunk in reading.chunks.items() if chunk.in_force(turn.day)}
        evidence = [_evidence(reading.articles, each, current, regions) for each, regions in found]
        return replace(
            turn,
            evidence=nearest_first(evidence[0], turn.query.cues),
            elsewhere=_of_every_region(evidence[1]) if there else (),
            matches=matches(turn, turn.index, asking.alone),
            vector=asking.alone,
        )

    return step


def _of_every_region(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the first `ELSEWHERE`, and of each region that has none among them its best."""
    kept = list(evidence[:ELSEWHERE])
    seen = {each.chunk.document.meta.region for each in kept}
    for each in evidence[ELSEWHERE:]:
        region = each.chunk.document.meta.region
        if region not in seen:
            seen.add(region)
            kept.append(each)
    return tuple(kept)


def matches(turn: Turn, index: HybridIndex, alone: Vectors) -> tuple[QuestionHit, ...]:
    """Return the curated questions of an index that are near a turn's, given the vector of it by itself."""
    if turn.query is None:
        return ()
    return tuple(
        index.match(turn.query, alone, where=SearchFilter(visible(turn.region), turn.day.toordinal()))
    )


def by_itself(query: Query) -> Query:
    """Return a question without what it follows on, as it is compared with curated ones."""
    return replace(query, context="")


def candidates(turn: Turn, store: KnowledgeStore, *, k: int) -> Found:
    """Return the first k candidates of a turn that is rewritten, as the step ranks them."""
    return _asking(turn, store).ask(k, SearchFilter(visible(turn.region), turn.day.toordinal()))


@dataclass(frozen=True, slots=True)
class _Asking:
    """The search for a turn's question, encoded once; a follow-up knows what the talk is about.

    Attributes:
        ask: Ranks the first k passages that a filter lets through.
        alone: Vector of the question by itself, without what it follows on.
    """

    ask: Callable[[int, SearchFilter], Found]
    alone: Vectors


def _asking(turn: Turn, store: KnowledgeStore) -> _Asking:
    index, query, earlier = turn.index, turn.query, turn.earlier
    if index is None or query is None:
        raise ValueError("a turn is searched for after it is rewritten")
    if earlier is None:
        vector = index.encode([query])[0]
        return _Asking(lambda k, where: index.rank(query, vector, k=k, where=where), vector)
    # By itself it is compared with curated questions only.
    compared = [by_itself(query)] if index.has_questions else []
    vector, before, *alone = index.encode([query, earlier, *compared])
    where_now = SearchFilter(visible(turn.region), turn.day.toordinal())
    about = index.rank(earlier, before, k=TOPIC, where=where_now).hits
    topic = _topic([hit.passage_id for hit in about], turn, store)
    return _Asking(
        lambda k, where: index.rank(query, vector, k=k, where=where, topic=topic),
        alone[0] if alone else vector,
    )


def _topic(passages: list[int], turn: Turn, store: KnowledgeStore) -> list[int]:
    """Return which of what the lines before found they are about: what the last answer named, or the best."""
    said = next((line.text for line in reversed(turn.asked.history) if line.role == "assistant"), "")
    chunks = store.chunks(passages)
    named = [id_ for id_ in passages if id_ in chunks and f"《{chunks[id_].document.meta.title}》" in said]
    return (named or passages)[:1]


def _elsewhere(region: str | None, served: frozenset[str]) -> frozenset[str]:
    """Return whose rules are looked at beside: those of places within the chosen one, or of all."""
    return frozenset(
        each for each in served if each != NATIONAL and (region is None or each.startswith(f"{region}/"))
    )


def _reranked(
    reranker: Reranker, store: KnowledgeStore, index: HybridIndex, query: Query, found: Found
) -> Found:
    """Return the first `CHUNKS` of the new order; passages are read as they are encoded, title first."""
    chunks = store.chunks([hit.passage_id for hit in found.hits])
    places = [place for place, hit in enumerate(found.hits) if hit.passage_id in chunks]
    texts = [passage_text(passage_of(chunks[found.hits[place].passage_id])) for place in places]
    order = reranker.order(query.encoder_text, texts)
    return index.reordered(found, [places[at] for at in order[:CHUNKS]])


def _evidence(
    articles: dict[tuple[int, int], Article],
    found: Found,
    chunks: dict[int, Chunk],
    regions: frozenset[str],
) -> tuple[Evidence, ...]:
    """Return one piece of evidence for each 条: that of its best chunk."""
    best: dict[tuple[int, int], tuple[int, Chunk]] = {}
    for place, hit in enumerate(found.hits):
        chunk = chunks.get(hit.passage_id)
        if chunk is not None and chunk.document.meta.region in regions:
            best.setdefault((chunk.version_id, chunk.draft.group), (place, chunk))
    return tuple(
        Evidence(
            chunk,
            found.hits[place],
            articles[key].text,
            articles[key].start,
            tuple(map(float, found.features[place])),
        )
        for key, (place, chunk) in best.items()
        if key in articles
    )


def nearest_first(evidence: tuple[Evidence, ...], cues: Cue) -> tuple[Evidence, ...]:
    """Put the nearer region's rule first where it speaks on the same matter as the best one.

    It does when the two passages mean nearly the same, the more so the worse it matched, and it gives every
    decisive kind of answer that is asked for and that the best one gives: a county's amount before the
    province's.
    """
    if not evidence:
        return evidence
    best = evidence[0]
    wanted = cues & held(best.text) & _DECISIVE
    nearer = [
        other
        for other in evidence[1:]
        if specificity(_region(other)) > specificity(_region(best))
        and other.hit.score >= best.hit.score - HARDLY_WORSE
        and other.hit.likeness >= SAME_MATTER + LIKENESS_PER_SCORE * (best.hit.score - other.hit.score)
        and not wanted & ~held(other.text)
    ]
    if not nearer:
        return evidence
    first = max(nearer, key=lambda each: (specificity(_region(each)), each.hit.score))
    return (first, *(each for each in evidence if each is not first))


def _region(evidence: Evidence) -> str:
    return evidence.chunk.document.meta.region
