"""`wenzheng eval dialogues`: does a follow-up lead where it would if it had been said in full?"""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, read_day, show

_DIALOGUES = Path(__file__).parents[1] / "data" / "dialogues.jsonl"


def evaluate_dialogues(
    file: Annotated[Path, typer.Argument(help="标注对话，每行一个 JSON 对象。")] = _DIALOGUES,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    write: Annotated[bool, typer.Option("--write", help="把学到的权重写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """追问（那要多久、换成松溪、说错了、第二个）理解对了吗；每段对话都由没学过它的权重来答。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.dialogues_run import keep, read_dialogues, run_dialogues

    dialogues = read_dialogues(file)
    service = open_service(read_settings(data_dir))
    try:
        result = run_dialogues(service, dialogues, read_day(as_of) or today())
    finally:
        service.close()
    if write:
        keep(result, file)
    show(result, result.tables(), None, as_json=as_json)
