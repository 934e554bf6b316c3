"""How likely a service item is the one a citizen means, and from where on its door is opened or it is asked for.

A logistic model over a few readable signals, like `bot.confidence` and `bot.likeness`. Two items on one thing
(补领, 激活) are as near in meaning as two wordings of one item: what is to be done, whom it is for and which
documents the search found part them. Weights and thresholds are learned by `wenzheng eval services --write`
and kept in `data/services.json`.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.confidence import beyond_documents
from bot.turn import Turn
from knowledge_base.errors import SettingsError
from knowledge_base.legal_effect import normalise_title
from knowledge_base.services.records import ServiceItem
from retrieval.services import ServiceHit

WEIGHTS_FILE = Path(__file__).parent / "data" / "services.json"
SIGNALS = (
    "cosine",
    "any_cosine",
    "behind_best",
    "lexical",
    "of_asked",
    "of_name",
    "named",
    "terms_unsaid",
    "actions_shared",
    "actions_unmet",
    "actions_unasked",
    "law_first",
    "law_found",
    "audience_shared",
    "audience_unmet",
    "asks_aspect",
    "beyond_documents",
)
MOST_OPTIONS = 3
_LAWS_SEEN = 3
_AUDIENCES = {
    "enterprise": r"企业|公司|单位|法人|厂|员工",
    "self_employed": r"个体|小店|摊|铺",
    "flexible": r"灵活就业|自由职业|没单位|没有单位|自己交",
    "disabled": r"残疾|残障|轮椅|失明|聋",
    "old": r"老人|老年|高龄|\d{2}岁|养老院|老爸|老妈|爷爷|奶奶",
    "child": r"新生儿|孩子|宝宝|婴儿|小孩|娃|儿童|出生",
    "student": r"学生|大学生|毕业|上学|入学",
    "veteran": r"退役|退伍|军人",
    "outsider": r"外地|外省|异地|非本地|外来|跨省",
    "pregnant": r"怀孕|生育|产妇|孕",
    "jobless": r"失业|下岗|被裁|没工作",
    "poor": r"低保|困难|特困|穷",
    "talent": r"人才|博士|硕士|研究生",
}
_AUDIENCE_PATTERNS = {name: re.compile(pattern) for name, pattern in _AUDIENCES.items()}


def audiences(text: str) -> frozenset[str]:
    """Return whom a text speaks of."""
    return frozenset(name for name, pattern in _AUDIENCE_PATTERNS.items() if pattern.search(text))


def signals(
    turn: Turn, hit: ServiceHit, item: ServiceItem, *, best_other: float, asks_aspect: bool
) -> tuple[float, ...]:
    """Return the signals of an item, in the order of `SIGNALS`.

    Args:
        best_other: That of the nearest other item.
    """
    laws = {normalise_title(law.title) for law in item.by_law or ()}
    found = [normalise_title(each.chunk.document.meta.title) in laws for each in turn.evidence[:_LAWS_SEEN]]
    asked = audiences(turn.text)
    names = (item.task_name, *(item.aliases or ()), *(item.audience or ()), *(item.accept_condition or ()))
    held = audiences(" ".join(filter(None, names)))
    if "法人" in (item.serves or ()):
        held |= {"enterprise"}
    return (
        hit.cosine,
        hit.any_cosine,
        hit.cosine - best_other,
        hit.lexical,
        hit.of_asked,
        hit.of_name,
        hit.named,
        float(hit.terms_unsaid),
        float(hit.actions_shared),
        float(hit.actions_unmet),
        float(hit.actions_unasked),
        float(any(found[:1])),
        float(any(found)),
        float(bool(asked & held)),
        float(len(asked - held)),
        float(asks_aspect),
        float(beyond_documents(turn.text)),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done with candidates: open the one at `places[0]`, ask which of `places`, or neither."""

    opens: bool
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServiceConfidence:
    """The calibrated model.

    Attributes:
        weights: One per signal, in the order of `SIGNALS`.
        threshold: Probability from which on an item's door is opened, if it leads by `margin`.
        margin: How far, in probability, the first has to be before the second.
        ask_from: Probability from which on the citizen is asked which of the first ones is meant.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float
    margin: float
    ask_from: float

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "ServiceConfidence":
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            named = {name: float(weight) for name, weight in kept["weights"].items()}
            numbers = [float(kept[name]) for name in ("bias", "threshold", "margin", "ask_from")]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"service weights {path} cannot be read: {error}") from error
        if set(named) != set(SIGNALS):
            raise SettingsError(f"service weights {path} name {sorted(named)}, expected {sorted(SIGNALS)}")
        return cls(tuple(named[name] for name in SIGNALS), *numbers)

    def of(self, values: Sequence[float]) -> float:
        """Return the probability, in [0, 1], that the item with these signals is meant."""
        logit = self.bias + math.fsum(
            weight * value for weight, value in zip(self.weights, values, strict=True)
        )
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))

    def choose(self, probabilities: Sequence[float]) -> Choice:
        """Return what to do with candidates of these probabilities."""
        order = sorted(range(len(probabilities)), key=lambda place: -probabilities[place])
        if not order or probabilities[order[0]] < min(self.threshold, self.ask_from):
            return Choice(False, ())
        first = probabilities[order[0]]
        second = probabilities[order[1]] if len(order) > 1 else 0.0
        if first >= self.threshold and first - second >= self.margin:
            return Choice(True, (order[0],))
        if first < self.ask_from:
            return Choice(False, ())
        return Choice(False, tuple(each for each in order[:MOST_OPTIONS] if probabilities[each] >= self.ask_from / 4))
