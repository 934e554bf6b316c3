"""Cutting a document into chunks along its own structure.

A law is cut at its 条; a circular at its lowest numbered item, small items of one list staying
together with the words that introduce them; a table at its rows. What is longer than allowed is
cut into a few balanced pieces at 款, then between 项 (never inside one), then at sentence ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from knowledge_base.normalising import SourceText
from knowledge_base.outline import Line, Role, outline
from knowledge_base.records import ChunkDraft, ChunkKind
from knowledge_base.sentences import sentence_spans
from knowledge_base.splitting import Atom, partition
from knowledge_base.structure import Rank

MAX_CHARS = 400
TINY_ITEM_CHARS = 80

_ENUMERATIONS = ("情形", "条件", "材料", "清单", "程序", "流程")


@dataclass(frozen=True, slots=True)
class _Unit:
    """Lines that are cited together, before they are cut to size."""

    kind: ChunkKind
    article: str
    lines: tuple[Line, ...]


@dataclass(slots=True)
class _Node:
    """A line of a circular and what is numbered below it."""

    line: Line
    children: list["_Node"]

    def lines(self) -> Iterator[Line]:
        yield self.line
        for child in self.children:
            yield from child.lines()

    @property
    def introduces(self) -> bool:
        return self.line.text.rstrip().endswith(("：", ":"))


def chunk(source: SourceText, *, title: str, max_chars: int = MAX_CHARS) -> tuple[ChunkDraft, ...]:
    """Cut a document into chunks.

    Chunks come in the order of the text and do not overlap; every line of the text is in exactly
    one of them, or is a heading in the path of one. All pieces of one 条 (or item, or table)
    share a group, and groups are numbered from 0 upwards.

    Args:
        title: Title of the document; a heading that repeats it is not part of any heading path.
        max_chars: Size aimed at, in characters; a 项 or a table row longer than this stays whole.

    Raises:
        ValueError: If max_chars < 20.
    """
    if max_chars < 20:
        raise ValueError(f"max_chars is {max_chars}, at least 20 is needed")
    drafts: list[ChunkDraft] = []
    for group, unit in enumerate(_units(outline(source, title=title), max_chars)):
        drafts.extend(_pieces(unit, group, source.text, max_chars))
    return tuple(drafts)


def _units(lines: Sequence[Line], max_chars: int) -> Iterator[_Unit]:
    content = [line for line in lines if line.role is not Role.HEADING]
    # Two parts may bear equal headings, so it is the headings' identity that parts them.
    runs = groupby(content, key=lambda line: (line.role is Role.MATTER, tuple(map(id, line.path))))
    for (is_matter, _), run in runs:
        if is_matter:
            yield _Unit(ChunkKind.PREAMBLE, "", tuple(run))
        else:
            yield from _units_of_section(list(run), max_chars)


def _units_of_section(lines: list[Line], max_chars: int) -> Iterator[_Unit]:
    first = next((n for n, line in enumerate(lines) if line.role is Role.ARTICLE), len(lines))
    yield from _units_of_circular(lines[:first], max_chars)
    while first < len(lines):
        after = (n for n in range(first + 1, len(lines)) if lines[n].role is Role.ARTICLE)
        end = next(after, len(lines))
        marker = lines[first].marker
        yield _Unit(ChunkKind.ARTICLE, marker.label if marker else "", tuple(lines[first:end]))
        first = end


def _units_of_circular(lines: list[Line], max_chars: int) -> Iterator[_Unit]:
    # Two tables may stand one below the other: each is a unit, with its own header.
    for header, run in groupby(lines, key=lambda line: line.header if line.role is Role.ROW else None):
        section = list(run)
        label = "".join(h.label for h in section[0].path if h.rank and h.rank > Rank.ARTICLE)
        if header is not None:
            yield _Unit(ChunkKind.TABLE_ROW, label, tuple(section))
        else:
            yield from _units_of_nodes(_tree(section), label, max_chars)


def _tree(lines: Sequence[Line]) -> list[_Node]:
    roots: list[_Node] = []
    open_nodes: list[_Node] = []
    for line in lines:
        node = _Node(line, [])
        if line.marker is None:
            # A plain line after an introduced list speaks for the whole of it again.
            intro = next((n for n, o in enumerate(open_nodes) if o.line.marker is None), None)
            if intro is not None:
                del open_nodes[intro:]
            elif open_nodes:
                del open_nodes[1:]
        else:
            rank = line.marker.rank
            while open_nodes and _is_closed(open_nodes, rank):
                open_nodes.pop()
        (open_nodes[-1].children if open_nodes else roots).append(node)
        if line.marker or node.introduces:
            open_nodes.append(node)
    return roots


def _is_closed(open_nodes: list[_Node], rank: Rank) -> bool:
    """An open item is closed by its like; an introduction by what closes the item it stands in."""
    marker = open_nodes[-1].line.marker
    if marker:
        return marker.rank >= rank
    return any(node.line.marker and node.line.marker.rank >= rank for node in open_nodes)


def _size(nodes: Sequence[_Node]) -> int:
    lines = [line for node in nodes for line in node.lines()]
    return lines[-1].end - lines[0].start


def _is_list(items: Sequence[_Node]) -> bool:
    """Tell whether small items are one enumeration; a （一） that is a sentence of its own is a provision."""
    if not items or sum(_size([item]) for item in items) > TINY_ITEM_CHARS * len(items):
        return False
    marker, path = items[0].line.marker, items[0].line.path
    if marker and marker.rank >= Rank.THIRD:
        return True
    if path and path[-1].text.endswith(_ENUMERATIONS):
        return True
    return not any(item.line.text.rstrip().endswith("。") for item in items[:-1])


def _units_of_nodes(nodes: list[_Node], label: str, max_chars: int) -> Iterator[_Unit]:
    if not nodes:
        return
    items = [node for node in nodes if node.line.marker]
    fits = _size(nodes) <= max_chars
    if len(items) > 1 and _is_list(items) and (fits or len(items) == len(nodes)):
        yield _unit(nodes, label)
        return
    for is_item, run in groupby(nodes, key=lambda node: node.line.marker is not None):
        if not is_item:
            yield _unit(list(run), label)
            continue
        for node in run:
            yield from _units_of_item(node, label, max_chars)


def _units_of_item(node: _Node, label: str, max_chars: int) -> Iterator[_Unit]:
    own = label + (node.line.marker.label if node.line.marker else "")
    small = _size([node]) <= max_chars and (node.introduces or _is_list(node.children) or not node.children)
    if small or node.introduces or all(child.line.marker is None for child in node.children):
        yield _unit([node], own)
        return
    yield _unit([_Node(node.line, [])], own)
    yield from _units_of_nodes(node.children, own, max_chars)


def _unit(nodes: Sequence[_Node], article: str) -> _Unit:
    lines = tuple(line for node in nodes for line in node.lines())
    kind = ChunkKind.ITEM if any(line.marker for line in lines) else ChunkKind.PARAGRAPH
    return _Unit(kind, article, lines)


def _pieces(unit: _Unit, group: int, text: str, max_chars: int) -> Iterator[ChunkDraft]:
    path = tuple(heading.text for heading in unit.lines[0].path)
    for is_row, run in groupby(unit.lines, key=lambda line: line.role is Role.ROW):
        lines = list(run)
        if is_row:
            for row in lines:
                yield ChunkDraft(
                    ChunkKind.TABLE_ROW, group, unit.article, path, row.header, row.start, row.end, row.text
                )
            continue
        for piece in partition(_atoms(lines, max_chars), max_chars):
            start, end = piece[0].start, piece[-1].end
            words = piece[0].lead
            yield ChunkDraft(unit.kind, group, unit.article, path, words, start, end, text[start:end])


def _atoms(lines: Sequence[Line], max_chars: int) -> list[Atom]:
    """Divide the lines of a unit into what must stay whole: items with what is below them, 款, sentences."""
    atoms: list[Atom] = []
    lead, top = "", None
    for number, line in enumerate(lines):
        rank = line.marker.rank if line.role is Role.ITEM and line.marker else None
        if rank is not None and number:
            if top is not None and rank > top:
                atoms[-1] = atoms[-1].until(line.end)
                continue
            top = rank
            atoms.append(Atom(line.start, line.end, lead, in_list=True, opens_list=False))
            continue
        spans = sentence_spans(line.text) if line.end - line.start > max_chars else ((0, len(line.text)),)
        atoms.extend(
            Atom(line.start + a, line.start + b, "", in_list=False, opens_list=False) for a, b in spans
        )
        top = rank
        lead = _lead(line)
        if lead:
            atoms[-1] = atoms[-1].opening()
    return atoms


def _lead(line: Line) -> str:
    """Return the sentence at the end of the line that introduces a list, without the label before it."""
    words = line.text[line.marker.end if line.marker else 0 :].strip()
    if not words.endswith(("：", ":")):
        return ""
    start, end = sentence_spans(words)[-1]
    return words[start:end]
