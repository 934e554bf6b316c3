"""Which words of a sentence its source does not have.

Every stretch of a sentence must be words of the source, a word that says nothing by itself (您, 的话), or
another word for one that stands there (交 for 缴纳). A stretch begins and ends where words of the source do:
再次申领 is not made of 次申领. The lists are written by hand and kept in `bot/data/rephrasing.tsv`; what
is not in them is a new word, and a new word may be a new fact.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from knowledge_base.errors import SettingsError
from retrieval.lexicon import load_lexicon
from retrieval.tokenize import Tokenizer

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


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer(load_lexicon().cutting)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """A source's text and every stretch of it that begins and ends with a word."""

    text: str
    stretches: frozenset[str]
    is_loose: bool = False


@lru_cache(maxsize=4096)
def _vocabulary(text: str) -> _Vocabulary:
    stretches: set[str] = set()
    for run in _WORDS.findall(text):
        starts, ends = _edges(run)
        stretches.update(
            run[start:end] for start in starts for end in ends if start < end <= start + LONGEST_PIECE
        )
    return _Vocabulary(text, frozenset(stretches))


def _edges(run: str) -> tuple[set[int], set[int]]:
    """Return where words begin and end, words inside longer ones included."""
    tokenizer = _tokenizer()
    starts, ends = {0}, {len(run)}
    at = 0
    for word in tokenizer.cut(run):
        starts.add(at)
        ends.add(at + len(word))
        for start in range(len(word) - 1):
            for end in range(start + 2, len(word) + 1):
                if tokenizer.frequency(word[start:end]):
                    starts.add(at + start)
                    ends.add(at + end)
        at += len(word)
    return starts, ends


def cover(text: str, sources: Sequence[str], words: Rephrasing, *, about: str = "") -> Covered:
    """Account for every word of `text`, leaving as little as possible over. Punctuation does not count.

    Args:
        sources: Clauses; their words must keep what qualifies them: 登记费 is not 首次登记费.
        about: Where the clauses stand; its words may be used freely.
    """
    vocabularies = [_vocabulary(source) for source in sources if source]
    if about:
        vocabularies.append(replace(_vocabulary(about), is_loose=True))
    new: list[str] = []
    taken = 0
    for run in _WORDS.findall(text):
        if len(run) == 1 and any(run in each.stretches for each in vocabularies):
            taken += 1
            continue
        one = _cover(run, vocabularies, words, text)
        new += one.new
        taken += one.taken
    return Covered(tuple(new), taken)


def _cover(run: str, vocabularies: Sequence[_Vocabulary], words: Rephrasing, text: str) -> Covered:
    # best[i]: characters left over from i on, minus those taken, the next place, whether this step leaves one
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
            elif (len(piece) > 1 and any(piece in each.stretches for each in vocabularies)) or any(
                other in each.text for other in words.counterparts.get(piece, ()) for each in vocabularies
            ):
                options.append((over, untaken - len(piece), stop, False))
        best[start] = min(options)
    new: list[str] = []
    place, joined = 0, False
    before = ""
    while place < end:
        _, _, following, is_new = best[place]
        piece = run[place:following]
        if is_new and joined:
            new[-1] += piece
        elif is_new:
            new.append(piece)
        elif piece not in words.fillers and (left_out := _left_out(before, piece, vocabularies, words, text)):
            new.append(f"-{left_out}")
        if following == end and not is_new and (broken_off := _broken_off(piece, vocabularies, words, text)):
            new.append(f"{broken_off}-")
        joined = is_new
        before = "" if is_new or piece in words.fillers else piece
        place = following
    return Covered(tuple(new), -best[0][1])


def _left_out(
    before: str, piece: str, vocabularies: Sequence[_Vocabulary], words: Rephrasing, text: str
) -> str:
    """Return what qualifies a piece in the source and is gone: 边缘 of 低保边缘家庭, 首次 of 首次登记费.

    Args:
        before: The piece it follows upon at once; empty where it begins anew.
        text: The whole that is said: what qualifies may stand in another place of it.
    """
    strict = _strict(piece, vocabularies, words)
    if any(before and before + piece in source for source in strict):
        return ""
    between = "?" if before else ""
    pattern = f"{re.escape(before)}([㐀-鿿]*{between}){re.escape(piece)}"
    gaps = [found[1] for source in strict for found in re.finditer(pattern, source)]
    untold = [gap for gap in gaps if gap and gap[-2:] not in text]
    if before:
        return next((gap for gap in untold if _cover(gap, (), words, gap).new), "")
    is_whole = len(untold) < len(gaps) or any(gap.endswith(tuple(words.fillers)) for gap in gaps)
    return "" if is_whole else next(iter(gaps), "")


def _broken_off(piece: str, vocabularies: Sequence[_Vocabulary], words: Rephrasing, text: str) -> str:
    """Return what follows the last piece of a run in the source and is gone: 累计 of 拖欠累计超过500元."""
    gaps = [
        found[1]
        for source in _strict(piece, vocabularies, words)
        for found in re.finditer(f"{re.escape(piece)}([㐀-鿿]*)", source)
    ]
    is_whole = any(not gap or gap[:2] in text or gap.startswith(tuple(words.fillers)) for gap in gaps)
    return "" if is_whole else next(iter(gaps), "")


def _strict(piece: str, vocabularies: Sequence[_Vocabulary], words: Rephrasing) -> list[str]:
    """Return the clauses a piece is taken from; none where it is short for a word of theirs, as 身份证 is."""
    clauses = [each.text for each in vocabularies if not each.is_loose and piece in each.text]
    longer = [each for each in words.counterparts.get(piece, ()) if piece in each]
    return [] if any(each in clause for each in longer for clause in clauses) else clauses
