"""`wenzheng eval services`: the right item found, asked about where in doubt, no wrong door opened."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, read_day, show

_SERVICE_QUESTIONS = Path(__file__).parents[1] / "data" / "service-questions.jsonl"


def evaluate_services(
    file: Annotated[Path, typer.Argument(help="标注题，每行一个 JSON 对象。")] = _SERVICE_QUESTIONS,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    write: Annotated[bool, typer.Option("--write", help="把学到的权重和阈值写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """找对事项了吗，拿不准时问了吗，开错门了吗；由标注题学习权重与阈值，数字出自学习时留出的题。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.services_run import keep, read_service_questions, run_services

    questions = read_service_questions(file)
    service = open_service(read_settings(data_dir))
    try:
        result = run_services(service, questions, read_day(as_of) or today())
    finally:
        service.close()
    if write:
        keep(result, file, len(questions))
    show(result, result.tables(), None, as_json=as_json)
