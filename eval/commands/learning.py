"""`wenzheng eval calibrate`, `clusters` and `adapter`: what is learned from labelled questions."""

import os
from pathlib import Path
from typing import Annotated

import typer

from eval.commands.terminal import AsJson, DataDir, progress, show

_CLUSTERS = Path(__file__).parents[1] / "data" / "unanswered-clusters.jsonl"
_TRAINING_QUESTIONS = Path(__file__).parents[1] / "data" / "training-questions.jsonl"


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
        show(result, [], None, as_json=True)
    else:
        typer.echo(result.markdown())


def _set_and_data(text: str) -> tuple[Path, Path]:
    file, separator, data_dir = text.rpartition("=")
    if not separator or not Path(file).is_file() or not Path(data_dir).is_dir():
        raise typer.BadParameter(
            f"{text!r} 不是 FILE=DATA_DIR 的形式，或其中之一不存在", param_hint="FILE=DATA_DIR"
        )
    return Path(file), Path(data_dir)


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
    r"""训练编码模型的低秩适配器（LoRA）：要装 wenzheng\[adapt]，两核约一小时。"""
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
    gathered = gather(dataset, own, cached, on_progress=progress("编码"))
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


def evaluate_clusters(
    file: Annotated[Path, typer.Argument(help="标注题，每行一个 JSON 对象。")] = _CLUSTERS,
    *,
    write: Annotated[bool, typer.Option("--write", help="把选定的界线写入程序包。")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """未答的问题聚得对不对：一半题选界线，另一半题报数字。"""
    from bot.models import load_encoder
    from bot.settings import read_settings
    from eval.clusters_run import keep, read_clustered, run_clusters
    from retrieval.lexicon import load_lexicon
    from retrieval.query import QueryReader

    questions = read_clustered(file)
    encoder = load_encoder(read_settings(data_dir))
    result = run_clusters(questions, QueryReader(load_lexicon()), encoder)
    if write:
        keep(result, file, encoder)
    show(result, result.tables(), None, as_json=as_json)
