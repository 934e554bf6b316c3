"""The commands `wenzheng faq pending …`: what people answered, to be made FAQ drafts of, or left."""

from typing import TYPE_CHECKING, Annotated

import typer

from channels.terminal import AsJson, By, DataDir, actor, as_json_value, print_json
from channels.unanswered_commands import Sources, opened_study, print_sources

if TYPE_CHECKING:
    from bot.learning.person_answers import PersonAnswer

group = typer.Typer(help="人工坐席和部门的答复：整理成问答草稿，或者不用。", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="编号")]


@group.command("list")
def list_pending(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """列出待整理的答复。"""
    with opened_study(data_dir) as study:
        pending = study.answers.pending()
    if as_json:
        print_json(as_json_value(pending))
        return
    for each in pending:
        typer.echo(f"{each.id:>4}  {_origin(each)}  {each.question}")
        typer.echo(f"      答：{' '.join(each.answer.split())[:60]}")
        if each.faq_id is not None:
            typer.echo(f"      与问答 {each.faq_id} 问的相同，可作它的相似问")
    typer.echo(f"待整理 {len(pending)} 条")


@group.command()
def show(number: Number, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """看一条答复的全文、相似问和可以作依据的条文。"""
    from knowledge_base.dates import today

    with opened_study(data_dir) as study:
        answer = study.answers.get(number)
        sources = study.sources(answer.question, answer.region, today())
    if as_json:
        print_json({"answer": as_json_value(answer), "sources": as_json_value(sources)})
        return
    typer.echo(f"{_origin(answer)}，{answer.region or '未选地区'}\n问：{answer.question}")
    for variant in answer.variants:
        typer.echo(f"相似问：{variant}")
    typer.echo(f"答：{answer.answer}")
    print_sources(sources)


@group.command()
def draft(
    number: Number,
    *,
    source: Sources = None,
    answer: Annotated[str, typer.Option(help="答案；不写则用坐席或部门的原话")] = "",
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """整理成问答草稿；与已有问答相同的，作它的相似问，那条随之回到草稿，发布前不再用来回答。"""
    from knowledge_base.dates import today

    with opened_study(data_dir) as study:
        proposal = study.answers.get(number)
        if not source and proposal.faq_id is None:
            print_sources(study.sources(proposal.question, proposal.region, today()))
            typer.echo("请用 --source 指明依据，可以多个", err=True)
            raise typer.Exit(1)
        faq_id = study.take_up(
            proposal,
            answer=answer.replace("\\n", "\n"),
            sources=source or (),
            by=actor(by),
            day=today(),
        )
    typer.echo(f"已存为草稿：问答 {faq_id}")


@group.command()
def dismiss(number: Number, by: By = None, data_dir: DataDir = None) -> None:
    """不用这条答复。"""
    from bot.learning.person_answers import PersonAnswerState

    with opened_study(data_dir) as study:
        study.answers.settle(number, PersonAnswerState.DISMISSED, by=actor(by))
    typer.echo(f"已略过：答复 {number}")


def _origin(answer: "PersonAnswer") -> str:
    kind, _, number = answer.origin.partition(":")
    return f"{'人工坐席' if kind == 'handover' else '工单'} {number}"
