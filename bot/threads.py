"""The threads a line of a conversation may belong to, with the signals that tell which.

A thread is a topic talked of before, an item just offered, an item the line brings up by itself or read
together with the latest topic, or none of them: the line stands by itself. They are weighed by
`bot.thread_confidence`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.aspects import matter_of, names_a_matter
from bot.dialogue_state import Offer, Talk, Topic
from bot.manner import Manner
from bot.service_desk import ServiceDesk
from bot.steps.serve import CHOSEN, Items, Matter, likeliest, near_by, region_of
from bot.thread_confidence import SIGNALS
from bot.turn import Turn
from knowledge_base.regions import visible
from retrieval.contracts import Vectors
from retrieval.hybrid import HybridIndex
from retrieval.query import Query

FOLLOWED = 3
"""How many topics back a line may go."""
BROUGHT_UP_FROM = 0.03
SHORT_CHARS = 6
SHORT_PICK_CHARS = 8
# Cosines of short questions lie close together; brought to the scale of the other signals.
_BY_ITSELF = SIGNALS.index("by_itself")
_MEAN_COSINE, _PER_COSINE = 0.85, 10.0


@dataclass(frozen=True, slots=True)
class Thread:
    """What a line may be about; neither topic nor item where it stands by itself.

    Attributes:
        item: Catalog code; empty for none.
        name: The item's name.
        offer: The choice by which the item was just offered; None where it was not.
        values: The signals, in the order of `bot.thread_confidence.SIGNALS`.
    """

    topic: Topic | None
    item: str
    name: str
    offer: Offer | None
    values: tuple[float, ...]

    @property
    def by_itself(self) -> float:
        """Probability, in [0, 1], that the line means this item whatever was said before."""
        return self.values[_BY_ITSELF]


class Matching:
    """How likely the items of a turn's region are meant by a text that stands by itself."""

    def __init__(self, turn: Turn, desk: ServiceDesk, index: HybridIndex) -> None:
        self._turn = turn
        self._desk = desk
        self._index = index
        self._live = desk.of(turn)
        self._regions = visible(region_of(turn))
        self.items: Items = self._live.catalogue.effective(region_of(turn), turn.day)

    def read(self, text: str) -> Query:
        """Return a text as the index in use reads it."""
        return self._index.reader.read(text)

    def chances(
        self, texts: Sequence[str], *, also: Sequence[str] = ()
    ) -> tuple[list[dict[str, float]], Vectors]:
        """Return by text the probability of each item near it, by catalog code; all is encoded together.

        Also returns the vectors of the texts and of those in `also`, float32 of shape (n, dim), unit rows.
        """
        read = self.read
        queries = [read(text) for text in texts]
        matters = [read(matter_of(query.text)) for query in queries]
        vectors = self._index.encode([*matters, *queries, *map(read, also)])
        of_matters, of_texts = vectors[: len(texts)], vectors[len(texts) :]
        found = []
        for place, query in enumerate(queries):
            asked = replace(self._turn, text=texts[place], query=query, earlier=None, vector=None)
            matter = Matter(matters[place], np.stack([of_matters[place], of_texts[place]]))
            hits = near_by(asked, self._live, self.items, self._regions, matter)
            likely = likeliest(hits, self.items, self._desk.confidence)
            found.append({each.hit.catalog_code: each.probability for each in likely})
        return found, of_texts


def threads(turn: Turn, talk: Talk, manner: Manner, desk: ServiceDesk) -> list[Thread]:
    """Return what a line may be about, likeliest by nothing yet; that it stands by itself comes last.

    Raises:
        ValueError: If nothing was talked of, or the turn has no index.
    """
    if turn.index is None or not talk.topics:
        raise ValueError("a line is threaded over an index, after something was said")
    matching = Matching(turn, desk, turn.index)
    topics, items = talk.topics[:FOLLOWED], matching.items
    offers = {code: offer for offer in talk.offered if (code := item_of(offer, items))}
    line = _Line(manner.rest or turn.text, talk, manner, matching, offers)
    brought_up = [
        code
        for code, chance in (*line.alone.items(), *line.together.items())
        if chance >= BROUGHT_UP_FROM and code in items
    ]
    codes = dict.fromkeys((*offers, *brought_up))
    known = {each.item for each in topics}
    return [
        *(
            Thread(topic, topic.item, topic.name, line.choosing(topic.item), line.of_topic(place))
            for place, topic in enumerate(topics)
        ),
        *(
            Thread(None, code, items[code].name, line.choosing(code), line.of_item(code))
            for code in codes
            if code not in known
        ),
        Thread(None, "", "", None, line.of_none()),
    ]


