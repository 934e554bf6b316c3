"""The commands `wenzheng document …`: how a text comes before the citizens, and leaves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.document_report import as_json_value, print_comparison, print_editions, print_table
from channels.opening import catch_up, opened_database
from channels.terminal import AsJson, By, DataDir, actor, print_json

if TYPE_CHECKING:
    from knowledge_base.editions import Edition
    from knowledge_base.lifecycle import Lifecycle

Name = Annotated[str, typer.Argument(metavar="文件", help="文件名（收入时的相对路径）或文件编号")]
Number = Annotated[int | None, typer.Option("--version", min=1, help="第几版；默认最新的一个合适的版本")]
Note = Annotated[str, typer.Option("--note", help="说明，记入流转记录")]

group = typer.Typer(help="文件的起草、审核、公开、撤下和回退。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `document` to the application."""
    app.add_typer(group, name="document")


@group.command("list")
def list_editions(
    document: Annotated[str | None, typer.Argument(metavar="文件", help="只看这个文件")] = None,
    *,
    state: Annotated[str | None, typer.Option(help="只看 draft、in_review、published 或 withdrawn")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出各文件的各个版本和它们的状态。"""
    from knowledge_base.records import EditionState

    if state is not None and state not in set(EditionState):
        raise typer.BadParameter(f"{state!r} 不是 {'、'.join(EditionState)} 之一", param_hint="--state")
    with _lifecycle(data_dir) as lifecycle:
        found = [one for one in lifecycle.editions(document) if state in {None, one.state}]
    if as_json:
        print_json([as_json_value(edition) for edition in found])
    else:
        print_editions(found)


@group.command()
def show(document: Name, *, number: Number = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """看一个版本的全文（含附件），草稿也可以看。"""
    with _lifecycle(data_dir) as lifecycle:
        edition, texts = lifecycle.texts(document, number)
    if as_json:
        print_json({**as_json_value(edition), "texts": [asdict(text) for text in texts]})
        return
    print_editions([edition])
    for text in texts:
        typer.echo(f"\n【{text.part or '正文'}】{text.title}\n{text.text}")


@group.command()
def submit(
    document: Name,
    *,
    number: Number = None,
    by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """把草稿提交审核。"""
    _act(data_dir, as_json, lambda each: each.submit(document, number, by=actor(by), note=note))


@group.command("return")
def send_back(
    document: Name,
    *,
    number: Number = None,
    by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """审核不通过，退回为草稿。"""
    _act(data_dir, as_json, lambda each: each.send_back(document, number, by=actor(by), note=note))


@group.command()
def publish(
    document: Name,
    *,
    number: Number = None,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="从这一天 0 时起公开，默认现在")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="从这一天 0 时起不再公开")
    ] = None,
    by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """公开一个审核中的版本；可定日期，到日子自动生效、自动退出，不用重启。"""
    first, end = on and on.date(), until and until.date()
    try:
        _act(
            data_dir,
            as_json,
            lambda each: each.publish(document, number, by=actor(by), note=note, on=first, until=end),
            changes_answers=True,
        )
    except ValueError as error:
        raise typer.BadParameter("不再公开的日子要晚于开始公开的日子和今天", param_hint="--until") from error


@group.command()
def withdraw(
    document: Name,
    *,
    number: Number = None,
    by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """撤下公开的版本，立即不再引用；也可以放弃草稿（须用 --version 指明）。"""
    _act(
        data_dir,
        as_json,
        lambda each: each.withdraw(document, number, by=actor(by), note=note),
        changes_answers=True,
    )


@group.command()
def rollback(
    document: Name,
    *,
    to: Annotated[int | None, typer.Option("--to", min=1, help="回到第几版；默认上一个公开过的版本")] = None,
    by: By = None,
    note: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """回到以前公开过的版本，比它新的都撤下；再回退到新的版本就是撤销。"""
    _act(
        data_dir,
        as_json,
        lambda each: each.roll_back(document, to, by=actor(by), note=note),
        changes_answers=True,
    )


@group.command()
def compare(
    document: Name,
    *,
    number: Number = None,
    with_number: Annotated[
        int | None, typer.Option("--with", min=1, help="与第几版比较；默认它要取代的那一版")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """逐条比较两个版本：增加、删去、修改（标出改动的字句）、移动。"""
    with _lifecycle(data_dir) as lifecycle:
        found = lifecycle.compare(document, number, with_number)
    if as_json:
        print_json(
            {
                "older": found.older and as_json_value(found.older),
                "newer": as_json_value(found.newer),
                "parts": [asdict(part) for part in found.parts],
            }
        )
    else:
        print_comparison(found)


@group.command()
def history(document: Name, *, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """流转记录：谁在什么时候（北京时间）把哪一版从什么状态变成什么状态。"""
    from knowledge_base.dates import SHANGHAI
    from knowledge_base.editions import STATE_NAMES

    with _lifecycle(data_dir) as lifecycle:
        moves = lifecycle.history(document)
    if as_json:
        print_json([{**asdict(move), "at": move.at.isoformat()} for move in moves])
        return
    rows = [
        (
            move.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            move.actor,
            f"第 {move.number} 版",
            STATE_NAMES[move.before] if move.before else "",
            STATE_NAMES[move.after],
            move.note,
        )
        for move in moves
    ]
    print_table(("时间", "经办人", "版本", "从", "到", "说明"), rows)


@group.command()
def held(
    *,
    released: Annotated[bool, typer.Option("--released", help="列出已放行的")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出暂不引用的段落：里面有写给机器看的话，核对之前不会拿来回答。"""
    from pydantic_core import to_jsonable_python

    from channels.document_report import print_holds
    from knowledge_base.holds import Holds

    with opened_database(data_dir) as engine:
        found = Holds(engine).list(released=released)
    if as_json:
        print_json(to_jsonable_python(found))
    else:
        print_holds(found)


@group.command()
def release(
    ids: Annotated[list[int], typer.Argument(metavar="编号…", min=1, help="document held 列出的编号")],
    *,
    by: By = None,
    note: Note = "",
    data_dir: DataDir = None,
) -> None:
    """放行核对过的段落，从此可以引用；同一文件以后的版本里一样的段落不必再放行。"""
    from channels.document_report import print_holds
    from knowledge_base.holds import Holds

    with opened_database(data_dir) as engine:
        released = Holds(engine).release(ids, by=actor(by), note=note)
    catch_up(data_dir)
    print_holds(released)


@group.command()
def scan(*, data_dir: DataDir = None) -> None:
    """把库里全部文件再查一遍有没有写给机器看的话：升级之后用一次。"""
    from knowledge_base.holds import Holds

    with opened_database(data_dir) as engine:
        added = Holds(engine).scan()
    typer.echo(f"新增暂不引用的段落 {added} 处" + ("，用 wenzheng document held 查看" if added else ""))


@contextmanager
def _lifecycle(data_dir: Path | None) -> "Iterator[Lifecycle]":
    from knowledge_base.lifecycle import Lifecycle

    with opened_database(data_dir) as engine:
        yield Lifecycle(engine)


def _act(
    data_dir: Path | None,
    as_json: bool,
    move: "Callable[[Lifecycle], Edition]",
    *,
    changes_answers: bool = False,
) -> None:
    """Move an edition; the commit takes it out of answers at once, the index after it brings what is new."""
    with _lifecycle(data_dir) as lifecycle:
        moved = move(lifecycle)
    if changes_answers:
        catch_up(data_dir)
    if as_json:
        print_json(as_json_value(moved))
    else:
        print_editions([moved])
