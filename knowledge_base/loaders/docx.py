"""Word documents: what a reader sees in the body, in order, automatic numbers written out.

Deleted revisions, hidden words, text boxes, the generated table of contents and page headers and
footers are left out; the last two are still looked at for 密级. Footnotes follow their paragraph.
"""

import re
from collections.abc import Iterator

from knowledge_base.errors import ClassifiedDocument, EncryptedFile
from knowledge_base.loaders.cleaning import split_lines
from knowledge_base.loaders.docx_package import Package
from knowledge_base.loaders.docx_styles import Numbers, Styles
from knowledge_base.loaders.safe_xml import Element, attribute, child, local
from knowledge_base.loaders.sniffing import is_encrypted_office
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.records import Block, BlockKind
from knowledge_base.secrecy import secrecy_marking

_WRITTEN = {"tab": " ", "br": "\n", "cr": "\n", "ptab": " ", "noBreakHyphen": "-"}
_NOT_READ = re.compile(
    "del|moveFrom|drawing|pict|object|AlternateContent|pPr|rPr|instrText|delText|rt|fldData"
)
_CONTAINERS = re.compile("sdt|sdtContent|customXml|smartTag|ins|moveTo")


def read(data: bytes) -> tuple[Block, ...]:
    """Return headings, paragraphs and table rows of the body.

    Raises:
        EncryptedFile: If the file has a password.
        ClassifiedDocument: If a header, footer or text box bears 密级.
        UnreadableFile: If the file is damaged or would unpack beyond bounds.
    """
    if is_encrypted_office(data):
        raise EncryptedFile("文档有密码保护：请在 Word 或 WPS 中去掉密码后再导入")
    package = Package(data)
    _refuse_marked_margins(package)
    return tuple(_Body(package).read())


class _Body:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._styles = Styles(package)
        self._numbers = Numbers(package)
        self._footnotes = {
            attribute(note, "id"): [
                line for each in note.iter() if local(each.tag) == "p" for line in _lines(each)
            ]
            for part in package.parts("footnotes")
            for note in part
            if attribute(note, "type") in {"", "normal"}
        }

    def read(self) -> Iterator[Block]:
        return self._walk(self._package.body)

    def _walk(self, parent: Element) -> Iterator[Block]:
        for element in parent:
            name = local(element.tag)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif _CONTAINERS.fullmatch(name):
                yield from self._walk(element)

    def _paragraph(self, element: Element) -> Iterator[Block]:
        properties = child(element, "pPr")
        if self._styles.is_contents(properties):
            return
        lines = _lines(element)
        level = self._styles.heading_level(properties)
        if lines:
            list_id, depth = self._styles.numbering(properties)
            lines[0] = self._numbers.next_label(list_id, depth) + lines[0]
        if level and lines:
            yield Block(BlockKind.HEADING, "".join(lines), level=level)
        else:
            yield from (Block(BlockKind.PARAGRAPH, line) for line in lines)
        for reference in element.iter():
            if local(reference.tag) == "footnoteReference":
                notes = self._footnotes.get(attribute(reference, "id"), [])
                yield from (Block(BlockKind.PARAGRAPH, note) for note in notes)

    def _table(self, element: Element) -> list[Block]:
        rows = [list(_parts(row, "tc")) for row in _parts(element, "tr")]
        read = [[list(self._walk(cell)) for cell in row] for row in rows]
        everything = [block for row in read for cell in row for block in cell]
        if (
            any(block.kind is BlockKind.TABLE_ROW for block in everything)
            or max(map(len, rows), default=0) <= 1
        ):
            return everything  # laid out by table, not a table
        grid: list[list[str]] = []
        width = max(sum(map(_span, row)) for row in rows)
        for row, cells in zip(rows, read, strict=True):
            written: list[str] = []
            for cell, blocks in zip(row, cells, strict=True):
                column = len(written)
                text = " ".join(block.text for block in blocks)
                if _continues(cell) and grid and column < len(grid[-1]):
                    text = grid[-1][column]
                written += [text] * _span(cell)
            grid.append(written)
        shown = [
            written[:1] if len(row) == 1 and _span(row[0]) == width else written
            for row, written in zip(rows, grid, strict=True)
        ]
        marked = sum(child(row, "trPr", "tblHeader") is not None for row in _parts(element, "tr"))
        return table_blocks(shown, header_rows=marked or None)


def _parts(parent: Element, name: str) -> Iterator[Element]:
    for element in parent:
        if local(element.tag) == name:
            yield element
        elif _CONTAINERS.fullmatch(local(element.tag)):
            yield from _parts(element, name)


def _span(cell: Element) -> int:
    written = attribute(child(cell, "tcPr", "gridSpan"), "val")
    return min(max(int(written), 1), 200) if written.isdigit() else 1


def _continues(cell: Element) -> bool:
    merge = child(cell, "tcPr", "vMerge")
    return merge is not None and attribute(merge, "val") in {"", "continue"}


def _lines(paragraph: Element) -> list[str]:
    return split_lines("".join(_words(paragraph)))


def _words(element: Element) -> Iterator[str]:
    for each in element:
        name = local(each.tag)
        if _NOT_READ.fullmatch(name) or (name == "r" and _is_hidden(each)):
            continue
        if name == "t":
            yield each.text or ""
        elif name in _WRITTEN:
            yield _WRITTEN[name]
        else:
            yield from _words(each)


def _is_hidden(run: Element) -> bool:
    vanish = child(run, "rPr", "vanish")
    return vanish is not None and attribute(vanish, "val") not in {"0", "false"}


def _refuse_marked_margins(package: Package) -> None:
    boxes = [box for box in package.body.iter() if local(box.tag) == "txbxContent"]
    for part in [*package.parts("header"), *package.parts("footer"), *boxes]:
        paragraphs = (each for each in part.iter() if local(each.tag) == "p")
        blocks = [Block(BlockKind.PARAGRAPH, line) for each in paragraphs for line in _lines(each)]
        if marking := secrecy_marking(blocks):
            raise ClassifiedDocument(f"页眉、页脚或文本框标有密级“{marking}”：涉密文件不得导入")
