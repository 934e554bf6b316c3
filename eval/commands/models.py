"""`wenzheng eval hostile` and `support`: that no false word of a language model reaches a citizen."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, Output, progress, read_day, show

_DATA = Path(__file__).parents[1] / "data"
_SAMPLE_QUESTIONS = _DATA / "sample-questions.jsonl"
_FAITHFUL = _DATA / "faithful-rephrasings.jsonl"
_SUPPORT_PAIRS = _DATA / "support-pairs.jsonl"


def evaluate_hostile(
    *,
    outputs: Annotated[int, typer.Option("--outputs", min=1, help="恶意输出的个数。")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="随机数种子，换一个就是另一批输出。")] = 1,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """恶意的和如实的模型各答一遍示例问题：假话不能到达市民（否则退出码 1），如实的要能通过。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import texts_sha256, today
    from eval.datasets import read_answer_set
    from eval.hostile_run import (
        HostileResult,
        hostile_tables,
        measure_faithful,
        measure_hostile,
        read_faithful,
    )
    from eval.model_stub import ModelStub
    from eval.reports import Section, describe_run, open_run, save_run, to_json

    day = read_day(as_of) or today()
    questions = [each for each in read_answer_set(_SAMPLE_QUESTIONS) if each.expected and not each.history]
    paraphrases = read_faithful(_FAITHFUL)
    stub = ModelStub(lambda _system, _user: "")
    with stub.serving() as url:
        settings = read_settings(data_dir).model_copy(update={"llm_url": url, "llm_model": "stub"})
        service = open_service(settings)
        try:
            ask = service.consultation.answer
            result = HostileResult(
                measure_hostile(
                    questions, ask, stub, outputs=outputs, day=day, seed=seed, on_progress=progress("恶意")
                ),
                measure_faithful(paraphrases, ask, stub, day=day, on_progress=progress("如实")),
            )
            config = describe_run(
                settings,
                encoder=service.encoder.name,
                fingerprint=service.encoder.fingerprint,
                corpus_sha256=texts_sha256(service.store.iter_texts()),
                options={"outputs": outputs, "seed": seed, "as_of": day.isoformat()},
            )
        finally:
            service.close()
    folder = open_run("hostile", output)
    tables = hostile_tables(result)
    save_run(
        folder,
        title="恶意模型",
        config=config,
        results=to_json(result),
        sections=[Section("结果", tables=tuple(tables))],
    )
    show(result, tables, folder, as_json=as_json)
    if result.reached:
        raise typer.Exit(1)


def evaluate_support(
    file: Annotated[Path, typer.Argument(help="标注的句子与依据，每行一个 JSON 对象。")] = _SUPPORT_PAIRS,
    *,
    write: Annotated[bool, typer.Option("--write", help="把量出的阈值写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """生成的句子有没有依据：由标注的句子量出相似度的阈值，并看每一项核对各拦下多少。"""
    from bot.models import load_encoder
    from bot.settings import read_settings
    from eval.support_run import keep, measure_support, read_pairs, support_table

    pairs = read_pairs(file)
    encoder = load_encoder(read_settings(data_dir))
    result = measure_support(pairs, encoder)
    if write:
        keep(result, file, encoder.name)
    show(result, [support_table(result)], None, as_json=as_json)
