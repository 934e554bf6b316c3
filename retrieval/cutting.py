"""The words that decide how text is cut: jieba's extra dictionary, and what says nothing.

They belong to an index: what was cut with them has to be asked with them. A snapshot keeps its own, so that
it goes on serving as it is while the index for other words is still being built.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from knowledge_base.errors import IndexDamaged
from knowledge_base.words import Word, WordKind

_FILE = "words.json"


class Source(StrEnum):
    """Whose an entry is."""

    PACKAGED = "packaged"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class DictionaryWord:
    """A word jieba is to keep whole.

    Attributes:
        frequency: How often it counts as seen; None for as often as it takes to be kept whole.
        tag: Part of speech; empty for not known.
    """

    word: str
    frequency: int | None = None
    tag: str = ""
    source: Source = Source.PACKAGED


@dataclass(frozen=True)
class Cutting:
    """How text is cut into words.

    Attributes:
        dictionary: The words kept whole, each once.
        apart: Words of the packaged dictionary that are not kept whole after all.
        stopwords: Words without content for lexical search, lower case, and whose they are.
    """

    dictionary: tuple[DictionaryWord, ...]
    apart: tuple[str, ...]
    stopwords: Mapping[str, Source]

    def with_words(self, words: Sequence[Word]) -> "Cutting":
        """Return this cutting with the operators' dictionary and stop words on top."""
        own = {word.word: word for word in words if word.kind is WordKind.DICTIONARY}
        stop = {word.word: word for word in words if word.kind is WordKind.STOP}
        if not own and not stop:
            return self
        added = [
            DictionaryWord(word.word, word.frequency, word.tag, Source.OPERATORS)
            for word in own.values()
            if not word.hides
        ]
        return Cutting(
            dictionary=(*(each for each in self.dictionary if each.word not in own), *added),
            apart=(*self.apart, *(word.word for word in own.values() if word.hides)),
            stopwords={word: source for word, source in self.stopwords.items() if word not in stop}
            | {word.word: Source.OPERATORS for word in stop.values() if not word.hides},
        )

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the words cut from a passage may change."""
        kept = (
            [(each.word, each.frequency) for each in self.dictionary],
            self.apart,
            sorted(self.stopwords),
        )
        return hashlib.sha256(json.dumps(kept, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def whose(self) -> Mapping[str, Source]:
        """Whose each word of the dictionary is."""
        return {each.word: each.source for each in self.dictionary}

    def save(self, folder: Path) -> None:
        kept = {
            "dictionary": [asdict(each) for each in self.dictionary],
            "apart": self.apart,
            "stopwords": dict(self.stopwords),
        }
        (folder / _FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Cutting":
        """Read what `save` wrote.

        Raises:
            IndexDamaged: If it is missing or cannot be understood.
        """
        try:
            kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            return cls(
                tuple(
                    DictionaryWord(each["word"], each["frequency"], each["tag"], Source(each["source"]))
                    for each in kept["dictionary"]
                ),
                tuple(kept["apart"]),
                {word: Source(source) for word, source in kept["stopwords"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"index snapshot {folder.name}: {_FILE} cannot be read: {error!r}") from error
