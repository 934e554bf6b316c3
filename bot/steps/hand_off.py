"""Hand off: a turn without an answer still leads on; an answer says what differs elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

from bot.answer import AnswerStatus, Block, ListBlock, NoticeBlock, Option, ParagraphBlock
from bot.pipeline import Step
from bot.turn import Turn
from bot.wording import (
    ASK_REGION,
    ASK_REGION_WITHIN,
    CLOSEST,
    DIFFERS,
    HOTLINE,
    NO_ANSWER,
    NO_ANSWER_REGION,
    REST_OF,
    place_name,
    scope_of,
)
from knowledge_base.regions import specificity

CLOSEST_TITLES = 3
# Titles shown to a greeting or to someone in despair would be a mockery.
CLOSEST_FROM = 0.05
NAMED_REGIONS = 3
_OPEN = frozenset({None, AnswerStatus.NO_ANSWER})
OFFERED_REGIONS = 6
# In units of the ranking's score, where 1 is a factor e in likelihood.
DIFFERS_WITHIN = 1.0


def hand_off(hotline: str) -> Step:
    """Return the step.

    Args:
        hotline: Telephone line given where nothing here answers.
    """

    def step(turn: Turn) -> Turn:
        if turn.status is AnswerStatus.ANSWERED_FROM_SERVICE or (
            turn.status is AnswerStatus.CLARIFY and turn.blocks
        ):
            return turn
        if turn.status is AnswerStatus.CLARIFY:
            words = ASK_REGION_WITHIN.format(place=place_name(turn.region)) if turn.region else ASK_REGION
            return replace(turn, blocks=(ParagraphBlock(text=words),), options=_options(turn))
        if turn.status is AnswerStatus.ANSWERED:
            differing = _differing(turn)
            if not differing.elsewhere:
                return turn
            turn = differing
            names = "、".join(place_name(region) for region in turn.other_regions[:NAMED_REGIONS])
            first = turn.evidence[0].chunk.document.meta.region
            scope = scope_of(turn.curated.hit.region if turn.curated else first)
            notice = NoticeBlock(text=DIFFERS.format(scope=scope, regions=names))
            return replace(turn, blocks=(*turn.blocks, notice), options=(*turn.options, *_options(turn)))
        return _without_answer(turn, hotline) if turn.status in _OPEN else turn

    return step


def _differing(turn: Turn) -> Turn:
    """Keep of the rules elsewhere those that match about as well as the one that answers."""
    if not turn.evidence:  # a curated answer stands without
        return replace(turn, elsewhere=())
    least = turn.evidence[0].hit.score - DIFFERS_WITHIN
    return replace(turn, elsewhere=tuple(each for each in turn.elsewhere if each.hit.score >= least))


def _options(turn: Turn) -> tuple[Option, ...]:
    """Return the places to choose from: those within another before it, which is then the rest of it."""
    offered = turn.other_regions[:OFFERED_REGIONS]
    provinces = list(dict.fromkeys(region.split("/")[0] for region in offered))
    ordered = sorted(
        offered, key=lambda region: (provinces.index(region.split("/")[0]), -specificity(region))
    )
    return tuple(
        Option(label=_label(region, offered), question=turn.text, region=region) for region in ordered
    )


def _label(region: str, offered: Sequence[str]) -> str:
    holds_another = any(each.startswith(f"{region}/") for each in offered)
    return REST_OF.format(place=place_name(region)) if holds_another else place_name(region)


def _without_answer(turn: Turn, hotline: str) -> Turn:
    place = turn.unserved or turn.unserved_choice
    words = NO_ANSWER_REGION.format(place=place_name(place)) if place else NO_ANSWER
    titles = _closest_titles(turn) if turn.confidence >= CLOSEST_FROM else []
    blocks: list[Block] = [
        ParagraphBlock(text=words),
        *([ListBlock(lead=CLOSEST, items=tuple(titles))] if titles else []),
        NoticeBlock(text=HOTLINE.format(hotline=hotline)),
    ]
    return replace(turn, status=AnswerStatus.NO_ANSWER, blocks=tuple(blocks))


def _closest_titles(turn: Turn) -> list[str]:
    """Return the titles of what came nearest, rules of regions that do not bind here among them."""
    nearest = sorted((*turn.evidence, *turn.elsewhere), key=lambda each: -each.hit.score)
    return list(dict.fromkeys(f"《{each.chunk.document.meta.title}》" for each in nearest))[:CLOSEST_TITLES]
