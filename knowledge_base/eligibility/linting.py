"""What is wrong with rules that can be read: unknown codes and marks, conditions nobody can fulfil."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from knowledge_base.eligibility.judging import leaves_of
from knowledge_base.eligibility.records import (
    Age,
    AllOf,
    AnyOf,
    ChildCount,
    ChildUnder,
    Condition,
    Has,
    Leaf,
    Not,
    RuleBook,
    Within,
)

_MOST_CASES = 4096
_AGES = range(151)
_Signed = tuple[Leaf, bool]


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One thing wrong: in which file, rule and field, and what to do."""

    file: str
    code: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}（{self.code}）“{self.field}”：{self.message}"


def lint_rules(book: RuleBook, file: str, catalog_codes: Collection[str] | None) -> tuple[RuleFinding, ...]:
    """Return what is wrong, by rule.

    Args:
        catalog_codes: 基本编码 that there are; None where the catalogue is not at hand.
    """
    return tuple(_findings(book, file, catalog_codes))


def _findings(book: RuleBook, file: str, catalog_codes: Collection[str] | None) -> Iterator[RuleFinding]:
    times = Counter(rule.code for rule in book.rules)
    for rule in book.rules:
        if times[rule.code] > 1:
            yield RuleFinding(file, rule.code, "code", f"出现 {times[rule.code]} 次，请各用一个编码")
        if catalog_codes is not None and rule.catalog_code not in catalog_codes:
            yield RuleFinding(
                file,
                rule.code,
                "catalog_code",
                f"没有基本编码为 {rule.catalog_code} 的事项，请先收入或改正",
            )
        if "可能" not in rule.reason:
            yield RuleFinding(file, rule.code, "reason", "要写成“您可能符合…”：是否符合由办理部门核定")
        for leaf in leaves_of(rule.when):
            if isinstance(leaf, Has):
                known = book.tags if leaf.fact == "tags" else book.enterprise
                for mark in leaf.marks:
                    if mark not in known:
                        yield RuleFinding(
                            file, rule.code, "when", f"“{mark}”不在 {leaf.fact} 里，加进去或改写"
                        )
        if rule.effective_from and rule.effective_until and rule.effective_until < rule.effective_from:
            yield RuleFinding(file, rule.code, "effective_until", "早于 effective_from，请对调或改正")
        if never_true(rule.when):
            yield RuleFinding(file, rule.code, "when", "没有人能符合：条件互相矛盾，请核对年龄、地区和标签")


def never_true(when: Condition) -> bool:
    """Tell whether nobody can fulfil a condition; False also where it has too many cases to be sure."""
    cases = _cases(when, True)
    return cases is not None and not any(map(_possible, cases))


def _cases(when: Condition, wanted: bool) -> list[tuple[_Signed, ...]] | None:
    """Return the ways to make a condition what is wanted; None if they are too many."""
    match when:
        case Not(part):
            return _cases(part, not wanted)
        case AllOf(parts) | AnyOf(parts):
            each = [_cases(part, wanted) for part in parts]
            found = [cases for cases in each if cases is not None]
            if len(found) < len(each):
                return None
            if isinstance(when, AnyOf) is wanted:
                return [case for cases in found for case in cases]
            size = 1
            for cases in found:
                size *= len(cases)
            if size > _MOST_CASES:
                return None
            return [tuple(signed for case in cases for signed in case) for cases in product(*found)]
        case _:
            return [((when, wanted),)]


def _possible(case: Sequence[_Signed]) -> bool:
    ages = [(leaf, wanted) for leaf, wanted in case if isinstance(leaf, Age)]
    if not any(all(_fits(leaf, age) is wanted for leaf, wanted in ages) for age in _AGES):
        return False
    inside = [leaf.region for leaf, wanted in case if isinstance(leaf, Within) and wanted]
    outside = [leaf.region for leaf, wanted in case if isinstance(leaf, Within) and not wanted]
    deepest = max(inside, key=len, default="")
    if not all(f"{deepest}/".startswith(f"{region}/") for region in inside):
        return False
    if deepest and any(f"{deepest}/".startswith(f"{region}/") for region in outside):
        return False
    marks = [(leaf, wanted) for leaf, wanted in case if isinstance(leaf, Has)]
    absent = {(leaf.fact, mark) for leaf, wanted in marks if not wanted for mark in leaf.marks}
    if any(wanted and all((leaf.fact, mark) in absent for mark in leaf.marks) for leaf, wanted in marks):
        return False
    return _children_possible(case)


def _fits(leaf: Age, age: int) -> bool:
    return age >= leaf.years if leaf.op == ">=" else age <= leaf.years


def _children_possible(case: Sequence[_Signed]) -> bool:
    counts = [(leaf.numbers, wanted) for leaf, wanted in case if isinstance(leaf, ChildCount)]
    under = [leaf.years for leaf, wanted in case if isinstance(leaf, ChildUnder) and wanted]
    over = [leaf.years for leaf, wanted in case if isinstance(leaf, ChildUnder) and not wanted]
    if under and (min(under) <= max(over, default=0)):
        return False
    least = 1 if under else 0
    return any(all((n in numbers) is wanted for numbers, wanted in counts) for n in range(least, 152))
