"""How likely a curated question asks the same as the citizen, and from where on its answer is given.

A logistic model over a few readable signals, like `bot.confidence`: one cosine does not do, since two
questions on one matter that want different things are nearly as near as two wordings of one question.
Weights and threshold are learned by `wenzheng eval faq --write` and kept in `data/likeness.json`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.confidence import beyond_documents
from bot.turn import Evidence, Turn
from knowledge_base.errors import SettingsError
from retrieval.questions import QuestionHit

WEIGHTS_FILE = Path(__file__).parent / "data" / "likeness.json"
SIGNALS = (
    "cosine",
    "of_asked",
    "of_phrasing",
    "matters_unsaid",
    "matters_unasked",
    "wants_shared",
    "wants_unmet",
    "beyond_documents",
    "source_first",
    "source_found",
)


def signals(turn: Turn, hit: QuestionHit, sources: Sequence[Evidence]) -> tuple[float, ...]:
    """Return the signals of a curated question, in the order of `SIGNALS`.

    The last two are independent of the question's wording: whether the search of the documents, too, finds
    an article the entry rests on, in the first place or at all.
    """
    found = [any(_overlaps(each, source) for source in sources) for each in turn.evidence]
    return (
        hit.cosine,
        hit.of_asked,
        hit.of_phrasing,
        float(hit.matters_unsaid),
        float(hit.matters_unasked),
        float(hit.wants_shared),
        float(hit.wants_unmet),
        float(beyond_documents(turn.text) and not beyond_documents(hit.text)),
        float(any(found[:1])),
        float(any(found)),
    )


def _overlaps(one: Evidence, other: Evidence) -> bool:
    return (
        one.chunk.version_id == other.chunk.version_id
        and one.start < other.start + len(other.text)
        and other.start < one.start + len(one.text)
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """The calibrated model.

    Attributes:
        weights: One per signal, in the order of `SIGNALS`.
        threshold: Probability from which on the curated answer is given, in [0, 1].
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "Likeness":
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            named = {name: float(weight) for name, weight in kept["weights"].items()}
            bias, threshold = float(kept["bias"]), float(kept["threshold"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"likeness weights {path} cannot be read: {error}") from error
        if set(named) != set(SIGNALS):
            raise SettingsError(f"likeness weights {path} name {sorted(named)}, expected {sorted(SIGNALS)}")
        return cls(tuple(named[name] for name in SIGNALS), bias, threshold)

    def of(self, values: Sequence[float]) -> float:
        """Return the probability, in [0, 1], that the curated question with these signals asks the same."""
        logit = self.bias + math.fsum(
            weight * value for weight, value in zip(self.weights, values, strict=True)
        )
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
