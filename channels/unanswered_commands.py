"""The commands `wenzheng unanswered …`: what could not be answered, most asked first, and drafts of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_service, settings_of
from channels.terminal import AsJson, By, DataDir, actor, plain_table, print_json

if TYPE_CHECKING:
    from pydantic import JsonValue

    from bot.learning.clusters import Cluster
    from bot.learning.study import OfferedSource, Study

group = typer.Typer(help="没答上来的、答得不好的问题：按意思归并，起草问答，或者略过。", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="编号", help="list 里的编号")]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="依据，如《云州市养犬管理条例》第七条；可以多个")
]

_STATUSES = {
    "no_answer": "没有答案",
    "clarify": "反问后放弃",
    "answered": "答得不好",
    "answered_from_service": "答得不好",
}


@group.command("list")
def list_clusters(
    region: Annotated[str, typer.Option(help="只列某地（含其下），如 云岭省/云州市")] = "",
    limit: Annotated[int, typer.Option(min=1, help="最多列多少组")] = 30,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出近九十天没答上来的问题，问得多的在前。"""
    from rich.console import Console

    from knowledge_base.dates import utc_now

    now = utc_now()
    with opened_study(data_dir) as study:
        found = study.clusters(now, region=region)
    if as_json:
        print_json([_as_json(each, now) for each in found[:limit]])
        return
    table = plain_table("编号", "次数", "本周/上周", "差评", "最近", "地区", "问题")
    for each in found[:limit]:
        this_week, week_before = each.trend(now)
        table.add_row(
            str(each.number),
            str(each.size),
            f"{this_week}/{week_before}",
            f"{each.disliked_share:.0%}",
            f"{each.members[-1].at:%m-%d}",
            each.region or "未选",
            each.question,
        )
    Console(highlight=False).print(table)
    asked = sum(each.size for each in found)
    typer.echo(f"共 {len(found)} 组，{asked} 次提问")


@group.command()
def show(number: Number, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """看一组问题的各种问法、何时问的，以及可以作依据的条文。"""
    from knowledge_base.dates import today, utc_now

    now = utc_now()
    with opened_study(data_dir) as study:
        cluster = study.cluster(number, now)
        sources = study.sources(cluster.question, cluster.region, today())
    if as_json:
        print_json({**_as_json(cluster, now), "sources": [_source_json(each) for each in sources]})
        return
    typer.echo(f"{cluster.question}（{cluster.region or '未选地区'}，{cluster.size} 次）")
    for member in cluster.members:
        notes = [_STATUSES[member.status]]
        notes += ["差评"] if member.disliked else []
        notes += ["之后提交了工单"] if member.in_writing else []
        typer.echo(f"  {member.at:%Y-%m-%d %H:%M}  {'、'.join(notes)}  {member.text}")
    print_sources(sources)


@group.command()
def dismiss(number: Number, by: By = None, data_dir: DataDir = None) -> None:
    """略过一组：以后同样的问题也不再列出。"""
    from knowledge_base.dates import utc_now

    with opened_study(data_dir) as study:
        cluster = study.cluster(number, utc_now())
        study.dismiss(cluster, by=actor(by))
    typer.echo(f"已略过 {cluster.size} 次提问：{cluster.question}")


@group.command()
def draft(
    number: Number,
    *,
    source: Sources = None,
    answer: Annotated[str, typer.Option(help="答案；不写则照录依据的原文")] = "",
    question: Annotated[str, typer.Option(help="问题；不写则用这一组里最有代表性的问法")] = "",
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """起草一条问答，各种问法作相似问；只是草稿。不给依据则列出可用的条文。"""
    from knowledge_base.dates import today, utc_now

    with opened_study(data_dir) as study:
        cluster = study.cluster(number, utc_now())
        if not source:
            print_sources(study.sources(question or cluster.question, cluster.region, today()))
            typer.echo("请用 --source 指明依据，可以多个", err=True)
            raise typer.Exit(1)
        faq_id = study.draft(
            cluster,
            answer=answer.replace("\\n", "\n"),
            sources=source,
            question=question,
            by=actor(by),
            day=today(),
        )
    typer.echo(
        f"已存为草稿：问答 {faq_id}。核对后 wenzheng faq submit {faq_id}，再 wenzheng faq publish {faq_id}"
    )


@contextmanager
def opened_study(data_dir: Path | None) -> "Iterator[Study]":
    """Open what operators learn from, with what people answered taken in."""
    from bot.learning.study import Study

    with opened_service(settings_of(data_dir)) as service:
        study = Study(service)
        study.gather()
        yield study


def print_sources(sources: "list[OfferedSource]") -> None:
    """Print passages that may serve as sources."""
    for each in sources:
        words = " ".join(each.text.split())
        typer.echo(f"可作依据 {each.reference}：{words if len(words) <= 60 else words[:60] + '…'}")
    if not sources:
        typer.echo("知识库里没有相近的条文：请先收入文件")


def _source_json(source: "OfferedSource") -> "dict[str, JsonValue]":
    return {"reference": source.reference, "text": source.text}


def _as_json(cluster: "Cluster", now: datetime) -> "dict[str, JsonValue]":
    this_week, week_before = cluster.trend(now)
    return {
        "number": cluster.number,
        "question": cluster.question,
        "variants": list(cluster.variants),
        "region": cluster.region,
        "size": cluster.size,
        "first": cluster.members[0].at.isoformat(),
        "last": cluster.members[-1].at.isoformat(),
        "statuses": {status.value: count for status, count in cluster.statuses.items()},
        "disliked_share": round(cluster.disliked_share, 4),
        "this_week": this_week,
        "week_before": week_before,
    }
