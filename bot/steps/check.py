"""Check: nothing leaves that a document in force and visible here does not say, word for word."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace

from bot.answer import AnswerStatus, Block, Citation
from bot.turn import Evidence, Turn
from knowledge_base.regions import visible

_log = logging.getLogger(__name__)


def check(turn: Turn) -> Turn:
    """Drop every citation that does not hold, and the blocks that rest on it; with none left, no answer."""
    if turn.status not in (AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE):
        return turn
    rests_on = turn.curated.sources if turn.curated else turn.service_sources or turn.evidence
    sources = {(each.chunk.version_id, each.chunk.draft.group): each for each in rests_on}
    broken = {citation.n: fault for citation in turn.citations if (fault := _fault(citation, turn, sources))}
    if not broken:
        return turn
    _log.error("turn %s: dropped citations %s", turn.id, broken)
    return without(turn, broken)


def without(turn: Turn, broken: Collection[int]) -> Turn:
    """Return the turn without these citations and what rests on them; open again where nothing is left."""
    if turn.status is AnswerStatus.ANSWERED_FROM_SERVICE:
        # What the item states stands by itself.
        return replace(turn, blocks=turn.stated, citations=(), service_sources=())
    citations = tuple(citation for citation in turn.citations if citation.n not in broken)
    # A curated answer rests on all of its sources.
    if not citations or turn.curated:
        return replace(turn, status=None, blocks=(), citations=(), evidence=(), curated=None)
    blocks = [
        block
        for place, block in enumerate(turn.blocks)
        if not rests_on(block, turn.blocks[place + 1 :]).intersection(broken)
    ]
    return replace(turn, blocks=tuple(blocks), citations=citations)


def rests_on(block: Block, following: tuple[Block, ...]) -> set[int]:
    """Return the citations a block needs; an introduction stands and falls with what it introduces."""
    if block.type == "paragraph" or block.type == "list":  # noqa: PLR1714 (tells the types apart)
        return set(block.cites) or (rests_on(following[0], following[1:]) if following else set())
    return set()


def _fault(citation: Citation, turn: Turn, sources: Mapping[tuple[int, int], Evidence]) -> str:
    if not citation.in_force:
        return f"not in force on {turn.day}"
    here = visible(turn.region)
    if turn.status is AnswerStatus.ANSWERED_FROM_SERVICE:
        here |= visible(turn.asked.region)  # 从杭州转来 is a matter of one's own region
    if citation.document.region not in here:
        return f"for {citation.document.region}, asked for {turn.region}"
    for (version_id, _), evidence in sources.items():
        start, end = citation.span.start - evidence.start, citation.span.end - evidence.start
        if version_id == citation.version_id and 0 <= start < len(evidence.text):
            stored = evidence.text[start:end]
            return "" if stored and stored == citation.quote else "the quotation is not the stored text"
    return "the quotation rests on nothing retrieved"
