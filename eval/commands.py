"""The commands of this package: `wenzheng eval …` and `wenzheng bench`."""

import json
import sys
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from eval.datasets import LabelledQuestion
    from eval.reports import Table
    from retrieval.contracts import Encoder

_SAMPLE = Path(__file__).parents[1] / "knowledge_base" / "sample"
_SAMPLE_QUESTIONS = Path(__file__).parent / "data" / "sample-questions.jsonl"

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="数据目录，默认取 WENZHENG_DATA_DIR。")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果。")]
Output = Annotated[Path | None, typer.Option("--output", help="保存各次评测的文件夹，默认 runs。")]


class IndexKind(StrEnum):
    """The kinds of `retrieval.dense`, spelt out here: importing it loads FAISS."""

    AUTO = "auto"
    FLAT = "flat"
    HALF = "half"
    CLUSTERED = "clustered"


def register(app: typer.Typer) -> None:
    """Add the group `eval` and the command `bench` to the application."""
    group = typer.Typer(help="评测检索与问答的质量。", no_args_is_help=True)
    group.command("retrieval")(evaluate_retrieval)
    group.command("answers")(evaluate_answers)
    group.command("coverage")(evaluate_coverage)
    group.command("index")(evaluate_index)
    group.command("calibrate")(calibrate)
    app.add_typer(group, name="eval")
    app.command("bench")(bench)


