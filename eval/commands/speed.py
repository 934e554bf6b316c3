"""`wenzheng bench`, `eval index` and `eval backends`: how fast, how large, on this machine."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, Output, show

if TYPE_CHECKING:
    from bot.settings import Settings
    from retrieval.contracts import Encoder

_SAMPLE = Path(__file__).parents[2] / "knowledge_base" / "sample" / "documents"
_SAMPLE_QUESTIONS = Path(__file__).parents[1] / "data" / "sample-questions.jsonl"


class IndexKind(StrEnum):
    """The kinds of `retrieval.dense`, spelt out here: importing it loads FAISS."""

    AUTO = "auto"
    FLAT = "flat"
    HALF = "half"
    CLUSTERED = "clustered"


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
    show(
        result, [speed_table(result), runtimes_table(result), batching_table(result)], folder, as_json=as_json
    )


def _load_torch(settings: "Settings") -> "Encoder":
    from bot.models import load_encoder

    return load_encoder(settings.model_copy(update={"encoder_runtime": "torch"}))


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
    show(measured, tables, folder, as_json=as_json)


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
        show({"machine": machine, "databases": databases, "vectors": stores}, [], None, as_json=True)
    elif stores:
        typer.echo(f"\n{vector_table(stores).markdown()}")
