"""Regions as paths (`浙江省/宁波市`), who sees what, and the places a text names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge_base.errors import KnowledgeError
from knowledge_base.records import NATIONAL

ABROAD = "境外"

_DATA = Path(__file__).parent / "data" / "regions.tsv"
_COLUMNS = 5
_SUFFIX = re.compile(r"(?:特别行政区|自治[区州县旗]|地区|新区|林区|[省市县区州盟旗])$")
# 北京路, 南京东路, 北京时间, 浙江大学 name no place whose rules are asked for.
_NO_PLACE_AFTER = re.compile(
    r"[东西南北中]?(?:路(?![边面灯上段况口])|街(?![道上头边])|大道|巷(?!子))|时间|大学(?!生)|学院|银行(?!卡|业|账|网点|柜|流水)"
)
# 日本人, 香港居民, 去美国: a nationality or a destination, not the place whose rules are asked for.
_NO_PLACE_AFTER_ABROAD = re.compile(
    r"人|籍|国籍|公民|居民|地区居民|同胞|护照|驾照|驾驶证|学历|学位|学生|身份证|通行证|国际|语|车|进口|品牌|留学|签证"
    r"|旅游|大使馆|领事馆|航空|企业|公司|投资|客户|客人|朋友|老公|老婆|丈夫|妻子|媳妇|女婿|专家|老师|外教|永久"
)
_NO_PLACE_BEFORE_ABROAD = re.compile(r"(?:去|赴|往|飞|回|到|自|从|嫁|出)$")


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """A place named in a text at `text[start:end]`; `foreign` lies outside what the service covers."""

    path: str
    start: int
    end: int
    foreign: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place and how it is written.

    Attributes:
        names: Full name and short names; `weak` ones count only beside their city or province.
        not_after: Words that make another word of a name they stand right before.
        not_before: The same for words that follow.
    """

    path: str
    names: tuple[str, ...]
    weak: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        return self.path.startswith(f"{ABROAD}/")


def visible(region: str | None) -> frozenset[str]:
    """Return the regions whose documents a citizen of `region` sees: 全国 and every part of the path."""
    if not region or region == NATIONAL:
        return frozenset({NATIONAL})
    parts = region.split("/")
    return frozenset({NATIONAL, *("/".join(parts[: n + 1]) for n in range(len(parts)))})


def specificity(region: str) -> int:
    """Return how near a region is: 0 for 全国, 1 for a province, 2 for a city, 3 for a county."""
    return 0 if region == NATIONAL else region.count("/") + 1


def common_region(regions: Iterable[str]) -> str:
    """Return the deepest region on one line with every region given: within it, around it, or the same.

    A province, its city and two counties of that city have the city in common; two provinces have nothing,
    and neither has 全国 alone: the result is empty then.
    """
    given = set(regions) - {NATIONAL}
    shared = [
        place
        for place in {part for region in given for part in visible(region)} - {NATIONAL}
        if all(place in visible(region) or region in visible(place) for region in given)
    ]
    return max(shared, key=specificity, default="")


class Gazetteer:
    """The places a text may name. Immutable; `with_regions` gives a larger one."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.path: place for place in places}
        self._by_first: dict[str, list[tuple[str, Place, bool]]] = {}
        for place in self._places.values():
            for names, weak in ((place.names, False), (place.weak, True)):
                for name in names:
                    self._by_first.setdefault(name[0], []).append((name, place, weak))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: (-len(entry[0]), entry[2]))

    def with_regions(self, paths: Iterable[str]) -> "Gazetteer":
        """Return a gazetteer that also knows these regions (and what holds them), by full and short name."""
        places = dict(self._places)
        for path in paths:
            for each in visible(path) - {NATIONAL}:
                if each not in places:
                    places[each] = Place(each, _names_of(each.rsplit("/", 1)[-1]))
        return Gazetteer(places.values())

    def unknown_part(self, region: str) -> str:
        """Return the province, or the city within it, that is not known here; empty where both are.

        Counties are not all listed: what lies within a known city is taken as it is written.
        """
        if region == NATIONAL:
            return ""
        province, *rest = region.split("/")
        parts = [province, *(f"{province}/{city}" for city in rest[:1])]
        return next((part for part in parts if part not in self._places), "")

    def known(self, path: str) -> str:
        """Return the part of a region path that names a place there is, from its start; empty for none."""
        parts = path.split("/")
        longer = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
        return next((each for each in longer if each == NATIONAL or each in self._places), "")

    def named_regions(self, text: str, *, home: str = "") -> tuple[NamedRegion, ...]:
        """Return the places `text` names in order; `浙江省宁波市` is one.

        A name that several cities share (和平区) counts only where its city is named too or holds `home`.
        """
        found = list(self._matches(text))
        context = {place.path for _, _, place, weak in found if not weak} | ({home} if home else set())
        regions: list[NamedRegion] = []
        for start, end, place, weak in found:
            parent = place.path.rpartition("/")[0]
            if weak and not any(each == parent or each.startswith(f"{parent}/") for each in context):
                continue
            last = regions[-1] if regions else None
            if last and last.end == start and place.path.startswith(f"{last.path}/"):
                regions[-1] = NamedRegion(place.path, last.start, end, place.foreign)
            else:
                regions.append(NamedRegion(place.path, start, end, place.foreign))
        return tuple(regions)

    def _matches(self, text: str) -> Iterator[tuple[int, int, Place, bool]]:
        position = 0
        while position < len(text):
            for name, place, weak in self._by_first.get(text[position], ()):
                if text.startswith(name, position) and _is_place(text, position, position + len(name), place):
                    yield position, position + len(name), place, weak
                    position += len(name)
                    break
            else:
                position += 1


@cache
def load_gazetteer() -> Gazetteer:
    """Return the gazetteer of the data file: provinces, prefectures, some counties, and places abroad.

    Raises:
        KnowledgeError: If a line of it is malformed; names the line.
    """
    places: list[Place] = []
    for number, line in enumerate(_DATA.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != _COLUMNS:
            raise KnowledgeError(
                f"{_DATA.name} line {number} has {len(columns)} columns, expected {_COLUMNS}"
            )
        path, names, weak, after, before = columns
        places.append(Place(path, _split(names), _split(weak), tuple(after.split()), tuple(before.split())))
    return Gazetteer(places)


def _split(names: str) -> tuple[str, ...]:
    return tuple(name for name in names.split("|") if name)


def _names_of(name: str) -> tuple[str, ...]:
    short = _SUFFIX.sub("", name)
    return (name, short) if len(short) > 1 and short != name else (name,)


def _is_place(text: str, start: int, end: int, place: Place) -> bool:
    if place.not_after and text.endswith(place.not_after, 0, start):
        return False
    if (place.not_before and text.startswith(place.not_before, end)) or _NO_PLACE_AFTER.match(text, end):
        return False
    if not place.foreign:
        return True
    return not (
        _NO_PLACE_AFTER_ABROAD.match(text, end)
        or _NO_PLACE_BEFORE_ABROAD.search(text[max(0, start - 2) : start])
    )
