"""Judging a person by a rule: yes, no, or not known, and on which leaves that rests. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import assert_never

from knowledge_base.eligibility.records import (
    MONTHS_A_YEAR,
    Age,
    AllOf,
    AnyOf,
    ChildCount,
    ChildUnder,
    Condition,
    Has,
    Leaf,
    Not,
    Profile,
    Within,
)


class Truth(Enum):
    """Kleene's three values."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    def __invert__(self) -> "Truth":
        return Truth(2 - self.value)


@dataclass(frozen=True, slots=True)
class Ground:
    """A leaf that a judgement rests on, with what it is by itself (not what `Not` makes of it)."""

    leaf: Leaf
    truth: Truth
    words: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result, and the leaves that decide it: change none of them, and it stands."""

    truth: Truth
    grounds: tuple[Ground, ...]

    @property
    def open_points(self) -> tuple[str, ...]:
        """What is still to be told, in Chinese."""
        return tuple(each.words for each in self.grounds if each.truth is Truth.UNKNOWN)


def judge(when: Condition, person: Profile, today: date, *, flipped: Leaf | None = None) -> Judgement:
    """Judge a person on a day; a leaf equal to `flipped` counts as its opposite."""
    match when:
        case Not(part):
            inner = judge(part, person, today, flipped=flipped)
            return Judgement(~inner.truth, inner.grounds)
        case AllOf(parts) | AnyOf(parts):
            judged = [judge(part, person, today, flipped=flipped) for part in parts]
            values = [each.truth.value for each in judged]
            truth = Truth(min(values) if isinstance(when, AllOf) else max(values))
            deciding = [each for each in judged if each.truth is truth]
            if truth is Truth.UNKNOWN:  # what is known already is part of "可能符合，还要看…"
                deciding = [each for each in judged if each.truth in (truth, _neutral(when))]
            grounds = dict.fromkeys(ground for each in deciding for ground in each.grounds)
            return Judgement(truth, tuple(grounds))
        case _:
            truth = _truth(when, person, today)
            if when == flipped:
                truth = ~truth
            return Judgement(truth, (Ground(when, truth, words_of(when, truth, person)),))


def misses_by_one(when: Condition, person: Profile, today: date) -> tuple[Ground, ...]:
    """Return each leaf that alone keeps a person out: were it otherwise, the rule would reach them."""
    if judge(when, person, today).truth is not Truth.NO:
        return ()
    return tuple(
        Ground(leaf, _truth(leaf, person, today), words_of(leaf, _truth(leaf, person, today), person))
        for leaf in dict.fromkeys(leaves_of(when))
        if judge(when, person, today, flipped=leaf).truth is Truth.YES
    )


def leaves_of(when: Condition, *, negated: bool = True) -> Iterator[Leaf]:
    """Yield the leaves of a condition in order; those within a `Not` only where they are wanted."""
    match when:
        case Not(part):
            if negated:
                yield from leaves_of(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves_of(part, negated=negated)
        case _:
            yield when


def words_of(leaf: Leaf, truth: Truth, person: Profile) -> str:
    """Say in Chinese what a leaf has come to, with the fact it was seen from."""
    unknown = truth is Truth.UNKNOWN
    holds = truth is Truth.YES
    match leaf:
        case Age(">=", years):
            words = f"{'是否年满' if unknown else '年满' if holds else '不满'}{years}周岁"
            return words if unknown else f"{words}（{person.birth_year}年出生）"
        case Age(_, years):
            words = f"{'是否不超过' if unknown else '不超过' if holds else '超过'}{years}周岁"
            return words if unknown else f"{words}（{person.birth_year}年出生）"
        case Within(region):
            place = region.rsplit("/", 1)[-1]
            return f"{'是否在' if unknown else '在' if holds else '不在'}{place}"
        case Has(_, marks):
            named = "、".join(f"“{mark}”" for mark in marks)
            any_of = "中的一项" if len(marks) > 1 else ""
            return f"{'是否有' if unknown else '有' if holds else '没有'}{named}{any_of}"
        case ChildCount(numbers):
            wanted = "或".join(map(str, numbers))
            return f"{'是否有' if unknown else '有' if holds else '不是'}{wanted}个孩子"
        case ChildUnder(years):
            return f"{'是否有' if unknown else '有' if holds else '没有'}{years}周岁以下的孩子"
        case _:
            assert_never(leaf)


def _neutral(when: AllOf | AnyOf) -> Truth:
    return Truth.YES if isinstance(when, AllOf) else Truth.NO


def _truth(leaf: Leaf, person: Profile, today: date) -> Truth:
    match leaf:
        case Age(op, years):
            truth = _aged(person.birth_year, op, years, today)
        case Within(region):
            truth = _within(person.region, region)
        case Has(fact, marks):
            truth = _has(person.tags if fact == "tags" else person.enterprise, marks, person.without)
        case ChildCount(numbers):
            truth = Truth.UNKNOWN if person.children is None else _of(len(person.children) in numbers)
        case ChildUnder(years):
            truth = _child_under(person.children, years, today)
        case _:
            assert_never(leaf)
    return truth


def _has(own: frozenset[str] | None, marks: tuple[str, ...], without: frozenset[str] | None) -> Truth:
    if own is not None and not own.isdisjoint(marks):
        return Truth.YES
    if without is None:
        return Truth.UNKNOWN if own is None else Truth.NO
    return Truth.NO if without.issuperset(marks) else Truth.UNKNOWN


def _aged(birth_year: int | None, op: str, years: int, today: date) -> Truth:
    if birth_year is None:
        return Truth.UNKNOWN
    age = today.year - birth_year
    return _of(age >= years if op == ">=" else age <= years)


def _child_under(children: tuple[tuple[int, int], ...] | None, years: int, today: date) -> Truth:
    if children is None:
        return Truth.UNKNOWN
    now = today.year * MONTHS_A_YEAR + today.month
    months = [now - (year * MONTHS_A_YEAR + month) for year, month in children]
    return _of(any(0 <= each < years * MONTHS_A_YEAR for each in months))


def _within(own: str | None, region: str) -> Truth:
    if own is None:
        return Truth.UNKNOWN
    if f"{own}/".startswith(f"{region}/"):
        return Truth.YES
    # Who names only the city may live in any of its districts.
    return Truth.UNKNOWN if f"{region}/".startswith(f"{own}/") else Truth.NO


def _of(holds: bool) -> Truth:
    return Truth.YES if holds else Truth.NO
