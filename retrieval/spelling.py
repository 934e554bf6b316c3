"""Ordinary typing errors: a homophone for the right character (公级金), or pinyin for it (jiashizheng).

Only terms of the government dictionary are looked for, and only where the text does not make sense
as it stands: in runs that the segmenter could cut into nothing better than single characters.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from retrieval.cutting import Cutting, Source
from retrieval.tokenize import Tokenizer

_LETTERS = re.compile(r"[a-z]{4,24}")
_HAN = re.compile(r"[一-鿿]+")
_MAX_MEANT = 3
_LONGEST = 6
# How often jieba counted a character as a word of its own: 佣 932 times, 急 11,126, 到 over 200,000.
_RARE = 3_000
_COMMON = 20_000
# That of the index in use and that of the one to come.
_DICTIONARIES_KEPT = 2


@dataclass(frozen=True, slots=True)
class Mending:
    """`typed`, from `start` in the text, sounds like the terms in `meant`.

    `certain` says that the first of them was put into the text: there is one only, and more of it
    than two characters, or its full pinyin, stands in what was typed. `source` tells the operators'
    table of typing errors, which is read first, from what was recognised by sound.
    """

    start: int
    typed: str
    meant: tuple[str, ...]
    certain: bool
    source: Source = Source.PACKAGED


class Speller:
    """Finds dictionary terms by sound, tones left aside."""

    def __init__(self, cutting: Cutting, tokenizer: Tokenizer) -> None:
        self._cutting = cutting
        self._tokenizer = tokenizer

    @cached_property
    def _terms(self) -> tuple[str, ...]:
        words = (each.word for each in self._cutting.dictionary)
        return tuple(word for word in words if 2 <= len(word) <= _LONGEST and _HAN.fullmatch(word))

    @cached_property
    def _by_pinyin(self) -> Mapping[str, tuple[str, ...]]:
        return _by_pinyin(self._terms)

    @cached_property
    def _by_sounds(self) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        return _by_sounds(self._terms)

    def mend(self, text: str) -> tuple[str, tuple[Mending, ...]]:
        """Return the folded text with what is certainly meant put in, and all that was noticed, in order."""
        mendings = sorted(
            (*self._from_letters(text), *self._from_homophones(text)), key=lambda mending: mending.start
        )
        return put_in(text, mendings), tuple(mendings)

    def _from_letters(self, text: str) -> Iterator[Mending]:
        for letters in _LETTERS.finditer(text):
            if meant := self._by_pinyin.get(letters[0]):
                yield Mending(letters.start(), letters[0], meant[:_MAX_MEANT], len(meant) == 1)

    def _from_homophones(self, text: str) -> Iterator[Mending]:
        """Look at every stretch of whole segments that holds a segment of one character."""
        for run in _HAN.finditer(text):
            segments = self._tokenizer.cut(run[0])
            start = run.start()
            place = 0
            while place < len(segments):
                length, meant = self._longest_from(segments, place)
                typed = "".join(segments[place : place + length])
                if meant:
                    yield Mending(start, typed, meant[:_MAX_MEANT], len(meant) == 1 and len(typed) > 2)
                start += len(typed)
                place += length

    def _longest_from(self, segments: list[str], place: int) -> tuple[int, tuple[str, ...]]:
        """Return how many segments together sound like terms, and the terms; one and none if none do."""
        for length in range(min(len(segments) - place, _LONGEST), 1, -1):
            stretch = segments[place : place + length]
            typed = "".join(stretch)
            if len(typed) > _LONGEST or all(len(segment) > 1 for segment in stretch):
                continue
            terms = self._by_sounds.get(_sounds(typed), ())
            meant = tuple(term for term in terms if self._is_slip(typed, term))
            if meant and typed not in terms:
                return length, meant
        return 1, ()

    def _is_slip(self, typed: str, term: str) -> bool:
        """Say whether `typed` is `term` with wrong characters, not words that happen to sound like it."""
        wrong = [a for a, b in zip(typed, term, strict=True) if a != b]
        if any(self._is_common_particle(character) for character in wrong):
            return False
        if len(term) == 2:
            return len(wrong) == 1 and self._tokenizer.frequency(wrong[0]) < _RARE
        return len(wrong) <= len(term) - len(wrong)

    def _is_common_particle(self, character: str) -> bool:
        return character in self._cutting.stopwords and self._tokenizer.frequency(character) >= _COMMON


def put_in(text: str, mendings: Sequence[Mending]) -> str:
    """Return the text with what is certainly meant put in; the mendings are in its order."""
    pieces = []
    position = 0
    for mending in mendings:
        if mending.certain:
            pieces += [text[position : mending.start], mending.meant[0]]
            position = mending.start + len(mending.typed)
    return "".join((*pieces, text[position:]))


@lru_cache(_DICTIONARIES_KEPT)
def _by_pinyin(terms: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    from pypinyin import lazy_pinyin

    found: defaultdict[str, list[str]] = defaultdict(list)
    for term in terms:
        found["".join(lazy_pinyin(term))].append(term)
    return {pinyin: tuple(alike) for pinyin, alike in found.items()}


@lru_cache(_DICTIONARIES_KEPT)
def _by_sounds(terms: tuple[str, ...]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for term in terms:
        found[_sounds(term)].append(term)
    return {sounds: tuple(alike) for sounds, alike in found.items()}


def _sounds(text: str) -> tuple[str, ...]:
    return tuple(map(_sound, text))


@cache
def _sound(character: str) -> str:
    from pypinyin import lazy_pinyin

    return lazy_pinyin(character)[0]
