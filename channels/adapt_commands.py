"""`wenzheng adapt`: teach the encoder the questions people ask here, and go back."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.terminal import AsJson, DataDir, plain_table, print_json

if TYPE_CHECKING:
    from bot.adapting import Scores
    from bot.settings import Settings

# Citizens come first: what trains for an hour steps aside for whatever answers them.
_NICENESS = 10
_WHEN = "运行中的服务几秒内开始换，索引在后台建好后生效，期间照常回答。"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(adapt)


def adapt(
    questions: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="每行一个 JSON：question 问题，sources 依据（如《标题》第X条），region 地区",
        ),
    ] = None,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="换回上一个适配器，再来一次又换回来")] = False,
    share: Annotated[float, typer.Option("--held-out", min=0.05, max=0.5, help="留出不学的比例")] = 0.2,
    minutes: Annotated[float, typer.Option(min=1, max=600, help="训练最多用多少分钟")] = 120,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """用知道答案的问题训练向量模型，留出的题答得更好才换上；--undo 换回。服务不用停，也不用重启。"""
    from bot.settings import read_settings

    settings = read_settings(data_dir)
    if settings.adapter:
        raise typer.BadParameter(
            "设置里指定了 WENZHENG_ADAPTER：去掉它，才能由本命令换适配器", param_hint="QUESTIONS"
        )
    if undo == (questions is not None):
        raise typer.BadParameter("给出问题文件，或者用 --undo 换回", param_hint="QUESTIONS")
    if undo:
        _undo(settings)
    elif questions is not None:
        _adapt(settings, questions, share=share, minutes=minutes, as_json=as_json)


def _undo(settings: "Settings") -> None:
    from bot.models import adapter_shelf

    shelf = adapter_shelf(settings)
    if not shelf.can_undo():
        typer.echo("没有换过适配器，没有什么可换回的。")
        raise typer.Exit(1)
    shelf.undo()
    now = shelf.in_use()
    typer.echo(f"已换回{f'适配器 {now.name}' if now else '没有适配器的模型'}。{_WHEN}")


def _adapt(settings: "Settings", questions: Path, *, share: float, minutes: float, as_json: bool) -> None:
    from bot.adapting import adapt as train_and_compare
    from bot.assembly import open_service
    from bot.question_log import read_question_log
    from channels.ingest_report import progress_bar
    from knowledge_base.dates import today

    os.nice(_NICENESS)
    service = open_service(settings)
    try:
        log = read_question_log(questions, service.faq, day=today())
        for fault in log.faults:
            typer.echo(fault, err=True)
        with progress_bar() as show:
            outcome = train_and_compare(
                service,
                log.questions,
                share=share,
                max_minutes=minutes,
                day=today(),
                on_look=lambda look: typer.echo(
                    f"训练 {look.step}/{look.steps} 步，留出题 nDCG@10 {look.ndcg_at_10:.3f}", err=True
                ),
                on_progress=show,
            )
    finally:
        service.close()
    if as_json:
        print_json(asdict(outcome) | {"faults": log.faults})
        return
    _print_scores(outcome.before, outcome.after)
    typer.echo(f"学了 {outcome.trained_on} 题，留出 {outcome.held_out} 题，略过 {len(log.faults)} 行。")
    if outcome.switched:
        typer.echo(f"留出的题答得更好，已换上适配器 {outcome.name}。{_WHEN}换回：wenzheng adapt --undo")
    else:
        typer.echo("留出的题没有答得更好，没有换；原来的照常使用。")


def _print_scores(before: "Scores", after: "Scores") -> None:
    from rich.console import Console

    table = plain_table("留出的题", "原来", "新的")
    for name, one, other, whole in (
        ("第一条引用对", before.first, after.first, before.answerable),
        ("前三条里有对的", before.among_three, after.among_three, before.answerable),
        ("有答案却没有回答", before.refused, after.refused, before.answerable),
        ("没有答案却回答了", before.answered, after.answered, before.unanswerable),
    ):
        table.add_row(name, f"{one}/{whole}", f"{other}/{whole}")
    table.add_row("排序 nDCG@10", f"{before.ndcg_at_10:.3f}", f"{after.ndcg_at_10:.3f}")
    Console().print(table)
