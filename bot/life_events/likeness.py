"""How likely a question asks for a life event as a whole, and from where on its questionnaire is opened.

One cosine does not do: 出生医学证明补发要什么材料 is near 新生儿出生 and asks for an item. A logistic model
weighs it with how near the items are, and with words that ask for everything at once. Learned by
`wenzheng eval life-events --write` and kept in `bot/data/life_event_likeness.json`.
"""

import re
from pathlib import Path
from typing import Self

from bot.aspects import Aspect, aspect_of
from bot.logistic import LogisticModel
from retrieval.cues import Cue
from retrieval.life_events import EventHit, asks_for_all
from retrieval.query import Query

WEIGHTS_FILE = Path(__file__).parents[1] / "data" / "life_event_likeness.json"
SIGNALS = (
    "cosine",
    "told_cosine",
    "above_items",
    "unsaid",
    "asks_for_all",
    "asks_for_field",
    "asks_about_rule",
    "unasked",
)
_WHOLE_ASPECTS = (None, Aspect.HOW)
_RULES = Cue.AMOUNT | Cue.PENALTY | Cue.PERMISSION | Cue.DURATION | Cue.VALIDITY
_ASKING = re.compile(r"[?？吗么嘛呢]|什么|怎么|咋|如何|多少|多久|几|哪|啥|能不能|可不可以|要不要")


def signals(query: Query, hit: EventHit, item_cosine: float) -> tuple[float, ...]:
    """Return the signals of a question and an event, in the order of `SIGNALS`.

    Args:
        item_cosine: Of the question's matter and the nearest name or alias of an item to be had done there.
    """
    for_all = asks_for_all(query.text)
    return (
        hit.cosine,
        hit.told_cosine,
        hit.cosine - item_cosine,
        hit.unsaid,
        float(for_all),
        float(not for_all and aspect_of(query) not in _WHOLE_ASPECTS),
        float(not for_all and bool(query.cues & _RULES)),
        float(not _ASKING.search(query.text)),
    )


class EventLikeness(LogisticModel):
    """How likely an event is asked for; from the threshold on its questionnaire is opened."""

    __slots__ = ()

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> Self:
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        return cls.read(path, SIGNALS, what="life event likeness")
