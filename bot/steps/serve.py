"""Serve: which service item is meant? One that clearly is answers from its fields; of several it is asked.

Documents that answer well go on answering where the question names a matter only; where it asks for a field
of an item (what to bring, how long, what it costs), the item's own statement goes first.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.answer import AnswerStatus, Option, ParagraphBlock
from bot.aspects import Aspect, asks_cost, aspect_of, matter_of, names_a_matter, pays
from bot.identity import Identity, deciding_sides, identity_of, is_for, read_identities, says_who, twin_of
from bot.pipeline import Step
from bot.service_confidence import Choice, ServiceConfidence, signals
from bot.turn import ServiceMatch, Turn
from bot.wording import (
    ASK_SERVICE,
    ASK_SERVICE_REGION,
    ASK_SIDE,
    SIDE_LABELS,
    SIDE_SAID,
    place_name,
)
from knowledge_base.regions import visible
from knowledge_base.services.inheriting import EffectiveItem
from retrieval.contracts import Vectors
from retrieval.cues import Cue
from retrieval.hybrid import HybridIndex
from retrieval.query import Query
from retrieval.services import ServiceHit, Services

CANDIDATES = 12
SHOWN = 3
OFFERED_REGIONS = 6
CHOSEN = "："
"""After an item's name: the citizen has chosen it, what follows is the question."""
NONE_OF_THESE = Option(label="都不是", question="都不是")
# Measured on the labelled questions and the sample's: of short ones, right items leave less unsaid.
SHORT_CHARS = 10
UNSAID_FROM = 0.4
_NOT_OF_ITEMS = Cue.AMOUNT | Cue.PENALTY | Cue.PERMISSION | Cue.DURATION | Cue.SCHEDULE | Cue.VALIDITY

Lookup = Callable[[Turn], Services]
Items = Mapping[str, EffectiveItem]


@dataclass(frozen=True, slots=True)
class Matter:
    """What a question is about, see `bot.aspects.matter_of`.

    Attributes:
        vectors: Of the matter and of the question as it was asked, float32 of shape (2, dim).
    """

    query: Query
    vectors: Vectors


def serve(services: Lookup, confidence: ServiceConfidence) -> Step:
    """Return the step; an item that is withdrawn, ended or of another region is no candidate."""

    def step(turn: Turn) -> Turn:
        if turn.query is None or turn.index is None or turn.blocks:
            return turn  # what was said already stands
        if turn.status not in (None, AnswerStatus.NO_ANSWER, AnswerStatus.CLARIFY):
            return turn
        live = services(turn)
        if not len(live.index):
            return turn
        turn = replace(turn, aspect=aspect_of(turn.query))
        found = candidates(turn, live, confidence)
        turn = replace(turn, services=tuple(found[:SHOWN]))
        choice = confidence.choose([each.probability for each in found])
        if choice.opens and is_of_another_thing(turn, found[choice.places[0]]):
            choice = Choice(False, choice.places)
        if choice.opens:
            opened = found[choice.places[0]]
            if turn.aspect is Aspect.FEE and pays(opened.effective.name) and not asks_cost(turn.text):
                turn = replace(turn, aspect=None)  # what it pays is asked, which the documents say
            twin = _twin(turn, opened, live)
            return _asked_which(turn, [opened, twin]) if twin else _opened(turn, opened)
        if choice.places:
            return _asked_which(turn, [found[place] for place in choice.places])
        return _asked_where(turn, live, confidence)

    return step


def candidates(turn: Turn, live: Services, confidence: ServiceConfidence) -> list[ServiceMatch]:
    """Return the items that may be meant, the likeliest first."""
    region = region_of(turn)
    items = live.catalogue.effective(region, turn.day)
    chosen = _chosen(turn.text, items) or _meant(turn, items)
    if chosen is not None:
        return [chosen]
    who = identity_of(turn.text) | (identity_of(turn.follows.question) if turn.follows else frozenset())
    found = [
        (hit, values)
        for hit, values in near(turn, live, items, visible(region))
        if is_for(items[hit.catalog_code].item, who)
    ]
    return likeliest(found, items, confidence)


