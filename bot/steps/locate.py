"""Locate: which region's rules are asked for. A region named in the question counts as chosen."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.pipeline import Step
from bot.turn import Turn
from knowledge_base.records import NATIONAL
from knowledge_base.regions import Gazetteer, NamedRegion, visible

_LEVELS = {"省": 1, "市": 2, "县": 3, "区": 3}
_OF_LEVEL = re.compile(
    r"(?<![a-z一-鿿])那?(?P<level>[省市县区])(?:里头?|上|级)(?!的?房|面)|回(?:到)?(?P<back>[省市县区])里"
)


def locate(gazetteer: Callable[[], Gazetteer], served: Callable[[], frozenset[str]]) -> Step:
    """Return the step.

    Args:
        gazetteer: Knows every place, those of the knowledge base included.
        served: Regions the knowledge base has documents for.
    """

    def step(turn: Turn) -> Turn:
        places = gazetteer()
        # A client may send anything: what is no place is not repeated to anybody.
        chosen = places.known(turn.asked.region or "") or None
        named = places.named_regions(turn.text, home=chosen or "")
        level = "" if named else of_level(turn.text, chosen or "")
        says_place = bool(_inland(named) or level)
        if not chosen and not _inland(named):
            # What the citizen said a line ago still holds.
            named += next(
                (
                    earlier
                    for line in reversed(turn.asked.history)
                    if line.role == "user" and _inland(earlier := places.named_regions(line.text))
                ),
                (),
            )
        kept = served()
        return replace(
            turn,
            region=level or _choose(chosen, _inland(named)),
            says_place=says_place,
            unserved=next(
                (place.path for place in named if place.foreign or not _is_served(place.path, kept)), ""
            ),
            unserved_choice=chosen if chosen and not _is_served(chosen, kept) else "",
        )

    return step


def of_level(text: str, home: str) -> str:
    """Return the place around `home` that a text means by its level, 市里 or 县里; empty for none."""
    found = _OF_LEVEL.search(text)
    parts = home.split("/") if home and home != NATIONAL else []
    level = _LEVELS[found["level"] or found["back"]] if found else 0
    return "/".join(parts[:level]) if found and len(parts) >= level else ""


def _inland(named: tuple[NamedRegion, ...]) -> tuple[str, ...]:
    return tuple(region.path for region in named if not region.foreign)


def _choose(chosen: str | None, said: tuple[str, ...]) -> str | None:
    """A named place wins, unless the chosen one is that place or lies within it."""
    if chosen and any(place in visible(chosen) for place in said):
        return chosen
    region = said[0] if said else chosen
    return None if region == NATIONAL else region


def _is_served(region: str, served: frozenset[str]) -> bool:
    return region == NATIONAL or bool((visible(region) - {NATIONAL}) & served)
