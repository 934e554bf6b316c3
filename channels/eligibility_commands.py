"""`wenzheng eligibility …`: the operators' rules of whom a policy reaches (服务找人)."""

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_database, settings_of
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, print_json
from knowledge_base.errors import RulesUnreadable, UnknownRule

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from knowledge_base.eligibility.records import Profile, RuleBook

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="资格规则，xlsx 或 JSON")]

group = typer.Typer(help="资格规则：哪些政策适用于哪些人。", no_args_is_help=True)


@group.command("import")
def import_rules(file: _File, *, by: By = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """收入规则；有一条不成立，就一条也不收。没有写的规则不动。"""
    from knowledge_base.eligibility.store import EligibilityStore

    with opened_database(data_dir) as engine:
        book = _checked(file, engine)
        change = EligibilityStore(engine).take_in(book, by=actor(by))
    if as_json:
        print_json(as_json_value(change))
        return
    typer.echo(f"新增 {len(change.added)}，改动 {len(change.changed)}，未变 {len(change.unchanged)}")


@group.command("export")
def export_rules(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="写到哪里，.xlsx 或 .json")],
    *,
    template: Annotated[bool, typer.Option("--template", help="只写表头，供填写")] = False,
    data_dir: DataDir = None,
) -> None:
    """把在用的规则写成文件，改好再 import；收入没改的不会改变什么。"""
    from knowledge_base.eligibility.exporting import write_rule_file
    from knowledge_base.eligibility.records import RuleBook

    book = RuleBook((), (), ()) if template else _stored(data_dir)
    write_rule_file(file, book)
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

    with opened_database(data_dir) as engine:
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
    """检查规则：没有的事项和标签、互相矛盾的条件、写错的日期，说出在哪一行哪一列。什么也不保存。"""
    from bot.profiles.policies import Policies
    from knowledge_base.eligibility.records import Profile

    with opened_database(data_dir) as engine:
        book = _checked(file, engine)
        policies = Policies(engine)
        for rule in book.rules:
            if policies.article(rule, Profile()) is None:
                basis = f"《{rule.law_title}》{rule.law_article}"
                typer.echo(f"提醒：{rule.code}“依据”：库里没有现行有效的{basis}，市民只看得到名称")
    typer.echo(f"{len(book.rules)} 条规则，没有发现问题")


@group.command()
def withdraw(
    codes: Annotated[list[str], typer.Argument(metavar="编码…")], *, by: By = None, data_dir: DataDir = None
) -> None:
    """撤下规则，立即生效；再 import 就恢复。"""
    from knowledge_base.eligibility.store import EligibilityStore

    with opened_database(data_dir) as engine:
        EligibilityStore(engine).withdraw(codes, by=actor(by))
    typer.echo(f"撤下 {len(codes)} 条")


@group.command()
def reach(
    code: Annotated[str, typer.Argument(metavar="编码")],
    *,
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            exists=True,
            dir_okay=False,
            help="JSONL，每行一个人；不给就看已同意保存的人，不说是谁",
        ),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", exists=True, help="还没收入的规则文件；默认数据库里的")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="按哪一天算，YYYY-MM-DD，默认今天")] = None,
    data_dir: DataDir = None,
) -> None:
    """试算：一条规则会找到多少人、为什么，谁只差一项。什么也不保存，也不通知任何人。"""
    from knowledge_base.eligibility.judging import Truth, judge, misses_by_one
    from knowledge_base.eligibility.sheets import read_rule_file

    today = _day(as_of)
    book = read_rule_file(rules).book if rules else _stored(data_dir)
    rule = next((each for each in book.rules if each.code == code), None)
    if rule is None:
        raise UnknownRule(f"没有编码为 {code} 的资格规则：wenzheng eligibility list 列出全部")
    if not rule.in_force(today):
        typer.echo(f"注意：{today} 这条规则不在有效期内，以下只是试算")
    persons = _persons(people) if people else _consented(data_dir)
    judged = [judge(rule.when, person, today) for person in persons]
    for number, (person, judgement) in enumerate(zip(persons, judged, strict=True), 1):
        # Of who consented nothing is said but the count: what they told is theirs.
        who = f"第 {number} 人"
        if judgement.truth is Truth.YES:
            because = "；".join(ground.words for ground in judgement.grounds)
            typer.echo(f"{who}  符合：{because}" if people else f"{who}  符合")
        elif judgement.truth is Truth.UNKNOWN:
            typer.echo(f"{who}  可能符合，还要看：{'；'.join(judgement.open_points)}")
        elif people and (missing := misses_by_one(rule.when, person, today)):
            typer.echo(f"{who}  只差一项：{'；或'.join(ground.words for ground in missing)}")
    counts = Counter(each.truth for each in judged)
    typer.echo(f"符合 {counts[Truth.YES]}，可能符合 {counts[Truth.UNKNOWN]}，不符合 {counts[Truth.NO]}")


@group.command()
def remind(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会提醒谁、为什么，什么也不写")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """把该提醒的写进待发提醒：现在可能符合了、依据有新版施行、快到截止日。同一件事只提醒一次。"""
    from bot.profiles.desk import open_profile_desk

    settings = settings_of(data_dir)
    with opened_database(data_dir) as engine:
        reminders = open_profile_desk(settings, engine).reminders
        due = reminders.due() if dry_run else reminders.write()
    # By number, never by conversation: whose it is stands in the database alone.
    number = {who: n for n, who in enumerate(dict.fromkeys(each.who.conversation_id for each in due), 1)}
    rows = [
        {"person": number[each.who.conversation_id], "rule": each.reminder.rule, "text": each.reminder.text}
        for each in due
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"第 {row['person']} 人  {row['rule']}  {row['text']}")
    typer.echo(f"{'会提醒' if dry_run else '写入提醒'} {len(rows)} 条，{len(number)} 人")


def _day(as_of: str | None) -> date:
    from knowledge_base.dates import today

    try:
        return date.fromisoformat(as_of) if as_of else today()
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
    from bot.profiles.desk import open_profile_desk

    with opened_database(data_dir) as engine:
        return [each.person for each in open_profile_desk(settings_of(data_dir), engine).profiles.everyone()]


def _stored(data_dir: Path | None) -> "RuleBook":
    from knowledge_base.eligibility.store import EligibilityStore

    with opened_database(data_dir) as engine:
        return EligibilityStore(engine).book()


def _checked(file: Path, engine: "Engine") -> "RuleBook":
    """Return the rules of a file; a workbook may speak of the marks that are in use already."""
    from knowledge_base.eligibility.columns import SHEET_COLUMNS
    from knowledge_base.eligibility.linting import lint_rules
    from knowledge_base.eligibility.sheets import read_rule_file
    from knowledge_base.eligibility.store import EligibilityStore
    from knowledge_base.services.findings import Finding
    from knowledge_base.services.store import ServiceStore

    reading = read_rule_file(file)
    held = EligibilityStore(engine).book()
    known = replace(
        reading.book,
        tags=tuple(dict.fromkeys((*held.tags, *reading.book.tags))),
        enterprise=tuple(dict.fromkeys((*held.enterprise, *reading.book.enterprise))),
    )
    versions = ServiceStore(engine).snapshot().versions.values()
    faults = list(map(str, reading.findings))
    for finding in lint_rules(known, file.name, {each[-1].item.catalog_code for each in versions}):
        place = reading.places.get(finding.code)
        column = SHEET_COLUMNS.get(finding.field, finding.field)
        faults.append(str(Finding(place, column, finding.message, code=finding.code) if place else finding))
    if faults:
        raise RulesUnreadable("\n".join(faults))
    return reading.book
