"""The rules of a good life event: what contradicts itself, waits for itself, or is not in the catalogue."""

from collections.abc import Collection, Iterator, Mapping

from knowledge_base.life_events.conditions import named
from knowledge_base.life_events.planning import CircularSteps, in_order
from knowledge_base.life_events.records import AllOf, Answered, AnyOf, Condition, LifeEvent
from knowledge_base.life_events.sheets import ReadEvent
from knowledge_base.services.findings import Finding, Place, Severity

_Fault = tuple[str, str, Severity]
"""Column, message, and whether it keeps the event out."""


def lint(events: Mapping[str, ReadEvent], codes: Collection[str]) -> list[Finding]:
    """Return what is wrong with events that were read, each finding with its place and its cure.

    Args:
        codes: The 基本编码 the catalogue has, in whatever region.
    """
    return [
        Finding(place, column, message, severity, code)
        for code, read in events.items()
        for place, (column, message, severity) in _faults(read, codes)
    ]


def _faults(read: ReadEvent, codes: Collection[str]) -> Iterator[tuple[Place, _Fault]]:
    event = read.event
    for at, question in enumerate(event.questions):
        place = read.questions[at] if at < len(read.questions) else read.place
        before = {each.id: {option.value for option in each.options} for each in event.questions[:at]}
        if question.id in before:
            yield place, ("问题编号", f"编号 {question.id} 用了两次：改其中之一", Severity.ERROR)
        values = [option.value for option in question.options]
        for value in dict.fromkeys(each for each in values if values.count(each) > 1):
            yield place, ("选项", f"选项值 {value} 用了两次：改其中之一", Severity.ERROR)
        if len(values) == 1:
            yield place, ("选项", "只有一个选项，不用问：去掉这个问题，或补上别的选项", Severity.WARNING)
        later = {each.id for each in event.questions[at:]}
        for fault in _named_faults(question.ask_when, before, later, "什么时候问"):
            yield place, fault
        if not _is_named(event, question.id):
            message = f"问了 {question.id}，却没有哪一步、哪个问题用到它：去掉，或在“什么时候办”里写上"
            yield place, ("问题编号", message, Severity.WARNING)
    yield from _step_faults(read, codes)


def _step_faults(read: ReadEvent, codes: Collection[str]) -> Iterator[tuple[Place, _Fault]]:
    event = read.event
    asked = {each.id: {option.value for option in each.options} for each in event.questions}
    steps = [step.catalog_code for step in event.steps]
    for at, step in enumerate(event.steps):
        place = read.steps[at] if at < len(read.steps) else read.place
        if step.catalog_code not in codes:
            message = (
                f"事项库里没有基本编码 {step.catalog_code}：先收入这个事项，或核对编码；此前这一步不会列出"
            )
            yield place, ("基本编码", message, Severity.WARNING)
        if step.catalog_code in steps[:at]:
            message = f"基本编码 {step.catalog_code} 有两步：合并成一步，两种情形用“或”连接"
            yield place, ("基本编码", message, Severity.ERROR)
        for fault in _named_faults(step.when, asked, set(), "什么时候办"):
            yield place, fault
        for code in step.after:
            if code not in steps:
                message = f"先办 {code}，这件事里却没有这一步：补上这一步，或去掉"
                yield place, ("先办", message, Severity.ERROR)
    try:
        in_order(event.steps)
    except CircularSteps as circle:
        at = steps.index(circle.codes[0])
        place = read.steps[at] if at < len(read.steps) else read.place
        message = f"{'、'.join(circle.codes)} 互相等着，谁也办不了：去掉其中一个“先办”"
        yield place, ("先办", message, Severity.ERROR)


def _named_faults(
    condition: Condition | None, asked: Mapping[str, Collection[str]], later: Collection[str], column: str
) -> Iterator[_Fault]:
    """Yield what a condition names that is not there, and what can never hold."""
    for each in named(condition):
        if each.answer in later:
            message = f"用到了还没有问的问题 {each.answer}：把那个问题移到前面"
            yield column, message, Severity.ERROR
        elif each.answer not in asked:
            yield column, f"没有编号为 {each.answer} 的问题：补上这个问题，或核对编号", Severity.ERROR
        else:
            for value in (value for value in each.values if value not in asked[each.answer]):
                message = f"问题 {each.answer} 没有选项值 {value}：补上这个选项，或核对"
                yield column, message, Severity.ERROR
    if condition is not None and _never_holds(condition):
        message = "要求同一个问题同时有两个不同的回答，永远不会成立：核对“且”和“或”"
        yield column, message, Severity.ERROR


def _never_holds(condition: Condition) -> bool:
    """Tell whether a condition asks for two different answers to one question at once."""
    if isinstance(condition, AnyOf):
        return all(map(_never_holds, condition.any))
    if not isinstance(condition, AllOf):
        return False
    wanted: dict[str, set[str]] = {}
    for each in condition.all:
        if isinstance(each, Answered):
            wanted[each.answer] = wanted.get(each.answer, set(each.values)) & set(each.values)
    return not all(wanted.values()) or any(map(_never_holds, condition.all))


def _is_named(event: LifeEvent, question_id: str) -> bool:
    conditions = (*(each.when for each in event.steps), *(each.ask_when for each in event.questions))
    return any(each.answer == question_id for condition in conditions for each in named(condition))
