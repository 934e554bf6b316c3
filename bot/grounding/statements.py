"""A text taken apart into clauses, with the figures and words of modality in each.

A source is read as windows: runs of clauses that make a statement of their own. A run that leaves out the
condition before it (…的，) or the exception after it (但…) is none.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bot.grounding.modality import Modal, find_modals
from bot.grounding.numerals import fold_figures
from bot.grounding.quantities import Quantity, find_quantities
from knowledge_base.sentences import sentence_spans

MAX_UNITS = 8
_BREAK = re.compile(
    r"[，,：:；;。！？!?]+|(?=但|不过|然而)|(?<=[一-鿿])(?=并(?:在|于|自|应|可|由|将|向|按|须|处|不))"
)
_MARKER = re.compile(
    r"^[\s\-*•·]*(?:[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[.、．)）](?!\d)|[一二三四五六七八九十]{1,3}、|[-*•·])?\s*"
)
_ITEM = re.compile(
    r"^\s*(?:[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[.、．)）](?!\d)|[一二三四五六七八九十]{1,3}、)"
)
_PROVISO = re.compile(r"但|不过|然而|除外|不适用|另有规定")
# Who does what to whom, by the last characters of the name: where a name begins cannot be told.
_ACTOR = re.compile(
    r"[一-鿿]{2}(?:部门|机关|机构|中心|委员会|街道办|办事处|法院|银行|医院|社区|大厅|政府|协会|联合会|局)"
    r"|派出所|职工|单位|个人|家庭|企业|配偶|子女|学生|业主|申请人|代理人|监护人"
    r"|[^\W\d_的和与或及在由向对为是等]{2}人(?![员民均口数])|[男女双对甲乙]方|[一-鿿]{2}者(?=[，。；的应可不在向由与和、□]|$)"
)
_FORBIDS = ("禁止", "否定", "除外", "免", "无需")


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch between two marks.

    Attributes:
        bare: The words without figures and modality, which are compared by themselves.
        senses: The classes of its words of modality.
        actors: The people and offices it names, in order.
    """

    text: str
    bare: str
    quantities: tuple[Quantity, ...]
    senses: frozenset[str]
    actors: tuple[str, ...]

    @property
    def is_condition(self) -> bool:
        return self.text.rstrip("，,：: ").endswith(("的", "的情况下"))

    @property
    def is_proviso(self) -> bool:
        return bool(_PROVISO.match(self.text) or "除外" in self.text)


@dataclass(frozen=True, slots=True)
class Statement:
    """Clauses taken together."""

    clauses: tuple[Clause, ...]

    @property
    def text(self) -> str:
        return "".join(clause.text for clause in self.clauses)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(quantity for clause in self.clauses for quantity in clause.quantities)

    @property
    def senses(self) -> frozenset[str]:
        return frozenset().union(*(clause.senses for clause in self.clauses))

    @property
    def actors(self) -> tuple[str, ...]:
        return tuple(actor for clause in self.clauses for actor in clause.actors)


def clauses_of(text: str) -> tuple[Clause, ...]:
    """Take one sentence or item apart; its number or bullet is left out."""
    folded = fold_figures(_MARKER.sub("", text, count=1))
    quantities = find_quantities(folded)
    blanked = _blank(folded, quantities)
    modals = find_modals(blanked)
    bare = _blank(blanked, modals)
    edges = [0]
    for found in _BREAK.finditer(blanked):
        before = blanked[: found.start()]
        # What stands in brackets belongs to what it explains.
        if found.end() > edges[-1] and before.count("（") <= before.count("）"):
            edges.append(found.end())
    edges.append(len(folded))
    spans = [(a, b) for a, b in pairwise(edges) if re.search(r"\w", folded[a:b])]
    return tuple(
        Clause(
            folded[start:end],
            bare[start:end],
            tuple(each for each in quantities if start <= each.start < end),
            _senses(each for each in modals if start <= each.start < end),
            tuple(_ACTOR.findall(bare[start:end])),
        )
        for start, end in spans
    )


