"""The words people say beside the words documents use, and the words that say nothing.

The lists are data (`retrieval/data`), not code, so that operators can read, extend and replace them:

    synonyms.tsv          how people speak               -> official terms
    english.tsv           English words and phrases      -> official terms
    taiwan_hk.tsv         words of Taiwan and Hong Kong  -> official terms
    stopwords.txt         words without content for lexical search
    government.dict.txt   user dictionary for jieba: word, frequency, part of speech

A line starting with `#` is a comment. In the three tables the first column may hold several
spellings and the second several terms, both separated by `|`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from knowledge_base.errors import SettingsError
from knowledge_base.words import PackagedWords, Word, WordKind
from retrieval.cutting import Cutting, DictionaryWord, Source

TABLES = ("synonyms.tsv", "english.tsv", "taiwan_hk.tsv")
STOPWORDS = "stopwords.txt"
DICTIONARY = "government.dict.txt"

# An English word without its plural or possessive ending, or any one other character. Spaces,
# hyphens and apostrophes are nobody's unit, so "part-time" and "part  time" are the same phrase.
_UNIT = re.compile(r"([0-9A-Za-z]+?)(?:['’]?[sS])?(?![0-9A-Za-z])|[^\s'’-]")

Units = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    """A phrase found in a question, and what official texts call it.

    Attributes:
        matched: The words as they stand in the question, `text[start:end]`.
        start: Offset in code points.
        end: End offset, exclusive.
        official: At least one official term, the closest first.
        source: Whose the entry is.
    """

    matched: str
    start: int
    end: int
    official: tuple[str, ...]
    source: Source = Source.PACKAGED


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of a phrase: whether it is an official word, and what to put in beside or instead."""

    terms: tuple[str, ...] = ()
    official: bool = False
    source: Source = Source.PACKAGED


@dataclass(frozen=True)
class Lists:
    """The word lists of a folder.

    Attributes:
        synonyms: Official terms by phrase, as the tables have it.
    """

    cutting: Cutting
    synonyms: Mapping[str, tuple[str, ...]]

    @cached_property
    def entries(self) -> Mapping[Units, _Entry]:
        """The synonyms by what they are matched by."""
        return {_units(phrase): _Entry(terms) for phrase, terms in self.synonyms.items()}

    @property
    def packaged(self) -> PackagedWords:
        """What operators' words are checked against."""
        words = frozenset(each.word for each in self.cutting.dictionary)
        return PackagedWords(words, frozenset(self.cutting.stopwords), self.synonyms)


@dataclass(frozen=True)
class Lexicon:
    """Knows what official texts call the things people ask about; build it with `load_lexicon`.

    Attributes:
        cutting: How text is cut into words.
    """

    cutting: Cutting
    _rules: "_Rules" = field(repr=False)
    _synonyms: "_Phrases" = field(repr=False)
    _typos: "_Phrases" = field(repr=False)

    @classmethod
    def of(cls, lists: Lists, words: Sequence[Word] = ()) -> "Lexicon":
        """Return the lexicon of these lists with the operators' words on top."""
        return cls._of(lists.cutting.with_words(words), _Rules.of(lists.entries, words))

    @classmethod
    def _of(cls, cutting: Cutting, rules: "_Rules") -> "Lexicon":
        official = rules.official | {_units(each.word) for each in cutting.dictionary}
        return cls(
            cutting,
            rules,
            _Phrases(_with_official(rules.synonyms, official)),
            _Phrases(_with_official(rules.typos, official) if rules.typos else {}),
        )

    def cut_by(self, cutting: Cutting) -> "Lexicon":
        """Return the lexicon with the same synonyms and typos, for an index that was cut otherwise."""
        return self if cutting.fingerprint == self.cutting.fingerprint else self._of(cutting, self._rules)

    def expand(self, text: str) -> tuple[Expansion, ...]:
        """Return the phrases in a text that have an official name.

        The longest phrase wins and none overlap. Nothing is read inside an official word: the
        农民工 hold no 民工, the 中小企业 no 小企业. English matches whole words, in any case and
        number. Chinese is matched in the characters of the tables: fold Traditional text first.

        Returns:
            Expansions in the order of the text; empty where there are none.
        """
        return self._synonyms.read(text)

    def mend(self, text: str) -> tuple[Expansion, ...]:
        """Return the wrong forms of the typo table in a text, each with its right one; as `expand` reads."""
        return self._typos.read(text)

    def named(self, text: str) -> tuple[str, ...]:
        """Return the official words that stand in a text as they are, in its order, none overlapping."""
        return self._synonyms.official_in(text)


class _Phrases:
    """Finds phrases in a text, the longest first; immutable once made."""

    def __init__(self, entries: Mapping[Units, _Entry]) -> None:
        self._entries = entries
        self._lengths = _lengths(entries)  # by first unit, longest first

    def read(self, text: str) -> tuple[Expansion, ...]:
        if not self._entries:
            return ()
        matches = list(_UNIT.finditer(text))
        units = tuple(_unit(match) for match in matches)
        found: list[Expansion] = []
        position = official_until = 0
        while position < len(units):
            length = self._longest(units, position)
            end = position + length
            entry = self._entries[units[position:end]] if length else _NOTHING
            if entry.terms and end > official_until:
                start_char, end_char = matches[position].start(), matches[end - 1].end()
                found.append(
                    Expansion(text[start_char:end_char], start_char, end_char, entry.terms, entry.source)
                )
                position = end
                continue
            if not entry.terms:
                official_until = max(official_until, end)
            position += 1
        return tuple(found)

    def official_in(self, text: str) -> tuple[str, ...]:
        matches = list(_UNIT.finditer(text))
        units = tuple(_unit(match) for match in matches)
        found: list[str] = []
        position = 0
        while position < len(units):
            length = self._longest(units, position)
            if length and self._entries[units[position : position + length]].official:
                found.append(text[matches[position].start() : matches[position + length - 1].end()])
            position += max(length, 1)
        return tuple(dict.fromkeys(found))

    def _longest(self, units: Units, position: int) -> int:
        for length in self._lengths.get(units[position], ()):
            if position + length <= len(units) and units[position : position + length] in self._entries:
                return length
        return 0


