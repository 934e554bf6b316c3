"""Conditions and options as an operator writes them in a cell, and back.

    医保 = 职工 且 结算 = 没有
    孩次 = 第二个 / 第三个
    非 证件 = 没有
    （ 类型 = 公司 或 雇人 = 是 ） 且 广告 = 是

且 binds closer than 或, 非 closer still. Words that hold spaces, brackets or signs, or are 且, 或, 非
themselves, stand in quotation marks: "是，或者".
"""

import re
from collections.abc import Sequence
from typing import NoReturn

from knowledge_base.life_events.records import (
    MOST_DEEP,
    AllOf,
    Answered,
    AnyOf,
    Choice,
    Condition,
    Not,
)

_AND, _OR, _NOT = "且", "或", "非"
_TOKEN = re.compile(r'["“”](?P<quoted>[^"“”]*)["“”]|(?P<sign>[()（）=＝/／])|(?P<word>[^\s()（）=＝/／"“”]+)')
_NARROW = str.maketrans("（）＝／", "()=/")
_PLAIN = re.compile(r'[^\s()（）=＝/／"“”]+')

_Token = tuple[str, bool]
"""Text of a token, and whether it is a word: in quotation marks, 且 is one."""


def write_condition(condition: Condition) -> str:
    """Return a condition as a cell."""
    match condition:
        case Answered():
            return f"{_word(condition.answer)} = {' / '.join(map(_word, condition.values))}"
        case AllOf():
            return f" {_AND} ".join(_within(each) for each in condition.all) + _single(condition.all, _AND)
        case AnyOf():
            return f" {_OR} ".join(_within(each) for each in condition.any) + _single(condition.any, _OR)
        case Not():
            return f"{_NOT} {_within(condition.negated)}"


def _within(condition: Condition) -> str:
    words = write_condition(condition)
    return words if isinstance(condition, Answered | Not) else f"（ {words} ）"


def _single(parts: Sequence[Condition], sign: str) -> str:
    """All or any of one thing is written with its sign behind, so that it reads back as it was."""
    return f" {sign}" if len(parts) == 1 else ""


def _word(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text not in (_AND, _OR, _NOT)
    return text if is_plain else f'"{text}"'


def read_condition(text: str) -> Condition:
    """Read a condition from a cell.

    Raises:
        ValueError: If it is none; says in Chinese where and how it should be.
    """
    return _Reader(text).whole()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[_Token] = []
        at = 0
        for found in _TOKEN.finditer(text):
            self._expect_blank(text[at : found.start()])
            at = found.end()
            if found["quoted"] is not None:
                self._tokens.append((found["quoted"], True))
            elif found["word"] is not None:
                self._tokens.append((found["word"], found["word"] not in (_AND, _OR, _NOT)))
            else:
                self._tokens.append((found["sign"].translate(_NARROW), False))
        self._expect_blank(text[at:])
        self._at = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._any()
        if self._at < len(self._tokens):
            self._fail(f"“{self._tokens[self._at][0]}”多余")
        return condition

    def _any(self) -> Condition:
        parts = [self._all()]
        joined = False
        while self._next_is(_OR):
            joined = True
            if self._ends():
                break
            parts.append(self._all())
        return AnyOf(any=tuple(parts)) if joined else parts[0]

    def _all(self) -> Condition:
        parts = [self._one()]
        joined = False
        while self._next_is(_AND):
            joined = True
            if self._ends():
                break
            parts.append(self._one())
        return AllOf(all=tuple(parts)) if joined else parts[0]

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > 4 * MOST_DEEP:
            self._fail("括号套得太深")
        try:
            if self._next_is(_NOT):
                return Not(negated=self._one())
            if self._next_is("("):
                condition = self._any()
                if not self._next_is(")"):
                    self._fail("少了右括号")
                return condition
            return self._answered()
        finally:
            self._depth -= 1

    def _answered(self) -> Condition:
        question = self._take_word("问题编号")
        if not self._next_is("="):
            self._fail(f"“{question}”后面应是 =")
        values = [self._take_word("选项值")]
        while self._next_is("/"):
            values.append(self._take_word("选项值"))
        return Answered(answer=question, values=tuple(values))

    def _ends(self) -> bool:
        """Tell whether nothing follows a sign that joins: all or any of one thing."""
        return self._at >= len(self._tokens) or self._tokens[self._at] == (")", False)

    def _next_is(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (sign, False):
            self._at += 1
            return True
        return False

    def _expect_blank(self, between: str) -> None:
        if between.strip():
            self._fail(f"引号没有成对，在“{between.strip()[:20]}”处")

    def _take_word(self, what: str) -> str:
        if self._at >= len(self._tokens) or not self._tokens[self._at][1] or not self._tokens[self._at][0]:
            found = f"读到“{self._tokens[self._at][0]}”" if self._at < len(self._tokens) else "后面没有了"
            self._fail(f"这里应是{what}，{found}")
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _fail(self, why: str) -> NoReturn:
        raise ValueError(
            f"“{self._text[:40]}”读不懂：{why}。写作“编号 = 选项值 / 选项值”，用“且”“或”“非”连接，前后空格"
        )


def write_options(options: Sequence[Choice]) -> str:
    """Return options a line each: `值 = 选项`, or the option alone where it is its own value."""
    return "\n".join(
        each.label if each.label == each.value and "=" not in each.label else f"{each.value} = {each.label}"
        for each in options
    )


def read_options(text: str) -> list[dict[str, str]]:
    """Read what `write_options` wrote; a line without `=` is value and option in one."""
    options = []
    for line in filter(None, map(str.strip, text.splitlines())):
        value, found, label = line.replace("＝", "=", 1).partition("=")
        options.append({"value": value.strip(), "label": label.strip() if found else value.strip()})
    return options
