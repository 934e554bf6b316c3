"""Which matter a line goes on with: one that was talked of, one it names itself, or none of them.

A multinomial logit, as in `bot.service_confidence`, over the topics of the conversation, the items the line
brings up by itself or read together with the topic, and the line by itself. Weights are learned from labelled
dialogues by `wenzheng eval dialogues --write` and kept in `data/threads.json`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.logistic import read_weights

WEIGHTS_FILE = Path(__file__).parent / "data" / "threads.json"
SIGNALS = (
    "latest",
    "latest_no_matter",
    "latest_refers",
    "latest_substitutes",
    "latest_for_another",
    "latest_short",
    "latest_corrected",
    "latest_offering",
    "earlier",
    "earlier_returns",
    "by_itself",
    "by_itself_corrects",
    "together",
    "together_substitutes",
    "together_corrects",
    "shift",
    "nearness",
    "named",
    "named_earlier",
    "offered",
    "offered_picks",
    "offered_short",
    "offered_nearness",
    "offered_share",
    "none",
    "none_offering",
    "none_tied",
    "none_no_matter",
    "none_best_by_itself",
    "none_nearness",
)


@dataclass(frozen=True, slots=True)
class ThreadConfidence:
    """The learned model; `weights` come one per signal, in the order of `SIGNALS`."""

    weights: tuple[float, ...]

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "ThreadConfidence":
        """Read the learned weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        weights, _ = read_weights(path, SIGNALS, what="thread")
        return cls(weights)

    def of(self, choices: Sequence[Sequence[float]]) -> list[float]:
        """Return the probability of each choice, given by its signals; they sum to 1."""
        logits = [
            math.fsum(weight * value for weight, value in zip(self.weights, values, strict=True))
            for values in choices
        ]
        highest = max(logits)
        shares = [math.exp(logit - highest) for logit in logits]
        whole = math.fsum(shares)
        return [share / whole for share in shares]
