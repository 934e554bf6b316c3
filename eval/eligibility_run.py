"""`wenzheng eval eligibility`: whom the rules reach, against people worked by hand."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge_base.eligibility.judging import Truth, judge
from knowledge_base.eligibility.reading import profile_of
from knowledge_base.eligibility.records import RuleBook


@dataclass(frozen=True, slots=True)
class EligibilityOutcome:
    """One person: the codes of the rules that should reach them, and of those that do.

    Attributes:
        undecided: Rules for which the person has not told enough.
    """

    line: int
    wanted: frozenset[str]
    reached: frozenset[str]
    undecided: frozenset[str]

    @property
    def right(self) -> bool:
        return self.wanted == self.reached


def measure_eligibility(book: RuleBook, path: Path) -> tuple[EligibilityOutcome, ...]:
    """Judge each person of a JSON Lines file on the day stated there."""
    outcomes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        case = json.loads(line)
        person = profile_of(case["profile"], f"{path.name}:{number}")
        today = date.fromisoformat(case["today"])
        truths = {rule.code: judge(rule.when, person, today).truth for rule in book.rules}
        reached, undecided = (
            frozenset(code for code, truth in truths.items() if truth is wanted)
            for wanted in (Truth.YES, Truth.UNKNOWN)
        )
        outcomes.append(EligibilityOutcome(number, frozenset(case["codes"]), reached, undecided))
    return tuple(outcomes)
