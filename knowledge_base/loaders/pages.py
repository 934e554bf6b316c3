"""Pages of placed lines and tables, whatever laid them out (pdf, OCR, ofd), to blocks in reading order."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.errors import ClassifiedDocument
from knowledge_base.loaders.pdf_letters import Line
from knowledge_base.loaders.pdf_lines import PageLines, TypeArea, drop_furniture
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.records import Block, BlockKind
from knowledge_base.secrecy import secrecy_marking


@dataclass(frozen=True, slots=True)
class Table:
    """A table and where it begins; merged cells are filled as `table_blocks` wants them."""

    top: float
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        own_margins: Its lines stand in margins of their own, as those of columns do.
    """

    lines: PageLines
    tables: tuple[Table, ...] = ()
    own_margins: bool = False

    def text(self) -> str:
        cells = (cell for table in self.tables for row in table.rows for cell in row)
        return "".join((*(line.text for line in self.lines.lines), *cells))


def blocks_of(pages: Sequence[Page]) -> list[Block]:
    """Leave out page furniture, join wrapped lines into paragraphs, go on with tables over page breaks.

    Raises:
        ClassifiedDocument: If a running header or footer bears 密级.
    """
    kept, furniture = drop_furniture([page.lines for page in pages])
    if marking := secrecy_marking([Block(BlockKind.PARAGRAPH, line.text) for line in furniture]):
        raise ClassifiedDocument(f"页眉或页脚标有密级“{marking}”：涉密文件不得导入")
    shared = [line for page, lines in zip(pages, kept, strict=True) if not page.own_margins for line in lines]
    layout = TypeArea(shared)
    blocks: list[Block] = []
    run: list[Line] = []
    rows: list[tuple[str, ...]] = []
    for page, lines in zip(pages, kept, strict=True):
        here = TypeArea(lines) if page.own_margins else layout
        if page.own_margins:
            blocks += layout.paragraphs(run)
            run = []
        items: list[Line | Table] = [*lines, *page.tables]
        for item in sorted(items, key=lambda item: item.top):
            if isinstance(item, Line):
                blocks += table_blocks(rows)
                rows = []
                run.append(item)
            else:
                blocks += here.paragraphs(run)
                run = []
                rows = _continued(rows, item.rows, blocks)
        if page.own_margins:
            blocks += here.paragraphs(run)
            run = []
    return [*blocks, *table_blocks(rows), *layout.paragraphs(run)]


def _continued(
    rows: list[tuple[str, ...]], more: tuple[tuple[str, ...], ...], blocks: list[Block]
) -> list[tuple[str, ...]]:
    """Go on with a table cut by a page break, without its repeated header; else close it and start `more`."""
    if not rows or len(rows[-1]) != len(more[-1]):
        blocks += table_blocks(rows)
        return list(more)
    return rows + list(more[1:] if more[0] == rows[0] else more)
