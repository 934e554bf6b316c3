"""How likely a curated question asks the same as the citizen, and from where on its answer is given.

A logistic model over a few readable signals, like `bot.confidence`: one cosine does not do, since two
questions on one matter that want different things are nearly as near as two wordings of one question.
Weights and threshold are learned by `wenzheng eval faq --write` and kept in `data/likeness.json`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bot.confidence import beyond_documents
from bot.logistic import LogisticModel
from bot.turn import Evidence, Turn
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


class Likeness(LogisticModel):
    """How likely a curated question asks the same; from the threshold on its answer is given."""

    __slots__ = ()

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> Self:
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        return cls.read(path, SIGNALS, what="likeness")
