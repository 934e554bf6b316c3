"""`wenzheng eligibility …`: the operators' rules of whom a policy reaches (服务找人)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.terminal import AsJson, By, DataDir, actor, as_json_value, print_json
from knowledge_base.errors import RulesUnreadable

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from knowledge_base.eligibility.records import Profile, RuleBook

# Fewer people than this could be told who they are.
_FEWEST_SHOWN = 5
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="资格规则，JSON")]

group = typer.Typer(help="资格规则：哪些政策适用于哪些人。", no_args_is_help=True)


@group.command("import")
def import_rules(file: _File, *, by: By = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """收入规则；有一条不成立，就一条也不收。没有写的规则不动。"""
    from knowledge_base.eligibility.reading import read_rules
    from knowledge_base.eligibility.store import EligibilityStore

    book = read_rules(file)
    with _database(data_dir) as engine:
        _refuse_faults(book, file.name, engine)
        change = EligibilityStore(engine).take_in(book, by=actor(by))
    if as_json:
        print_json(as_json_value(change))
        return
    typer.echo(f"新增 {len(change.added)}，改动 {len(change.changed)}，未变 {len(change.unchanged)}")


@group.command("export")
def export_rules(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="写到哪里，JSON")], *, data_dir: DataDir = None
) -> None:
    """把在用的规则写成文件，改好再 import。"""
    import json

    from knowledge_base.eligibility.reading import json_of_book

    book = _stored(data_dir)
    file.write_text(json.dumps(json_of_book(book), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    typer.echo(f"写出 {len(book.rules)} 条：{file}")


@group.command("list")
def list_rules(*, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """列出在用的规则。"""
    from knowledge_base.eligibility.reading import json_of_rule

    rules = _stored(data_dir).rules
    if as_json:
        print_json([json_of_rule(rule) for rule in rules])
        return
    for rule in rules:
        typer.echo(f"{rule.code}  {rule.kind}  {rule.title}  《{rule.law_title}》{rule.law_article}")


@group.command()
def show(
    code: Annotated[str, typer.Argument(metavar="编码")], *, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """看一条规则的全部版本：何人何时收入、撤下。"""
    import json

    from knowledge_base.dates import SHANGHAI
    from knowledge_base.eligibility.reading import json_of_rule
    from knowledge_base.eligibility.store import EligibilityStore

    with _database(data_dir) as engine:
        versions = EligibilityStore(engine).history(code)
    if as_json:
        print_json(as_json_value(versions))
        return
    for each in versions:
        gone = ""
        if each.withdrawn_at:
            gone = f"，{each.withdrawn_by} {each.withdrawn_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 撤下"
        typer.echo(
            f"第 {each.version} 版：{each.added_by} {each.added_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}{gone}"
        )
    typer.echo(json.dumps(json_of_rule(versions[-1].rule), ensure_ascii=False, indent=1))


@group.command()
def lint(file: _File, *, data_dir: DataDir = None) -> None:
    """检查规则：没有的事项和标签、互相矛盾的条件、写错的日期。什么也不保存。"""
    from knowledge_base.eligibility.reading import read_rules

    book = read_rules(file)
    with _database(data_dir) as engine:
        _refuse_faults(book, file.name, engine)
    typer.echo(f"{len(book.rules)} 条规则，没有发现问题")


@group.command()
def withdraw(
    codes: Annotated[list[str], typer.Argument(metavar="编码…")], *, by: By = None, data_dir: DataDir = None
) -> None:
    """撤下规则，立即生效；再 import 就恢复。"""
    from knowledge_base.eligibility.store import EligibilityStore

    with _database(data_dir) as engine:
        EligibilityStore(engine).withdraw(codes, by=actor(by))
    typer.echo(f"撤下 {len(codes)} 条")


@group.command("dry-run")
def dry_run(
    code: Annotated[str, typer.Argument(metavar="编码")],
    *,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            exists=True,
            dir_okay=False,
            help="JSONL，每行一个人；不给就数已同意保存的人，只出人数",
        ),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", exists=True, help="还没收入的规则文件；默认数据库里的")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="按哪一天算，YYYY-MM-DD，默认今天")] = None,
    data_dir: DataDir = None,
) -> None:
    """试算：一条规则会找到谁、为什么，谁只差一项。什么也不保存，也不通知任何人。"""
    from knowledge_base.eligibility.judging import Truth, judge, misses_by_one
    from knowledge_base.eligibility.reading import read_rules

    today = _day(as_of)
    book = read_rules(rules) if rules else _stored(data_dir)
    rule = next((each for each in book.rules if each.code == code), None)
    if rule is None:
        raise RulesUnreadable(f"没有编码为 {code} 的资格规则：wenzheng eligibility list 列出全部")
    if not rule.in_force(today):
        typer.echo(f"注意：{today} 这条规则不在有效期内，以下只是试算")
    persons = _persons(people) if people else _consented(data_dir)
    judged = [judge(rule.when, person, today) for person in persons]
    if people:
        for line, (person, judgement) in enumerate(zip(persons, judged, strict=True), 1):
            because = "；".join(ground.words for ground in judgement.grounds)
            if judgement.truth is Truth.YES:
                typer.echo(f"第 {line} 人  符合：{because}")
            elif judgement.truth is Truth.UNKNOWN:
                typer.echo(f"第 {line} 人  可能符合，还要看：{'；'.join(judgement.open_points)}")
            elif missing := misses_by_one(rule.when, person, today):
                typer.echo(f"第 {line} 人  只差一项：{'；或'.join(ground.words for ground in missing)}")
    counts = Counter(each.truth for each in judged)
    shown = str if people else _blurred
    typer.echo(
        f"符合 {shown(counts[Truth.YES])}，可能符合 {shown(counts[Truth.UNKNOWN])}，"
        f"不符合 {shown(counts[Truth.NO])}"
    )
    if not people:
        reached = [person for person, each in zip(persons, judged, strict=True) if each.truth is Truth.YES]
        marks = Counter(
            mark for person in reached for mark in (person.region or "未说地区", *(person.tags or ()))
        )
        for mark, count in sorted(marks.items()):
            typer.echo(f"  {mark}  {_blurred(count)}")


def _blurred(count: int) -> str:
    return f"不足 {_FEWEST_SHOWN}" if count < _FEWEST_SHOWN else str(count)


def _day(as_of: str | None) -> date:
    from knowledge_base.dates import SHANGHAI

    try:
        return date.fromisoformat(as_of) if as_of else datetime.now(SHANGHAI).date()
    except ValueError:
        raise typer.BadParameter("要写成 2026-11-25 这样", param_hint="--as-of") from None


def _persons(file: Path) -> "list[Profile]":
    import json

    from knowledge_base.eligibility.reading import profile_of

    persons = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{file.name} 第 {number} 行"
        try:
            data = json.loads(line)
        except ValueError:
            raise RulesUnreadable(f"{where}：不是 JSON，每行写一个人") from None
        if not isinstance(data, dict):
            raise RulesUnreadable(f"{where}：每行写一个 JSON 对象")
        persons.append(profile_of(data, where))
    return persons


def _consented(data_dir: Path | None) -> "list[Profile]":
    from bot.profiles.store import Profiles
    from bot.sealing import Seal
    from bot.settings import read_settings

    settings = read_settings(data_dir)
    with _database(data_dir) as engine:
        seal = Seal(settings.data_dir, settings.contact_key.get_secret_value())
        return list(Profiles(engine, seal).everyone())


def _stored(data_dir: Path | None) -> "RuleBook":
    from knowledge_base.eligibility.store import EligibilityStore

    with _database(data_dir) as engine:
        return EligibilityStore(engine).book()


def _refuse_faults(book: "RuleBook", file: str, engine: "Engine") -> None:
    from knowledge_base.eligibility.linting import lint_rules
    from knowledge_base.services.store import ServiceStore

    versions = ServiceStore(engine).snapshot().versions.values()
    codes = {each[-1].item.catalog_code for each in versions}
    findings = lint_rules(book, file, codes)
    if findings:
        raise RulesUnreadable("\n".join(map(str, findings)))


@contextmanager
def _database(data_dir: Path | None) -> "Iterator[Engine]":
    from bot.settings import read_settings
    from knowledge_base.database import open_database

    engine = open_database(read_settings(data_dir).sqlalchemy_url)
    try:
        yield engine
    finally:
        engine.dispose()
