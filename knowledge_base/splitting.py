"""Cutting a sequence of indivisible parts into few balanced pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

_COST_OF_A_PIECE = 1.0
_COST_OF_CUTTING_A_LIST = 0.25
_COST_OF_LEAVING_AN_INTRODUCTION = 2.0
_COST_OF_EXCESS = 100.0


@dataclass(frozen=True, slots=True)
class Atom:
    """A part that is not divided: an item with what is below it, a 款, or a sentence.

    Attributes:
        lead: The sentence that introduces the list it is an item of, else empty.
        in_list: True for an item.
        opens_list: True when it ends with the words that introduce the next atom.
    """

    start: int
    end: int
    lead: str
    in_list: bool
    opens_list: bool

    def until(self, end: int) -> "Atom":
        return replace(self, end=end)

    def opening(self) -> "Atom":
        return replace(self, opens_list=True)


def partition(atoms: Sequence[Atom], max_chars: int) -> list[list[Atom]]:
    """Cut `atoms` into consecutive pieces of at most `max_chars`, few and of like size.

    A cut between 款 is better than one inside a list, and an introduction stays with the first
    of what it introduces where it can. A single atom longer than `max_chars` is a piece of its own.
    """
    best = [0.0] + [inf] * len(atoms)
    cut = [0] * (len(atoms) + 1)
    for end in range(1, len(atoms) + 1):
        for start in range(end - 1, -1, -1):
            size = atoms[end - 1].end - atoms[start].start
            if size > 2 * max_chars and end - start > 1:
                break
            cost = best[start] + _cost(atoms, start, end, size / max_chars)
            if cost < best[end]:
                best[end], cut[end] = cost, start
    pieces: list[list[Atom]] = []
    end = len(atoms)
    while end:
        pieces.append(list(atoms[cut[end] : end]))
        end = cut[end]
    return pieces[::-1]


def _cost(atoms: Sequence[Atom], start: int, end: int, fill: float) -> float:
    cost = _COST_OF_A_PIECE + fill * fill
    if fill > 1 and end - start > 1:
        cost += _COST_OF_EXCESS * (fill - 1)
    if start and atoms[start].in_list:
        cost += _COST_OF_CUTTING_A_LIST
    if start and atoms[start - 1].opens_list:
        cost += _COST_OF_LEAVING_AN_INTRODUCTION
    return cost
