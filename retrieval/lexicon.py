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

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from knowledge_base.errors import SettingsError

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
    """

    matched: str
    start: int
    end: int
    official: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """Knows what official texts call the things people ask about; build it with `load_lexicon`.

    Attributes:
        stopwords: Words without content for lexical search, lower case.
        dictionary_path: User dictionary for jieba, UTF-8.
        fingerprint: Changes when the words cut from a passage may change.
    """

    stopwords: frozenset[str]
    dictionary_path: Path
    fingerprint: str
    _terms: Mapping[Units, tuple[str, ...]] = field(repr=False)  # no terms: an official word, left as it is
    _lengths: Mapping[str, tuple[int, ...]] = field(repr=False)  # by first unit, longest first

    def expand(self, text: str) -> tuple[Expansion, ...]:
        """Return the phrases in a text that have an official name.

        The longest phrase wins and none overlap. Nothing is read inside an official word: the
        农民工 hold no 民工, the 中小企业 no 小企业. English matches whole words, in any case and
        number. Chinese is matched in the characters of the tables: fold Traditional text first.

        Returns:
            Expansions in the order of the text; empty where there are none.
        """
        matches = list(_UNIT.finditer(text))
        units = tuple(_unit(match) for match in matches)
        found: list[Expansion] = []
        position = official_until = 0
        while position < len(units):
            length = self._longest(units, position)
            end = position + length
            terms = self._terms[units[position:end]] if length else ()
            if terms and end > official_until:
                start_char, end_char = matches[position].start(), matches[end - 1].end()
                found.append(Expansion(text[start_char:end_char], start_char, end_char, terms))
                position = end
                continue
            if not terms:
                official_until = max(official_until, end)
            position += 1
        return tuple(found)

    def named(self, text: str) -> tuple[str, ...]:
        """Return the official words that stand in a text as they are, in its order, none overlapping."""
        matches = list(_UNIT.finditer(text))
        units = tuple(_unit(match) for match in matches)
        found: list[str] = []
        position = 0
        while position < len(units):
            length = self._longest(units, position)
            if length and not self._terms[units[position : position + length]]:
                found.append(text[matches[position].start() : matches[position + length - 1].end()])
            position += max(length, 1)
        return tuple(dict.fromkeys(found))

    def _longest(self, units: Units, position: int) -> int:
        for length in self._lengths.get(units[position], ()):
            if position + length <= len(units) and units[position : position + length] in self._terms:
                return length
        return 0


def load_lexicon(folder: Path | None = None) -> Lexicon:
    """Read a folder of word lists; None is the one that comes with the project.

    Raises:
        SettingsError: If a file is missing, is not UTF-8 or has a malformed line, or a phrase stands
            in two places; names the file and the line.
    """
    folder = folder or Path(__file__).with_name("data")
    terms: dict[Units, tuple[str, ...]] = {}
    seen: dict[Units, str] = {}
    for path in (folder / name for name in TABLES):
        for place, line in _lines(path):
            spellings, official = _row(place, line)
            for spelling in spellings:
                units = _units(spelling)
                if units in seen:
                    raise SettingsError(f"{place}: “{spelling}” already stands in {seen[units]}")
                seen[units] = place
                terms[units] = official
    official_words = set(chain.from_iterable(terms.values()))
    official_words.update(_dictionary_word(place, line) for place, line in _lines(folder / DICTIONARY))
    for word in official_words:
        terms.setdefault(_units(word), ())
    return Lexicon(
        stopwords=frozenset(_stopword(place, line) for place, line in _lines(folder / STOPWORDS)),
        dictionary_path=folder / DICTIONARY,
        fingerprint=hashlib.sha256(
            (folder / DICTIONARY).read_bytes() + (folder / STOPWORDS).read_bytes()
        ).hexdigest(),
        _terms=terms,
        _lengths=_lengths(terms),
    )


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


def _dictionary_word(place: str, line: str) -> str:
    fields = line.split(" ")
    if len(fields) != 3 or not fields[1].isdecimal():
        raise SettingsError(f"{place}: {len(fields)} fields, 3 wanted: word, frequency, part of speech")
    return fields[0]


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
