"""`wenzheng eval gate`: labelled questions asked as things are and as they would be; exit code 1 if worse."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.answers import visibility
from eval.commands.terminal import AsJson, DataDir, progress, read_day, show

if TYPE_CHECKING:
    from bot.settings import Settings

_DATA = Path(__file__).parents[1] / "data"


def gate(
    ids: Annotated[list[int], typer.Argument(metavar="编号...", help="要试的问答（草稿或待审），可以多个。")],
    *,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="答案集，默认 WENZHENG_GATE_QUESTIONS，再默认示例题。")
    ] = None,
    faq_questions: Annotated[
        Path | None, typer.Option("--faq-questions", help="问答标注题，默认 WENZHENG_GATE_FAQ_QUESTIONS。")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="每题都重问，不只问受影响的。")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """这些问答发布之后，评测题的回答会不会变差；不动知识库。变差的逐题列出，退出码为 1。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.datasets import read_answer_set
    from eval.faq_run import read_faq_questions
    from eval.gate_run import Gate

    settings = read_settings(data_dir)
    answer_file, faq_file = _sets(settings)
    answers = read_answer_set(questions or answer_file)
    faq = read_faq_questions(faq_questions or faq_file)
    service = open_service(settings)
    began = time.perf_counter()
    try:
        tried = Gate(
            service,
            ids,
            read_day(as_of) or today(),
            visible=visibility(service.store.regions()),
            everything=everything,
        )
        result = tried.run(answers, faq, progress("重问"))
    finally:
        service.close()
    show(result, result.tables(), None, as_json=as_json)
    spent_s = time.perf_counter() - began
    for reason in result.reasons:
        typer.echo(reason, err=True)
    typer.echo(f"闸门{'开' if result.is_open else '关'}，用时 {spent_s:.1f} 秒", err=True)
    if not result.is_open:
        raise typer.Exit(1)


def _sets(settings: "Settings") -> tuple[Path, Path]:
    return (
        settings.gate_questions or _DATA / "sample-questions.jsonl",
        settings.gate_faq_questions or _DATA / "faq-questions.jsonl",
    )
