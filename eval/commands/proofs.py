"""`wenzheng eval kill`, `crowd`, `desk`: what holds while processes are killed and many do things at once."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, Output, show


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


def desk(
    *,
    agents: Annotated[int, typer.Option("--agents", min=1, help="坐席数。")] = 50,
    citizens: Annotated[int, typer.Option("--citizens", min=1, help="市民数。")] = 500,
    workers: Annotated[int, typer.Option("--workers", min=1, help="工作进程数。")] = 2,
    talk_s: Annotated[
        float, typer.Option("--talk-s", min=0.01, help="一次接待平均几秒；越长，排队的越多。")
    ] = 1.0,
    database_url: Annotated[
        str, typer.Option("--database-url", help="一个空的数据库；不给则用临时的 SQLite。")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="随机数种子。")] = 0,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """几个进程抢着接待：每个会话恰有一名坐席，无人被漏、被插队；有不符时退出码 1。"""
    from eval.desk_run import run_desk
    from eval.reports import Section, Table, describe_machine, open_run, save_run, to_json

    with tempfile.TemporaryDirectory(prefix="wenzheng-desk-") as folder:
        url = database_url or f"sqlite:///{folder}/desk.db"
        result = run_desk(url, agents=agents, citizens=citizens, workers=workers, talk_s=talk_s, seed=seed)
    kind = "postgresql" if database_url.startswith("postgresql") else "sqlite"
    rows = (
        ("坐席 / 市民 / 进程", f"{agents} / {citizens} / {workers}（{kind}）"),
        ("用时", f"{result.seconds:.1f} 秒"),
        *((name, str(count)) for name, count in sorted(result.steps.items())),
        (
            "等待 p50 / p95 / 最长",
            f"{result.wait_s_p50:.1f} / {result.wait_s_p95:.1f} / {result.wait_s_max:.1f} 秒",
        ),
        ("不符", str(len(result.faults))),
    )
    table = Table(("项", "值"), rows)
    run = open_run("desk", output)
    save_run(
        run,
        title="人工排队：几个进程抢着接待",
        config={"machine": describe_machine(), "database": kind, "seed": seed},
        results=to_json(result),
        sections=(Section("结果", "\n".join(result.faults[:50]), (table,)),),
    )
    show(result, [table], run, as_json=as_json)
    raise typer.Exit(1 if result.faults else 0)


def _show_proof(result: object, faults: list[str], *, as_json: bool) -> None:
    from eval.reports import to_json

    shown = to_json(result)
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif isinstance(shown, dict):
        for name, value in shown.items():
            typer.echo(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    raise typer.Exit(1 if faults else 0)
