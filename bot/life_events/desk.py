"""What the steps need of life events: those in use, the services they bundle, what likeness is enough."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from bot.life_events.likeness import EventLikeness, signals
from bot.service_desk import ServiceDesk
from knowledge_base.life_events.records import LifeEvent
from knowledge_base.regions import specificity, visible
from retrieval.contracts import Vectors
from retrieval.hybrid import HybridIndex
from retrieval.life_events import LifeEvents, LiveLifeEvents, asks_for_all, matter_of_event
from retrieval.query import Query
from retrieval.services import Services


@dataclass(frozen=True, slots=True)
class EventMatch:
    """An event that may be asked for; `probability` that it is, in [0, 1]; `values` as in `SIGNALS`."""

    event: LifeEvent
    values: tuple[float, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class LifeEventDesk:
    """The life events as a consultation uses them."""

    live: LiveLifeEvents
    services: ServiceDesk
    likeness: EventLikeness
    index: Callable[[], HybridIndex]

    def events(self, index: HybridIndex) -> LifeEvents:
        """Return the events in use.

        Raises:
            StoreError: If they cannot be read.
        """
        return self.live.get(index.reader, index.encoder)

    def catalogue(self, index: HybridIndex) -> Services:
        """Return the services in use.

        Raises:
            StoreError: If they cannot be read the first time.
        """
        return self.services.live.get(index.reader, index.encoder)

    def matches(
        self, query: Query, vector: Vectors, index: HybridIndex, *, region: str | None, day: date
    ) -> list[EventMatch]:
        """Return the events of a day a citizen of a region may ask for, the likeliest first.

        Args:
            vector: Of the question, float32 of shape (dim,).
            region: None looks at the events of every region.
        """
        events = self.events(index)
        seen = visible(region)
        held = {
            code: event
            for code, event in events.snapshot.on(day).items()
            if region is None or event.region in seen
        }
        if not held:
            return []
        matter = replace(query, context="")
        if asks_for_all(query.text):
            matter = index.reader.read(matter_of_event(query.text))
            vector = index.encode([matter])[0]
        services = self.catalogue(index)
        items = services.catalogue.effective(region, day) if region else services.catalogue.widest(day)
        regions = seen if region else services.catalogue.regions()
        item_cosine = services.index.nearest(vector, allowed=items.keys(), regions=regions)
        found = []
        for hit in events.index.search(matter, vector, allowed=held.keys()):
            values = signals(query, hit, item_cosine)
            found.append(EventMatch(held[hit.code], values, self.likeness.of(values)))
        # Of a city's and its county's, the county's own.
        return sorted(found, key=lambda each: (-each.probability, -specificity(each.event.region)))
