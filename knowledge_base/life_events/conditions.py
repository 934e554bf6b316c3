"""What conditions say of answers: a typed evaluator over data, and what a condition names."""

from collections.abc import Iterator, Mapping

from knowledge_base.life_events.records import AllOf, Answered, AnyOf, Condition, LifeEvent, Not

Answers = Mapping[str, str]


def holds(condition: Condition | None, answers: Answers) -> bool:
    """Tell whether a condition holds; none at all always does.

    An unanswered question fulfils no condition that asks for an answer, and so every `not` of one.
    """
    match condition:
        case None:
            return True
        case Answered():
            return answers.get(condition.answer) in condition.values
        case AllOf():
            return all(holds(each, answers) for each in condition.all)
        case AnyOf():
            return any(holds(each, answers) for each in condition.any)
        case Not():
            return not holds(condition.negated, answers)


def named(condition: Condition | None) -> Iterator[Answered]:
    """Yield every answer a condition asks for, in order."""
    match condition:
        case Answered():
            yield condition
        case AllOf():
            for each in condition.all:
                yield from named(each)
        case AnyOf():
            for each in condition.any:
                yield from named(each)
        case Not():
            yield from named(condition.negated)


def told(condition: Condition | None, event: LifeEvent) -> str:
    """Return a condition in words a citizen can read; empty for none."""
    match condition:
        case None:
            return ""
        case Answered():
            question = event.question(condition.answer)
            values = condition.values if question is None else map(question.labelled, condition.values)
            text = condition.answer if question is None else question.text
            return f"“{text}”选{'或'.join(f'“{each}”' for each in values)}"
        case AllOf():
            return "，并且".join(_bracketed(each, event) for each in condition.all)
        case AnyOf():
            return "，或者".join(_bracketed(each, event) for each in condition.any)
        case Not():
            return f"不是（{told(condition.negated, event)}）"


def _bracketed(condition: Condition, event: LifeEvent) -> str:
    words = told(condition, event)
    return f"（{words}）" if isinstance(condition, AllOf | AnyOf) else words