def _senses(modals: Iterable[Modal]) -> frozenset[str]:
    """Return the classes; what is denied twice is another thing than what is denied once."""
    counts = Counter(each.sense for each in modals)
    return frozenset(
        f"{sense}×{count}" if sense.startswith("否定") and count > 1 else sense
        for sense, count in counts.items()
    )


def _blank(text: str, spans: Sequence[Quantity] | Sequence[Modal]) -> str:
    for each in spans:
        text = f"{text[: each.start]}{'□' * (each.end - each.start)}{text[each.end :]}"
    return text


def said_statements(sentence: str) -> tuple[Statement, ...]:
    """Return what a sentence states: a new statement after ； and where a kind of figure comes again."""
    statements: list[Statement] = []
    held: list[Clause] = []
    families: set[tuple[str, str]] = set()
    for clause in clauses_of(sentence):
        own = {quantity.family for quantity in clause.quantities}
        if held and (own & families or held[-1].text.endswith(("；", ";"))):
            statements.append(Statement(tuple(held)))
            held, families = [], set()
        held.append(clause)
        families |= own
    return (*statements, *([Statement(tuple(held))] if held else []))


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or item of a source; `lead` is the place of the unit that introduces it."""

    clauses: tuple[Clause, ...]
    is_item: bool
    lead: int | None


class SourceText:
    """A source taken apart once, to compare many sentences with.

    Args:
        text: The words quoted from a document.
        about: Title, number, headings and label of where they stand: a sentence may use these words, too.
    """

    def __init__(self, text: str, about: str = "") -> None:
        self.about = fold_figures(about)
        self.sentences = tuple(text[start:end] for start, end in sentence_spans(text))
        self._units = tuple(_units(self.sentences))

    @cached_property
    def windows(self) -> tuple[Statement, ...]:
        """Every run of clauses that is a statement of its own."""
        found: dict[Statement, None] = {}
        for place, unit in enumerate(self._units):
            lead = self._units[unit.lead].clauses if unit.lead is not None else ()
            must_lead = any(sense.startswith(_FORBIDS) for clause in lead for sense in clause.senses)
            for run in self._runs(place):
                if not must_lead:
                    found[Statement(run)] = None
                if lead:
                    found[Statement((*lead, *run))] = None
            for stop in range(place + 2, min(len(self._units), place + MAX_UNITS) + 1):
                joined = tuple(clause for each in self._units[place:stop] for clause in each.clauses)
                if self._is_excepted(stop):
                    continue
                if not must_lead:
                    found[Statement(joined)] = None
                if lead:
                    found[Statement((*lead, *joined))] = None
        return tuple(found)

    def _runs(self, place: int) -> Iterator[tuple[Clause, ...]]:
        clauses = self._units[place].clauses
        for start in range(len(clauses)):
            if any(clause.is_condition for clause in clauses[:start]):
                break
            for stop in range(start + 1, len(clauses) + 1):
                if stop < len(clauses) and clauses[stop].is_proviso:
                    continue
                if stop == len(clauses) and self._is_excepted(place + 1):
                    continue
                yield clauses[start:stop]

    def _is_excepted(self, place: int) -> bool:
        """Tell whether the unit there takes back some of what the one before it says."""
        return place < len(self._units) and self._units[place].clauses[0].is_proviso


def _units(sentences: Sequence[str]) -> Iterator[_Unit]:
    lead: int | None = None
    place = 0
    for sentence in sentences:
        is_item = bool(_ITEM.match(sentence))
        if not is_item:
            lead = None
        for clauses in _divided(clauses_of(sentence)):
            yield _Unit(clauses, is_item, lead if is_item else None)
            place += 1
        if sentence.rstrip().endswith(("：", ":")):
            lead = place - 1


def _divided(clauses: Sequence[Clause]) -> Iterator[tuple[Clause, ...]]:
    """Yield the clauses up to each ； or 。: an item is kept whole by its layout, not by what it says."""
    held: list[Clause] = []
    for clause in clauses:
        held.append(clause)
        if clause.text.endswith(("；", ";", "。")):
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)