class _Line:
    """A line with what its signals are made of."""

    def __init__(
        self, line: str, talk: Talk, manner: Manner, matching: Matching, offers: Mapping[str, Offer]
    ) -> None:
        latest = talk.topics[0]
        topic_words = latest.name or latest.question
        self._text = line
        self._manner = manner
        self._topics = talk.topics[:FOLLOWED]
        self._items = matching.items
        self._offers = offers
        asked = [each.question for each in self._topics]
        labels = [each.label for each in offers.values()]
        (self.alone, self.together, self._before), vectors = matching.chances(
            (self._text, f"{topic_words} {self._text}", topic_words), also=(*asked, *labels)
        )
        if manner.corrects and latest.item in self.together:
            # What is taken back is not what is meant; of the rest, the likeliest is.
            left = {code: chance for code, chance in self.together.items() if code != latest.item}
            self.together = _shares(left)
        near = ((vectors[3:] @ vectors[0] - _MEAN_COSINE) * _PER_COSINE).tolist()
        self._near_topics: list[float] = near[: len(asked)]
        self._near_offers: dict[str, float] = dict(zip(offers, near[len(asked) :], strict=True))
        self._no_matter = not names_a_matter(self._text)
        self._read = matching.read
        self._words = {word for word in self._read(self._text).words if len(word) > 1}

    def choosing(self, code: str) -> Offer | None:
        """Return the choice of an item, if the line says anything of it."""
        return self._offers.get(code) if self._of_offer(code) else None

    def of_topic(self, place: int) -> tuple[float, ...]:
        """Return the signals of a topic, the latest being at place 0."""
        topic, manner = self._topics[place], self._manner
        named = self._named(topic.question + topic.name)
        if place > 0:
            return self._values(
                topic.item,
                earlier=1.0,
                earlier_returns=manner.returns,
                nearness=self._near_topics[place],
                named=named,
                named_earlier=named,
            )
        return self._values(
            topic.item,
            latest=1.0,
            latest_no_matter=self._no_matter,
            latest_refers=manner.refers,
            latest_substitutes=manner.substitutes,
            latest_for_another=manner.for_another,
            latest_short=len(self._text) <= SHORT_CHARS,
            latest_corrected=manner.corrects,
            latest_offering=bool(self._offers),
            shift=0.0,
            nearness=self._near_topics[place],
            named=named,
        )

    def of_item(self, code: str) -> tuple[float, ...]:
        """Return the signals of an item that was not talked of yet."""
        return self._values(code, named=self._named(self._items[code].name))

    def of_none(self) -> tuple[float, ...]:
        """Return the signals that the line stands by itself."""
        manner = self._manner
        tied = manner.refers or manner.substitutes or manner.returns or manner.for_another or manner.corrects
        return _ordered(
            none=1.0,
            none_offering=bool(self._offers),
            none_tied=tied,
            none_no_matter=self._no_matter,
            none_best_by_itself=max(self.alone.values(), default=0.0),
            none_nearness=max(self._near_topics),
        )

    def _values(self, code: str, **signals: float) -> tuple[float, ...]:
        manner = self._manner
        alone, together = self.alone.get(code, 0.0), self.together.get(code, 0.0)
        of_matching = {
            "by_itself": alone,
            "by_itself_corrects": alone if manner.corrects else 0.0,
            "together": together,
            "together_substitutes": together if manner.substitutes else 0.0,
            "together_corrects": together if manner.corrects else 0.0,
            "shift": together - self._before.get(code, 0.0),
        }
        return _ordered(**{**of_matching, **self._of_offer(code), **signals})

    def _of_offer(self, code: str) -> dict[str, float]:
        # A line that says nothing of a choice does not choose it, however short it is.
        said = self._manner.picks or self.alone.get(code, 0.0) >= BROUGHT_UP_FROM
        if code not in self._offers or not (said or self._named(self._offers[code].label) > 0):
            return {}
        mean = sum(self._near_offers.values()) / len(self._near_offers)
        shares = _shares(
            {each: self.alone.get(each, 0.0) + self.together.get(each, 0.0) for each in self._offers}
        )
        return {
            "offered": 1.0,
            "offered_picks": self._manner.picks,
            "offered_short": len(self._text) <= SHORT_PICK_CHARS,
            "offered_nearness": self._near_offers[code] - mean,
            "offered_share": shares[code],
        }

    def _named(self, words: str) -> float:
        """Return the share of the line's words that are among these, in [0, 1]."""
        held = set(self._read(words).words)
        return len(self._words & held) / len(self._words) if self._words else 0.0


def item_of(offer: Offer, items: Items) -> str:
    """Return the catalog code of the item that a choice stands for; empty for none."""
    name, is_item, _ = offer.question.partition(CHOSEN)
    return next((code for code, each in items.items() if each.name == name), "") if is_item else ""


def _ordered(**signals: float) -> tuple[float, ...]:
    return tuple(float(signals.get(name, 0.0)) for name in SIGNALS)


def _shares(chances: Mapping[str, float]) -> dict[str, float]:
    """Return each one's share of all of them; even where none has any."""
    whole = sum(chances.values())
    return {code: chance / whole if whole else 1 / len(chances) for code, chance in chances.items()}
