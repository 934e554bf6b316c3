"""Recognising that somebody is in danger now, and not asking what the rules on danger are.

Careful patterns (`data/emergencies.toml`) over the units of a question (`knowledge_base.blocking.variants`):
they have to be right before anything is searched or encoded, and one can tell why one spoke. A question about
a rule, an insurance or a record on the matter is left to the documents unless it says that it is happening.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path

from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.records import BlockLevel, BlockWord
from knowledge_base.blocking.variants import visible_units
from knowledge_base.folding import fold
from knowledge_base.patterns import PatternFile

PATTERNS_FILE = Path(__file__).parent / "data" / "emergencies.toml"


class Emergency(StrEnum):
    """What kind of help is needed; the value names the reply (`knowledge_base.replies`)."""

    SELF_HARM = "self_harm"
    FIRE = "emergency_fire"
    GAS = "emergency_gas"
    MEDICAL = "emergency_medical"
    VIOLENCE = "emergency_violence"
    RESCUE = "emergency_rescue"
    SCAM = "emergency_scam"


class _Rules:
    """The patterns, the first that matches counting first."""

    def __init__(self) -> None:
        kept = PatternFile(PATTERNS_FILE)
        self.asking, self.now = kept.pattern("asking"), kept.pattern("now")
        self.harming_self = kept.pattern("harming_self")
        self.not_harming_self = kept.pattern("not_harming_self")
        self.harming_self_english = kept.pattern("harming_self_english")
        self.units = [(Emergency(kind), pattern) for kind, pattern in kept.table("units").items()]
        self.english = [(Emergency(kind), pattern) for kind, pattern in kept.table("english").items()]
        self.mistyped = {
            word: Emergency(kind) for kind, words in kept.words("mistyped").items() for word in words
        }
        self.by_sound = BlockMatcher(BlockWord(word, BlockLevel.ALERT) for word in self.mistyped)


@cache
def _rules() -> _Rules:
    return _Rules()


def asks_about_danger(text: str) -> bool:
    """Tell whether a question is about a rule, an insurance or a record, and does not say: it happens now."""
    rules, units = _rules(), visible_units(text)
    return bool(rules.asking.search(units)) and not rules.now.search(units)


def emergency_of(text: str) -> Emergency | None:
    """Return what kind of emergency a question tells of; None where it tells of none."""
    rules, units, lower = _rules(), visible_units(text), fold(text)
    if rules.harming_self_english.search(lower) or (
        rules.harming_self.search(units) and not rules.not_harming_self.search(units)
    ):
        return Emergency.SELF_HARM
    if asks_about_danger(text):
        return None
    happening = next((kind for kind, pattern in rules.units if pattern.search(units)), None)
    happening = happening or next((kind for kind, pattern in rules.english if pattern.search(lower)), None)
    if happening is not None:
        return happening
    mistyped = rules.by_sound.find(text)
    return rules.mistyped[mistyped[0].word.word] if mistyped else None
