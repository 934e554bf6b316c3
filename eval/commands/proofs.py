"""`wenzheng eval kill` and `crowd`: what holds while processes are killed and many write and ask at once."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson


def kill(
    *,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="杀掉多少次写入进程。")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="随机数种子。")] = 0,
    as_json: AsJson = False,
) -> None:
    """在收入、公开、回退、重建索引的随机时刻杀掉进程，重新启动，与独立的模型核对；有不符时退出码 1。"""
    from eval.kill_run import run_kills

    with tempfile.TemporaryDirectory(prefix="wenzheng-kill-") as folder:
        result = run_kills(Path(folder), rounds=rounds, seed=seed)
    _show_proof(result, result.faults, as_json=as_json)


def crowd(
    *,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="持续多少秒。")] = 120,
    writers: Annotated[int, typer.Option("--writers", min=1, help="写入进程数。")] = 4,
    readers: Annotated[int, typer.Option("--readers", min=1, help="提问线程数。")] = 50,
    seed: Annotated[int, typer.Option("--seed", help="随机数种子。")] = 0,
    as_json: AsJson = False,
) -> None:
    """边写边问：不出错，不见半份文件，一个回答不混用两个版本；有不符时退出码 1。"""
    from eval.crowd_run import run_crowd

    with tempfile.TemporaryDirectory(prefix="wenzheng-crowd-") as folder:
        result = run_crowd(Path(folder), seconds=seconds, writers=writers, readers=readers, seed=seed)
    _show_proof(result, result.faults, as_json=as_json)


def _show_proof(result: object, faults: list[str], *, as_json: bool) -> None:
    from eval.reports import to_json

    shown = to_json(result)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif isinstance(shown, dict):
        for name, value in shown.items():
            typer.echo(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    raise typer.Exit(1 if faults else 0)
