"""What a docx says about its paragraphs beside their words: heading depth and automatic numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from knowledge_base.loaders.docx_package import Package
from knowledge_base.loaders.numbering import ends_closed, formatted
from knowledge_base.loaders.safe_xml import Element, attribute, child, local

_HEADING_NAME = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_TITLE_NAMES = frozenset({"title", "标题"})
_CONTENTS_NAME = re.compile(r"(?:toc|目录)\s*[1-9]", re.IGNORECASE)
_MAX_BASES = 20


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    style: str
    pattern: str
    suffix: str
    arabic: bool
    restarts_after: int  # a paragraph of this level or above starts it over; -1 for never


class Styles:
    """The paragraph styles of a document."""

    def __init__(self, package: Package) -> None:
        self._by_id = {
            attribute(style, "styleId"): style
            for part in package.parts("styles")
            for style in part
            if attribute(style, "type") == "paragraph"
        }

    def heading_level(self, properties: Element | None) -> int:
        """Return the heading depth from 1, or 0 for body text."""
        own = attribute(child(properties, "outlineLvl"), "val")
        if own.isdigit():
            return int(own) + 1 if int(own) < 9 else 0
        for style in self._chain(properties):
            name = attribute(child(style, "name"), "val")
            if named := _HEADING_NAME.fullmatch(name):
                return int(named.group(1))
            if name.lower() in _TITLE_NAMES:
                return 1
            outline = attribute(child(style, "pPr", "outlineLvl"), "val")
            if outline.isdigit():
                return int(outline) + 1 if int(outline) < 9 else 0
        return 0

    def is_contents(self, properties: Element | None) -> bool:
        """Tell whether the paragraph is a line of a generated table of contents."""
        return any(
            _CONTENTS_NAME.fullmatch(attribute(child(style, "name"), "val"))
            for style in self._chain(properties)
        )

    def numbering(self, properties: Element | None) -> tuple[str, int]:
        """Return the list's id and the level in it, from 0; an empty id for none."""
        sources = [properties, *(child(style, "pPr") for style in self._chain(properties))]
        found = [numbered for source in sources if (numbered := child(source, "numPr")) is not None]
        ids = (attribute(child(numbered, "numId"), "val") for numbered in found)
        levels = (attribute(child(numbered, "ilvl"), "val") for numbered in found)
        list_id = next(filter(None, ids), "")
        level = next(filter(None, levels), "0")
        return ("" if list_id == "0" else list_id), int(level) if level.isdigit() else 0

    def _chain(self, properties: Element | None) -> Iterator[Element]:
        style_id = attribute(child(properties, "pStyle"), "val")
        for _ in range(_MAX_BASES):
            style = self._by_id.get(style_id)
            if style is None:
                return
            yield style
            style_id = attribute(child(style, "basedOn"), "val")


class Numbers:
    """Counts the automatic numbers of a document's paragraphs, in order."""

    def __init__(self, package: Package) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, tuple[str, dict[int, _Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._opened: set[tuple[str, int]] = set()
        for part in package.parts("numbering"):
            self._read(part)

    def next_label(self, list_id: str, level: int) -> str:
        """Count one paragraph and return its number with the gap after it; empty for bullets or no list."""
        abstract_id, overrides = self._lists.get(list_id, ("", {}))
        levels = self._abstract.get(abstract_id, {}) | overrides
        if level not in levels:
            return ""
        counts = self._counts.setdefault(abstract_id, {})
        # Lists made from one definition go on counting, unless the list says where it starts anew.
        if level in overrides and (list_id, level) not in self._opened:
            counts.pop(level, None)
        self._opened.add((list_id, level))
        counts[level] = counts[level] + 1 if level in counts else levels[level].start
        for deeper in [each for each in counts if each > level]:
            if deeper not in levels or level <= levels[deeper].restarts_after:
                del counts[deeper]
        label = self._written(levels, level, counts)
        gap = levels[level].suffix != "nothing" and label and not ends_closed(label)
        return f"{label} " if gap else label

    def _written(self, levels: dict[int, _Level], level: int, counts: dict[int, int]) -> str:
        if levels[level].style == "bullet":
            return ""

        def number(match: re.Match[str]) -> str:
            shown = int(match.group(1)) - 1
            if shown not in levels:
                return ""
            style = "decimal" if levels[level].arabic else levels[shown].style
            return formatted(counts.get(shown, levels[shown].start), style)

        return re.sub(r"%([1-9])", number, levels[level].pattern)

    def _read(self, part: Element) -> None:
        linked: dict[str, str] = {}
        styled: dict[str, str] = {}
        for definition in part:
            if local(definition.tag) == "abstractNum":
                abstract_id = attribute(definition, "abstractNumId")
                self._abstract[abstract_id] = _levels(definition)
                if style := attribute(child(definition, "styleLink"), "val"):
                    styled[style] = abstract_id
                if style := attribute(child(definition, "numStyleLink"), "val"):
                    linked[abstract_id] = style
            elif local(definition.tag) == "num":
                abstract_id = attribute(child(definition, "abstractNumId"), "val")
                abstract_id = styled.get(linked.get(abstract_id, ""), abstract_id)
                overrides = _overrides(definition, self._abstract.get(abstract_id, {}))
                self._lists[attribute(definition, "numId")] = (abstract_id, overrides)


def _levels(definition: Element) -> dict[int, _Level]:
    levels = (each for each in definition if local(each.tag) == "lvl")
    return {_integer(attribute(each, "ilvl"), 0): _level(each) for each in levels}


def _level(element: Element) -> _Level:
    index = _integer(attribute(element, "ilvl"), 0)
    restart = attribute(child(element, "lvlRestart"), "val")
    legal = child(element, "isLgl")
    return _Level(
        start=_integer(attribute(child(element, "start"), "val"), 0),
        style=attribute(child(element, "numFmt"), "val") or "decimal",
        pattern=attribute(child(element, "lvlText"), "val"),
        suffix=attribute(child(element, "suff"), "val"),
        arabic=legal is not None and attribute(legal, "val") not in {"0", "false"},
        restarts_after=_integer(restart, index) - 1,
    )


def _overrides(definition: Element, levels: dict[int, _Level]) -> dict[int, _Level]:
    overrides: dict[int, _Level] = {}
    for each in definition:
        if local(each.tag) != "lvlOverride":
            continue
        index = _integer(attribute(each, "ilvl"), 0)
        replaced = child(each, "lvl")
        level = _level(replaced) if replaced is not None else levels.get(index)
        start = attribute(child(each, "startOverride"), "val")
        if level is not None:
            overrides[index] = replace(level, start=_integer(start, level.start))
    return overrides


def _integer(written: str, default: int) -> int:
    return int(written) if re.fullmatch(r"[0-9]{1,9}", written) else default
