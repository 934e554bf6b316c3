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
    """One person: the codes of the rules that should reach them, and of those that do."""

    line: int
    wanted: frozenset[str]
    reached: frozenset[str]

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
        reached = (rule.code for rule in book.rules if judge(rule.when, person, today).truth is Truth.YES)
        outcomes.append(EligibilityOutcome(number, frozenset(case["codes"]), frozenset(reached)))
    return tuple(outcomes)
