"""`wenzheng words …`, the operators' words, and `wenzheng explain`, what becomes of a question."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_service, settings_of
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, print_json
from knowledge_base.words import Word, WordChange, WordDraft, WordKind

if TYPE_CHECKING:
    from bot.answer import Question
    from bot.settings import Settings
    from knowledge_base.word_store import WordStore

Kind = Annotated[
    WordKind,
    typer.Option(
        "--kind", help="dictionary 词典，synonym 同义词（口语=公文用语），stop 停用词，typo 错字（错=对）"
    ),
]
Region = Annotated[str | None, typer.Option(help="所在地区，如 云岭省/云州市")]
AsOf = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="按哪一天有效的规定回答，默认今天")]
Top = Annotated[int, typer.Option(min=1, max=50, help="每种排序列出前几名")]
TwoWay = Annotated[bool, typer.Option("--two-way", help="同义词互通：问公文用语时也找口语")]
Frequency = Annotated[int | None, typer.Option("--frequency", help="词典词的词频，不给则取够用的")]
Tag = Annotated[str, typer.Option("--tag", help="词典词的词性，如 n、nt、v")]

_CUTS = (
    "切词因此改变：正在运行的服务随即在后台重建词面索引（不重新编码），建好之前按原来的词照常服务；"
    "没有服务在运行，则下次启动时重建。"
)
_AT_ONCE = "只影响提问，不动索引：正在运行的服务一两秒内生效。"

words = typer.Typer(help="词表：词典、同义词、停用词、错字，不必重启即可生效。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group `words` and the command `explain` to the application."""
    app.add_typer(words, name="words")
    app.command("explain")(explain)


