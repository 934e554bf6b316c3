"""How likely a question asks for a life event as a whole, and from where on its questionnaire is opened.

One cosine does not do: 出生医学证明补发要什么材料 is near 新生儿出生 and asks for an item. A logistic model weighs
it with how near the items are, and with words that ask for everything at once. Learned by
`wenzheng eval life-events --write` and kept in `bot/data/life_event_likeness.json`.
"""

import re
from pathlib import Path
from typing import Self

from bot.aspects import Aspect, aspect_of
from bot.logistic import LogisticModel
from retrieval.cues import Cue
from retrieval.query import Query

WEIGHTS_FILE = Path(__file__).parents[1] / "data" / "life_event_likeness.json"
SIGNALS = ("cosine", "above_items", "asks_for_all", "asks_for_field", "asks_about_rule", "unasked")
_FOR_ALL = re.compile(
    r"(?:哪些|什么|啥子?|那些|多少|几[样个种件])(?:相关)?(?:的)?(?:手续|事情?|证件?|部门|流程|步骤|单位|窗口)(?!明)"
    r"|[要该得去跑](?:办|弄|做|跑)(?:理)?(?:些|点)?(?:哪些|什么|啥)|(?:哪些|什么|啥)(?:要|该|得|需要)办|跑(?:哪些|什么|哪几|几)"
    r"|一条龙|一件事|一次(?:性)?(?:办|说清|讲清|搞定)|全流程|从头到尾|(?:都)?(?:要|该|得)(?:办|弄|做|跑)(?:些)?(?:啥|什么|哪些)"
    r"|(?:接下来|然后|后面)(?:怎么|该|要)(?:办|做|弄)|(?:手续|流程)(?:都)?(?:有|是)(?:哪些|什么|啥)|怎么(?:一步步|着手|开始)"
)
_WHOLE_ASPECTS = (None, Aspect.HOW)
_RULES = Cue.AMOUNT | Cue.PENALTY | Cue.PERMISSION | Cue.DURATION | Cue.VALIDITY
_ASKING = re.compile(r"[?？吗么嘛呢]|什么|怎么|咋|如何|多少|多久|几|哪|啥|能不能|可不可以|要不要")


def signals(query: Query, cosine: float, item_cosine: float) -> tuple[float, ...]:
    """Return the signals of a question and an event, in the order of `SIGNALS`.

    Args:
        cosine: Of the question and the nearest wording of the event.
        item_cosine: Of the question and the nearest name or alias of an item the citizen can have done.
    """
    for_all = asks_for_all(query.text)
    return (
        cosine,
        cosine - item_cosine,
        float(for_all),
        float(not for_all and aspect_of(query) not in _WHOLE_ASPECTS),
        float(not for_all and bool(query.cues & _RULES)),
        float(not _ASKING.search(query.text)),
    )


def asks_for_all(text: str) -> bool:
    """Tell whether folded words ask for all there is to do: 要办哪些手续."""
    return bool(_FOR_ALL.search(text))


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
