"""The catalogue as citizens see it: what can be done in a region on a day, where, and through which doors."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from knowledge_base.legal_effect import normalise_title
from knowledge_base.regions import specificity, visible
from knowledge_base.services.inheriting import EffectiveItem, effective_items, inherit, version_on
from knowledge_base.services.records import Office, ServiceItem
from knowledge_base.services.store import Snapshot

_KEPT_VIEWS = 64
_EVERYWHERE = "*"


class WordingKind(StrEnum):
    """What a wording is: a name or alias; a condition, audience or asked question; the item told whole."""

    NAME = "name"
    DETAIL = "detail"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Wording:
    """A way to say an item, for an index."""

    catalog_code: str
    text: str
    region: str
    kind: WordingKind


class Catalogue:
    """One revision of the catalogue. Safe to share between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.revision = snapshot.revision
        self._versions = snapshot.versions
        self._offices = snapshot.offices
        self._dead = frozenset(url for url, state in snapshot.links.items() if state.state == "dead")
        self._views: OrderedDict[tuple[str | None, date], Mapping[str, EffectiveItem]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._versions)

    def items_on(self, day: date) -> list[ServiceItem]:
        """Return every item that holds on a day, as each region states it."""
        found = (version_on(versions, day) for versions in self._versions.values())
        return [item for item in found if item is not None]

    def effective(self, region: str | None, day: date) -> Mapping[str, EffectiveItem]:
        """Return by catalog code what a citizen of a region can have done on a day."""
        with self._lock:
            if (region, day) in self._views:
                self._views.move_to_end((region, day))
                return self._views[region, day]
        view = effective_items(self.items_on(day), region)
        with self._lock:
            self._views[region, day] = view
            while len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        return view

    def widest(self, day: date) -> Mapping[str, EffectiveItem]:
        """Return by catalog code what each item is in the widest region that states it."""
        with self._lock:
            if (_EVERYWHERE, day) in self._views:
                return self._views[_EVERYWHERE, day]
        first: dict[str, ServiceItem] = {}
        for item in sorted(self.items_on(day), key=lambda each: (specificity(each.region), each.task_code)):
            first.setdefault(item.catalog_code, item)
        view = {code: inherit([item]) for code, item in first.items()}
        with self._lock:
            self._views[_EVERYWHERE, day] = view
        return view

    def regions(self) -> frozenset[str]:
        """Return every region that states an item, on whatever day."""
        return frozenset(each.item.region for versions in self._versions.values() for each in versions)

    def places(self) -> frozenset[str]:
        """Return every region that states an item or has an office."""
        return self.regions() | {each.region for each in self._offices.values()}

    def regions_of(self, catalog_code: str, day: date) -> tuple[str, ...]:
        """Return the regions that state an item on a day, the widest first."""
        regions = {item.region for item in self.items_on(day) if item.catalog_code == catalog_code}
        return tuple(sorted(regions, key=lambda region: (specificity(region), region)))

    def wordings(self) -> tuple[Wording, ...]:
        """Return every way to say any item, in any of its versions, each once for a region."""
        found: dict[Wording, None] = {}
        for versions in self._versions.values():
            for version in versions:
                found |= dict.fromkeys(_wordings(version.item))
        return tuple(found)

    def offices_of(self, item: ServiceItem, region: str | None) -> tuple[Office, ...]:
        """Return the offices of an item, the nearest to a citizen of the region first."""
        known = [self._offices[each] for each in item.offices or () if each in self._offices]
        return tuple(sorted(known, key=lambda office: _distance(office.region, region)))

    def is_dead(self, url: str) -> bool:
        """Tell whether an address was found dead and must not be shown."""
        return url in self._dead

    def resting_on(self, title: str, region: str | None, day: date) -> tuple[EffectiveItem, ...]:
        """Return the items whose 设定依据 names a document of this title."""
        wanted = normalise_title(title)
        return tuple(
            each
            for each in self.effective(region, day).values()
            if any(normalise_title(law.title) == wanted for law in each.item.by_law or ())
        )


def _wordings(item: ServiceItem) -> Iterable[Wording]:
    names = list(filter(None, (item.task_name, *(item.aliases or ()))))
    details = (*(item.accept_condition or ()), *(item.audience or ()))
    asked = tuple(each.question for each in item.questions or ())
    whole = "。".join((*names, *details, *(item.handle_flow or ())))
    for kind, texts in (
        (WordingKind.NAME, names),
        (WordingKind.DETAIL, (*details, *asked)),
        (WordingKind.WHOLE, (whole,) if whole else ()),
    ):
        for text in texts:
            yield Wording(item.catalog_code, text, item.region, kind)


def _distance(office: str, citizen: str | None) -> tuple[int, int]:
    """Return how far an office is, in steps through the tree of regions; of two as far, the narrower."""
    here, there = visible(citizen), visible(office)
    return len(here ^ there), -specificity(office)
