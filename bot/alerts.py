"""What a turn should make operators look: block-listed words, and words that speak to a machine."""

from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.blocking.records import BlockLevel


class AlertPlace(StrEnum):
    """Where it was said."""

    QUESTION = "question"
    HISTORY = "history"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding. It never holds what the citizen wrote, only what it was recognised as.

    Attributes:
        kind: The block-listed word as it stands in the list, or the `InjectionKind`.
        category: The word's category; empty for injections.
        level: The word's level; None for injections, which change nothing by themselves.
    """

    place: AlertPlace
    kind: str
    category: str = ""
    level: BlockLevel | None = None