@words.command("list")
def list_words(
    kind: Annotated[WordKind | None, typer.Option("--kind", help="只列一种")] = None,
    removed: Annotated[bool, typer.Option("--removed", help="列出已移除的，可用 restore 恢复")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出运营人员自己的词：内容、谁、何时。"""
    from bot.assembly import open_words
    from channels.words_report import print_records

    with open_words(settings_of(data_dir)) as store:
        records = store.records(kind, removed=removed)
    if as_json:
        print_json(as_json_value(records))
    else:
        print_records(records)


@words.command()
def add(
    entries: Annotated[
        list[str], typer.Argument(metavar="词…", help="词；同义词和错字写成 甲=乙，多个乙用 | 隔开")
    ],
    kind: Kind,
    *,
    two_way: TwoWay = False,
    frequency: Frequency = None,
    tag: Tag = "",
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """加词；已有的改成新的内容。有一条不成立，就一条也不加。"""
    drafts = _drafts(kind, entries, two_way=two_way, frequency=frequency, tag=tag)
    _change(data_dir, as_json, lambda store: store.add(drafts, by=actor(by)))


@words.command()
def remove(
    entries: Annotated[list[str], typer.Argument(metavar="词…")],
    kind: Kind,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """移除自己的词；自己没有而自带词表里有的，则停用自带的那一条。都可以恢复。"""
    _change(data_dir, as_json, lambda store: store.remove(kind, entries, by=actor(by)))


@words.command()
def restore(
    entries: Annotated[list[str], typer.Argument(metavar="词…")],
    kind: Kind,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """恢复移除的词，内容与移除时一样；停用的自带词重新启用。"""
    _change(data_dir, as_json, lambda store: store.restore(kind, entries, by=actor(by)))


@words.command("import")
def import_words(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="csv，或 tsv、txt（制表符）")],
    kind: Kind,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """从表格加词：UTF-8 或 GB18030，有没有表头都行。有一行不成立，就一行也不加。"""
    from knowledge_base.word_files import read_words

    drafts = read_words(path, kind)
    _change(data_dir, as_json, lambda store: store.add(drafts, by=actor(by)))


@words.command("export")
def export_words(
    path: Annotated[Path, typer.Argument(dir_okay=False, help="写到哪里；tsv、txt 用制表符，其余用逗号")],
    kind: Kind,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """把自己的词写成表格，可用表格软件打开，改好再 import。"""
    from bot.assembly import open_words
    from knowledge_base.word_files import write_words

    with open_words(settings_of(data_dir)) as store:
        own = [word for word in store.in_use() if word.kind is kind and not word.hides]
    write_words(path, kind, own)
    if as_json:
        print_json({"file": str(path), "words": len(own)})
    else:
        typer.echo(f"写出 {len(own)} 条：{path}")


@words.command("try")
def try_out(
    entry: Annotated[str, typer.Argument(metavar="词", help="要试的词，写法同 add；多条用逗号隔开")],
    questions: Annotated[list[str], typer.Argument(metavar="问题…")],
    kind: Kind,
    *,
    two_way: TwoWay = False,
    frequency: Frequency = None,
    tag: Tag = "",
    region: Region = None,
    as_of: AsOf = None,
    top: Top = 5,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """试一试：加了这些词，排序和回答会怎样。什么也不保存。"""
    from bot.explaining import try_words
    from channels.words_report import print_trials

    settings = settings_of(data_dir)
    drafts = _drafts(kind, entry.split(","), two_way=two_way, frequency=frequency, tag=tag)
    asked = [_question(text, region, as_of, settings) for text in questions]
    with opened_service(settings) as service:
        trials = try_words(service, drafts, asked, top=top)
    if as_json:
        print_json(as_json_value(trials))
    else:
        print_trials(trials)


def explain(
    question: Annotated[str, typer.Argument(help="要解释的问题")],
    *,
    region: Region = None,
    as_of: AsOf = None,
    top: Top = 5,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """一步步说明一个问题怎样被读懂、检索、排序和判断。"""
    from bot.explaining import explain as explain_question
    from channels.words_report import print_explanation

    settings = settings_of(data_dir)
    asked = _question(question, region, as_of, settings)
    with opened_service(settings) as service:
        explanation = explain_question(service, asked, top=top)
    if as_json:
        print_json(as_json_value(explanation))
    else:
        print_explanation(explanation)


def _question(text: str, region: str | None, as_of: datetime | None, settings: "Settings") -> "Question":
    from bot.answer import Question
    from bot.personal_data import mask
    from bot.question_text import check_question_text

    check_question_text(text, settings.max_question_chars)
    return Question(question=mask(text).text, region=region, as_of=as_of.date() if as_of else None)


def _drafts(
    kind: WordKind, entries: Sequence[str], *, two_way: bool, frequency: int | None, tag: str
) -> list[WordDraft]:
    drafts = []
    for row, entry in enumerate(entries, start=1):
        word, equals, terms = entry.partition("=")
        pairs = kind in {WordKind.SYNONYM, WordKind.TYPO}
        if pairs != bool(equals):
            form = "写成 甲=乙" if pairs else "不带等号"
            raise typer.BadParameter(f"{entry!r}：{kind.value} 的词要{form}", param_hint="词")
        drafts.append(
            WordDraft(
                row,
                Word(
                    kind,
                    word,
                    tuple(terms.split("|")) if pairs else (),
                    two_way=two_way and kind is WordKind.SYNONYM,
                    frequency=frequency if kind is WordKind.DICTIONARY else None,
                    tag=tag if kind is WordKind.DICTIONARY else "",
                ),
            )
        )
    return drafts


def _change(data_dir: Path | None, as_json: bool, make: "Callable[[WordStore], WordChange]") -> None:
    from bot.assembly import open_words

    with open_words(settings_of(data_dir)) as store:
        change = make(store)
    _tell(change, as_json=as_json)


def _tell(change: WordChange, *, as_json: bool) -> None:
    from channels.words_report import shown

    effect = ""
    if change.touched:
        effect = _CUTS if any(word.kind.cuts for word in change.touched) else _AT_ONCE
    if as_json:
        print_json({"change": as_json_value(change), "effect": effect})
        return
    for label, those in (
        ("新增", change.added),
        ("改动", change.changed),
        ("移除", change.removed),
        ("未变", change.unchanged),
    ):
        for word in those:
            typer.echo(f"{label}  {shown(word)}")
    typer.echo(effect or "没有什么改变。")
