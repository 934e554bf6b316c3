"""The commands `wenzheng service …`: take service items in and out, look at them, check rules and links."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.opening import opened_database
from channels.terminal import AsJson, By, DataDir, actor, as_json_value, plain_table, print_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from knowledge_base.services.catalogue import Catalogue
    from knowledge_base.services.findings import Finding
    from knowledge_base.services.sheets import Reading
    from knowledge_base.services.store import ServiceStore

group = typer.Typer(help="政务服务事项：导入、导出、查看、检查、撤下，核对办事入口。", no_args_is_help=True)

Codes = Annotated[list[str], typer.Argument(metavar="实施编码...", help="事项的实施编码，可以多个")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="按哪一天，默认今天")]
Region = Annotated[str | None, typer.Option(help="地区，如 云岭省/云州市；看到的是合并上级以后的事项")]

_LINK_STATES = {"ok": "正常", "dead": "失效", "unsure": "不能确定"}


@group.command("import")
def import_items(
    path: Annotated[
        Path, typer.Argument(exists=True, help="xlsx、json、csv，或它们的文件夹、zip；样子见 export")
    ],
    *,
    whole: Annotated[
        bool, typer.Option("--whole", help="文件里是全部事项：库里有而文件里没有的撤下")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """收入事项：变了的成为新版本，没变的不动；有错的行说明原因，不收，其余照收。"""
    from knowledge_base.services.findings import Severity
    from knowledge_base.services.sheets import read_catalogue

    reading = read_catalogue(path)
    with _opened(data_dir) as (engine, store):
        findings = _checked(reading, engine, store)
        refused = [each for each in findings if each.severity is Severity.ERROR]
        if whole and refused:
            raise typer.BadParameter(
                "有没收的行，不能当作全部事项：请先改好，或去掉 --whole", param_hint="--whole"
            )
        report = store.take_in(reading.batch, by=actor(by), is_whole=whole)
    if as_json:
        print_json({"ok": not refused, **asdict(report), "findings": findings_as_json(findings)})
    else:
        print_findings(findings)
        counts = (
            ("新增", len(report.added)),
            ("修改", len(report.changed)),
            ("未变", len(report.unchanged)),
            ("撤下", len(report.withdrawn)),
            ("未变而早已撤下", len(report.still_withdrawn)),
            ("没收的行", len(refused)),
        )
        typer.echo("，".join(f"{name} {count}" for name, count in counts if count or name == "新增"))
        typer.echo(f"办理地点新增或修改 {report.offices} 处")
    raise typer.Exit(1 if refused else 0)


@group.command("export")
def export_items(
    path: Annotated[Path, typer.Argument(help="写入的 .xlsx、.json、.zip，或文件夹（CSV）")],
    *,
    template: Annotated[bool, typer.Option("--template", help="只写表头，供填写")] = False,
    data_dir: DataDir = None,
) -> None:
    """导出各事项最新的一版，改后可以再收入；收入没改的不会改变什么。"""
    from knowledge_base.services.exporting import write_catalogue
    from knowledge_base.services.records import Batch

    batch = Batch()
    if not template:
        with _opened(data_dir) as (_, store):
            snapshot = store.snapshot()
        batch = Batch(
            offices=tuple(snapshot.offices.values()),
            items=tuple(versions[-1].item for versions in snapshot.versions.values()),
        )
    write_catalogue(path, batch)
    typer.echo(f"已导出事项 {len(batch.items)} 条、办理地点 {len(batch.offices)} 处：{path}", err=True)


@group.command("list")
def list_items(
    region: Region = None,
    as_of: Day = None,
    dept: Annotated[str, typer.Option(help="只列实施主体名称里有这些字的")] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出当天可办的事项；给出地区时，是那里的市民看到的样子。"""
    from rich.console import Console

    with _opened(data_dir) as (_, store):
        catalogue = _catalogue(store)
    day = _day(as_of)
    items = (
        [each.item for each in catalogue.effective(region, day).values()]
        if region
        else catalogue.items_on(day)
    )
    items = [each for each in items if dept in (each.dept_name or "")]
    if as_json:
        print_json([each.model_dump(mode="json", exclude_none=True) for each in items])
        return
    table = plain_table("实施编码", "事项", "地区", "实施主体")
    for item in items:
        table.add_row(item.task_code, item.task_name or "（同上级）", item.region, item.dept_name or "")
    Console(highlight=False).print(table)
    typer.echo(f"{day} 可办的事项 {len(items)} 条")


