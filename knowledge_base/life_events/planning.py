"""From answers to a plan: which question comes next, which steps apply, in what order, and what to bring."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge_base.folding import fold
from knowledge_base.life_events.conditions import Answers, holds
from knowledge_base.life_events.records import EventQuestion, EventStep, LifeEvent
from knowledge_base.services.inheriting import EffectiveItem
from knowledge_base.services.records import Fee, Material


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step that applies, with its item as it is where the citizen lives.

    Attributes:
        number: From 1 on, in the order to go.
    """

    number: int
    step: EventStep
    effective: EffectiveItem

    @property
    def fees(self) -> tuple[Fee, ...] | None:
        """What it costs: none is free of charge; None where the item does not say."""
        return self.effective.item.fees


@dataclass(frozen=True, slots=True)
class MergedMaterial:
    """A material once, whichever steps ask for it.

    Attributes:
        steps: Numbers of the steps that ask for it.
        originals, photocopies: How many: the largest number a step asks for; 0 for none or not said.
        electronic: Whether a step takes it as a file.
        needed: Whether a step needs it; where none does, it may be left out.
        waived: Numbers of the steps where it is 免提交: the government has it.
        conditions: By step number, in which case only it is asked for.
        form, example: Web addresses of a blank form and of a sample, of the first step that has one.
    """

    name: str
    steps: tuple[int, ...]
    originals: int
    photocopies: int
    electronic: bool
    needed: bool
    waived: tuple[int, ...]
    conditions: Mapping[int, str]
    form: str
    example: str

    @property
    def is_waived(self) -> bool:
        """Whether no step has it handed in."""
        return set(self.waived) == set(self.steps)

    @property
    def is_conditional(self) -> bool:
        """Whether every step that has it handed in asks for it in some cases only."""
        return set(self.conditions) >= set(self.steps) - set(self.waived) and not self.is_waived


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        left_out: Steps that apply, but whose item cannot be had done in the region on the day.
    """

    steps: tuple[PlannedStep, ...]
    materials: tuple[MergedMaterial, ...]
    left_out: tuple[EventStep, ...]


class CircularSteps(ValueError):
    """Steps wait for each other; `codes` are those."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        super().__init__(f"steps wait for each other: {', '.join(codes)}")
        self.codes = codes


def counted(event: LifeEvent, answers: Answers) -> dict[str, str]:
    """Return the answers that count: to questions asked given the answers before, with their options.

    What was answered before another answer made its question pointless is left aside, not forgotten.
    """
    kept: dict[str, str] = {}
    for question in event.questions:
        value = answers.get(question.id)
        if value is not None and holds(question.ask_when, kept) and _is_option(question, value):
            kept[question.id] = value
    return kept


def _is_option(question: EventQuestion, value: str) -> bool:
    return any(option.value == value for option in question.options)


def asked_in_order(event: LifeEvent, answers: Answers) -> tuple[EventQuestion, ...]:
    """Return the questions that are asked, given these answers."""
    kept = counted(event, answers)
    return tuple(each for each in event.questions if holds(each.ask_when, kept))


def next_question(event: LifeEvent, answers: Answers, skipped: Iterable[str] = ()) -> EventQuestion | None:
    """Return the question to put next; None where all are answered or skipped."""
    kept, passed_over = counted(event, answers), set(skipped)
    return next(
        (each for each in asked_in_order(event, kept) if each.id not in kept and each.id not in passed_over),
        None,
    )


def in_order(steps: Iterable[EventStep]) -> tuple[EventStep, ...]:
    """Return steps so that each comes after those it waits for; otherwise as they stand.

    Raises:
        CircularSteps: If some wait for each other.
    """
    listed = tuple(steps)
    places = {step.catalog_code: place for place, step in enumerate(listed)}
    waits = {
        place: {places[code] for code in step.after if code in places} for place, step in enumerate(listed)
    }
    ready = [place for place, before in waits.items() if not before]
    ordered: list[EventStep] = []
    while ready:
        place = heapq.heappop(ready)
        ordered.append(listed[place])
        del waits[place]
        for other, before in waits.items():
            if place in before:
                before.discard(place)
                if not before:
                    heapq.heappush(ready, other)
    if waits:
        raise CircularSteps(tuple(listed[place].catalog_code for place in waits))
    return tuple(ordered)


def applying(event: LifeEvent, answers: Answers) -> tuple[EventStep, ...]:
    """Return the steps that apply to these answers, in order.

    The order is that of the whole bundle, so that a step waits for one behind another that does not apply.

    Raises:
        CircularSteps: If steps wait for each other.
    """
    kept = counted(event, answers)
    return tuple(step for step in in_order(event.steps) if holds(step.when, kept))


def plan(event: LifeEvent, answers: Answers, items: Mapping[str, EffectiveItem]) -> Plan:
    """Return what is to be done, from the items a citizen can have done, by catalog code.

    Raises:
        CircularSteps: If steps wait for each other.
    """
    steps: list[PlannedStep] = []
    left_out: list[EventStep] = []
    for step in applying(event, answers):
        effective = items.get(step.catalog_code)
        if effective is None:
            left_out.append(step)
        else:
            steps.append(PlannedStep(len(steps) + 1, step, effective))
    return Plan(tuple(steps), merge_materials(steps), tuple(left_out))


def merge_materials(steps: Iterable[PlannedStep]) -> tuple[MergedMaterial, ...]:
    """Return the materials of all steps, each once, in the order they are first asked for."""
    asked: dict[str, list[tuple[int, Material]]] = {}
    for step in steps:
        for material in step.effective.item.materials or ():
            asked.setdefault(_same(material.name), []).append((step.number, material))
    return tuple(_merged(each) for each in asked.values())


def _same(name: str) -> str:
    """Return what two ways to write one material have in common."""
    return "".join(fold(name).split()).strip("《》")


def _merged(asked: list[tuple[int, Material]]) -> MergedMaterial:
    handed_in = [(number, each) for number, each in asked if not each.waived]
    steps = tuple(dict.fromkeys(number for number, _ in asked))
    always = {number for number, each in handed_in if not each.condition}
    conditions: dict[int, str] = {}
    for number, each in handed_in:
        if each.condition and number not in always:
            conditions[number] = "；".join(filter(None, (conditions.get(number), each.condition)))
    return MergedMaterial(
        name=asked[0][1].name,
        steps=steps,
        originals=max((_count(each, "原件") for _, each in handed_in), default=0),
        photocopies=max((_count(each, "复印件") for _, each in handed_in), default=0),
        electronic=any(each.type == "电子" for _, each in handed_in),
        needed=any(each.is_need for _, each in handed_in),
        waived=tuple(number for number in steps if number not in {handed for handed, _ in handed_in}),
        conditions=conditions,
        form=next((each.form_guid for _, each in handed_in if each.form_guid), ""),
        example=next((each.example_guid for _, each in handed_in if each.example_guid), ""),
    )


def _count(material: Material, kind: str) -> int:
    """Return how many originals or photocopies a step asks for; one where it does not say how many."""
    if material.type is None or kind not in material.type:
        return 0
    return 1 if material.copies is None else material.copies
