"""The records of the FAQ: what a sheet says, what is stored, on which days it may be answered from."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class FaqState(StrEnum):
    """Where an entry is between being written and being answered from."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class FaqAction(StrEnum):
    """What was done to an entry; the last three are steps an operator takes."""

    ADD = "add"
    CHANGE = "change"
    SUBMIT = "submit"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


STEPS: dict[FaqAction, tuple[frozenset[FaqState], FaqState]] = {
    FaqAction.SUBMIT: (frozenset({FaqState.DRAFT, FaqState.WITHDRAWN}), FaqState.IN_REVIEW),
    FaqAction.PUBLISH: (frozenset({FaqState.IN_REVIEW}), FaqState.PUBLISHED),
    FaqAction.WITHDRAW: (frozenset({FaqState.IN_REVIEW, FaqState.PUBLISHED}), FaqState.WITHDRAWN),
}
"""From which states a step leads to which."""


@dataclass(frozen=True, slots=True)
class FaqRow:
    """One entry as an operator writes it, in a file or a form. Every reader of a sheet yields these.

    Attributes:
        answer: Plain text; a list is one item a line, numbered `1.` `2.`.
        sources: At least one, each as `《标题》第X条`, `《标题》（文号）三、（一）`, `《标题》办理材料` or
            `《标题》附件1`.
        variants: 相似问, other ways to ask the same.
        region: A path, or `全国`; empty means that of the nearest of its sources.
        effective_from: First day it may be answered from; None is open.
        effective_to: First day it may not be any more; None is open.
    """

    question: str
    answer: str
    sources: tuple[str, ...]
    variants: tuple[str, ...] = ()
    region: str = ""
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class FaqSource:
    """A source as found when the entry was saved: the version whose words the answer was written from.

    Attributes:
        reference: As the operator wrote it.
        place: 条, item or heading inside the document, as written; empty for a whole 附件.
    """

    reference: str
    document_id: int
    version_id: int
    place: str


@dataclass(frozen=True, slots=True)
class FaqChange:
    """Who did what, when, and the state it led to. `note` says why it was published without the gate."""

    at: datetime
    by: str
    action: FaqAction
    state: FaqState
    note: str = ""


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """A stored entry; `content.region` is never empty. `changes` is in the order they happened."""

    id: int
    content: FaqRow
    sources: tuple[FaqSource, ...]
    state: FaqState
    changes: tuple[FaqChange, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """The stored words a source points to.

    Attributes:
        start: Where `text` starts in the version's text, in code points.
        chunk_ids: The chunks it is made of, in order.
    """

    version_id: int
    start: int
    text: str
    chunk_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Days on which every source of an entry says what it said when the entry was written.

    Attributes:
        first: First day; `date.min` is open.
        end: First day after; `date.max` is open.
        passages: The words of each source in the version in force on those days, in the entry's order.
    """

    first: date
    end: date
    passages: tuple[CitedPassage, ...]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A published question or variant with the days it may be answered on, for an index.

    Attributes:
        answer: That of its entry.
        first, end: As in `Standing`, clipped to the entry's own days.
    """

    faq_id: int
    text: str
    answer: str
    region: str
    first: date
    end: date


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where the matter of a lost source may be found now."""

    reference: str
    text: str


@dataclass(frozen=True, slots=True)
class FaqDoubt:
    """A published entry that is not answered from on a day, or one under review that could not be.

    Attributes:
        reference: The source at fault; empty where the entry's own days are over.
        reason: In Chinese.
        proposal: The successor's article, or the changed one; None where there is none.
    """

    entry: FaqEntry
    reference: str
    reason: str
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """What saving a row did: `added`, `changed` or `unchanged`."""

    faq_id: int
    outcome: str
