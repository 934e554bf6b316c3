"""Whether a sentence of a language model may be shown: each of its statements is one its source makes.

A statement agrees with a run of clauses of the source when it has the same figures in the same order, the
same words of modality, no word the source has not, and each of its clauses agrees with a part of the run.
Likeness in meaning is asked for besides (`bot.grounding.likeness`); by itself it sees no difference between
可以 and 不得.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bot.grounding.coverage import Rephrasing, cover, load_rephrasing
from bot.grounding.quantities import Quantity, agrees
from bot.grounding.statements import Clause, SourceText, Statement, said_statements

LEAST_TAKEN = 4
# A condition is reworded like anything else; below this share of its pairs it is a different one, or gone.
TOLD_FROM = 0.5
# A heading such as 办理材料 says that what stands under it is needed; a right says that one may.
_IMPLY_NEED = ("材料", "条件", "资料", "要求", "缴费标准", "收费标准", "应当")
_IMPLY_RIGHT = ("享受", "享有", "优先", "免费")
# Words that turn into their opposite when one of them is taken from another place of the clause.
_PLACES = ("前", "后", "内", "外", "上", "下", "首", "再")
_CASES = re.compile("、|以及|或者|和|及|□")


class Fault(StrEnum):
    """Why a sentence is not shown."""

    UNCITED = "uncited"
    UNKNOWN_SOURCE = "unknown_source"
    FENCE = "fence"
    CONTACT = "contact"
    BLOCKED_WORD = "blocked_word"
    QUANTITY = "quantity"
    MODALITY = "modality"
    CONDITION = "condition"
    NEW_WORDS = "new_words"
    ODD_CHARACTERS = "odd_characters"
    EMPTY = "empty"
    UNLIKE = "unlike"
    DANGLING = "dangling"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What is wrong with a sentence; `detail` names the figure or word, for the log."""

    fault: Fault
    detail: str = ""


def disagreement(
    sentence: str, sources: Sequence[SourceText], words: Rephrasing | None = None
) -> Disagreement | None:
    """Return what the sentence says that none of its sources does; None if they say it all.

    Args:
        sentence: One sentence without its marks, in the words the sources were prepared in.
        sources: Those it cites.
    """
    words = words or load_rephrasing()
    statements = said_statements(sentence)
    whole = Statement(tuple(clause for statement in statements for clause in statement.clauses))
    # Taken as a whole first: the condition that begins a sentence governs all of it.
    if whole.clauses and _fault_of(whole, sources, words) is not None:
        for statement in statements:
            if (fault := _fault_of(statement, sources, words)) is not None:
                return fault
    texts = [text for source in sources for text in (source.about, *source.sentences)]
    taken = sum(cover(clause.bare, texts, words).taken for clause in whole.clauses)
    taken += 2 * (len(whole.quantities) + len(whole.senses))
    return Disagreement(Fault.EMPTY) if taken < LEAST_TAKEN else None


def _fault_of(statement: Statement, sources: Sequence[SourceText], words: Rephrasing) -> Disagreement | None:
    faults = [fault for source in sources if (fault := _against(statement, source, words)) is not None]
    if len(faults) < len(sources):
        return None
    return max(faults, key=lambda each: _PROGRESS.index(each.fault))


# The later a comparison fails, the nearer the source was; the nearest miss is the one worth telling.
_PROGRESS = (Fault.QUANTITY, Fault.MODALITY, Fault.CONDITION, Fault.NEW_WORDS)


def _against(statement: Statement, source: SourceText, words: Rephrasing) -> Disagreement | None:
    nearest = Disagreement(Fault.QUANTITY, "、".join(map(str, statement.quantities)))
    for window in source.windows:
        fault = _compare(statement, window, source.about, words)
        if fault is None:
            return None
        if _PROGRESS.index(fault.fault) >= _PROGRESS.index(nearest.fault):
            nearest = fault
    return nearest


