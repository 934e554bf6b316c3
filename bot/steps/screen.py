"""Screen: nothing with a block-listed word leaves, whoever wrote it.

The service's own words and the operators' are struck out where a word is masked. A quotation is given as it
stands or not at all: with a word that is refused or masked in it, it goes, and what rests on it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.alerts import Alert, AlertPlace
from bot.answer import AnswerStatus, Block, ListBlock, ParagraphBlock
from bot.pipeline import Step
from bot.steps.check import rests_on, without
from bot.turn import Turn
from knowledge_base.blocking.matching import BlockMatch, BlockMatcher, struck_out
from knowledge_base.blocking.records import BlockLevel

_ANSWERED = frozenset({AnswerStatus.ANSWERED, AnswerStatus.ANSWERED_FROM_SERVICE})
_log = logging.getLogger(__name__)


def screen(block_list: Callable[[], BlockMatcher]) -> Step:
    """Return the step.

    Args:
        block_list: The block list of the moment.
    """

    def step(turn: Turn) -> Turn:
        matcher = block_list()
        if turn.status not in _ANSWERED or not len(matcher):
            return turn
        # What a block quotes stands in its citation, too.
        found = {
            place: matcher.find(words) for place, block in enumerate(turn.blocks) if (words := _own(block))
        }
        quoted = {citation.n: matcher.find(citation.quote) for citation in turn.citations}
        alerts = [
            Alert(AlertPlace.ANSWER, match.word.word, match.word.category, match.word.level)
            for matches in (*found.values(), *quoted.values())
            for match in matches
        ]
        turn = replace(turn, alerts=tuple(dict.fromkeys((*turn.alerts, *alerts))))
        broken = {n for n, matches in quoted.items() if _is_unsaid(matches)}
        for place, matches in found.items():
            if any(match.word.level is BlockLevel.REFUSE for match in matches):
                broken |= rests_on(turn.blocks[place], turn.blocks[place + 1 :])
        if broken:
            _log.warning("turn %s: dropped citations %s for block-listed words", turn.id, sorted(broken))
            turn = without(turn, broken)
        if not any(found.values()):
            return turn
        return replace(turn, blocks=tuple(_struck_out(block, matcher) for block in turn.blocks))

    return step


def _is_unsaid(matches: Sequence[BlockMatch]) -> bool:
    return any(match.word.level is not BlockLevel.ALERT for match in matches)


def _own(block: Block) -> str:
    """Return the words of a block that are no quotation."""
    match block:
        case ListBlock(quoted=False):
            return "\n".join((block.lead, *block.items))
        case ParagraphBlock(quoted=False):
            return block.text
    return ""


def _struck_out(block: Block, matcher: BlockMatcher) -> Block:
    """Strike masked words out of words that are no quotation."""
    if not isinstance(block, ListBlock | ParagraphBlock) or block.quoted:
        return block

    def clean(text: str) -> str:
        return struck_out(text, [each for each in matcher.find(text) if each.word.level is BlockLevel.MASK])

    if isinstance(block, ListBlock):
        return block.model_copy(update={"lead": clean(block.lead), "items": tuple(map(clean, block.items))})
    return block.model_copy(update={"text": clean(block.text)})