def region_of(turn: Turn) -> str | None:
    """Return whose services are asked for: where the citizen is, though another place be named.

    从成都转来 and 在上海住院 are matters of one's own region; what is asked for elsewhere is told apart
    by a signal (see `bot.service_confidence`).
    """
    return (turn.asked.region or None) if turn.unserved else turn.region


def near(
    turn: Turn, live: Services, items: Items, regions: Collection[str]
) -> list[tuple[ServiceHit, tuple[float, ...]]]:
    """Return those of the items that are near a turn's question, with their signals, by falling cosine."""
    query, index = turn.query, turn.index
    if query is None or index is None:
        raise ValueError("a turn is searched for after it is rewritten")
    whole = _self_contained(query, turn.earlier)
    matter = index.reader.read(matter_of(whole.text))
    vectors = _vectors(turn, index, matter, replace(whole, context=""))
    return near_by(turn, live, items, regions, Matter(matter, vectors))


def near_by(
    turn: Turn, live: Services, items: Items, regions: Collection[str], matter: Matter
) -> list[tuple[ServiceHit, tuple[float, ...]]]:
    """Return the same for a question that is encoded already."""
    hits = live.index.search(
        matter.query, matter.vectors, allowed=items.keys(), regions=regions, k=CANDIDATES
    )
    asks_aspect = turn.query is not None and aspect_of(turn.query) is not None
    return [(hit, signals(turn, hit, items[hit.catalog_code].item, asks_aspect=asks_aspect)) for hit in hits]


def _vectors(turn: Turn, index: HybridIndex, matter: Query, whole: Query) -> Vectors:
    """Return the vectors of matter and question, float32 of shape (2, dim); the search has encoded one."""
    if turn.vector is None or turn.earlier is not None:
        return index.encode([matter, whole])
    if matter.encoder_text == whole.encoder_text:
        return np.stack([turn.vector, turn.vector])
    return np.stack([index.encode([matter])[0], turn.vector])


def likeliest(
    found: Sequence[tuple[ServiceHit, tuple[float, ...]]], items: Items, confidence: ServiceConfidence
) -> list[ServiceMatch]:
    probabilities = confidence.of([values for _, values in found])
    matches = [
        # Two that fit alike keep one order, whatever the last digits of a sum are.
        ServiceMatch(items[hit.catalog_code], hit, round(probability, 6))
        for (hit, _), probability in zip(found, probabilities, strict=True)
    ]
    return sorted(matches, key=lambda match: (-match.probability, match.hit.catalog_code))


def _self_contained(query: Query, earlier: Query | None) -> Query:
    """Return what a question is about: a line that names no matter, 要多久, speaks of the one before."""
    return query if earlier is None or names_a_matter(query.text) else earlier


def _chosen(text: str, items: Items) -> ServiceMatch | None:
    """Return the item that an option named, as `option_of` writes it."""
    name, found, _ = text.partition(CHOSEN)
    if not found:
        return None
    return next(
        (
            ServiceMatch(each, _as_chosen(code), 1.0)
            for code, each in items.items()
            if each.name == name.strip()
        ),
        None,
    )


def _meant(turn: Turn, items: Items) -> ServiceMatch | None:
    """Return the item that is meant by what was said before; None for none, or one that is not had here."""
    if turn.meant not in items:
        return None
    return ServiceMatch(items[turn.meant], _as_chosen(turn.meant), 1.0)


def _as_chosen(code: str) -> ServiceHit:
    return ServiceHit(code, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0, 0.0)


def is_of_another_thing(turn: Turn, match: ServiceMatch) -> bool:
    """Tell whether a short question names a thing the item never speaks of: 汽车上牌, of 电动自行车登记上牌.

    Short, it says nothing else that could tell them apart; a longer one tells a story in its own words.
    """
    matter = matter_of(turn.query.text if turn.query else turn.text)
    return len(matter) <= SHORT_CHARS and match.hit.unsaid >= UNSAID_FROM


def _opened(turn: Turn, match: ServiceMatch) -> Turn:
    turn = replace(turn, service=match)
    if turn.curated is not None:
        return turn
    if turn.aspect is None and (turn.status is None or _asks_otherwise(turn)):
        return turn  # the documents answer, or nothing does; the item is offered beside
    return replace(turn, status=AnswerStatus.ANSWERED_FROM_SERVICE)