def _compare(said: Statement, window: Statement, about: str, words: Rephrasing) -> Disagreement | None:
    if not _same_figures(said.quantities, window.quantities):
        return Disagreement(Fault.QUANTITY, "、".join(map(str, said.quantities)))
    if not _same_senses(said.senses, window.senses, _implied(window, about)):
        return Disagreement(Fault.MODALITY, "、".join(sorted(said.senses ^ window.senses)))
    if untold := [
        clause.text for clause in window.clauses if clause.is_condition and not _is_told(clause, said, window)
    ]:
        return Disagreement(Fault.CONDITION, untold[0])
    reached = 0
    for clause in said.clauses:
        match = _match(clause, window, about, words, reached)
        if match.new:
            return Disagreement(Fault.NEW_WORDS, "、".join(match.new))
        reached = match.start
    return None


@dataclass(frozen=True, slots=True)
class _Match:
    """The first part of a window that says what a clause does: where it starts, and what it lacks."""

    start: int
    new: tuple[str, ...]


def _match(clause: Clause, window: Statement, about: str, words: Rephrasing, since: int) -> _Match:
    """Return the part that leaves nothing new, else the one that leaves least.

    Args:
        since: First clause of the window to look at: clauses are told in the source's order.
    """
    best = _Match(since, (clause.text,))
    implied = _implied(window, about)
    for start in range(since, len(window.clauses)):
        for stop in range(start + 1, len(window.clauses) + 1):
            part = Statement(window.clauses[start:stop])
            if not _fits(clause, part, implied):
                continue
            new = cover(clause.bare, [each.bare for each in part.clauses], words, about=about).new
            if not new:
                return _Match(start, ())
            if sum(map(len, new)) < sum(map(len, best.new)):
                best = _Match(start, new)
    return best


def _fits(clause: Clause, part: Statement, implied: frozenset[str]) -> bool:
    is_one = len(part.clauses) == 1
    return (
        (_within if is_one else _same_figures)(clause.quantities, part.quantities)
        and _same_senses(clause.senses, part.senses, implied)
        and _in_order(clause.actors, part.actors)
        and (is_one or not clause.actors or set(clause.actors) == set(part.actors))
        and all(clause.bare.count(word) <= part.text.count(word) for word in _PLACES)
    )


def _is_told(condition: Clause, said: Statement, window: Statement) -> bool:
    """Tell whether a condition of the window is still there: enough of the pairs of characters of one case.

    A clause that only repeats what the window says besides tells no condition.
    """
    rest = [clause.bare for clause in window.clauses if not clause.is_condition]
    telling = [
        clause.bare
        for clause in said.clauses
        if not any(clause.bare.strip("，；。") in each for each in rest)
    ]
    cases = [
        {a + b for a, b in pairwise(case)}
        for case in _CASES.split(condition.bare.rstrip("，的"))
        if len(case) > 1
    ]
    return not cases or any(
        sum(any(pair in each for each in telling) for pair in pairs) >= TOLD_FROM * len(pairs)
        for pairs in cases
    )


def _in_order(said: Sequence[str], source: Sequence[str]) -> bool:
    """Tell whether the actors that are said stand in the source, as often and in this order."""
    following = iter(source)
    return all(any(each == actor for each in following) for actor in said)


def _same_figures(said: Sequence[Quantity], source: Sequence[Quantity]) -> bool:
    return len(said) == len(source) and all(map(agrees, said, source))


def _within(said: Sequence[Quantity], source: Sequence[Quantity]) -> bool:
    """Tell whether the figures stand in the source in this order, others between them or not."""
    following = iter(source)
    return all(any(agrees(quantity, each) for each in following) for quantity in said)


def _same_senses(said: frozenset[str], source: frozenset[str], implied: frozenset[str]) -> bool:
    """What is implied may be spelled out; 均 and 任何 may be left out, not added."""
    return said - source <= implied and source - said <= {"均"}


def _implied(window: Statement, about: str) -> frozenset[str]:
    """Return what a statement of this window may add: nothing where the window has a modality of its own."""
    own = window.senses - {"或", "均"}
    need = not own and any(word in window.text + about for word in _IMPLY_NEED)
    right = own <= {"免"} and any(word in window.text for word in _IMPLY_RIGHT)
    return frozenset({*(["必须"] if need else []), *(["可以"] if right else [])})
