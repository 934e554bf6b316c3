"""An xlsx file opened within bounds: the cells that its sheets show, merged ones filled."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge_base.errors import EncryptedFile, UnreadableFile
from knowledge_base.loaders.bounds import open_archive, read_member, shown_size
from knowledge_base.loaders.number_formats import shown
from knowledge_base.loaders.sniffing import is_encrypted_office

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

# The library takes some fifty times this in memory.
MAX_UNPACKED_BYTES = 48 * 1024 * 1024
MAX_CELLS = 1_000_000
MAX_SHEETS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A row as shown.

    Attributes:
        number: As the sheet counts it, from 1.
        cells: With their line breaks. Merged cells are filled right and down; one that is merged over
            the whole width is the only cell.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that is not hidden.

    Attributes:
        rows: Those with words in them.
        header_rows: How many the merged cells of the first full row make its header; None says nothing.
        left_out: What it hides, in Chinese; empty for nothing.
    """

    name: str
    rows: tuple[Row, ...]
    header_rows: int | None
    left_out: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """The shown sheets in order, and the names of the hidden ones."""

    sheets: tuple[Sheet, ...]
    hidden: tuple[str, ...]


def open_workbook(data: bytes) -> Workbook:
    """Read what a workbook shows; a formula by the value it had when the file was saved.

    Raises:
        EncryptedFile: If it has a password.
        UnreadableFile: If it is damaged or goes beyond the bounds of this module.
    """
    import openpyxl
    from openpyxl.worksheet.worksheet import Worksheet

    if is_encrypted_office(data):
        raise EncryptedFile("表格有密码保护：请在 Excel 或 WPS 中去掉密码后再导入")
    with open_archive(data) as archive:
        _check_parts(archive)
    with warnings.catch_warnings():
        # It warns of every feature it does not write back; nothing is written back here.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
    try:
        sheets = [each for each in book.worksheets if isinstance(each, Worksheet)]
        if len(sheets) > MAX_SHEETS:
            raise UnreadableFile(f"表格有 {len(sheets)} 个工作表，上限 {MAX_SHEETS} 个：请拆分后再导入")
        visible = [each for each in sheets if each.sheet_state == "visible"]
        hidden = tuple(each.title for each in sheets if each.sheet_state != "visible")
        return Workbook(tuple(_sheet(each) for each in visible), hidden)
    finally:
        book.close()


def _check_parts(archive: zipfile.ZipFile) -> None:
    unpacked = sum(each.file_size for each in archive.infolist() if each.filename.endswith(".xml"))
    if unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableFile(
            f"表格解压后有 {shown_size(unpacked)}，上限 {shown_size(MAX_UNPACKED_BYTES)}：请拆分后再导入"
        )
    for name in archive.namelist():
        if not name.endswith((".xml", ".rels")):
            continue
        part = read_member(archive, name)
        if any("<!DOCTYPE".encode(encoding) in part for encoding in ("ascii", "utf-16-le", "utf-16-be")):
            raise UnreadableFile(f"表格的 {name} 里有 DOCTYPE 声明，正常的 xlsx 没有：疑似恶意文件，已拒绝")


def _sheet(sheet: "Worksheet") -> Sheet:
    if sheet.max_row * sheet.max_column > MAX_CELLS:
        raise UnreadableFile(
            f"工作表“{sheet.title}”的范围有 {sheet.max_row} 行 {sheet.max_column} 列，上限 {MAX_CELLS} 格："
            "请删去数据以外的空行空列，或拆分后再导入"
        )
    hidden_rows = {number for number, row in sheet.row_dimensions.items() if row.hidden}
    hidden_columns: set[int] = set()
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and dimension.min and dimension.max:
            hidden_columns.update(range(dimension.min, min(dimension.max, sheet.max_column) + 1))
    grid = {
        (cell.row, cell.column): shown(cell.value, cell.number_format).strip()
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None and cell.column is not None
    }
    written = {x for _, x in grid}
    used = [x for x in sorted(written) if x not in hidden_columns]
    merged = [(each.min_row, each.min_col, each.max_row, each.max_col) for each in sheet.merged_cells.ranges]
    spanned: dict[int, str] = {}
    for top, left, bottom, right in merged:
        text = grid.get((top, left), "")
        if not text:
            continue
        shown_columns = [x for x in used if left <= x <= right]
        if top == bottom and shown_columns == used and len(used) > 1:
            spanned[top] = text
        for y in range(top, min(bottom, sheet.max_row) + 1):
            grid.update({(y, x): text for x in shown_columns})
    rows = tuple(_rows(grid, spanned, used, sheet.max_row, hidden_rows))
    return Sheet(
        sheet.title,
        rows,
        _header_rows(rows, merged),
        _left_out(rows_hidden=len(hidden_rows & {y for y, _ in grid}), columns_hidden=len(hidden_columns)),
    )


def _rows(
    grid: dict[tuple[int, int], str], spanned: dict[int, str], used: list[int], last: int, hidden: set[int]
) -> Iterator[Row]:
    for y in range(1, last + 1):
        if y in hidden:
            continue
        cells = (spanned[y],) if y in spanned else tuple(grid.get((y, x), "") for x in used)
        if any(cells):
            yield Row(y, cells)


def _header_rows(rows: tuple[Row, ...], merged: list[tuple[int, int, int, int]]) -> int | None:
    """Return how many rows the header has, captions above it counted, where merged cells tell."""
    captions = 0
    while captions < len(rows) and len(rows[captions].cells) == 1:
        captions += 1
    if captions == len(rows):
        return None
    first = rows[captions].number
    begun = [(bottom - top + 1, right - left + 1) for top, left, bottom, right in merged if top == first]
    wide = any(width > 1 for height, width in begun if height == 1)
    depth = max([height for height, _ in begun] + [2 if wide else 1])
    return captions + depth if depth > 1 else None


def _left_out(*, rows_hidden: int, columns_hidden: int) -> str:
    parts = [f"{rows_hidden} 行" if rows_hidden else "", f"{columns_hidden} 列" if columns_hidden else ""]
    return "、".join(filter(None, parts))
