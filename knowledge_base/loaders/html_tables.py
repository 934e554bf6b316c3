"""A table of a web page while it is being read."""

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.records import Block, BlockKind

MAX_SLOTS = 500_000
MAX_COLUMNS = 200


class HtmlCell:
    """A cell, its spans in columns and rows, and the blocks read inside it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self.blocks: list[Block] = []

    def text(self) -> str:
        return " ".join(block.text for block in self.blocks)


class HtmlTable:
    """Rows and cells as their tags open; `cell` is the open one."""

    def __init__(self) -> None:
        self.cell: HtmlCell | None = None
        self.in_head = False
        self._rows: list[list[HtmlCell]] = []
        self._header_rows = 0

    def open_row(self) -> None:
        self.cell = None
        self._rows.append([])
        self._header_rows += self.in_head

    def open_cell(self, columns: int, rows: int) -> None:
        """Open a cell; `rows` 0 reaches down to the last row, as in HTML."""
        if not self._rows:
            self.open_row()
        self.cell = HtmlCell(min(max(columns, 1), MAX_COLUMNS), rows)
        self._rows[-1].append(self.cell)

    def blocks(self) -> list[Block]:
        """Return the rows, or what the cells hold when the table only lays out the page.

        Raises:
            UnreadableFile: If the spans make more than `MAX_SLOTS` cells.
        """
        cells = [cell for row in self._rows for cell in row]
        grid = self._grid()
        lays_out = any(block.kind is not BlockKind.PARAGRAPH for cell in cells for block in cell.blocks)
        if lays_out or max(map(len, grid), default=0) <= 1:
            return [block for cell in cells for block in cell.blocks]
        return table_blocks(grid, header_rows=self._header_rows or None)

    def _grid(self) -> list[list[str]]:
        filled: list[dict[int, str]] = [{} for _ in self._rows]
        slots = 0
        for y, row in enumerate(self._rows):
            x = 0
            for cell in row:
                while x in filled[y]:
                    x += 1
                depth = min(cell.rows, len(self._rows) - y) if cell.rows > 0 else len(self._rows) - y
                slots += depth * cell.columns
                if slots > MAX_SLOTS:
                    raise UnreadableFile(f"网页表格合并后超过 {MAX_SLOTS} 个单元格：请拆分表格")
                text = cell.text()
                for below in filled[y : y + depth]:
                    below.update(dict.fromkeys(range(x, x + cell.columns), text))
                x += cell.columns
        width = max((max(row, default=-1) + 1 for row in filled), default=0)
        grid = [[row.get(x, "") for x in range(max(row, default=-1) + 1)] for row in filled]
        for y, row in enumerate(self._rows):
            if len(row) == 1 and row[0].columns == width and len(filled[y]) == width:
                grid[y] = [row[0].text()]
        return grid
