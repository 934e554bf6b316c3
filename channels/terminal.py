"""What the commands share: options that mean the same everywhere, JSON, and tables."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="存放全部数据的目录，默认 WENZHENG_DATA_DIR 或 data")
]
AsJson = Annotated[bool, typer.Option("--json", help="在标准输出打印 JSON")]


def print_json(value: object) -> None:
    """Print JSON values on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def as_json_value(records: object) -> object:
    """Return records as JSON values."""
    from pydantic_core import to_jsonable_python

    values: object = to_jsonable_python(records)
    return values


def plain_table(*columns: str, title: str | None = None) -> "Table":
    """Return a table without lines whose cells are folded, never cut: the whole of each was asked for."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
