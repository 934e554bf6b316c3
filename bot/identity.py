"""Who a citizen says to be, where that decides which item is theirs: person or enterprise, local or not."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

from knowledge_base.folding import fold
from knowledge_base.services.records import ServiceItem


class Identity(StrEnum):
    """One side of a question of identity."""

    PERSON = "person"
    ENTERPRISE = "enterprise"
    LOCAL = "local"
    OUTSIDER = "outsider"


SIDES: tuple[tuple[Identity, Identity], ...] = (
    (Identity.PERSON, Identity.ENTERPRISE),
    (Identity.LOCAL, Identity.OUTSIDER),
)
"""The questions of identity: one is one or the other."""

_SAID: Mapping[Identity, re.Pattern[str]] = {
    Identity.PERSON: re.compile(
        r"^(?:是|算|以)?(?:我)?(?:是)?(?:个人|自然人|个体户?|个体工商户)(?:的|名义|身份|来?办)?(?:[，,（(。]|$)"
        r"|我(?:是|以)?(?:个人|自然人|个体户|个体工商户)|个人名义"
    ),
    Identity.ENTERPRISE: re.compile(
        r"^(?:是|算|以)?(?:我们?)?(?:是)?(?:企业|公司|单位|法人)(?:的|名义|身份|来?办)?(?:[、，,（(。]|$)"
        r"|(?:我们?|咱们?)(?:是)?(?:一?家)?(?:小?微?企业|公司|厂|单位)|(?:企业|公司|单位)名义"
    ),
    Identity.LOCAL: re.compile(
        r"(?<!非)(?:本地|本市)的?(?:户[口籍]|人)|户[口籍]就?(?:是|在)(?:本地|本市|这)"
    ),
    Identity.OUTSIDER: re.compile(
        r"(?:外地|外省|外市|异地|非本[地市])的?(?:户[口籍]|人)|户[口籍]不(?:是|在)(?:本地|本市|这)"
        r"|^(?:我)?(?:是)?(?:外地|外省)的?(?:[，,。]|$)"
    ),
}
_WHO_WORDS = re.compile(r"个体工商户|个体户|个体|个人|自然人|企业|公司|单位|法人")
_BUSINESS = re.compile(r"[店铺摊厂]|合作社|机构")
_OUTSIDE, _HERE = "外地户籍", "本地户籍"
_LOCAL_ONLY = re.compile(r"(?<!非)本[市地]户[籍口]")


def identity_of(text: str) -> frozenset[Identity]:
    """Return what a text says of who is asking; of two sides both named, neither."""
    folded = fold(text)
    said = {identity for identity, pattern in _SAID.items() if pattern.search(folded)}
    for one, other in SIDES:
        if {one, other} <= said:
            said -= {one, other}
    return frozenset(said)


def read_identities(kept: Collection[str]) -> frozenset[Identity]:
    """Return identities by name; what this release does not know is left aside."""
    return frozenset(each for each in Identity if each.value in kept)


def sides_of(item: ServiceItem) -> frozenset[Identity]:
    """Return whom an item is for; of a question it does not depend on, both sides."""
    sides = set()
    serves = item.serves or ("自然人", "法人")
    sides |= {Identity.PERSON} if "自然人" in serves else set()
    sides |= {Identity.ENTERPRISE} if "法人" in serves else set()
    audience = item.audience or ()
    condition = "；".join(item.accept_condition or ())
    is_for_locals = _HERE in audience or (_OUTSIDE not in audience and bool(_LOCAL_ONLY.search(condition)))
    is_for_outsiders = _OUTSIDE in audience
    if is_for_locals or not is_for_outsiders:
        sides.add(Identity.LOCAL)
    if is_for_outsiders or not is_for_locals:
        sides.add(Identity.OUTSIDER)
    return frozenset(sides)


def is_for(item: ServiceItem, who: frozenset[Identity]) -> bool:
    """Tell whether an item is for somebody of whom this much is known."""
    return who <= sides_of(item)


def deciding_sides(items: Sequence[ServiceItem]) -> tuple[Identity, Identity] | None:
    """Return the question of identity that parts these items, each being for one side only; None for none."""
    of_each = [sides_of(item) for item in items]
    for one, other in SIDES:
        only = [sides & {one, other} for sides in of_each]
        if all(len(each) == 1 for each in only) and len(frozenset().union(*only)) == len((one, other)):
            return one, other
    return None


def twin_of(item: ServiceItem, items: Iterable[ServiceItem]) -> ServiceItem | None:
    """Return the item that does the same for the other side, as 个体工商户注销登记 and 公司注销登记 do."""
    bare = _bare_name(item)
    if not bare:
        return None
    same = (each for each in items if each is not item and _bare_name(each) == bare)
    return next((each for each in same if deciding_sides([item, each]) is not None), None)


def _bare_name(item: ServiceItem) -> str:
    return _WHO_WORDS.sub("", item.task_name or "")


def says_who(text: str) -> bool:
    """Tell whether a text names a person, a business or the like at all, whoever is asking."""
    return bool(_WHO_WORDS.search(text) or _BUSINESS.search(text) or identity_of(text))
