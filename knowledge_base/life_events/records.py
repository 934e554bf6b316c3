"""The records of life events, as they stand in JSON; a field's title is its column in a sheet.

A condition is data, never code: it names answers, and joins conditions by all, any and not.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    field_validator,
)

from knowledge_base.services.records import Code, LegalBasis, Line, Lines, MaybeLine, Paragraphs, Record

MOST_STEPS = 100
MOST_QUESTIONS = 30
MOST_OPTIONS = 12
MOST_DEEP = 8
"""How deep conditions may be nested."""


def _unquoted(text: str) -> str:
    if re.search('["“”]', text):
        raise ValueError(f"{text} holds quotation marks")
    return text


Name = Annotated[Code, Field(max_length=40), AfterValidator(_unquoted)]
"""An id or value that conditions name; in a cell, quotation marks stand around it."""
Values = Annotated[
    tuple[Name, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    PlainSerializer(lambda values: values[0] if len(values) == 1 else list(values), return_type=Any),
    Field(min_length=1, max_length=MOST_OPTIONS),
]


class _Condition(Record):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Answered(_Condition):
    """A question was answered with one of these values; one that was not answered fulfils this never."""

    answer: Name
    values: Values = Field(validation_alias=AliasChoices("is", "values"), serialization_alias="is")


class AllOf(_Condition):
    """Each of these holds."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=MOST_OPTIONS)]


class AnyOf(_Condition):
    """At least one of these holds."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=MOST_OPTIONS)]


class Not(_Condition):
    """This does not hold."""

    negated: "Condition" = Field(validation_alias=AliasChoices("not", "negated"), serialization_alias="not")


def _kind(value: object) -> str | None:
    """Return which condition a value is, by the key that only this kind has."""
    if isinstance(value, dict):
        keys = {"negated": "not"}
        return next(
            (keys.get(key, key) for key in ("answer", "all", "any", "not", "negated") if key in value), None
        )
    kinds: dict[type, str] = {Answered: "answer", AllOf: "all", AnyOf: "any", Not: "not"}
    return kinds.get(type(value))


Condition = Annotated[
    Annotated[Answered, Tag("answer")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(
        _kind,
        custom_error_type="condition",
        custom_error_message="a condition has one of answer, all, any, not",
    ),
]


def depth(condition: Condition) -> int:
    """Return how deep conditions are nested; 1 for a plain one."""
    match condition:
        case AllOf():
            return 1 + max(map(depth, condition.all))
        case AnyOf():
            return 1 + max(map(depth, condition.any))
        case Not():
            return 1 + depth(condition.negated)
    return 1


def _shallow(condition: Condition | None) -> Condition | None:
    if condition is not None and depth(condition) > MOST_DEEP:
        raise ValueError(f"nested {depth(condition)} deep, expected no more than {MOST_DEEP}")
    return condition


MaybeCondition = Annotated[Condition | None, AfterValidator(_shallow)]


class Choice(Record):
    """A possible answer: its value, as conditions name it, and what the citizen reads."""

    value: Annotated[Name, Field(title="选项值")]
    label: Annotated[Line, Field(min_length=1, max_length=60, title="选项")]


class EventQuestion(Record):
    """A question of the questionnaire; it is asked only where `ask_when` holds of the answers before."""

    id: Annotated[Name, Field(title="问题编号")]
    text: Annotated[Line, Field(min_length=1, max_length=100, title="问题")]
    help: Annotated[MaybeLine, Field(title="说明")] = None
    options: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=MOST_OPTIONS, title="选项")]
    ask_when: Annotated[MaybeCondition, Field(title="什么时候问")] = None

    def labelled(self, value: str) -> str:
        """Return what a value is called; the value itself where it is no option."""
        return next((option.label for option in self.options if option.value == value), value)


class EventStep(Record):
    """An item of the bundle, by its kind: which region's it is follows from where the citizen lives."""

    catalog_code: Annotated[Code, Field(title="基本编码")]
    when: Annotated[MaybeCondition, Field(title="什么时候办")] = None
    after: Annotated[Lines, Field(title="先办")] = ()
    note: Annotated[MaybeLine, Field(title="提示")] = None


class LifeEvent(Record):
    """A life event as one region bundles it; `code` is its key."""

    code: Annotated[Name, Field(title="编码")]
    name: Annotated[Line, Field(min_length=1, max_length=60, title="名称")]
    aliases: Annotated[Lines, Field(title="口语说法")] = ()
    region: Annotated[Line, Field(min_length=1, title="地区")]
    intro: Annotated[Paragraphs, Field(title="简介")] = ""
    by_law: Annotated[tuple[LegalBasis, ...], Field(title="依据", max_length=50)] = ()
    plan_effective_date: Annotated[date | None, Field(title="计划生效日期")] = None
    plan_cancel_date: Annotated[date | None, Field(title="计划取消日期")] = None
    questions: Annotated[tuple[EventQuestion, ...], Field(max_length=MOST_QUESTIONS, title="问题")] = ()
    steps: Annotated[tuple[EventStep, ...], Field(min_length=1, max_length=MOST_STEPS, title="步骤")]

    @field_validator("region")
    @classmethod
    def _path(cls, region: str) -> str:
        return region.strip("/")

    def question(self, question_id: str) -> EventQuestion | None:
        """Return a question by its id; None where there is none."""
        return next((each for each in self.questions if each.id == question_id), None)


class EventVersion(Record):
    """A version an event has had.

    Attributes:
        number: From 1 on.
        withdrawn_at: When an operator withdrew the event; the same in all of its versions.
    """

    event: LifeEvent
    number: int
    stored_at: datetime
    stored_by: str
    withdrawn_at: datetime | None = None