def evaluate_retrieval(
    beir: Annotated[Path, typer.Option("--beir", help="BEIR 格式的文件夹。")],
    *,
    split: Annotated[str, typer.Option("--split", help="qrels 下的划分。")] = "test",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="只评前 N 个问题。")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """在 BEIR 数据集上评测检索：向量、词面、融合三种方式。"""
    from bot.settings import read_settings
    from eval.datasets import read_beir
    from eval.reports import describe_run, open_run
    from eval.retrieval_run import (
        CachedEncoder,
        corpus_sha256,
        measure_retrieval,
        report_retrieval,
        scores_table,
    )
    from retrieval.encoder import SentenceEncoder
    from retrieval.hybrid import build_hybrid

    settings = read_settings(data_dir)
    dataset = read_beir(beir, split=split)
    encoder = CachedEncoder(
        SentenceEncoder.load(
            settings.encoder,
            models_dir=settings.models_dir,
            runtime=settings.encoder_runtime,
            threads=settings.encoder_threads,
        ),
        settings.data_dir / "eval-cache",
    )
    encoding = _progress("编码")
    result = measure_retrieval(
        dataset,
        lambda passages: build_hybrid(
            passages, encoder, on_progress=lambda done: encoding(done, len(passages))
        ),
        limit=limit,
        on_progress=lambda stage, done, total: _progress(stage)(done, total),
    )
    config = describe_run(
        settings,
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        corpus_sha256=corpus_sha256(dataset),
        options={"beir": str(beir), "split": split, "limit": limit},
    )
    folder = open_run("retrieval", output)
    report_retrieval(folder, result, config)
    _show(result, [scores_table(result)], folder, as_json=as_json)


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

    day = _read_day(as_of) or today()
    settings = read_settings(data_dir)
    questions = read_answer_set(file)

    # Loaded last, so that a malformed set is told at once.
    from bot.assembly import open_service

    service = open_service(settings)
    try:
        visible = _visibility(service.store.regions())
        result = measure_answers(
            questions,
            service.consultation.answer,
            store=service.store,
            day=day,
            visible=visible,
            on_progress=_progress("提问"),
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
    _show(result, [scores_table(result), safety_table(result.safety)], folder, as_json=as_json)
    if explained and not as_json:
        typer.echo("\n".join(["", *map(explain_in_words, explained)]))


def evaluate_coverage(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """核对每部法规的每一条是否恰在一个分段组中；有缺失或重复时退出码为 1。"""
    from bot.settings import read_settings
    from eval.coverage_run import coverage_table, measure_coverage
    from knowledge_base.database import open_database
    from knowledge_base.store import KnowledgeStore

    settings = read_settings(data_dir)
    result = measure_coverage(KnowledgeStore(open_database(settings.sqlalchemy_url)).iter_texts())
    _show(result, [coverage_table(result)], None, as_json=as_json)
    for loss in result.losses:
        name = f"{loss.file} {loss.part}".strip()
        lost, doubled = "、".join(loss.missing) or "无", "、".join(loss.doubled) or "无"
        typer.echo(f"{name}：缺失 {lost}；重复 {doubled}", err=True)
    if result.losses:
        raise typer.Exit(1)


def evaluate_index(
    passages: Annotated[
        list[int] | None, typer.Option("--passages", min=1, help="合成向量的数目，可给多次。默认 20000。")
    ] = None,
    *,
    kind: Annotated[
        list[IndexKind] | None, typer.Option("--kind", help="索引种类，可给多次；auto 按规模选。")
    ] = None,
    questions: Annotated[int, typer.Option("--questions", min=1, help="每种索引问几个问题。")] = 100,
    beir: Annotated[Path | None, typer.Option("--beir", help="另测整个排序：BEIR 格式的文件夹。")] = None,
    split: Annotated[str, typer.Option("--split", help="qrels 下的划分。")] = "test",
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """测向量索引的召回、快慢、大小和内存（合成向量，不用编码）；给出 --beir 时也测整个排序。"""
    from bot.settings import read_settings
    from eval.datasets import read_beir
    from eval.index_run import index_table, measure_index
    from eval.ranking_speed import measure_ranking, ranking_table
    from eval.reports import Section, describe_run, open_run, save_run, to_json
    from retrieval.dense import KINDS, Kind

    def tell(stage: str) -> None:
        typer.echo(f"{stage} …", err=True)

    kinds: list[Kind] = [known for each in kind or [] for known in KINDS if known == each.value]
    sizes = passages or ([] if beir else [20_000])
    results = measure_index(sizes, kinds, questions=questions, on_progress=tell)
    tables = [index_table(results)] if results else []
    ranking = None
    if beir is not None:
        ranking = measure_ranking(read_beir(beir, split=split), limit=questions, on_progress=tell)
        tables.append(ranking_table(ranking))
    config = describe_run(
        read_settings(),
        encoder="synthetic",
        fingerprint="",
        corpus_sha256="",
        options={
            "passages": sizes,
            "kind": kinds,
            "questions": questions,
            "beir": None if beir is None else str(beir),
            "split": split,
        },
    )
    folder = open_run("index", output)
    measured = {"index": results, "ranking": ranking}
    save_run(
        folder,
        title="索引",
        config=config,
        results=to_json(measured),
        sections=[Section("结果", tables=tuple(tables))],
    )
    _show(measured, tables, folder, as_json=as_json)


def calibrate(
    sets: Annotated[
        list[str], typer.Argument(metavar="FILE=DATA_DIR...", help="答案集与装有其文件的数据目录，可给多组。")
    ],
    *,
    write: Annotated[bool, typer.Option("--write", help="把学到的权重和阈值写入程序包。")] = False,
    as_json: AsJson = False,
) -> None:
    """由标注问题学习排序权重与作答阈值；所报数字均出自学习时留出的问题。"""
    from eval.calibration_run import run_calibration

    pairs = [_set_and_data(each) for each in sets]
    result = run_calibration(pairs, write=write)
    if as_json:
        _show(result, [], None, as_json=True)
    else:
        typer.echo(result.markdown())


def _set_and_data(text: str) -> tuple[Path, Path]:
    file, separator, data_dir = text.rpartition("=")
    if not separator or not Path(file).is_file() or not Path(data_dir).is_dir():
        raise typer.BadParameter(
            f"{text!r} 不是 FILE=DATA_DIR 的形式，或其中之一不存在", param_hint="FILE=DATA_DIR"
        )
    return Path(file), Path(data_dir)


def bench(
    *,
    corpus: Annotated[Path | None, typer.Option("--corpus", help="计时入库的文件夹，默认示例知识。")] = None,
    questions: Annotated[Path | None, typer.Option("--questions", help="答案集，默认示例问题。")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多用前 N 个问题。")] = 100,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """测量冷启动、入库、单独与并发回答、内存，并与编码器自身对照。给出 --data-dir 时从该目录回答。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import as_question, today
    from eval.bench import batching_table, report_bench, run_bench, runtimes_table, speed_table
    from eval.datasets import read_answer_set
    from eval.reports import describe_run, files_sha256, open_run

    settings = read_settings(data_dir)
    folder_in = corpus or _SAMPLE
    manifest = folder_in / "manifest.json"
    asked = [one for one in read_answer_set(questions or _SAMPLE_QUESTIONS) if one.answerable][:limit]
    day = today()
    result = run_bench(
        settings,
        [as_question(one, day) for one in asked],
        open_service=open_service,
        load_torch=_load_torch,
        corpus=folder_in,
        manifest=manifest if manifest.is_file() else None,
        use_data_dir=data_dir is not None,
        on_progress=lambda stage: typer.echo(f"{stage} …", err=True),
    )
    config = describe_run(
        settings,
        encoder=result.encoder,
        fingerprint=result.fingerprint,
        corpus_sha256=files_sha256(folder_in),
        options={
            "corpus": str(folder_in),
            "questions": str(questions or _SAMPLE_QUESTIONS),
            "limit": limit,
            "data_dir": None if data_dir is None else str(data_dir),
        },
    )
    folder = open_run("bench", output)
    report_bench(folder, result, config)
    _show(
        result, [speed_table(result), runtimes_table(result), batching_table(result)], folder, as_json=as_json
    )


def _load_torch(settings: "Settings") -> "Encoder":
    from retrieval.encoder import SentenceEncoder

    return SentenceEncoder.load(
        settings.encoder,
        models_dir=settings.models_dir,
        runtime="torch",
        threads=settings.encoder_threads,
    )


def _visibility(known: tuple[str, ...]) -> "Callable[[LabelledQuestion], frozenset[str]]":
    from eval.answers_run import visible_regions
    from knowledge_base.regions import load_gazetteer

    gazetteer = load_gazetteer().with_regions(known)

    def named(text: str) -> list[str]:
        return [one.path for one in gazetteer.named_regions(text) if not one.foreign]

    return lambda labelled: visible_regions(labelled, named)


def _read_day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} 不是 YYYY-MM-DD 形式的日期", param_hint="--as-of") from None


def _progress(label: str) -> Callable[[int, int], None]:
    """Return what rewrites one line on a terminal's stderr; elsewhere it says nothing."""

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{label} {done}/{total}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return tell


def _show(result: object, tables: "list[Table]", folder: Path | None, *, as_json: bool) -> None:
    from eval.reports import to_json

    if as_json:
        typer.echo(json.dumps(to_json(result), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n\n".join(table.markdown() for table in tables))
    if folder is not None:
        typer.echo(f"已保存：{folder}", err=True)
