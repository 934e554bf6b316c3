"""`wenzheng eval answers`, `coverage` and `faq`: what is said, what was lost on the way, what was curated."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, Output, progress, read_day, show

if TYPE_CHECKING:
    from eval.datasets import LabelledQuestion

_FAQ_QUESTIONS = Path(__file__).parents[1] / "data" / "faq-questions.jsonl"


def evaluate_answers(
    file: Annotated[Path, typer.Argument(help="答案集，每行一个 JSON 对象。")],
    *,
    worst: Annotated[int, typer.Option("--worst", min=0, help="列出最差的 N 题及原因。")] = 10,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """逐题提问，按类型评判引用、要点、状态与安全项。"""
    from bot.settings import read_settings
    from eval.answers_report import explain_in_words, report_answers, safety_table, scores_table
    from eval.answers_run import explain, measure_answers, texts_sha256, today
    from eval.answers_run import worst as pick_worst
    from eval.datasets import read_answer_set
    from eval.reports import describe_run, open_run

    day = read_day(as_of) or today()
    settings = read_settings(data_dir)
    questions = read_answer_set(file)

    # Loaded last, so that a malformed set is told at once.
    from bot.assembly import open_service

    service = open_service(settings)
    try:
        visible = visibility(service.store.regions())
        result = measure_answers(
            questions,
            service.consultation.answer,
            store=service.store,
            day=day,
            visible=visible,
            on_progress=progress("提问"),
        )
        explained = explain(
            pick_worst(result.outcomes, worst),
            retriever=service.index.get(),
            store=service.store,
            day=day,
            visible=visible,
        )
        config = describe_run(
            settings,
            encoder=service.encoder.name,
            fingerprint=service.encoder.fingerprint,
            corpus_sha256=texts_sha256(service.store.iter_texts()),
            options={"file": str(file), "as_of": day.isoformat(), "worst": worst},
        )
    finally:
        service.close()
    folder = open_run("answers", output)
    report_answers(folder, result, explained, config)
    show(result, [scores_table(result), safety_table(result.safety)], folder, as_json=as_json)
    if explained and not as_json:
        typer.echo("\n".join(["", *map(explain_in_words, explained)]))


def visibility(known: tuple[str, ...]) -> "Callable[[LabelledQuestion], frozenset[str]]":
    """Return which regions the answer to a labelled question may cite, where these have documents."""
    from eval.answers_run import visible_regions
    from knowledge_base.regions import load_gazetteer

    gazetteer = load_gazetteer().with_regions(known)

    def named(text: str) -> list[str]:
        return [one.path for one in gazetteer.named_regions(text) if not one.foreign]

    return lambda labelled: visible_regions(labelled, named)


def evaluate_coverage(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """核对每部法规的每一条是否恰在一个分段组中；有缺失或重复时退出码为 1。"""
    from bot.settings import read_settings
    from eval.coverage_run import coverage_table, measure_coverage
    from knowledge_base.database import open_database
    from knowledge_base.store import KnowledgeStore

    settings = read_settings(data_dir)
    result = measure_coverage(KnowledgeStore(open_database(settings.sqlalchemy_url)).iter_texts())
    show(result, [coverage_table(result)], None, as_json=as_json)
    for loss in result.losses:
        name = f"{loss.file} {loss.part}".strip()
        lost, doubled = "、".join(loss.missing) or "无", "、".join(loss.doubled) or "无"
        typer.echo(f"{name}：缺失 {lost}；重复 {doubled}", err=True)
    if result.losses:
        raise typer.Exit(1)


def evaluate_faq(
    file: Annotated[Path, typer.Argument(help="标注题，每行一个 JSON 对象。")] = _FAQ_QUESTIONS,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    write: Annotated[bool, typer.Option("--write", help="把学到的权重和阈值写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """问答（FAQ）该用时用上了吗，不该用时误用了吗；由标注题学习权重与阈值，数字出自学习时留出的题。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.faq_run import keep, read_faq_questions, run_faq

    questions = read_faq_questions(file)
    service = open_service(read_settings(data_dir))
    try:
        result = run_faq(service, questions, read_day(as_of) or today())
    finally:
        service.close()
    if write:
        keep(result, file, len(questions))
    show(result, result.tables(), None, as_json=as_json)
