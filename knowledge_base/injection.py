"""Words that speak to a machine rather than to people: instructions planted in a question or a document.

Recognising them is for logs and for reviewers. It is not what keeps the answers honest: those quote, and what
is quoted is data. Patterns (`data/injection.toml`) go over the units of a text (`blocking.variants`), so that
spacing, full-width letters and Traditional characters make no difference; role tags are matched as
they are written.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from knowledge_base.blocking.variants import stream_of
from knowledge_base.patterns import PatternFile

PATTERNS_FILE = Path(__file__).parent / "data" / "injection.toml"


class InjectionKind(StrEnum):
    """What the words try; the value is how operators are told."""

    OVERRIDE = "要求忽略规定或指令"
    ROLE = "改换身份或模式"
    LEAK = "套取系统提示或设定"
    DICTATE = "规定机器怎样回答"
    FORGED = "伪造的系统消息"


@dataclass(frozen=True, slots=True)
class Injection:
    """Words found, `text[start:end]`."""

    kind: InjectionKind
    start: int
    end: int
    written: str


@cache
def _rules() -> tuple[list[tuple[InjectionKind, re.Pattern[str]]], re.Pattern[str]]:
    kept = PatternFile(PATTERNS_FILE)
    units = [(InjectionKind[name.upper()], pattern) for name, pattern in kept.table("units").items()]
    return units, kept.pattern("as_written", flags=re.IGNORECASE | re.MULTILINE)


def find_injections(text: str) -> tuple[Injection, ...]:
    """Return what in a text speaks to a machine, by place."""
    stream, (units, as_written) = stream_of(text), _rules()
    found = [
        Injection(kind, start, end, text[start:end])
        for kind, pattern in units
        for match in pattern.finditer(stream.units)
        for start, end in [(stream.places[match.start()], stream.places[match.end() - 1] + 1)]
    ]
    found += [
        Injection(InjectionKind.FORGED, *match.span(), match[0].strip())
        for match in as_written.finditer(text)
    ]
    return tuple(sorted(found, key=lambda each: (each.start, each.end)))
