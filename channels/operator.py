"""What the commands of an operator share: their common options, and who the operator is."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

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
    """Print a value as JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
