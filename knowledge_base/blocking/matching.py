"""Finding the words of a block list in a text, in one pass over it however many words there are.

The pass goes over the sounds of the text (Aho-Corasick): whatever is written like a word also sounds like it.
What it finds is then looked at: is it the word itself, or a homophone that is near enough; does it stand by
itself; is what lies between its characters a disguise, or the punctuation of ordinary prose?
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ahocorasick_rs import AhoCorasick

from knowledge_base.blocking.records import BlockLevel, BlockWord
from knowledge_base.blocking.variants import Stream, is_han, sounds_of, stream_of

# More than this between two characters is other text, not a disguise.
MAX_GAP_CHARS = 4
# Two characters of one sound are too often another word: 全责 and 拳择.
HOMOPHONES_FROM = 3
_PROSE = frozenset("，。！？；：、,!?;\n“”‘’《》（）")
_GRAVITY = {level: gravity for gravity, level in enumerate(BlockLevel)}


@dataclass(frozen=True, slots=True)
class BlockMatch:
    """A word of the list found in a text, `text[start:end]`, as it is written there.

    Attributes:
        is_homophone: It only sounds like the word.
    """

    word: BlockWord
    start: int
    end: int
    written: str
    is_homophone: bool = False


class BlockMatcher:
    """A block list ready to match. Immutable, safe to share between threads."""

    def __init__(self, words: Iterable[BlockWord]) -> None:
        by_sound: defaultdict[str, list[BlockWord]] = defaultdict(list)
        for word in words:
            by_sound[sounds_of(word.word)].append(word)
        self._words = tuple(map(tuple, by_sound.values()))
        self._automaton = AhoCorasick(list(by_sound)) if by_sound else None

    def __len__(self) -> int:
        return sum(map(len, self._words))

    def forbids(self, text: str) -> bool:
        """Tell whether a text holds a word that the service may not say: one that is refused or masked."""
        return any(match.word.level is not BlockLevel.ALERT for match in self.find(text))

    def find(self, text: str) -> tuple[BlockMatch, ...]:
        """Return the words in a text by place; of those that overlap the gravest, then the longest."""
        if self._automaton is None or not text:
            return ()
        stream = stream_of(text)
        found = [
            match
            for number, first, end in self._automaton.find_matches_as_indexes(stream.sounds, overlapping=True)
            for word in self._words[number]
            if (match := _match(word, stream, first, end, text)) is not None
        ]
        return _apart(found)


def gravest(matches: Sequence[BlockMatch]) -> BlockLevel | None:
    """Return the gravest level among matches; None for no match."""
    return min((match.word.level for match in matches), key=_GRAVITY.__getitem__, default=None)


def struck_out(text: str, matches: Iterable[BlockMatch], *, by: str = "＊") -> str:
    """Return the text with every character of the matches replaced."""
    characters = list(text)
    for match in matches:
        characters[match.start : match.end] = by * (match.end - match.start)
    return "".join(characters)


def _match(word: BlockWord, stream: Stream, first: int, end: int, text: str) -> BlockMatch | None:
    written = stream.units[first:end]
    is_homophone = written != word.word
    if is_homophone and not _is_near(written, word.word):
        return None
    start, stop = stream.places[first], stream.places[end - 1] + 1
    if not (_stands_alone(stream, first - 1, first) and _stands_alone(stream, end, end - 1)):
        return None
    if not _is_disguise(text, stream.places[first:end]):
        return None
    return BlockMatch(word, start, stop, text[start:stop], is_homophone)


def _is_near(written: str, word: str) -> bool:
    """A word of three characters has to keep one of its own; a longer one is hardly met by chance."""
    han = sum(map(is_han, word))
    same = sum(a == b for a, b in zip(written, word, strict=True))
    return han >= HOMOPHONES_FROM and (han > HOMOPHONES_FROM or same > 0)


def _stands_alone(stream: Stream, outside: int, inside: int) -> bool:
    """Latin letters and digits have to end where their word ends: `ass` is not in `class`."""
    if not 0 <= outside < len(stream.units) or not stream.units[inside].isascii():
        return True
    touching = abs(stream.places[outside] - stream.places[inside]) <= 1
    return not (touching and stream.units[outside].isascii())


def _is_disguise(text: str, places: Sequence[int]) -> bool:
    """Tell whether what lies between the characters may be overlooked.

    A comma or a full stop parts clauses: 开枪。支付 holds no 枪支. Where half of the characters are parted
    so, in two places at least, it is a disguise after all.
    """
    gaps = [text[a + 1 : b] for a, b in pairwise(places) if b > a + 1]
    if any(len(gap) > MAX_GAP_CHARS for gap in gaps):
        return False
    prose = [gap for gap in gaps if any(character in _PROSE for character in gap)]
    joins = len(set(places)) - 1
    return not prose or (len(prose) >= 2 and 2 * len(prose) >= joins)


def _apart(found: Sequence[BlockMatch]) -> tuple[BlockMatch, ...]:
    kept: list[BlockMatch] = []
    for match in sorted(found, key=lambda each: (_GRAVITY[each.word.level], each.start - each.end)):
        if all(match.end <= other.start or other.end <= match.start for other in kept):
            kept.append(match)
    return tuple(sorted(kept, key=lambda each: each.start))
