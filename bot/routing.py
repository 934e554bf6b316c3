"""Telling what a question wants: a rule, a service, one's own record, a complaint, a person, help, a chat.

Emergencies and the wish for a person are told by patterns, before anything is searched. The rest is a linear
model over the question's vector, which the search has made already, and a few cues in its words
(`data/route-cues.toml`). It is learned by `wenzheng eval routes --write` and kept in `data/routes.json` with
what it was learned from.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.confidence import beyond_documents
from bot.emergencies import asks_about_danger
from bot.routes import Route, RouteGuess
from knowledge_base.blocking.variants import visible_units
from knowledge_base.errors import SettingsError
from knowledge_base.folding import fold
from knowledge_base.patterns import PatternFile, Patterns
from retrieval.contracts import Vectors

WEIGHTS_FILE = Path(__file__).parent / "data" / "routes.json"


CUES_FILE = Path(__file__).parent / "data" / "route-cues.toml"
# A person is wanted, and nothing else, when the words say little more.
_PERSON_UNITS = 26
SHORT_UNITS = 4
SMALL_TALK_CHARS = 8
_COUNTED = ("beyond_documents", "short", "length")


@cache
def cue_file() -> PatternFile:
    """Return the patterns that tell routes, and what is said on them."""
    return PatternFile(CUES_FILE)


@cache
def _cues() -> Patterns:
    return cue_file().table("cues")


@cache
def _person() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return cue_file().pattern("person"), cue_file().pattern("person_english")


def cue_names() -> tuple[str, ...]:
    """Return the names of the cues, in the order of `cues_of`."""
    return (*_cues(), *_COUNTED)


def wants_person(text: str) -> bool:
    """Tell whether a question asks for a person, and for nothing else."""
    units, (in_units, in_english) = visible_units(text), _person()
    if len(units) <= _PERSON_UNITS and in_units.search(units):
        return not _cues()["handling"].search(re.sub(r"在哪|怎么(?:联系|找|转|接)", "", units))
    return bool(in_english.search(text.lower()))


def asks_something(text: str) -> bool:
    """Tell whether words are about a rule or about getting something done."""
    units = visible_units(text)
    return any(_cues()[cue].search(units) for cue in ("handling", "rule"))


@cache
def small_talk() -> Patterns:
    """Return the patterns of small talk by what is said: thanks, a greeting, who are you."""
    return cue_file().table("smalltalk")


def is_small_talk(text: str) -> bool:
    """Tell whether a short line is nothing but small talk, such as 好了谢谢."""
    is_short = len(visible_units(text)) <= SMALL_TALK_CHARS
    return (
        is_short
        and not asks_something(text)
        and any(each.search(fold(text)) for each in small_talk().values())
    )


def has_cue_of(route: Route, text: str) -> bool:
    """Tell whether the words themselves speak for a route that costs people an answer if it is wrong."""
    units = visible_units(text)
    match route:
        case Route.PERSON:
            return bool(_cues()["person"].search(units))
        case Route.OWN_RECORD:
            return bool(_cues()["record"].search(units) and _cues()["own"].search(units))
        case Route.OUT_OF_SCOPE:
            return bool(_cues()["trade"].search(units)) or beyond_documents(text)
    return True


def cues_of(text: str) -> NDArray[np.float32]:
    """Return the cues in a question's words, in the order of `cue_names`."""
    units = visible_units(text)
    found = [float(bool(cue.search(units))) for cue in _cues().values()]
    found += [float(beyond_documents(text)), float(len(units) <= SHORT_UNITS), math.log1p(len(units)) / 4]
    return np.array(found, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Router:
    """The learned model.

    Attributes:
        encoder: Fingerprint of the encoder whose vectors it was learned from; it knows no others.
        centre: Mean of the questions it was learned from, float32 of shape (dim,).
        vector_weights: float32 of shape (len(Route), dim).
        cue_weights: float32 of shape (len(Route), len(cue_names())).
        bias: float32 of shape (len(Route),).
    """

    encoder: str
    centre: Vectors
    vector_weights: Vectors
    cue_weights: Vectors
    bias: Vectors

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "Router":
        """Read the learned weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other routes or cues.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            routes, cues = list(kept["routes"]), list(kept["cues"])
            arrays = [np.array(kept[name], dtype=np.float32) for name in _ARRAYS]
            router = cls(str(kept["encoder"]), *arrays)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"route weights {path} cannot be read: {error}") from error
        if routes != list(Route) or cues != list(cue_names()):
            raise SettingsError(f"route weights {path} are for routes {routes} and cues {cues}")
        shapes = [array.shape for array in arrays]
        dim = router.centre.size
        if shapes != [(dim,), (len(routes), dim), (len(routes), len(cues)), (len(routes),)]:
            raise SettingsError(f"route weights {path} have the shapes {shapes}")
        return router

    def kept(self) -> dict[str, object]:
        """Return what `load` reads."""
        arrays = {name: np.round(getattr(self, name), 4).tolist() for name in _ARRAYS}
        return {"encoder": self.encoder, "routes": list(Route), "cues": list(cue_names()), **arrays}

    def probabilities(self, text: str, vector: Vectors) -> Vectors:
        """Return how likely each route is, in the order of `Route`, of a question with this vector."""
        logits = self.vector_weights @ (vector - self.centre) + self.cue_weights @ cues_of(text) + self.bias
        likely = np.exp(logits - logits.max())
        return np.asarray(likely / likely.sum(), dtype=np.float32)

    def guess(self, text: str, vector: Vectors) -> RouteGuess:
        """Return the likeliest route; one that asks about danger is no emergency, however near it sounds."""
        likely = self.probabilities(text, vector)
        if asks_about_danger(text):
            likely[tuple(Route).index(Route.EMERGENCY)] = 0.0
        best = int(likely.argmax())
        return RouteGuess(tuple(Route)[best], float(likely[best]))


_ARRAYS = ("centre", "vector_weights", "cue_weights", "bias")
