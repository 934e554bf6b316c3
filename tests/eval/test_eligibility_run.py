"""The rules reach the people worked by hand."""

from pathlib import Path

import eval
import knowledge_base
from eval.eligibility_run import measure_eligibility
from knowledge_base.eligibility.reading import read_rules


def test_all_are_judged_as_by_hand() -> None:
    """Two of them name only the city, so whether they live in 青岚县, with rules of its own, is not told."""
    book = read_rules(Path(knowledge_base.__file__).parent / "sample" / "eligibility.json")
    outcomes = measure_eligibility(book, Path(eval.__file__).parent / "data" / "eligibility-cases.jsonl")
    assert (len(outcomes), [each.line for each in outcomes if not each.right]) == (59, [])
    assert [each.line for each in outcomes if "elder-allowance-city" in each.undecided] == [6, 58]
