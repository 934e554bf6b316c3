"""Match: does a curated question (FAQ) clearly ask the same? Then its answer is preferred to a quotation."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.likeness import Likeness, signals
from bot.pipeline import Step
from bot.steps.retrieve import HARDLY_WORSE
from bot.turn import CuratedAnswer, Evidence, Turn
from knowledge_base.faq.records import CitedPassage
from knowledge_base.faq.store import FaqStore
from knowledge_base.records import Chunk
from knowledge_base.regions import specificity
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import Hit
from retrieval.query import Query

# A nearer region's rule that matches about as well as the best one speaks before an entry of a wider region.
SEEN_RULES = 3
# A nearer region's entry on the same question goes before one that is clear, though it be less so itself.
NEARER_FROM = 0.5

Candidates = Callable[[Turn], tuple[CuratedAnswer, ...]]


def match(candidates: Candidates, threshold: float) -> Step:
    """Return the step; see `choose` for what is preferred."""

    def step(turn: Turn) -> Turn:
        if turn.status is not None:
            return turn
        found = candidates(turn)
        chosen = choose([(each.hit.region, each.probability) for each in found], threshold)
        return replace(turn, curated=None if chosen is None else found[chosen])

    return step


def _overruled(curated: CuratedAnswer, turn: Turn) -> bool:
    """Tell whether the documents have a rule of a region nearer than the entry's that matches well."""
    least = turn.evidence[0].hit.score - HARDLY_WORSE if turn.evidence else 0.0
    return any(
        specificity(each.chunk.document.meta.region) > specificity(curated.hit.region)
        for each in turn.evidence[:SEEN_RULES]
        if each.hit.score >= least
    )


def choose(candidates: Sequence[tuple[str, float]], threshold: float) -> int | None:
    """Return the place of the entry to answer from, among regions with probabilities; None for none.

    One has to be clear (from `threshold` on). The nearest region's wins, then the likeliest.
    """
    if not any(probability >= threshold for _, probability in candidates):
        return None
    clear = max(specificity(region) for region, probability in candidates if probability >= threshold)
    ranked = [
        (specificity(region), probability, -place)
        for place, (region, probability) in enumerate(candidates)
        if probability >= (min(threshold, NEARER_FROM) if specificity(region) > clear else threshold)
    ]
    return -max(ranked)[2]


def candidates_of(store: KnowledgeStore, faq: FaqStore, likeness: Likeness) -> Candidates:
    """Return what makes candidates of a turn's matches. SQL has the last word on what holds on the day."""

    def of(turn: Turn) -> tuple[CuratedAnswer, ...]:
        # A place we keep no documents for is not answered for by another's.
        if turn.query is None or not turn.matches or turn.unserved:
            return ()
        standing = faq.standing_on([hit.faq_id for hit in turn.matches], turn.day)
        passages = [passage for _, stands in standing.values() for passage in stands.passages]
        chunks = store.chunks([id_ for passage in passages for id_ in passage.chunk_ids])
        found = []
        for hit in turn.matches:
            if hit.faq_id not in standing:
                continue
            entry, stands = standing[hit.faq_id]
            cited = [[chunks[id_] for id_ in each.chunk_ids if id_ in chunks] for each in stands.passages]
            if not all(cited):
                continue
            sources = tuple(
                evidence_of(passage, of_passage, turn.query)
                for passage, of_passage in zip(stands.passages, cited, strict=True)
            )
            probability = likeness.of(signals(turn, hit, sources))
            found.append(CuratedAnswer(entry, hit, probability, sources))
        return tuple(each for each in found if not _overruled(each, turn))

    return of


def evidence_of(passage: CitedPassage, chunks: list[Chunk], query: Query) -> Evidence:
    """Return a cited passage as evidence, with the chunk that shares most words with the question."""
    chunk = max(chunks, key=lambda each: sum(word in each.draft.text for word in query.words))
    if len({each.draft.article for each in chunks}) > 1:
        # Items cited together go by what holds them: 二、 for 二、（一） and 二、（二）.
        section, *others = {each.draft.article.partition("、")[0] for each in chunks}
        chunk = replace(chunk, draft=replace(chunk.draft, article="" if others else f"{section}、"))
    return Evidence(chunk, Hit(chunk.id, 0.0, 0.0, 0.0), passage.text, passage.start)
