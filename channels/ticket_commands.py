"""`wenzheng ticket …`, the tickets, and `wenzheng ratings`, what citizens thought."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.tickets.states import TicketStatus, TicketStep
from channels.desk_commands import open_desk
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, plain_table, print_json

if TYPE_CHECKING:
    from bot.ratings import RatingCounts
    from bot.tickets.records import Ticket

Number = Annotated[str, typer.Argument(metavar="编号", help="如 WZ20261125-000123")]

group = typer.Typer(help="工单：查看、受理、答复、办结。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `ticket` and the command `ratings` to the application."""
    app.add_typer(group, name="ticket")
    app.command("ratings")(ratings)


@group.command("list")
def list_tickets(
    status: Annotated[TicketStatus | None, typer.Option("--status", help="只列一种状态")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只列超期未办的")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="最多列几件")] = 200,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出工单，先到期的在前。"""
    from knowledge_base.dates import today

    with open_desk(data_dir) as people:
        tickets = people.tickets.all(status=status, overdue=overdue, limit=limit)
    if as_json:
        print_json(as_json_value(tickets))
        return
    from rich.console import Console

    table = plain_table("编号", "状态", "类别", "部门", "到期", "内容")
    for each in tickets:
        late = each.overdue_workdays(today())
        due = f"{each.due_on}（超期 {late} 天）" if late else str(each.due_on)
        shown = each.text if len(each.text) <= 30 else f"{each.text[:29]}…"
        table.add_row(each.number, each.status.shown, each.category, each.department, due, shown)
    Console(highlight=False).print(table)
    typer.echo(f"共 {len(tickets)} 件")


@group.command()
def show(
    number: Number,
    contact: Annotated[bool, typer.Option("--contact", help="显示联系方式；何人何时看过会记入工单")] = False,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """看一件工单和它的经过。"""
    with open_desk(data_dir) as people:
        ticket = people.tickets.get(number)
        if ticket is None:
            typer.echo(f"没有编号为 {number} 的工单", err=True)
            raise typer.Exit(1)
        reached_by = people.tickets.contact(number, actor=actor(by)) if contact else ""
    if as_json:
        shown = as_json_value(ticket)
        assert isinstance(shown, dict)
        print_json(shown | ({"contact": reached_by} if contact else {}))
        return
    _print(ticket)
    if contact:
        typer.echo(f"联系方式：{reached_by or '没有留'}")


@group.command()
def accept(number: Number, by: By = None, data_dir: DataDir = None) -> None:
    """受理。"""
    _take(TicketStep.ACCEPT, number, "", by, data_dir)


@group.command()
def reply(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="答复", help="市民会在原来的对话里看到")],
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """答复市民。"""
    _take(TicketStep.REPLY, number, text, by, data_dir)


@group.command()
def close(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="说明", help="告诉市民的话，可以不写")] = "",
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """办结。"""
    _take(TicketStep.CLOSE, number, text, by, data_dir)


@group.command()
def reopen(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="原因", help="告诉市民的话，可以不写")] = "",
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """重新打开，期限重新计算。"""
    _take(TicketStep.REOPEN, number, text, by, data_dir)


def ratings(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="从哪天起，默认 30 天前")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="到哪天为止，默认今天")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """好差评：五级各多少、满意率、原因、差评整改，以及单条回答的赞和踩。"""
    from knowledge_base.dates import today

    last = until.date() if until else today()
    first = since.date() if since else last - timedelta(days=30)
    with open_desk(data_dir) as people:
        counts = people.ratings.counts(first, last)
    if as_json:
        shown = as_json_value(counts)
        assert isinstance(shown, dict)
        print_json(shown | {"since": str(first), "until": str(last), "satisfied": counts.satisfied})
    else:
        _print_counts(counts, f"{first} 至 {last}")


def _take(step: TicketStep, number: str, text: str, by: str | None, data_dir: Path | None) -> None:
    with open_desk(data_dir) as people:
        ticket = people.tickets.take(number, step, actor=actor(by), text=text)
    typer.echo(f"{ticket.number}：{ticket.status.shown}")


def _print(ticket: "Ticket") -> None:
    from knowledge_base.dates import SHANGHAI, today

    late = ticket.overdue_workdays(today())
    typer.echo(f"{ticket.number}　{ticket.status.shown}　{ticket.category}　{ticket.department}")
    typer.echo(
        f"{ticket.opened_on} 提交，{ticket.due_on} 到期" + (f"，已超期 {late} 个工作日" if late else "")
    )
    if ticket.region or ticket.external_id:
        typer.echo(
            "　".join(filter(None, (ticket.region, ticket.external_id and f"对方编号 {ticket.external_id}")))
        )
    typer.echo(ticket.text)
    typer.echo("留了联系方式（加密）" if ticket.has_contact else "没有留联系方式")
    names = {
        "open": "提交",
        "accept": "受理",
        "reply": "答复",
        "close": "办结",
        "reopen": "重新打开",
        "escalated": "督办",
        "contact_read": "查看联系方式",
    }
    for each in ticket.history:
        at = each.at.astimezone(SHANGHAI)
        words = f"：{each.text}" if each.text else ""
        typer.echo(f"  {at:%Y-%m-%d %H:%M} {names[each.step]}（{each.actor}）{words}")


def _print_counts(counts: "RatingCounts", span: str) -> None:
    from bot.ratings import LEVELS

    share = "还没有人评价" if counts.satisfied is None else f"满意率 {counts.satisfied:.1%}（基本满意及以上）"
    typer.echo(f"{span}：评价 {counts.total} 次，{share}")
    for level, name in LEVELS.items():
        typer.echo(f"  {name} {counts.levels[level]}")
    abouts = {"conversation": "咨询", "handover": "人工", "ticket": "工单"}
    for about, levels in counts.by_about.items():
        given = "，".join(f"{LEVELS[level]} {n}" for level, n in sorted(levels.items(), reverse=True))
        typer.echo(f"  {abouts[about]}：{given}")
    if counts.reasons:
        typer.echo("原因：" + "，".join(f"{reason} {n}" for reason, n in _most(counts.reasons)))
    typer.echo(f"差评整改 {counts.work_items} 件，未办 {counts.work_items_undone} 件")
    typer.echo(f"单条回答：有帮助 {counts.thumbs.get('up', 0)}，没帮助 {counts.thumbs.get('down', 0)}")
    if counts.thumb_reasons:
        typer.echo("没帮助的原因：" + "，".join(f"{reason} {n}" for reason, n in _most(counts.thumb_reasons)))


def _most(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda one: -one[1])[:10]
