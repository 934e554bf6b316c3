"""What the commands share: options that mean the same everywhere, who the operator is, JSON, and tables."""

import getpass
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
By = Annotated[str | None, typer.Option("--by", help="经办人，记入流转记录；默认当前登录名")]
AsJson = Annotated[bool, typer.Option("--json", help="在标准输出打印 JSON")]


def actor(by: str | None) -> str:
    """Return who acts: the name given, else the login name; empty where the system knows none."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a user without a name
        return ""


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
