"""What operators' words are: entries added to the lists that come with the project, or put in their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from knowledge_base.folding import fold


class WordKind(StrEnum):
    """What a word is for."""

    DICTIONARY = "dictionary"
    SYNONYM = "synonym"
    STOP = "stop"
    TYPO = "typo"

    @property
    def cuts(self) -> bool:
        """Whether it decides how passages are cut, and so needs a new lexical index."""
        return self in {WordKind.DICTIONARY, WordKind.STOP}


@dataclass(frozen=True, slots=True)
class Word:
    """An entry of one of the lists.

    Attributes:
        word: What is matched, folded; the wrong form of a typo.
        terms: Official terms of a synonym, the closest first; the right form of a typo.
        two_way: A synonym that is also read the other way round.
        frequency: How often a dictionary word counts as seen; None for enough to be kept whole.
        tag: Part of speech of a dictionary word, such as `n`.
        hides: Takes the entry for this word out of the list that comes with the project.
    """

    kind: WordKind
    word: str
    terms: tuple[str, ...] = ()
    two_way: bool = False
    frequency: int | None = None
    tag: str = ""
    hides: bool = False

    def folded(self) -> "Word":
        """Return the word in the form questions and passages are matched in."""
        terms = tuple(dict.fromkeys(fold(term).strip() for term in self.terms))
        return replace(self, word=fold(self.word).strip(), terms=terms, tag=self.tag.strip().lower())


@dataclass(frozen=True, slots=True)
class WordDraft:
    """A word to be added, and the row it was written in (from 1), for messages."""

    row: int
    word: Word


@dataclass(frozen=True, slots=True)
class WordRecord:
    """A word with who added and removed it, and when."""

    id: int
    word: Word
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str


@dataclass(frozen=True, slots=True)
class WordChange:
    """What a change did: words that are new, that took another's place, went, or were as asked already."""

    added: tuple[Word, ...] = ()
    changed: tuple[Word, ...] = ()
    removed: tuple[Word, ...] = ()
    unchanged: tuple[Word, ...] = ()

    @property
    def touched(self) -> tuple[Word, ...]:
        return (*self.added, *self.changed, *self.removed)


@dataclass(frozen=True, slots=True)
class PackagedWords:
    """What comes with the project, for the operators' words to be checked against; all folded.

    Attributes:
        synonyms: Official terms by colloquial word.
    """

    dictionary: frozenset[str] = frozenset()
    stopwords: frozenset[str] = frozenset()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def has(self, kind: WordKind, word: str) -> bool:
        """Whether the list of this kind has an entry for the word; there is no list of typos."""
        lists = {
            WordKind.DICTIONARY: self.dictionary,
            WordKind.STOP: self.stopwords,
            WordKind.SYNONYM: self.synonyms.keys(),
        }
        return word in lists.get(kind, frozenset())
