"""Retrieve: what may answer, from documents in force on the day and visible to the region."""

from collections.abc import Callable
from dataclasses import replace

from bot.pipeline import Step
from bot.turn import Evidence, Turn
from knowledge_base.records import NATIONAL, Chunk
from knowledge_base.regions import specificity, visible
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import SearchFilter
from retrieval.cues import Cue, held
from retrieval.hybrid import Found, HybridIndex, passage_text
from retrieval.indexing import passage_of
from retrieval.query import Query
from retrieval.rerank import Reranker

CHUNKS = 12
# How deep a reranker may reach, if its time allows.
RERANKED = 48
ELSEWHERE = 5
# Measured on the labelled sets: wrong swaps lie below 0.933, right ones from there on.
SAME_MATTER = 0.933
HARDLY_WORSE = 5.0


def retrieve(
    store: KnowledgeStore,
    index: Callable[[], HybridIndex],
    served: Callable[[], frozenset[str]],
    reranker: Reranker | None = None,
) -> Step:
    """Return the step. SQL has the last word on effect and region: an index may be a moment behind.

    A reranker orders what is visible here, before the nearer region is preferred; see `retrieval.rerank` for
    what that means for scores and confidence. The rules of single regions elsewhere stay as they are.
    """

    def step(turn: Turn) -> Turn:
        if turn.status is not None or turn.query is None:
            return turn
        searched, day = index(), turn.day.toordinal()
        vector = searched.encode([turn.query])[0]
        here = visible(turn.region)
        deep = CHUNKS if reranker is None else RERANKED
        best = searched.rank(turn.query, vector, k=deep, where=SearchFilter(here, day))
        if reranker is not None:
            best = _reranked(reranker, store, searched, turn.query, best)
        found = [(best, here)]
        there = frozenset[str]() if turn.region else served() - {NATIONAL}
        if there:
            found.append(
                (searched.rank(turn.query, vector, k=ELSEWHERE, where=SearchFilter(there, day)), there)
            )
        chunks = store.chunks([hit.passage_id for each, _ in found for hit in each.hits])
        current = {id_: chunk for id_, chunk in chunks.items() if _in_force(chunk, turn)}
        evidence = [_evidence(store, each, current, regions) for each, regions in found]
        return replace(
            turn,
            evidence=nearest_first(evidence[0], turn.query.cues),
            elsewhere=evidence[1] if there else (),
        )

    return step


def _reranked(
    reranker: Reranker, store: KnowledgeStore, index: HybridIndex, query: Query, found: Found
) -> Found:
    """Return the first `CHUNKS` of the new order; passages are read as they are encoded, title first."""
    chunks = store.chunks([hit.passage_id for hit in found.hits])
    places = [place for place, hit in enumerate(found.hits) if hit.passage_id in chunks]
    texts = [passage_text(passage_of(chunks[found.hits[place].passage_id])) for place in places]
    order = reranker.order(query.encoder_text, texts)
    return index.reordered(found, [places[at] for at in order[:CHUNKS]])


def _in_force(chunk: Chunk, turn: Turn) -> bool:
    return (chunk.effective_from is None or chunk.effective_from <= turn.day) and (
        chunk.effective_to is None or turn.day < chunk.effective_to
    )


def _evidence(
    store: KnowledgeStore, found: Found, chunks: dict[int, Chunk], regions: frozenset[str]
) -> tuple[Evidence, ...]:
    """Return one piece of evidence for each 条: that of its best chunk."""
    best: dict[tuple[int, int], tuple[int, Chunk]] = {}
    for place, hit in enumerate(found.hits):
        chunk = chunks.get(hit.passage_id)
        if chunk is not None and chunk.document.meta.region in regions:
            best.setdefault((chunk.version_id, chunk.draft.group), (place, chunk))
    articles = store.articles(best)
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

    It does when the two passages mean nearly the same, it matched hardly worse, and it gives every kind of
    answer that is asked for and that the best one gives: a county's amount before the province's.
    """
    if not evidence:
        return evidence
    best = evidence[0]
    wanted = cues & held(best.text)
    nearer = [
        other
        for other in evidence[1:]
        if specificity(_region(other)) > specificity(_region(best))
        and other.hit.likeness >= SAME_MATTER
        and other.hit.score >= best.hit.score - HARDLY_WORSE
        and not wanted & ~held(other.text)
    ]
    if not nearer:
        return evidence
    first = max(nearer, key=lambda each: (specificity(_region(each)), each.hit.score))
    return (first, *(each for each in evidence if each is not first))


def _region(evidence: Evidence) -> str:
    return evidence.chunk.document.meta.region
