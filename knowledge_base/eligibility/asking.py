"""What there is to ask a person: the facts that rules in force look at, and the question behind a leaf."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from knowledge_base.eligibility.judging import leaves_of
from knowledge_base.eligibility.records import Age, ChildCount, ChildUnder, Has, Leaf, Rule, RuleBook, Within
from knowledge_base.regions import visible

REST_OF = "其他区县"
"""Last part of the region of who lives in none of the counties that rules or documents name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts that some rule looks at, and nothing else.

    Attributes:
        tags: Marks in the order of the rule book; likewise `enterprise`.
        regions: Places named by rules.
    """

    birth_year: bool
    children: bool
    tags: tuple[str, ...]
    enterprise: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecidingQuestion:
    """A question about one leaf: the field of a profile it is about, and marks that answer it in a tap."""

    fact: str
    text: str
    marks: tuple[str, ...] = ()


def asked_by(book: RuleBook, rules: Iterable[Rule]) -> Asked:
    """Return what has to be asked for some rules of a book."""
    leaves = [leaf for rule in rules for leaf in leaves_of(rule.when)]
    marks = {(leaf.fact, mark) for leaf in leaves if isinstance(leaf, Has) for mark in leaf.marks}
    return Asked(
        birth_year=any(isinstance(leaf, Age) for leaf in leaves),
        children=any(isinstance(leaf, ChildCount | ChildUnder) for leaf in leaves),
        tags=tuple(mark for mark in book.tags if ("tags", mark) in marks),
        enterprise=tuple(mark for mark in book.enterprise if ("enterprise", mark) in marks),
        regions=tuple(dict.fromkeys(leaf.region for leaf in leaves if isinstance(leaf, Within))),
    )


def question_of(leaf: Leaf) -> DecidingQuestion:
    """Return the question whose answer decides a leaf."""
    match leaf:
        case Age():
            return DecidingQuestion("birth_year", "您是哪一年出生的？")
        case Within(region):
            return DecidingQuestion("region", f"您住在{region.rsplit('/', 1)[-1]}吗？")
        case Has(fact, (mark,)):
            return DecidingQuestion(fact, f"您的情况里有“{mark}”吗？", (mark,))
        case Has(fact, marks):
            named = "、".join(f"“{mark}”" for mark in marks)
            return DecidingQuestion(fact, f"您的情况里有下面哪一项：{named}？", marks)
        case ChildCount() | ChildUnder():
            return DecidingQuestion("children", "您有几个孩子，各是哪年哪月出生的？")
        case _:
            assert_never(leaf)


def places_to_choose(named: Iterable[str]) -> tuple[str, ...]:
    """Return places with those that hold them, and for each that holds others one for the rest of it.

    Who lives in a county that nothing here names is in its city all the same, and not in those named.
    """
    places = {part for region in named for part in visible(region)} - visible(None)
    holding = {
        place for place in places if place.count("/") and any(p.startswith(f"{place}/") for p in places)
    }
    return tuple(sorted(places | {f"{place}/{REST_OF}" for place in holding}))
