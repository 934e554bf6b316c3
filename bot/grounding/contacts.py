"""Ways out of an answer: links, e-mail addresses, telephone numbers, accounts and apps.

A model sees each as a token such as ⟦链接1⟧ and can give it back as that token only; whatever looks like
a way out in what it writes was made up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FORMS = (
    ("邮箱", r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"),
    ("链接", r"(?:(?:https?|ftp|weixin|alipays?)://|www\.|#小程序://)[!-~]+"),
    ("链接", r"(?<![A-Za-z0-9.@-])(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?:[:/][!-~]*)?(?![A-Za-z0-9])"),
    ("小程序", r"(?<![A-Za-z0-9])(?:wx|gh_)[0-9a-f]{12,16}(?![A-Za-z0-9])"),
    ("电话", r"(?<![\d.])(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)"),
    ("电话", r"(?<![\d.])(?:[(（]?0\d{2,3}[)）]?[- ]?)\d{7,8}(?:[-转]\d{1,6})?(?!\d)"),
    ("电话", r"(?<![\d.])[48]00[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)"),
    ("电话", r"(?<![\d.〔])(?:12\d{3}|9[56]\d{3,4}|11[0249])(?![\d元人户件个万])"),
)
_ANY = re.compile("|".join(f"(?P<f{place}>{pattern})" for place, (_, pattern) in enumerate(_FORMS)))
TOKEN = re.compile(r"⟦(?:链接|邮箱|电话|小程序)\d+⟧")
_BRACKETS = re.compile("[⟦⟧]")
# What the forms above would not catch, spelled out or broken up to look harmless.
_HIDDEN = re.compile(
    r"[⟦⟧]|https?\b|[:：]//|\bwww\b|(?:点|dot|\.)(?:com|cn|net|gov)\b|(?:加|添加)(?:我|您|他)?(?:的)?(?:微信|QQ|V信|企鹅)"
    r"|(?:微信|QQ|qq)(?:号|群)?[:：为是]?[A-Za-z0-9_-]{5,}|扫(?:描)?(?:下方|上方|此|该)?(?:的)?(?:二维码|码)"
    r"|\d(?:[-\s·.]?\d){6,}|(?:[零一二三四五六七八九幺][-\s]?){7,}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts with their ways out replaced, and what each token stands for."""

    texts: tuple[str, ...]
    originals: Mapping[str, str]


def replace_contacts(texts: tuple[str, ...]) -> Tokens:
    """Put a token in the place of each way out; the same one has the same token in all the texts.

    A bracket of the tokens that stands in a text itself is taken out: no text can bring its own token.
    """
    tokens: dict[str, str] = {}
    counts: dict[str, int] = {}

    def token(found: re.Match[str]) -> str:
        kind = _FORMS[int((found.lastgroup or "f0")[1:])][0]
        if found[0] not in tokens:
            counts[kind] = counts.get(kind, 0) + 1
            tokens[found[0]] = f"⟦{kind}{counts[kind]}⟧"
        return tokens[found[0]]

    replaced = tuple(_ANY.sub(token, _BRACKETS.sub("", text)) for text in texts)
    return Tokens(replaced, {token: original for original, token in tokens.items()})


def restore_contacts(text: str, originals: Mapping[str, str]) -> str:
    """Put back what the tokens stand for."""
    return TOKEN.sub(lambda found: originals.get(found[0], found[0]), text)


def unknown_contacts(text: str, known: str) -> tuple[str, ...]:
    """Return the ways out in `text` that are not tokens of `known`, the source as the model saw it."""
    tokens = TOKEN.findall(text)
    rest = TOKEN.sub("", text)
    foreign = [token for token in tokens if token not in known]
    return (*foreign, *(found[0] for found in _ANY.finditer(rest)), *(f[0] for f in _HIDDEN.finditer(rest)))
