"""A logistic model over named signals, with the threshold it is used at, as calibration leaves it in JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from knowledge_base.errors import SettingsError


def read_weights(
    path: Path, signals: Sequence[str], numbers: Sequence[str] = (), *, what: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the weights of signals, in their order, and the numbers kept beside them, in theirs.

    Raises:
        SettingsError: If the file is missing, unreadable or names other signals.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        named = {name: float(weight) for name, weight in kept["weights"].items()}
        beside = tuple(float(kept[name]) for name in numbers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{what} weights {path} cannot be read: {error}") from error
    if set(named) != set(signals):
        raise SettingsError(f"{what} weights {path} name {sorted(named)}, expected {sorted(signals)}")
    return tuple(named[name] for name in signals), beside


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """The calibrated model.

    Attributes:
        weights: One per signal, in the order of the signals.
        threshold: Probability from which on it counts as a yes, in [0, 1].
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    @classmethod
    def read(cls, path: Path, signals: Sequence[str], *, what: str) -> Self:
        """Read a model from `{"weights": {signal: weight}, "bias": b, "threshold": t, …}`.

        Args:
            signals: Their names, in the order of the values that `of` is given.
            what: What the weights are for, said where they cannot be read.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        weights, (bias, threshold) = read_weights(path, signals, ("bias", "threshold"), what=what)
        return cls(weights, bias, threshold)

    def of(self, values: Sequence[float]) -> float:
        """Return the probability of a yes, in [0, 1]."""
        logit = self.bias + math.fsum(
            weight * value for weight, value in zip(self.weights, values, strict=True)
        )
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
