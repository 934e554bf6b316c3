"""The forms a word is written in to slip through: what is left of a text when they are taken away.

A text becomes a stream of units: letters, digits and characters, folded one by one, without what stands
between them. Beside each is its sound, one code for all characters that pinyin writes alike, tones aside.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache

from knowledge_base.folding import fold

_KEPT = 1 << 16
_FIRST_CODE = 0xE000  # a private use area, wide enough for the 400-odd syllables
_codes: dict[str, str] = {}
_coding = threading.Lock()


@dataclass(frozen=True, slots=True)
class Stream:
    """A text as it is matched; all three have one entry a unit.

    Attributes:
        units: What is written.
        sounds: How it sounds.
        places: Where each unit stands in the text, in code points.
    """

    units: str
    sounds: str
    places: tuple[int, ...]


def stream_of(text: str) -> Stream:
    """Return the units of a text: full-width, Traditional, spaced out or punctuated, they are the same."""
    units: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for unit in _units(character):
            units.append(unit)
            places.append(place)
    return Stream("".join(units), "".join(map(_sound, units)), tuple(places))


def visible_units(text: str) -> str:
    """Return the units of a text as a word."""
    return "".join(map(_units, text))


def sounds_of(word: str) -> str:
    """Return the sounds of a word made of units."""
    return "".join(map(_sound, word))


def is_han(unit: str) -> bool:
    """Tell whether a unit is a character that has a sound of its own."""
    return "㐀" <= unit <= "鿿" or "豈" <= unit <= "﫿"


@lru_cache(_KEPT)
def _units(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    return "".join(unit for unit in fold(character) if unit.isalnum())


@lru_cache(_KEPT)
def _sound(unit: str) -> str:
    if not is_han(unit):
        return unit
    from pypinyin import lazy_pinyin

    syllable = lazy_pinyin(unit)[0]
    with _coding:
        return _codes.setdefault(syllable, chr(_FIRST_CODE + len(_codes)))
