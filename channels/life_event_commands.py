"""The commands `wenzheng life-event …`: take life events (一件事) in and out, look at them, check them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_database
from channels.service_commands import findings_as_json, print_findings
from channels.terminal import AsJson, By, DataDir, actor, plain_table, print_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from knowledge_base.life_events.records import LifeEvent
    from knowledge_base.life_events.sheets import EventsReading
    from knowledge_base.life_events.store import LifeEventStore
    from knowledge_base.services.findings import Finding

group = typer.Typer(help="一件事：导入、导出、查看、检查、撤下。", no_args_is_help=True)

Codes = Annotated[list[str], typer.Argument(metavar="编码...", help="一件事的编码，可以多个")]
Code = Annotated[str, typer.Argument(metavar="编码", help="一件事的编码")]


@group.command("import")
def import_events(
    path: Annotated[Path, typer.Argument(exists=True, help="xlsx、json，或它们的文件夹；样子见 export")],
    *,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """收入一件事：变了的成为新版本，没变的不动；有错的说明原因，不收，其余照收。"""
    from knowledge_base.life_events.sheets import read_events
    from knowledge_base.services.findings import Severity

    reading = read_events(path)
    with _opened(data_dir) as (engine, store):
        findings = _checked(reading, engine)
        refused = {each.code for each in findings if each.severity is Severity.ERROR}
        report = store.take_in(
            (each.event for code, each in reading.events.items() if code not in refused), by=actor(by)
        )
    if as_json:
        print_json({"ok": not refused, **asdict(report), "findings": findings_as_json(findings)})
    else:
        print_findings(findings)
        counts = (
            ("新增", len(report.added)),
            ("修改", len(report.changed)),
            ("未变", len(report.unchanged)),
            ("未变而早已撤下", len(report.still_withdrawn)),
            ("没收", len(refused)),
        )
        typer.echo("，".join(f"{name} {count}" for name, count in counts if count or name == "新增"))
    raise typer.Exit(1 if refused else 0)


@group.command("export")
def export_events(
    path: Annotated[Path, typer.Argument(help="写入的 .xlsx、.json，或文件夹（一件一个 JSON）")],
    codes: Annotated[list[str] | None, typer.Argument(metavar="编码...", help="只导出这些；默认全部")] = None,
    *,
    template: Annotated[bool, typer.Option("--template", help="只写表头，供填写")] = False,
    data_dir: DataDir = None,
) -> None:
    """导出各件事最新的一版，改后可以再收入；收入没改的不会改变什么。"""
    from knowledge_base.life_events.sheets import write_events

    events: list[LifeEvent] = []
    if not template:
        with _opened(data_dir) as (_, store):
            if codes:
                events = [store.history(code)[-1].event for code in codes]
            else:
                events = [versions[-1].event for versions in store.snapshot().versions.values()]
    write_events(path, events)
    typer.echo(f"已导出一件事 {len(events)} 件：{path}", err=True)


@group.command("list")
def list_events(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """列出全部一件事，和今天能不能用。"""
    from rich.console import Console

    from knowledge_base.dates import today

    with _opened(data_dir) as (_, store):
        snapshot = store.snapshot()
    held = snapshot.on(today())
    rows = [
        {
            "code": code,
            "name": versions[-1].event.name,
            "region": versions[-1].event.region,
            "questions": len(versions[-1].event.questions),
            "steps": len(versions[-1].event.steps),
            "version": versions[-1].number,
            "state": "已撤下" if versions[-1].withdrawn_at else "在用" if code in held else "不在有效期",
        }
        for code, versions in snapshot.versions.items()
    ]
    if as_json:
        print_json(rows)
        return
    table = plain_table("编码", "一件事", "地区", "问题", "步骤", "版本", "状态")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(highlight=False).print(table)


@group.command()
def show(code: Code, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """显示一件事的问题、步骤和各版本。"""
    from knowledge_base.dates import today
    from knowledge_base.life_events.conditions import told
    from knowledge_base.services.catalogue import Catalogue
    from knowledge_base.services.store import ServiceStore

    with _opened(data_dir) as (engine, store):
        history = store.history(code)
        names = Catalogue(ServiceStore(engine).snapshot()).widest(today())
    event = history[-1].event
    if as_json:
        print_json([each.model_dump(mode="json", exclude_none=True) for each in history])
        return
    typer.echo(f"{event.name}（{event.region}）")
    if event.intro:
        typer.echo(event.intro)
    for number, question in enumerate(event.questions, start=1):
        when = told(question.ask_when, event)
        labels = "／".join(f"{each.label}" for each in question.options)
        typer.echo(f"问{number} {question.text} {labels}" + (f"（{when}时才问）" if when else ""))
    for number, step in enumerate(event.steps, start=1):
        named = names[step.catalog_code].name if step.catalog_code in names else "事项库里没有"
        when = told(step.when, event) or "都要办"
        typer.echo(
            f"步{number} {named}（{step.catalog_code}）：{when}" + (f"。{step.note}" if step.note else "")
        )
    for version in history:
        typer.echo(f"第 {version.number} 版  {version.stored_at:%Y-%m-%d %H:%M}  {version.stored_by}")
    if history[-1].withdrawn_at:
        typer.echo(f"已于 {history[-1].withdrawn_at:%Y-%m-%d %H:%M} 撤下")


@group.command()
def lint(
    path: Annotated[Path | None, typer.Argument(exists=True, help="要检查的文件；不给则检查已收入的")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """检查一件事，不改变什么：每个问题指明文件、表、行、列和改法；有问题时退出码 1。"""
    from knowledge_base.life_events.sheets import EventsReading, ReadEvent, read_events
    from knowledge_base.services.findings import Place

    with _opened(data_dir) as (engine, store):
        if path is not None:
            reading = read_events(path)
        else:
            newest = (versions[-1] for versions in store.snapshot().versions.values())
            stored = Place("已收入的一件事", "", 0)
            in_use = {each.event.code: each.event for each in newest if not each.withdrawn_at}
            reading = EventsReading({code: ReadEvent(event, stored) for code, event in in_use.items()}, ())
        findings = _checked(reading, engine)
    if as_json:
        print_json(findings_as_json(findings))
    else:
        print_findings(findings)
        typer.echo(f"问题 {len(findings)} 个" if findings else "没有问题")
    raise typer.Exit(1 if findings else 0)


@group.command()
def withdraw(
    codes: Codes,
    undo: Annotated[bool, typer.Option("--undo", help="取消撤下")] = False,
    by: By = None,
    data_dir: DataDir = None,
) -> None:
    """撤下一件事：一两秒后不再引导，内容没变的再收入也不会恢复。"""
    with _opened(data_dir) as (_, store):
        store.withdraw(codes, by=actor(by), undo=undo)
    typer.echo(f"已{'恢复' if undo else '撤下'} {len(set(codes))} 件")


def _checked(reading: "EventsReading", engine: "Engine") -> "list[Finding]":
    """Return what was wrong in reading, and what the rules say of the rest."""
    from knowledge_base.life_events.linting import lint
    from knowledge_base.services.store import ServiceStore

    versions = ServiceStore(engine).snapshot().versions.values()
    codes = {each[-1].item.catalog_code for each in versions if each[-1].withdrawn_at is None}
    found = [*reading.findings, *lint(reading.events, codes)]
    return sorted(found, key=lambda each: (each.place.file, each.place.sheet, each.place.row))


@contextmanager
def _opened(data_dir: Path | None) -> "Iterator[tuple[Engine, LifeEventStore]]":
    """Open the database alone: none of these commands needs the encoder."""
    from knowledge_base.life_events.store import LifeEventStore

    with opened_database(data_dir) as engine:
        yield engine, LifeEventStore(engine)
