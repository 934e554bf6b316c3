"""What changed between two texts, 条 by 条, with the changed words. Pure functions."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import Literal

from knowledge_base.records import ChunkDraft
from knowledge_base.structure import marker_of

# A number or a Latin word changes as a whole, Chinese by the character.
_TOKEN = re.compile(r"[0-9A-Za-z.%]+|.", re.S)
_ALIKE = 0.5
_SHORTEST_KEPT = 2


@dataclass(frozen=True, slots=True)
class ArticleText:
    """A 条 or item (whatever shares one group of chunks): its label, headings and words after the label."""

    label: str
    heading_path: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that both texts have, or that only the older (`removed`) or newer (`added`) has."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What became of one 条.

    Attributes:
        kind: `moved` has the same words under another number or heading, or in another order; `changed`
            has other words, perhaps under another number, too.
        old, new: The 条 before and after; None where there is none.
        pieces: The words of a changed one: those not added spell the old body, those not removed the new.
    """

    kind: Literal["same", "changed", "moved", "added", "removed"]
    old: ArticleText | None
    new: ArticleText | None
    pieces: tuple[Piece, ...] = ()


def articles_of(text: str, chunks: Iterable[ChunkDraft]) -> tuple[ArticleText, ...]:
    """Return the 条 and items of a stored text, in order; all words of its chunks are in one of them."""
    found = []
    for _, group in groupby(chunks, key=lambda chunk: chunk.group):
        pieces = list(group)
        words = text[pieces[0].start : pieces[-1].end]
        marker = marker_of(words.split("\n", 1)[0]) if pieces[0].article else None
        body = words[marker.end :] if marker else words
        found.append(ArticleText(pieces[0].article, pieces[0].heading_path, body))
    return tuple(found)


def compare(old: Sequence[ArticleText], new: Sequence[ArticleText]) -> tuple[ArticleChange, ...]:
    """Return what became of every 条, in the order of the newer text, the removed where they stood.

    Each 条 of either text is in exactly one change. Equal 条 in order are the same; then equal words are
    moved; then the most alike are changed, and after them those that share a label.
    """
    pairs: dict[int, int] = {}
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        pairs |= {a + step: b + step for step in range(size)}
    same = set(pairs)
    _pair_up(pairs, old, new, key=lambda article: article.body)
    moved = set(pairs) - same
    _pair_alike(pairs, old, new)
    _pair_up(pairs, old, new, key=lambda article: article.label)
    changes: list[tuple[float, ArticleChange]] = []
    place = -0.5
    for number, article in enumerate(old):
        if number not in pairs:
            changes.append((place, ArticleChange("removed", article, None)))
            continue
        place = pairs[number] + 0.5
        other = new[pairs[number]]
        if number in same or number in moved:
            change = ArticleChange("same" if number in same else "moved", article, other)
        else:
            change = ArticleChange("changed", article, other, compare_words(article.body, other.body))
        changes.append((pairs[number], change))
    matched = set(pairs.values())
    changes += [
        (number, ArticleChange("added", None, article))
        for number, article in enumerate(new)
        if number not in matched
    ]
    return tuple(change for _, change in sorted(changes, key=lambda placed: placed[0]))


def compare_words(old: str, new: str) -> tuple[Piece, ...]:
    """Return the words of both; a single character kept between two changes counts as changed with them."""
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    steps: list[tuple[bool, str, str]] = []
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        removed, added = "".join(a[a1:a2]), "".join(b[b1:b2])
        steps.append((tag == "equal", removed, added))
    inner = range(1, len(steps) - 1)
    kept = [
        equal and not (number in inner and len(removed) < _SHORTEST_KEPT)
        for number, (equal, removed, _) in enumerate(steps)
    ]
    return tuple(_pieces(zip(kept, steps, strict=True)))


def _pieces(steps: Iterable[tuple[bool, tuple[bool, str, str]]]) -> Iterator[Piece]:
    for kept, run in groupby(steps, key=lambda step: step[0]):
        texts = [(removed, added) for _, (_, removed, added) in run]
        removed, added = ("".join(part) for part in zip(*texts, strict=True))
        if kept:
            yield Piece("same", removed)
            continue
        if removed:
            yield Piece("removed", removed)
        if added:
            yield Piece("added", added)


def _pair_up(
    pairs: dict[int, int],
    old: Sequence[ArticleText],
    new: Sequence[ArticleText],
    *,
    key: Callable[[ArticleText], str],
) -> None:
    """Pair what is left and shares a key that is not empty, first with first."""
    waiting: dict[str, deque[int]] = defaultdict(deque)
    taken = set(pairs.values())
    for number, article in enumerate(new):
        if number not in taken and key(article):
            waiting[key(article)].append(number)
    for number, article in enumerate(old):
        if number not in pairs and waiting.get(key(article)):
            pairs[number] = waiting[key(article)].popleft()


def _pair_alike(pairs: dict[int, int], old: Sequence[ArticleText], new: Sequence[ArticleText]) -> None:
    """Pair what is left and shares most of its words, the most alike first."""
    taken = set(pairs.values())
    left = {number: _bigrams(a.body) for number, a in enumerate(old) if number not in pairs}
    right = {number: _bigrams(b.body) for number, b in enumerate(new) if number not in taken}
    alike = sorted(
        (-likeness, a, b)
        for a, of_old in left.items()
        for b, of_new in right.items()
        if (likeness := _likeness(of_old, of_new)) >= _ALIKE
    )
    for _, a, b in alike:
        if a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)


def _bigrams(text: str) -> Counter[str]:
    return Counter(a + b for a, b in pairwise(text))


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """Return the share of bigrams in common, in [0, 1] (Dice)."""
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 0.0
