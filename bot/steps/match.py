"""Match: does a curated question (FAQ) clearly ask the same? Then its answer is preferred to a quotation."""

from collections.abc import Callable
from dataclasses import replace

from bot.likeness import Likeness, signals
from bot.pipeline import Step
from bot.turn import CuratedAnswer, Evidence, Turn
from knowledge_base.faq.records import CitedPassage
from knowledge_base.faq.store import FaqStore
from knowledge_base.records import Chunk
from knowledge_base.regions import specificity
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import Hit
from retrieval.query import Query

Candidates = Callable[[Turn], tuple[CuratedAnswer, ...]]


def match(candidates: Candidates, threshold: float) -> Step:
    """Return the step. Of the entries clear enough the nearest region's wins, then the likeliest."""

    def step(turn: Turn) -> Turn:
        # A place we keep no documents for is not answered for by another's.
        if turn.status is not None or turn.unserved:
            return turn
        clear = [each for each in candidates(turn) if each.probability >= threshold]
        best = max(clear, key=lambda each: (specificity(each.hit.region), each.probability), default=None)
        return replace(turn, curated=best)

    return step


def candidates_of(store: KnowledgeStore, faq: FaqStore, likeness: Likeness) -> Candidates:
    """Return what makes candidates of a turn's matches. SQL has the last word on what is published and holds."""

    def of(turn: Turn) -> tuple[CuratedAnswer, ...]:
        if turn.query is None or not turn.matches:
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
                _evidence(passage, of_passage, turn.query)
                for passage, of_passage in zip(stands.passages, cited, strict=True)
            )
            probability = likeness.of(signals(turn, hit, sources))
            found.append(CuratedAnswer(entry, hit, probability, sources))
        return tuple(found)

    return of


def _evidence(passage: CitedPassage, chunks: list[Chunk], query: Query) -> Evidence:
    """Return a source as evidence, with the chunk that shares most words with the question."""
    chunk = max(chunks, key=lambda each: sum(word in each.draft.text for word in query.words))
    return Evidence(chunk, Hit(chunk.id, 0.0, 0.0, 0.0), passage.text, passage.start)
