"""What an entry of the block list is, and what a change of the list did."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from knowledge_base.blocking.variants import visible_units


class BlockLevel(StrEnum):
    """What becomes of a text that holds the word, the gravest first.

    refuse: A question with it is not answered, and nothing with it is said.
    mask: It is left out of a question, and struck out of what is said.
    alert: It goes into the log, and nothing else happens.
    """

    REFUSE = "refuse"
    MASK = "mask"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class BlockWord:
    """An entry of the list.

    Attributes:
        word: In its plain form: folded, without spaces and punctuation.
        category: The operators' own, such as `广告`; empty for none.
        note: Why it is there; for operators only.
        hides: Takes the entry for this word out of the list that comes with the project.
    """

    word: str
    level: BlockLevel
    category: str = ""
    note: str = ""
    hides: bool = False

    def plain(self) -> "BlockWord":
        """Return the entry with its word in the form texts are matched in."""
        return replace(
            self, word=visible_units(self.word), category=self.category.strip(), note=self.note.strip()
        )


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """An entry to be added, and the row it was written in (from 1), for messages."""

    row: int
    word: BlockWord


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """An entry with who added and removed it, and when."""

    id: int
    word: BlockWord
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str


@dataclass(frozen=True, slots=True)
class BlockChange:
    """What a change did: entries that are new, that took another's place, went, or were as asked already."""

    added: tuple[BlockWord, ...] = ()
    changed: tuple[BlockWord, ...] = ()
    removed: tuple[BlockWord, ...] = ()
    unchanged: tuple[BlockWord, ...] = ()
