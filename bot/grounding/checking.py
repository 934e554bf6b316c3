"""Whether a sentence of a language model may be shown: each of its statements is one its source makes.

A statement agrees with a run of clauses of the source when it has the same figures in the same order, the
same words of modality, no word the source has not, and each of its clauses agrees with a part of the run.
Likeness in meaning is asked for besides (`bot.grounding.likeness`); by itself it sees no difference between
可以 and 不得.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.grounding.coverage import Rephrasing, cover, load_rephrasing
from bot.grounding.quantities import Quantity, agrees
from bot.grounding.statements import Clause, SourceText, Statement, said_statements

LEAST_TAKEN = 4
# A heading such as 办理材料 says that what stands under it is needed; a right says that one may.
_IMPLY_NEED = ("材料", "条件", "资料", "要求", "缴费标准", "收费标准", "应当")
_IMPLY_RIGHT = ("享受", "享有", "优先", "免费")


class Fault(StrEnum):
    """Why a sentence is not shown."""

    UNCITED = "uncited"
    UNKNOWN_SOURCE = "unknown_source"
    FENCE = "fence"
    CONTACT = "contact"
    BLOCKED_WORD = "blocked_word"
    QUANTITY = "quantity"
    MODALITY = "modality"
    NEW_WORDS = "new_words"
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
    text = "".join(source.about + "".join(source.sentences) for source in sources)
    taken = sum(cover(clause.bare, text, words).taken for clause in whole.clauses)
    taken += 2 * (len(whole.quantities) + len(whole.senses))
    return Disagreement(Fault.EMPTY) if taken < LEAST_TAKEN else None


def _fault_of(statement: Statement, sources: Sequence[SourceText], words: Rephrasing) -> Disagreement | None:
    faults = [fault for source in sources if (fault := _against(statement, source, words)) is not None]
    if len(faults) < len(sources):
        return None
    return max(faults, key=lambda each: _PROGRESS.index(each.fault))


# The later a comparison fails, the nearer the source was; the nearest miss is the one worth telling.
_PROGRESS = (Fault.QUANTITY, Fault.MODALITY, Fault.NEW_WORDS)


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
    for clause in said.clauses:
        new = _new_words(clause, window, about, words)
        if new is not None:
            return Disagreement(Fault.NEW_WORDS, "、".join(new))
    return None


def _new_words(clause: Clause, window: Statement, about: str, words: Rephrasing) -> tuple[str, ...] | None:
    """Return the words of the clause that the part of the window it agrees with lacks; None for none."""
    fewest: tuple[str, ...] | None = None
    clauses = window.clauses
    for start in range(len(clauses)):
        for stop in range(start + 1, len(clauses) + 1):
            part = Statement(clauses[start:stop])
            if not _fits(clause, part, _implied(window, about)):
                continue
            new = cover(clause.bare, f"{part.text}\n{about}", words).new
            if not new:
                return None
            if fewest is None or sum(map(len, new)) < sum(map(len, fewest)):
                fewest = new
    return fewest or (clause.text,)


def _fits(clause: Clause, part: Statement, implied: frozenset[str]) -> bool:
    if len(part.clauses) == 1:
        return (
            _within(clause.quantities, part.quantities)
            and clause.senses - part.senses <= implied
            and clause.institutions <= part.institutions
        )
    return (
        _same_figures(clause.quantities, part.quantities)
        and _same_senses(clause.senses, part.senses, implied)
        and (not clause.institutions or clause.institutions == part.institutions)
    )


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
    """Return what a statement of this window may add: nothing where the window itself forbids or denies."""
    if any(sense.startswith(("禁止", "否定", "无需")) for sense in window.senses):
        return frozenset()
    need = any(word in window.text + about for word in _IMPLY_NEED)
    right = any(word in window.text for word in _IMPLY_RIGHT)
    return frozenset({*(["必须"] if need else []), *(["可以"] if right else [])})
