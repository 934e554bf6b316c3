"""Serve: which service item is meant? One that clearly is answers from its fields; of several it is asked.

Documents that answer well go on answering where the question names a matter only; where it asks for a field
of an item (what to bring, how long, what it costs), the item's own statement goes first.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bot.answer import AnswerStatus, Option, ParagraphBlock
from bot.aspects import aspect_of, matter_of, names_a_matter
from bot.pipeline import Step
from bot.service_confidence import Choice, ServiceConfidence, signals
from bot.turn import ServiceMatch, Turn
from bot.wording import ASK_SERVICE, ASK_SERVICE_REGION, place_name
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
# Measured on the labelled questions and the sample's: of short ones, right items leave less unsaid.
SHORT_CHARS = 10
UNSAID_FROM = 0.4
_NOT_OF_ITEMS = Cue.AMOUNT | Cue.PENALTY | Cue.PERMISSION | Cue.DURATION | Cue.SCHEDULE | Cue.VALIDITY

Lookup = Callable[[Turn], Services]
Items = Mapping[str, EffectiveItem]


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
            return _opened(turn, found[choice.places[0]])
        if choice.places:
            return _asked_which(turn, [found[place] for place in choice.places])
        return _asked_where(turn, live, confidence)

    return step


def candidates(turn: Turn, live: Services, confidence: ServiceConfidence) -> list[ServiceMatch]:
    """Return the items that may be meant, the likeliest first."""
    region = region_of(turn)
    items = live.catalogue.effective(region, turn.day)
    chosen = _chosen(turn.text, items)
    if chosen is not None:
        return [chosen]
    found = near(turn, live, items, visible(region))
    return _likeliest(found, items, confidence)


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
    hits = live.index.search(
        matter,
        _vectors(turn, index, matter, replace(whole, context="")),
        allowed=items.keys(),
        regions=regions,
        k=CANDIDATES,
    )
    asks_aspect = aspect_of(query) is not None
    return [(hit, signals(turn, hit, items[hit.catalog_code].item, asks_aspect=asks_aspect)) for hit in hits]


def _vectors(turn: Turn, index: HybridIndex, matter: Query, whole: Query) -> Vectors:
    """Return the vectors of matter and question, float32 of shape (2, dim); the search has encoded one."""
    if turn.vector is None or turn.earlier is not None:
        return index.encode([matter, whole])
    if matter.encoder_text == whole.encoder_text:
        return np.stack([turn.vector, turn.vector])
    return np.stack([index.encode([matter])[0], turn.vector])


def _likeliest(
    found: Sequence[tuple[ServiceHit, tuple[float, ...]]], items: Items, confidence: ServiceConfidence
) -> list[ServiceMatch]:
    probabilities = confidence.of([values for _, values in found])
    matches = [
        ServiceMatch(items[hit.catalog_code], hit, probability)
        for (hit, _), probability in zip(found, probabilities, strict=True)
    ]
    return sorted(matches, key=lambda match: (-match.probability, match.hit.catalog_code))


def _self_contained(query: Query, earlier: Query | None) -> Query:
    """Return what a question is about: a line that names no matter, 要多久, speaks of the one before."""
    return query if earlier is None or names_a_matter(query.text) else earlier


def _chosen(text: str, items: Items) -> ServiceMatch | None:
    """Return the item that an option named, as `_option` writes it."""
    name, found, _ = text.partition(CHOSEN)
    if not found:
        return None
    return next(
        (
            ServiceMatch(each, ServiceHit(code, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0, 0.0), 1.0)
            for code, each in items.items()
            if each.name == name.strip()
        ),
        None,
    )


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
    if turn.curated is not None:
        return turn
    options = tuple(
        Option(
            label=each.effective.name,
            question=f"{each.effective.name}{CHOSEN}{turn.text}",
            region=turn.region,
        )
        for each in matches
    )
    if turn.status is None:  # the documents answer; which item it is may still be said
        return replace(turn, options=options if turn.aspect else ())
    return replace(
        turn, status=AnswerStatus.CLARIFY, blocks=(ParagraphBlock(text=ASK_SERVICE),), options=options
    )


def _asked_where(turn: Turn, live: Services, confidence: ServiceConfidence) -> Turn:
    """Ask for the region where nothing answers here and one item of other regions is clearly meant."""
    if turn.status is not AnswerStatus.NO_ANSWER or turn.region is not None or turn.unserved:
        return turn
    items = live.catalogue.widest(turn.day)
    regions = live.catalogue.regions()
    found = _likeliest(near(turn, live, items, regions), items, confidence)
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