@group.command()
def show(
    code: Annotated[str, typer.Argument(metavar="编码", help="实施编码；或基本编码，配合 --region")],
    region: Region = None,
    as_of: Day = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """显示一个事项的全部内容和各版本；给出地区时，显示合并上级以后的内容和各栏的来处。"""
    from knowledge_base.errors import UnknownService

    with _opened(data_dir) as (_, store):
        catalogue = _catalogue(store)
        view = catalogue.effective(region, _day(as_of)) if region else {}
        found = view.get(code) or next((each for each in view.values() if each.item.task_code == code), None)
        if region and found is None:
            raise UnknownService(
                f"{region}当天没有编码为 {code} 的事项：wenzheng service list --region 列出全部"
            )
        history = () if found else store.history(code)
    if as_json:
        versions = [each.model_dump(mode="json", exclude_none=True) for each in history]
        item = found.item.model_dump(mode="json", exclude_none=True) if found else None
        print_json({"item": item or versions[-1]["item"], "versions": versions})
        return
    if found is not None:
        for source in found.sources:
            typer.echo(f"由 {source.region} 的 {source.task_code} 合成")
        _print_item(found.item.model_dump(mode="json", exclude_none=True))
        return
    _print_item(history[-1].item.model_dump(mode="json", exclude_none=True))
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
    """检查事项，不改变什么：每个问题指明文件、表、行、列和改法；有问题时退出码 1。"""
    from knowledge_base.services.findings import Place
    from knowledge_base.services.sheets import Reading, read_catalogue

    with _opened(data_dir) as (engine, store):
        if path is not None:
            findings = _checked(read_catalogue(path), engine, store)
        else:
            snapshot = store.snapshot()
            newest = [versions[-1] for versions in snapshot.versions.values()]
            in_use = [
                each.item for each in newest if not each.withdrawn_at and each.item.task_state != "停用"
            ]
            stored = Place("已收入的事项", "", 0)
            reading = Reading(
                {item.task_code: (item, stored) for item in in_use},
                {office.id: (office, stored) for office in snapshot.offices.values()},
                (),
            )
            findings = _checked(reading, engine, store)
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
    """撤下事项：立即不再用来回答，内容没变的再收入也不会恢复。"""
    with _opened(data_dir) as (_, store):
        store.withdraw(codes, by=actor(by), undo=undo)
    typer.echo(f"已{'恢复' if undo else '撤下'} {len(set(codes))} 项")


@group.command("check-links")
def check_links(
    stored: Annotated[bool, typer.Option("--stored", help="不去核对，只列上次核对的结果")] = False,
    everything: Annotated[bool, typer.Option("--all", help="正常的也列出")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """核对全部办事入口和表格的网址；失效的不再给市民看，改给窗口。有失效的退出码 1。"""
    from knowledge_base.services.links import LinkChecker
    from knowledge_base.services.watching import check_links as check

    with _opened(data_dir) as (_, store):
        if stored:
            states = list(store.snapshot().links.values())
        else:
            states = check(store, LinkChecker(), on_progress=_tell_progress if sys.stderr.isatty() else None)
    order = ("dead", "unsure", "ok")
    shown = sorted(
        (each for each in states if everything or each.state != "ok" or each.reason),
        key=lambda each: (order.index(each.state), each.url),
    )
    counts = Counter[str](each.state for each in states)
    if as_json:
        print_json(as_json_value([each.model_dump(mode="json") for each in shown]))
    else:
        for each in shown:
            moved = f" → {each.final_url}" if each.final_url else ""
            typer.echo(f"{_LINK_STATES[each.state]}  {each.url}{moved}  {each.reason}")
        typer.echo("，".join(f"{_LINK_STATES[name]} {counts[name]}" for name in order))
    raise typer.Exit(1 if counts["dead"] else 0)


def _tell_progress(done: int, total: int) -> None:
    typer.echo(f"\r核对 {done}/{total}" + ("\n" if done == total else ""), nl=False, err=True)


def _checked(reading: "Reading", engine: "Engine", store: "ServiceStore") -> "list[Finding]":
    """Return what was wrong in reading, and what the rules say of the rest."""
    from knowledge_base.dates import today
    from knowledge_base.regions import load_gazetteer
    from knowledge_base.services.citing import LegalSources
    from knowledge_base.services.linting import Surroundings, lint, region_test
    from knowledge_base.store import KnowledgeStore

    snapshot = store.snapshot()
    offices = {**snapshot.offices, **{code: office for code, (office, _) in reading.offices.items()}}
    newest = [versions[-1] for code, versions in snapshot.versions.items() if code not in reading.items]
    kept = frozenset(KnowledgeStore(engine).regions()) | {office.region for office in offices.values()}
    around = Surroundings(
        offices=offices,
        others=[each.item for each in newest if not each.withdrawn_at and each.item.task_state != "停用"],
        knows_region=region_test(load_gazetteer().with_regions(kept), kept),
        unknown_laws=LegalSources(engine).unknown,
        today=today(),
    )
    found = [*reading.findings, *lint(reading.items, reading.offices, around)]
    return sorted(found, key=lambda each: (each.place.file, each.place.sheet, each.place.row))


@contextmanager
def _opened(data_dir: Path | None) -> "Iterator[tuple[Engine, ServiceStore]]":
    """Open the database alone: none of these commands needs the encoder."""
    from knowledge_base.services.store import ServiceStore

    with opened_database(data_dir) as engine:
        yield engine, ServiceStore(engine)


def _catalogue(store: "ServiceStore") -> "Catalogue":
    from knowledge_base.services.catalogue import Catalogue

    return Catalogue(store.snapshot())


def _day(as_of: datetime | None) -> date:
    from knowledge_base.dates import today

    return as_of.date() if as_of else today()


def findings_as_json(findings: "list[Finding]") -> list[dict[str, object]]:
    """Return findings as JSON values."""
    return [
        {
            "file": each.place.file,
            "sheet": each.place.sheet,
            "row": each.place.row,
            "column": each.column,
            "code": each.code,
            "severity": each.severity.value,
            "message": each.message,
        }
        for each in findings
    ]


def print_findings(findings: "list[Finding]") -> None:
    """Print findings, a line each."""
    from knowledge_base.services.findings import Severity

    for each in findings:
        typer.echo(f"{'错误' if each.severity is Severity.ERROR else '提醒'}  {each}")


def _print_item(values: dict[str, object]) -> None:
    from knowledge_base.services.cells import SHEETS, columns_of, written
    from knowledge_base.services.records import ServiceItem

    item = ServiceItem.model_validate(values)
    columns = columns_of(SHEETS[0])
    for column, cell in zip(columns, written(item, columns), strict=True):
        if cell and column.name not in ("materials", "fees", "questions"):
            typer.echo(f"{column.title}：{cell.replace(chr(10), '；')}")
    for kind in (each for each in SHEETS if each.is_child):
        for child in getattr(item, kind.key) or ():
            cells = zip(columns_of(kind)[1:], written(child, columns_of(kind)[1:]), strict=True)
            typer.echo(
                f"{kind.title}：{'；'.join(f'{column.title} {cell}' for column, cell in cells if cell)}"
            )
