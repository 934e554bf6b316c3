"""`wenzheng desk …`: who may answer citizens, and how the queue stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.terminal import AsJson, DataDir, as_json_value, plain_table, print_json

if TYPE_CHECKING:
    from bot.people import People

Name = Annotated[str, typer.Argument(metavar="姓名", help="坐席的名字，市民看得到")]

group = typer.Typer(help="人工客服：坐席和排队。", no_args_is_help=True)


@contextmanager
def open_desk(data_dir: Path | None) -> "Iterator[People]":
    """Open what concerns people: without an encoder, and so at once.

    Raises:
        StoreError: If the database cannot be opened.
    """
    from bot.people import open_people
    from bot.settings import read_settings
    from knowledge_base.database import open_database

    settings = read_settings(data_dir)
    engine = open_database(settings.sqlalchemy_url)
    try:
        yield open_people(settings, engine)
    finally:
        engine.dispose()


@group.command("add-agent")
def add_agent(
    name: Name,
    *,
    skill: Annotated[
        list[str] | None, typer.Option("--skill", help="能接的部门业务，如 社保；可多次；不给则都能接")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="能接的地区（含其下），如 云岭省/云州市；可多次；不给则都能接"),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option("--language", help="能用的语言，如 zh、en；可多次；默认 zh")
    ] = None,
    capacity: Annotated[int, typer.Option("--capacity", min=1, max=50, help="同时接待几人")] = 3,
    supervisor: Annotated[
        bool, typer.Option("--supervisor", help="班长：看全部会话，可以加入、转走、结束别人的会话")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """加一名坐席并打印登录令牌（只显示这一次）；同名的改成新的技能，旧令牌作废。"""
    from bot.desk.handover import Skills

    skills = Skills(tuple(skill or ()), tuple(region or ()), tuple(language or ("zh",)))
    with open_desk(data_dir) as people:
        agent, token = people.agents.add(name, skills, capacity=capacity, supervisor=supervisor)
    if as_json:
        print_json({"name": agent.name, "token": token})
    else:
        typer.echo(f"坐席 {agent.name} 可以登录了。令牌只显示这一次，请妥善交给本人：")
        typer.echo(token)


@group.command("remove-agent")
def remove_agent(name: Name, data_dir: DataDir = None) -> None:
    """停用一名坐席：令牌作废，手里的会话回到队首；记录保留。"""
    with open_desk(data_dir) as people:
        removed = people.agents.remove(name)
        people.sweep()
    if not removed:
        typer.echo(f"没有名叫 {name} 的坐席", err=True)
        raise typer.Exit(1)
    typer.echo(f"已停用：{name}")


@group.command("status")
def show_status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """坐席、排队和正在进行的会话。"""
    with open_desk(data_dir) as people:
        agents, queue, talking = people.agents.all(), people.desk.queue(), people.desk.talking()
        now, hours = people.desk.clock(), people.front.hours
    places = queue.places()
    if as_json:
        print_json(
            {
                "open": hours.is_open(now),
                "agents": as_json_value(agents),
                "waiting": [
                    {"handover": as_json_value(each), "place": as_json_value(places[each.id])}
                    for each in queue.waiting
                ],
                "talking": as_json_value(talking),
            }
        )
        return
    from rich.console import Console

    at_hand = {agent.id: sum(each.agent_id == agent.id for each in talking) for agent in agents}
    table = plain_table("坐席", "在线", "接待中", "业务", "地区", "语言")
    present = {"online": "在线", "away": "暂离", "offline": "离线"}
    for agent in agents:
        table.add_row(
            f"{agent.name}（班长）" if agent.supervisor else agent.name,
            present[agent.presence],
            f"{at_hand[agent.id]}/{agent.capacity}",
            "、".join(agent.skills.departments) or "全部",
            "、".join(agent.skills.regions) or "全部",
            "、".join(agent.skills.languages),
        )
    console = Console(highlight=False)
    console.print(table)
    opens_at = hours.next_opening(now)
    later = f"，下次 {opens_at:%m-%d %H:%M}" if opens_at else ""
    console.print("现在是人工服务时间" if hours.is_open(now) else f"现在不是人工服务时间{later}")
    console.print(f"排队 {len(queue.waiting)} 人，正在接待 {len(talking)} 人")
    for each in queue.waiting:
        place = places[each.id]
        wait = "没有能接的坐席" if place.expected_wait_s is None else f"约 {place.expected_wait_s // 60} 分钟"
        waited_min = int((now - each.asked_at).total_seconds() // 60)
        need = each.need.department or "不限业务"
        console.print(f"  第 {place.position} 位：{need}，已等 {waited_min} 分钟，{wait}")
