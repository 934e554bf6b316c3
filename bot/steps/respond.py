"""Respond: the answer in blocks, each quotation with its citation; or an honest word that there is none.

A curated answer is given as the operators wrote it and said to be theirs; its sources are quoted under it.
"""

from dataclasses import replace

from bot.answer import AnswerStatus, Block, Citation, ListBlock, ParagraphBlock
from bot.citing import cite
from bot.responders.extractive import Quotation, quote
from bot.responders.layout import Part, lay_out
from bot.turn import CuratedAnswer, Evidence, Turn
from bot.wording import CURATED, CURATED_SOURCE, RELATED, source_name
from retrieval.query import Query

CITED = 3
# A rule this far below the first in score is not worth mentioning beside it.
RELATED_WITHIN = 6.0


def respond(turn: Turn) -> Turn:
    """Answer an open turn from the curated entry that asks the same, else from its evidence."""
    if turn.status is not None or turn.query is None:
        return turn
    if turn.curated is not None:
        return _from_curated(turn, turn.curated, turn.query)
    if not turn.evidence:
        return turn
    blocks: list[Block] = []
    citations: list[Citation] = []
    for n, evidence in enumerate(_cited(turn.evidence), start=1):
        quotation = quote(evidence, turn.query, brief=n > 1)
        citations.append(citation_of(n, evidence, quotation, turn))
        introduction = "根据" if n == 1 else RELATED
        blocks.append(ParagraphBlock(text=f"{introduction}{source_name(evidence.chunk)}："))
        blocks += [quoted_block(part, quotation, n) for part in quotation.parts]
    return replace(turn, status=AnswerStatus.ANSWERED, blocks=tuple(blocks), citations=tuple(citations))


def _from_curated(turn: Turn, curated: CuratedAnswer, query: Query) -> Turn:
    numbers = tuple(range(1, len(curated.sources) + 1))
    blocks: list[Block] = [ParagraphBlock(text=CURATED)]
    for part in lay_out(curated.entry.content.answer):
        if part.items:
            blocks.append(ListBlock(lead=part.text, items=part.items, cites=numbers))
        else:
            blocks.append(ParagraphBlock(text=part.text, cites=numbers))
    citations = []
    for n, source in zip(numbers, curated.sources, strict=True):
        quotation = quote(source, query)
        citations.append(citation_of(n, source, quotation, turn))
        blocks.append(ParagraphBlock(text=f"{CURATED_SOURCE}{source_name(source.chunk)}："))
        blocks += [quoted_block(part, quotation, n) for part in quotation.parts]
    return replace(turn, status=AnswerStatus.ANSWERED, blocks=tuple(blocks), citations=tuple(citations))


def _cited(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """Return what is worth citing, each 条 once, though its opening and its items may be two groups.

    A file taken in twice, under two names, says the same twice: that counts once, too.
    """
    least = evidence[0].hit.score - RELATED_WITHIN
    once: dict[tuple[int, str | int, tuple[str, ...]], Evidence] = {}
    said: set[tuple[str, str]] = set()
    for each in evidence:
        draft, words = each.chunk.draft, (each.chunk.document.meta.title, each.text)
        if words not in said:
            once.setdefault((each.chunk.version_id, draft.article or draft.group, draft.heading_path), each)
        said.add(words)
    return [each for each in once.values() if each.hit.score >= least][:CITED]


def quoted_block(part: Part, quotation: Quotation, n: int) -> Block:
    """Return a part of a quotation as a block."""
    if part.items:
        return ListBlock(lead=part.text, items=part.items, quoted=quotation.verbatim, cites=(n,))
    return ParagraphBlock(text=part.text, quoted=quotation.verbatim, cites=(n,))


def citation_of(n: int, evidence: Evidence, quotation: Quotation, turn: Turn) -> Citation:
    """Return the n-th citation of a turn: where the quotation stands, and whether that is in force."""
    return cite(n, evidence.chunk, quotation.text, quotation.start, day=turn.day)
