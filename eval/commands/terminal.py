"""What the commands of this package share: options that mean the same everywhere, progress, and results."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.reports import Table

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="数据目录，默认取 WENZHENG_DATA_DIR。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
Output = Annotated[Path | None, typer.Option("--output", help="保存各次评测的文件夹，默认 runs。")]


def read_day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} 不是 YYYY-MM-DD 形式的日期", param_hint="--as-of") from None


def progress(label: str) -> Callable[[int, int], None]:
    """Return what rewrites one line on a terminal's stderr; elsewhere it says nothing."""

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{label} {done}/{total}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return tell


def show(result: object, tables: "list[Table]", folder: Path | None, *, as_json: bool) -> None:
    from eval.reports import to_json

    if as_json:
        typer.echo(json.dumps(to_json(result), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n\n".join(table.markdown() for table in tables))
    if folder is not None:
        typer.echo(f"已保存：{folder}", err=True)
