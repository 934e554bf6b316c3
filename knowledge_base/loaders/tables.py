"""Tables to blocks: one per row, each carrying the header it stands under."""

import re
from collections.abc import Sequence

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.records import Block, BlockKind

MAX_TABLE_CHARS = 20_000_000
SEPARATOR = " | "
_HEADER_CELL_CHARS = 24

# First-column names by which a 办事指南 is known to be a list of fields and not a table with a header row.
_FIELD_NAME = re.compile(
    "(?:事项|服务事项|项目)名称|(?:事项|办件)类型|实施主体|主管部门|(?:受理|办理)(?:机构|单位|部门)|(?:实施|设定|办理|政策|收费)依据"
    "|(?:服务|申请)对象|(?:受理|申请|办理|申报)条件|(?:办理|申请|所需|申报)材料|办理(?:流程|程序|方式|形式|地点|地址|时间|结果|时限)"
    "|(?:法定|承诺)(?:办结)?时限|收费标准|是否收费|(?:工作|办公)时间|(?:咨询|联系|监督|投诉)电话|咨询方式|监督投诉方式"
    "|网办地址|到现场次数"
)


def join_cells(cells: Sequence[str]) -> str:
    """Write a row on one line; a row without words is empty."""
    tidied = [tidy(cell) for cell in cells]
    return SEPARATOR.join(tidied) if any(tidied) else ""


def table_blocks(rows: Sequence[Sequence[str]], *, header_rows: int | None = None) -> list[Block]:
    """Turn a grid into TABLE_ROW blocks.

    A table of one column is laid-out text and becomes paragraphs, and so does a first row that
    spans the table, which is its caption. Empty rows are left out.

    Args:
        rows: Merged cells are already filled right and down, except that a row which is one cell
            across the whole table has that one cell.
        header_rows: How many rows the file marks as header; None means it does not say, and the
            first row is taken unless it reads as content or the table is a list of fields.

    Raises:
        UnreadableFile: If the cells, repeated where merged, exceed `MAX_TABLE_CHARS`.
    """
    written = sum(len(cell) for row in rows for cell in row)
    if written > MAX_TABLE_CHARS:
        raise UnreadableFile(
            f"表格展开合并单元格后有 {written} 个字符，上限 {MAX_TABLE_CHARS} 个：请拆分表格"
        )
    grid = [row for row in rows if join_cells(row)]
    blocks: list[Block] = []
    while grid and len(grid[0]) == 1:
        blocks.append(Block(BlockKind.PARAGRAPH, tidy(grid.pop(0)[0])))
        header_rows = header_rows - 1 if header_rows else header_rows
    if header_rows is None:
        header_rows = 1 if _has_header(grid) else 0
    # A table that is all header would otherwise vanish: its words are kept as rows.
    count = header_rows if header_rows < len(grid) else 0
    header = _join_header(grid[:count])
    return blocks + [Block(BlockKind.TABLE_ROW, join_cells(row), header=header) for row in grid[count:]]


def _has_header(grid: Sequence[Sequence[str]]) -> bool:
    if sum(_FIELD_NAME.fullmatch(tidy(row[0]).rstrip("：:")) is not None for row in grid) >= 2:
        return False
    return all(len(cell) <= _HEADER_CELL_CHARS and "。" not in cell for cell in grid[0]) if grid else False


def _join_header(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    width = max(map(len, rows))
    columns = [dict.fromkeys(tidy(row[i]) for row in rows if i < len(row)) for i in range(width)]
    return join_cells([" ".join(column) for column in columns])
