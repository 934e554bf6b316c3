"""`wenzheng block …`: the operators' block list (屏蔽词)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_database
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, plain_table, print_json
from knowledge_base.blocking.records import BlockChange, BlockDraft, BlockLevel, BlockWord

if TYPE_CHECKING:
    pass

Level = Annotated[
    BlockLevel,
    typer.Option(
        "--level", help="refuse 拒答；mask 遮盖（提问里略去，回答里打＊）；alert 只记入日志，不影响回答"
    ),
]
Words = Annotated[list[str], typer.Argument(metavar="词…")]
_AT_ONCE = "正在运行的服务一两秒内生效。"

group = typer.Typer(
    help="屏蔽词：在提问、回答和收入的文件里查，全角、空格、标点、繁体、谐音都认得；不必重启即可生效。",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group `block` to the application."""
    app.add_typer(group, name="block")


@group.command("list")
def list_words(
    *,
    removed: Annotated[bool, typer.Option("--removed", help="列出移除过的：谁、何时")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出在用的屏蔽词：自己加的和自带的。"""
    from knowledge_base.blocking.sheets import LEVEL_NAMES
    from knowledge_base.blocking.store import BlockStore
    from knowledge_base.dates import SHANGHAI

    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        records = blocks.records(removed=removed)
        in_use = () if removed else blocks.in_use()
    if as_json:
        print_json({"records": as_json_value(records), "in_use": as_json_value(in_use)})
        return
    own = {record.word.word: record for record in records}
    shown = [record.word for record in records] if removed else list(in_use)
    table = plain_table("词", "级别", "类别", "备注", "来源")
    for word in shown:
        record = own.get(word.word)
        source = "自带"
        if record is not None:
            at, who = (
                (record.removed_at, f"{record.removed_by} 移除")
                if record.removed_at
                else (record.added_at, record.added_by)
            )
            source = f"{who} {at.astimezone(SHANGHAI):%Y-%m-%d}"
        table.add_row(word.word, LEVEL_NAMES[word.level], word.category, word.note, source)
    _print(table)


@group.command()
def add(
    words: Words,
    level: Level,
    *,
    category: Annotated[str, typer.Option("--category", help="类别，如 广告")] = "",
    note: Annotated[str, typer.Option("--note", help="为什么加，只给运营人员看")] = "",
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """加词；已有的改成新的级别。有一个不成立，就一个也不加。"""
    from knowledge_base.blocking.store import BlockStore

    drafts = [BlockDraft(row, BlockWord(word, level, category, note)) for row, word in enumerate(words, 1)]
    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        change = blocks.add(drafts, by=actor(by))
    _tell(change, as_json=as_json)


@group.command()
def remove(words: Words, *, by: By = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """移除自己的词；自己没有而自带的有，则停用自带的那一条。"""
    from knowledge_base.blocking.store import BlockStore

    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        change = blocks.remove(words, by=actor(by))
    _tell(change, as_json=as_json)


@group.command("import")
def import_words(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="csv，或 tsv、txt（制表符）")],
    *,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """从表格加词，列为 词、级别（拒答、遮盖、告警）、类别、备注。有一行不成立，就一行也不加。"""
    from knowledge_base.blocking.sheets import read_block_words
    from knowledge_base.blocking.store import BlockStore

    drafts = read_block_words(path)
    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        change = blocks.add(drafts, by=actor(by))
    _tell(change, as_json=as_json)


@group.command("export")
def export_words(
    path: Annotated[Path, typer.Argument(dir_okay=False, help="写到哪里；tsv、txt 用制表符，其余用逗号")],
    *,
    data_dir: DataDir = None,
) -> None:
    """把自己的词写成表格，改好再 import。"""
    from knowledge_base.blocking.sheets import write_block_words
    from knowledge_base.blocking.store import BlockStore

    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        own = [record.word for record in blocks.records() if not record.word.hides]
    write_block_words(path, own)
    typer.echo(f"写出 {len(own)} 条：{path}")


@group.command("try")
def try_out(
    text: Annotated[str, typer.Argument(metavar="文字")],
    *,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """试一试：这段文字里有哪些屏蔽词、写给机器的话，会怎样。什么也不保存。"""
    from knowledge_base.blocking.matching import BlockMatcher, gravest, struck_out
    from knowledge_base.blocking.records import BlockLevel
    from knowledge_base.blocking.sheets import LEVEL_NAMES
    from knowledge_base.blocking.store import BlockStore
    from knowledge_base.injection import find_injections

    with opened_database(data_dir) as engine:
        blocks = BlockStore(engine)
        found = BlockMatcher(blocks.in_use()).find(text)
    injections = find_injections(text)
    masked = struck_out(text, [each for each in found if each.word.level is BlockLevel.MASK])
    level = gravest(found)
    if as_json:
        print_json(
            {
                "level": level,
                "found": as_json_value(found),
                "masked": masked,
                "injections": as_json_value(injections),
            }
        )
        return
    table = plain_table("原文里的", "屏蔽词", "级别", "类别", "说明")
    for each in found:
        how = "谐音" if each.is_homophone else ("变形" if each.written != each.word.word else "")
        table.add_row(each.written, each.word.word, LEVEL_NAMES[each.word.level], each.word.category, how)
    for each_injection in injections:
        table.add_row(each_injection.written, "", "告警", each_injection.kind.value, "写给机器的话，只记录")
    if found or injections:
        _print(table)
    verdicts = {
        BlockLevel.REFUSE: "作为提问：不回答",
        BlockLevel.MASK: f"遮盖之后：{masked}",
        BlockLevel.ALERT: "照常回答，记入日志",
    }
    typer.echo(verdicts[level] if level else "没有屏蔽词")


def _print(table: object) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False).print(table)


def _tell(change: BlockChange, *, as_json: bool) -> None:
    from knowledge_base.blocking.sheets import LEVEL_NAMES

    if as_json:
        print_json(as_json_value(change))
        return
    for label, those in (
        ("新增", change.added),
        ("改动", change.changed),
        ("移除", change.removed),
        ("未变", change.unchanged),
    ):
        for word in those:
            hidden = "（停用自带的）" if word.hides else ""
            category = f" {word.category}" if word.category else ""
            typer.echo(f"{label}  {word.word} {LEVEL_NAMES[word.level]}{category}{hidden}")
    touched = change.added or change.changed or change.removed
    typer.echo(_AT_ONCE if touched else "没有什么改变。")
