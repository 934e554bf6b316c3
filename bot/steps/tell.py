"""Tell: answer from the fields of the service item that is meant, the articles it rests on quoted below."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.answer import AnswerStatus, Block, Citation, ParagraphBlock
from bot.cards import has_entry
from bot.pipeline import Step
from bot.responders.extractive import quote
from bot.responders.fields import Stated, answer_from
from bot.service_desk import ServiceDesk
from bot.steps.match import evidence_of
from bot.steps.respond import citation_of, quoted_block
from bot.steps.serve import region_of
from bot.turn import Evidence, ServiceMatch, Turn
from bot.wording import BASIS, BASIS_NAMED, source_name
from knowledge_base.legal_effect import normalise_title
from knowledge_base.records import NATIONAL
from knowledge_base.services.records import LegalBasis
from knowledge_base.store import KnowledgeStore

CITED = 3


def tell(services: ServiceDesk, store: KnowledgeStore, threshold: float, now: Callable[[], datetime]) -> Step:
    """Return the step.

    Args:
        threshold: Confidence from which on the search's own best passage is quoted first.
    """

    def step(turn: Turn) -> Turn:
        if turn.status is not AnswerStatus.ANSWERED_FROM_SERVICE or turn.service is None:
            return turn
        match = turn.service
        catalogue = services.of(turn).catalogue
        stated = answer_from(
            Stated(
                match.effective,
                catalogue.offices_of(match.effective.item, region_of(turn)),
                now(),
                has_entry(match.effective, catalogue),
            ),
            turn.aspect,
        )
        if not stated:
            # The item does not say: the documents may; the item is still offered.
            is_answered = turn.confidence >= threshold
            return replace(turn, status=None if is_answered else AnswerStatus.NO_ANSWER)
        quoted, named = _basis(turn, match)
        return _with_basis(replace(turn, stated=stated), quoted, named)

    def _basis(turn: Turn, match: ServiceMatch) -> tuple[list[Evidence], list[LegalBasis]]:
        """Return what is quoted, the best the search found first, and the laws named in words only."""
        laws = match.effective.item.by_law or ()
        titles = {normalise_title(law.title) for law in laws}
        # A passage the search is sure of answers by itself; it is quoted whether or not the item rests on it.
        quoted = [each for each in turn.evidence[:1] if turn.confidence >= threshold]
        quoted += [
            each for each in turn.evidence if normalise_title(each.chunk.document.meta.title) in titles
        ][:2]
        named = []
        for law, passage in services.sources.passages(laws, region=region_of(turn) or NATIONAL, day=turn.day):
            chunks = store.chunks(passage.chunk_ids) if passage else {}
            if passage and chunks and turn.query:
                quoted.append(evidence_of(passage, list(chunks.values()), turn.query))
            elif all(
                normalise_title(each.chunk.document.meta.title) != normalise_title(law.title)
                for each in quoted
            ):
                named.append(law)
        return _once(quoted)[:CITED], named

    return step


def _once(quoted: list[Evidence]) -> list[Evidence]:
    """Return each stretch of a document once."""
    kept: list[Evidence] = []
    for each in quoted:
        end = each.start + len(each.text)
        overlaps = (
            one.chunk.version_id == each.chunk.version_id
            and one.start < end
            and each.start < one.start + len(one.text)
            for one in kept
        )
        if not any(overlaps):
            kept.append(each)
    return kept


def _with_basis(turn: Turn, quoted: list[Evidence], named: list[LegalBasis]) -> Turn:
    if turn.query is None:
        return turn
    stated = turn.stated
    if named:
        stated = (*stated, ParagraphBlock(text=BASIS_NAMED.format(laws="、".join(map(str, named)))))
    blocks: list[Block] = list(stated)
    citations: list[Citation] = []
    for n, evidence in enumerate(quoted, start=1):
        quotation = quote(evidence, turn.query, brief=n > 1)
        citations.append(citation_of(n, evidence, quotation, turn))
        blocks.append(ParagraphBlock(text=f"{BASIS}{source_name(evidence.chunk)}："))
        blocks += [quoted_block(part, quotation, n) for part in quotation.parts]
    return replace(
        turn,
        stated=stated,
        blocks=tuple(blocks),
        citations=tuple(citations),
        service_sources=tuple(quoted),
    )
