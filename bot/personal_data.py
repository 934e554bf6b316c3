"""Masking personal data before a text is stored, logged or shown to a model.

Numbers are recognised by their form and their check digit, so that 发文字号, dates, amounts and item
codes are left alone. Full-width digits and letters count as their half-width forms.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PersonalDataKind(StrEnum):
    """What was found; the value is the word that stands in its place."""

    EMAIL = "电子邮箱"
    ID_CARD = "身份证号"
    CREDIT_CODE = "统一社会信用代码"
    PHONE = "手机号"
    BANK_CARD = "银行卡号"
    PASSPORT = "护照号"


@dataclass(frozen=True, slots=True)
class Found:
    """Where personal data stood in the given text: code points, end exclusive."""

    kind: PersonalDataKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with its personal data replaced, such as `［身份证号］`, and what was replaced."""

    text: str
    found: tuple[Found, ...]


def mask(text: str) -> Masked:
    """Replace personal data in `text`; masking a masked text changes nothing."""
    half_width = text.translate(_TO_HALF_WIDTH)
    found: list[Found] = []
    for kind, pattern, is_valid in _RULES:
        # What an earlier rule took is blanked, so that a later one cannot read across it.
        blanked = _blank(half_width, found)
        found.extend(
            Found(kind, *match.span("number"))
            for match in pattern.finditer(blanked)
            if is_valid(re.sub(r"[ -]", "", match["number"]).upper())
        )
    found.sort(key=lambda one: one.start)
    return Masked("".join(_pieces(text, found)), tuple(found))


def is_id_card(number: str) -> bool:
    """Tell whether `number` is a 居民身份证号: 18 characters with the GB 11643 check digit, or the old 15."""
    if int(number[:2]) not in _PROVINCES:
        return False
    birthday = number[6:14] if len(number) == 18 else f"19{number[6:12]}"
    if not _is_day(birthday):
        return False
    if len(number) == 15:
        return True
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17]


def is_bank_card(number: str) -> bool:
    """Tell whether the digits pass the Luhn check (ISO/IEC 7812-1); all zeros do not count."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return any(doubled) and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_credit_code(code: str) -> bool:
    """Tell whether `code` is a 统一社会信用代码 with its GB 32100 check character."""
    total = sum(_CREDIT_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(code[:17]))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31] == code[17]


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


def _always(_number: str) -> bool:
    return True


def _blank(text: str, found: list[Found]) -> str:
    for one in found:
        text = f"{text[: one.start]}{'□' * (one.end - one.start)}{text[one.end :]}"
    return text


def _pieces(text: str, found: list[Found]) -> Iterator[str]:
    position = 0
    for one in found:
        yield text[position : one.start]
        yield f"［{one.kind.value}］"
        position = one.end
    yield text[position:]


_TO_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

_PROVINCES = frozenset(
    [
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        71,
        81,
        82,
    ]
)
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALONE_BEFORE, _ALONE_AFTER = r"(?<![0-9])(?<![0-9]\.)", r"(?![0-9])(?!\.[0-9])"

_RULES: tuple[tuple[PersonalDataKind, re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        PersonalDataKind.EMAIL,
        re.compile(r"(?P<number>[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})"),
        _always,
    ),
    (
        PersonalDataKind.ID_CARD,
        re.compile(
            rf"{_ALONE_BEFORE}(?P<number>[0-9]{{6}}[ -]?[0-9]{{4}}[ -]?[0-9]{{4}}[ -]?[0-9]{{3}}[0-9Xx]"
            rf"|[0-9]{{15}}){_ALONE_AFTER}"
        ),
        is_id_card,
    ),
    (
        PersonalDataKind.CREDIT_CODE,
        re.compile(
            r"(?<![0-9A-Za-z])(?P<number>[1-9ANYany][0-9A-Ga-g][0-9]{6}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10})"
            r"(?![0-9A-Za-z])"
        ),
        is_credit_code,
    ),
    (
        PersonalDataKind.PHONE,
        re.compile(
            rf"{_ALONE_BEFORE}(?P<number>(?:(?:\+|00)?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{{4}}){{2}})"
            rf"{_ALONE_AFTER}"
        ),
        _always,
    ),
    (
        PersonalDataKind.BANK_CARD,
        re.compile(
            rf"{_ALONE_BEFORE}(?P<number>[0-9]{{13,19}}|[0-9]{{4}}(?:[ -][0-9]{{4}}){{2}}[ -][0-9]{{1,4}}"
            rf"(?:[ -][0-9]{{1,3}})?){_ALONE_AFTER}(?! ?[元万亿])"
        ),
        is_bank_card,
    ),
    (
        PersonalDataKind.PASSPORT,
        re.compile(
            r"护照(?:号码|号)?(?:是|为)?[:： ]{0,3}(?P<number>[A-Za-z]{1,2}[0-9]{7,8})(?![0-9A-Za-z])"
        ),
        _always,
    ),
)
