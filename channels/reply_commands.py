"""`wenzheng replies …`: the canned replies, in three languages."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_database
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, plain_table, print_json
from knowledge_base.languages import Language

if TYPE_CHECKING:
    pass

Key = Annotated[str, typer.Argument(metavar="名称", help="replies list 列出的名称，如 emergency_fire")]
Lang = Annotated[Language, typer.Option("--language", help="语言；按市民提问所用的语言选用")]

group = typer.Typer(
    help="固定答复：紧急情况、投诉、查自己的记录、问候等，可改成自己的话，不必重启即可生效。",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group `replies` to the application."""
    app.add_typer(group, name="replies")


@group.command("list")
def list_replies(
    key: Annotated[str | None, typer.Argument(metavar="名称", help="只看这一条")] = None,
    *,
    language: Annotated[Language | None, typer.Option("--language", help="只看一种语言")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出各条固定答复：何时用、内容、是自带的还是改过的。"""
    from rich.console import Console

    from knowledge_base.replies import ReplyStore

    with opened_database(data_dir) as engine:
        store = ReplyStore(engine)
        replies = [
            each for each in store.all() if key in {None, each.key} and language in {None, each.language}
        ]
    if as_json:
        print_json(as_json_value(replies))
        return
    table = plain_table("名称", "语言", "何时用", "内容", "来源")
    for each in replies:
        source = f"{each.changed_by} 改" if each.changed_at else "自带"
        table.add_row(each.key, each.language.value, each.about, each.text, source)
    Console(highlight=False, markup=False).print(table)


@group.command("set")
def set_reply(
    key: Key,
    text: Annotated[
        str, typer.Argument(metavar="内容", help="一行一行写；tel:119 火警 是可以点拨的电话；- 从标准输入读")
    ],
    *,
    language: Lang = Language.SIMPLIFIED,
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """改一条固定答复。"""
    from knowledge_base.replies import ReplyStore

    words = sys.stdin.read() if text == "-" else text
    with opened_database(data_dir) as engine:
        store = ReplyStore(engine)
        store.set(key, language, words, by=actor(by))
    typer.echo(f"已改：{key}（{language.value}）。正在运行的服务一两秒内生效。")


@group.command()
def reset(
    key: Key,
    *,
    language: Annotated[Language | None, typer.Option("--language", help="只恢复一种语言，默认全部")] = None,
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """恢复自带的内容。"""
    from knowledge_base.replies import ReplyStore

    with opened_database(data_dir) as engine:
        store = ReplyStore(engine)
        changed = store.reset(key, language, by=actor(by))
    typer.echo("已恢复自带的内容，一两秒内生效。" if changed else "本来就是自带的内容。")