_NOTHING = _Entry()


@dataclass(frozen=True, slots=True)
class _Rules:
    """Synonyms and typos by phrase, and the official words the synonyms lead to."""

    synonyms: Mapping[Units, _Entry]
    typos: Mapping[Units, _Entry]
    official: frozenset[Units]

    @classmethod
    def of(cls, packaged: Mapping[Units, _Entry], words: Sequence[Word]) -> "_Rules":
        synonyms = dict(packaged)
        own = [word for word in words if word.kind is WordKind.SYNONYM]
        for word in own:
            synonyms.pop(_units(word.word), None)
        mine: dict[Units, tuple[str, ...]] = {}
        two_way: set[Units] = set()
        for word in (word for word in own if not word.hides):
            _join(mine, word.word, word.terms)
            for term in word.terms if word.two_way else ():
                _join(mine, term, (word.word,))
                two_way |= {_units(term), _units(word.word)}
        entries = {units: _Entry(terms, False, Source.OPERATORS) for units, terms in mine.items()}
        # What stands on both sides of a two-way synonym leads on to what the tables know, too.
        for units in two_way & synonyms.keys():
            both = dict.fromkeys((*entries[units].terms, *synonyms[units].terms))
            entries[units] = replace(entries[units], terms=tuple(both))
        synonyms |= entries
        return cls(
            synonyms,
            {
                _units(word.word): _Entry(word.terms, False, Source.OPERATORS)
                for word in words
                if word.kind is WordKind.TYPO
            },
            frozenset(_units(term) for entry in synonyms.values() for term in entry.terms)
            - {_units(word.word) for word in own if word.two_way},
        )


def _join(entries: dict[Units, tuple[str, ...]], phrase: str, terms: tuple[str, ...]) -> None:
    units = _units(phrase)
    entries[units] = tuple(dict.fromkeys((*entries.get(units, ()), *terms)))


def _with_official(entries: Mapping[Units, _Entry], official: Iterable[Units]) -> dict[Units, _Entry]:
    marked = dict(entries)
    for units in official:
        entry = marked.get(units)
        if entry is None:
            marked[units] = _OFFICIAL
        elif entry.source is Source.OPERATORS:
            marked[units] = replace(entry, official=True)
    return marked


_OFFICIAL = _Entry(official=True)


def load_lexicon(folder: Path | None = None, words: Sequence[Word] = ()) -> Lexicon:
    """Return the lexicon of a folder of word lists with the operators' words; see `load_lists`."""
    return Lexicon.of(load_lists(folder), words) if words else _without_words(folder)


@cache
def _without_words(folder: Path | None) -> Lexicon:
    return Lexicon.of(load_lists(folder))


@cache
def load_lists(folder: Path | None = None) -> Lists:
    """Read a folder of word lists; None is the one that comes with the project.

    Raises:
        SettingsError: If a file is missing, is not UTF-8 or has a malformed line, or a phrase stands
            in two places; names the file and the line.
    """
    folder = folder or Path(__file__).with_name("data")
    synonyms: dict[str, tuple[str, ...]] = {}
    seen: dict[Units, str] = {}
    for path in (folder / name for name in TABLES):
        for place, line in _lines(path):
            spellings, official = _row(place, line)
            for spelling in spellings:
                units = _units(spelling)
                if units in seen:
                    raise SettingsError(f"{place}: “{spelling}” already stands in {seen[units]}")
                seen[units] = place
                synonyms[spelling] = official
    dictionary = {
        each.word: each
        for each in (_dictionary_word(place, line) for place, line in _lines(folder / DICTIONARY))
    }
    stopwords = [_stopword(place, line) for place, line in _lines(folder / STOPWORDS)]
    return Lists(Cutting(tuple(dictionary.values()), (), dict.fromkeys(stopwords, Source.PACKAGED)), synonyms)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines that are neither blank nor comments, each with its place for messages."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 at byte {error.start}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield f"{path} line {number}", line


def _row(place: str, line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = line.split("\t")
    if len(columns) != 2:
        raise SettingsError(f"{place}: {len(columns)} columns, 2 wanted")
    spellings, official = (tuple(cell.strip() for cell in column.split("|")) for column in columns)
    if not all(_units(cell) for cell in (*spellings, *official)):
        raise SettingsError(f"{place}: a phrase or term is blank")
    return spellings, official


def _dictionary_word(place: str, line: str) -> DictionaryWord:
    fields = line.split(" ")
    if len(fields) != 3 or not fields[1].isdecimal():
        raise SettingsError(f"{place}: {len(fields)} fields, 3 wanted: word, frequency, part of speech")
    return DictionaryWord(fields[0], int(fields[1]), fields[2])


def _stopword(place: str, line: str) -> str:
    word = line.strip().lower()
    if len(word.split()) > 1:
        raise SettingsError(f"{place}: {len(word.split())} words, 1 wanted")
    return word


def _units(phrase: str) -> Units:
    return tuple(_unit(match) for match in _UNIT.finditer(phrase))


def _unit(match: re.Match[str]) -> str:
    return (match[1] or match[0]).lower()


def _lengths(phrases: Iterable[Units]) -> dict[str, tuple[int, ...]]:
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for units in phrases:
        lengths[units[0]].add(len(units))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