def _asks_otherwise(turn: Turn) -> bool:
    """Tell whether something is asked that no field of an item holds: an amount, a penalty, a permission."""
    return turn.query is not None and bool(turn.query.cues & _NOT_OF_ITEMS)


def _asked_which(turn: Turn, matches: Sequence[ServiceMatch]) -> Turn:
    """Ask which item is meant, or who is asking where that decides it; what is known is not asked again."""
    if turn.curated is not None:
        return turn
    sides = deciding_sides([each.effective.item for each in matches])
    if sides is not None:
        of_known = _of_known_side(turn, sides, matches)
        if of_known is not None:
            return _opened(turn, of_known)
    options = _side_options(turn, sides) if sides else _item_options(turn, matches)
    decides = sides is not None and turn.aspect is not None and turn.may_ask
    if turn.status is None and not decides:  # the documents answer; which item it is may still be said
        return replace(turn, options=options if turn.aspect else ())
    if not turn.may_ask:
        return replace(turn, status=AnswerStatus.NO_ANSWER)
    words = ASK_SIDE[sides] if sides else ASK_SERVICE
    return replace(turn, status=AnswerStatus.CLARIFY, blocks=(ParagraphBlock(text=words),), options=options)


def _twin(turn: Turn, match: ServiceMatch, live: Services) -> ServiceMatch | None:
    """Return the item that is the same for the other side, where nothing says on which one the citizen is."""
    context = f"{turn.text} {turn.follows.question if turn.follows else ''}"
    if turn.meant or says_who(context):
        return None
    items = live.catalogue.effective(region_of(turn), turn.day)
    twin = twin_of(match.effective.item, (each.item for each in items.values()))
    if twin is None:
        return None
    return ServiceMatch(items[twin.catalog_code], _as_chosen(twin.catalog_code), match.probability)


def _of_known_side(
    turn: Turn, sides: tuple[Identity, Identity], matches: Sequence[ServiceMatch]
) -> ServiceMatch | None:
    """Return the one item of the side the citizen said before to be on; None where that was not said."""
    talk = turn.state.talk if turn.state else None
    known = read_identities(talk.identity) & set(sides) if talk else frozenset()
    left = [each for each in matches if known and is_for(each.effective.item, known)]
    return left[0] if len(left) == 1 else None


def _side_options(turn: Turn, sides: tuple[Identity, Identity]) -> tuple[Option, ...]:
    return tuple(
        Option(
            label=SIDE_LABELS[each],
            question=SIDE_SAID[each].format(question=turn.text),
            region=turn.region,
        )
        for each in sides
    )


def _item_options(turn: Turn, matches: Sequence[ServiceMatch]) -> tuple[Option, ...]:
    return (*(option_of(each.effective, turn.text, turn.region) for each in matches), NONE_OF_THESE)


def option_of(item: EffectiveItem, question: str, region: str | None) -> Option:
    """Return the choice of an item for a question."""
    return Option(label=item.name, question=f"{item.name}{CHOSEN}{question}", region=region)


def _asked_where(turn: Turn, live: Services, confidence: ServiceConfidence) -> Turn:
    """Ask for the region where nothing answers here and one item of other regions is clearly meant."""
    if turn.status is not AnswerStatus.NO_ANSWER or turn.region is not None or turn.unserved:
        return turn
    if not turn.may_ask:
        return turn
    items = live.catalogue.widest(turn.day)
    regions = live.catalogue.regions()
    found = likeliest(near(turn, live, items, regions), items, confidence)
    choice = confidence.choose([each.probability for each in found])
    if not choice.opens:
        return turn
    match = found[choice.places[0]]
    where = live.catalogue.regions_of(match.hit.catalog_code, turn.day)[:OFFERED_REGIONS]
    return replace(
        turn,
        status=AnswerStatus.CLARIFY,
        blocks=(ParagraphBlock(text=ASK_SERVICE_REGION.format(name=match.effective.name)),),
        options=tuple(
            Option(label=place_name(region), question=turn.text, region=region) for region in where
        ),
    )
