"""`wenzheng eval life-events`: plans as worked by hand, and questions that open an event or must not."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, read_day, show

_DATA = Path(__file__).parents[1] / "data"


def evaluate_life_events(
    file: Annotated[Path, typer.Argument(help="标注题，每行一个 JSON 对象。")] = _DATA
    / "life-event-questions.jsonl",
    *,
    cases: Annotated[Path, typer.Option(help="手工算好的案例。")] = _DATA / "life-event-cases.jsonl",
    of_items: Annotated[Path, typer.Option("--of-items", help="问单个事项的题，一件事都不该打开。")] = _DATA
    / "service-questions.jsonl",
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    write: Annotated[bool, typer.Option("--write", help="把学到的权重和阈值写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """清单和手工算的一样吗，问整件事的打开了吗，问单个事项的没有打开吧；案例有错时退出码 1。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.life_events_run import keep, read_cases, read_openings, run_life_events

    openings = read_openings(file)
    service = open_service(read_settings(data_dir))
    try:
        result = run_life_events(
            service, read_cases(cases), openings, read_openings(of_items), read_day(as_of) or today()
        )
    finally:
        service.close()
    if write:
        keep(result, file, len(openings))
    show(result, result.tables(), None, as_json=as_json)
    raise typer.Exit(1 if any(case.faults for case in result.cases) else 0)
