"""Which words of a sentence its source does not have.

Every stretch of a sentence must stand in the source, be a word that says nothing by itself (您, 的话,
根据规定), or be another word for one that stands there (交 for 缴纳). These lists are written by hand and kept
in `bot/data/rephrasing.tsv`; what is not in them is a new word, and a new word may be a new fact.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge_base.errors import SettingsError

REPHRASING_FILE = Path(__file__).parents[1] / "data" / "rephrasing.tsv"
LONGEST_PIECE = 16
_WORDS = re.compile(r"[0-9A-Za-z⟦⟧㐀-鿿豈-﫿％%]+")


@dataclass(frozen=True, slots=True)
class Rephrasing:
    """The words a paraphrase may use.

    Attributes:
        fillers: Words that say nothing by themselves.
        counterparts: Other words, each with those of the documents it may stand for.
    """

    fillers: frozenset[str]
    counterparts: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, path: Path = REPHRASING_FILE) -> "Rephrasing":
        """Read the lists: a word alone on a line is a filler, else its counterparts follow after a tab.

        Raises:
            SettingsError: If the file is missing or unreadable.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise SettingsError(f"rephrasing words {path} cannot be read: {error}") from error
        fillers: set[str] = set()
        counterparts: dict[str, tuple[str, ...]] = {}
        for line in lines:
            word, _, others = line.partition("\t")
            if not word or word.startswith("#"):
                continue
            if others:
                counterparts[word] = tuple(others.split("|"))
            else:
                fillers.update(word.split())
        return cls(frozenset(fillers), counterparts)


@cache
def load_rephrasing() -> Rephrasing:
    """Return the packaged lists."""
    return Rephrasing.load()


@dataclass(frozen=True, slots=True)
class Covered:
    """What came of looking for a text's words.

    Attributes:
        new: The stretches that are not accounted for.
        taken: Characters that stand in the source or for a word of it; fillers do not count.
    """

    new: tuple[str, ...]
    taken: int


def cover(text: str, source: str, words: Rephrasing) -> Covered:
    """Account for every word of `text`, leaving as little as possible over. Punctuation does not count."""
    new: list[str] = []
    taken = 0
    for run in _WORDS.findall(text):
        if len(run) == 1 and run in source:
            taken += 1
            continue
        one = _cover(run, source, words)
        new += one.new
        taken += one.taken
    return Covered(tuple(new), taken)


def _cover(run: str, source: str, words: Rephrasing) -> Covered:
    # best[i] is (characters left over, -characters taken, next place, whether this step leaves one over)
    end = len(run)
    best: list[tuple[int, int, int, bool]] = [(0, 0, end, False)] * (end + 1)
    for start in range(end - 1, -1, -1):
        over, untaken, _, _ = best[start + 1]
        options = [(over + 1, untaken, start + 1, True)]
        for stop in range(start + 1, min(end, start + LONGEST_PIECE) + 1):
            piece = run[start:stop]
            over, untaken, _, _ = best[stop]
            if piece in words.fillers:
                options.append((over, untaken, stop, False))
            elif (len(piece) > 1 and piece in source) or any(
                other in source for other in words.counterparts.get(piece, ())
            ):
                options.append((over, untaken - len(piece), stop, False))
        best[start] = min(options)
    new: list[str] = []
    place, joined = 0, False
    while place < end:
        _, _, following, is_new = best[place]
        if is_new:
            new[-1:] = [new[-1] + run[place]] if joined else [*new[-1:], run[place]]
        joined = is_new
        place = following
    return Covered(tuple(new), -best[0][1])
