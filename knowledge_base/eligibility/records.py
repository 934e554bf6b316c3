"""A rule of who may have what, and what a person has told. No I/O.

A condition is a tree of `AllOf`, `AnyOf`, `Not` and leaves. It is data: nothing of it is ever executed.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MONTHS_A_YEAR = 12


class Kind(StrEnum):
    """Whether the benefit comes by itself or has to be applied for."""

    BY_ITSELF = "免申即享"
    ON_APPLICATION = "可申领"


@dataclass(frozen=True, slots=True)
class Age:
    """Age in years, which is the year less the year of birth, against a bound; `op` is `>=` or `<=`."""

    op: str
    years: int


@dataclass(frozen=True, slots=True)
class Within:
    """Lives in this place or inside it, such as `云岭省/云州市`."""

    region: str


@dataclass(frozen=True, slots=True)
class Has:
    """Has one of these marks; `fact` is `tags` or `enterprise`."""

    fact: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChildCount:
    """How many children there are is one of these numbers."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChildUnder:
    """A child was born less than so many years ago, by the month."""

    years: int


Leaf = Age | Within | Has | ChildCount | ChildUnder


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where the part does not."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Holds where every part does."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one part does."""

    parts: tuple["Condition", ...]


Condition = Leaf | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom a policy reaches, and where it says so.

    Attributes:
        code: The key, such as `elder-allowance-city`.
        catalog_code: 基本编码 of the service item it leads to.
        reason: What the person is told, beginning 您可能符合.
        law_title: Title of the document it rests on; `law_article` the place in it.
        effective_from: First day it counts, None for always; `effective_until` the last.
    """

    code: str
    title: str
    catalog_code: str
    kind: Kind
    reason: str
    law_title: str
    law_article: str
    when: Condition
    effective_from: date | None = None
    effective_until: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the rule counts on a day; both its days are within."""
        begun = self.effective_from is None or self.effective_from <= day
        return begun and (self.effective_until is None or day <= self.effective_until)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules with the marks that they may speak of."""

    tags: tuple[str, ...]
    enterprise: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person has told; None is not told, while what is told is told in full.

    Attributes:
        children: Month of birth of each as (year, month).
        without: Marks said not to have; then what is neither these nor `tags` or `enterprise` is not told.
            None where those two are told in full.
    """

    birth_year: int | None = None
    region: str | None = None
    tags: frozenset[str] | None = None
    children: tuple[tuple[int, int], ...] | None = None
    enterprise: frozenset[str] | None = None
    without: frozenset[str] | None = None
