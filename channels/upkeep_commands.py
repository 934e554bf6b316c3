"""The commands that keep a data directory sound: `wenzheng doctor`, `backup` and `restore`."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels.terminal import AsJson, DataDir, print_json

if TYPE_CHECKING:
    from bot.settings import Settings
    from knowledge_base.records import Finding

_LEAST_FREE_MIB = 1024


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(doctor)
    app.command()(backup)
    app.command()(restore)


def doctor(
    *,
    repair: Annotated[bool, typer.Option("--repair", help="修复可以由数据库重新派生的部分")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """检查数据目录哪里不对；--repair 只修派生的部分，从不改动正文和元数据。有问题未解决时退出码 1。"""
    from bot.settings import read_settings

    settings = read_settings(data_dir)
    findings = _examine(settings)
    repaired: list[Finding] = []
    if repair and any(finding.repairable for finding in findings):
        _repair(settings, findings)
        repaired = [finding for finding in findings if finding.repairable]
        findings = _examine(settings)
    troubles = [finding for finding in findings if finding.trouble]
    if as_json:
        print_json(
            {
                "ok": not troubles,
                "findings": [asdict(finding) for finding in findings],
                "repaired": [asdict(finding) for finding in repaired],
            }
        )
    else:
        for finding in repaired:
            typer.echo(f"已处理  {finding.check}：{finding.trouble}")
        for finding in findings:
            typer.echo(f"{'有问题' if finding.trouble else '正常  '}  {finding.check}" + _told(finding))
        if any(finding.repairable for finding in troubles) and not repair:
            typer.echo("用 wenzheng doctor --repair 修复其中可以修复的。")
    raise typer.Exit(1 if troubles else 0)


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，不能已经存在，如 wenzheng-2026-11-25.zip")],
    *,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """把全部真相备份成一个文件；服务运行时也可以。"""
    from bot.settings import read_settings
    from knowledge_base.backup import back_up

    settings = read_settings(data_dir)
    manifest = back_up(settings.sqlalchemy_url, file, models_dir=settings.models_dir)
    if as_json:
        print_json(asdict(manifest))
    else:
        typer.echo(
            f"已备份到 {file}：修订号 {manifest.revision}，数据库 {manifest.size_bytes / 2**20:.1f} MiB"
        )


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="备份文件")],
    *,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """从备份恢复到一个空的数据目录；索引在启动时自己重建。"""
    from bot.settings import read_settings
    from knowledge_base.backup import restore as put_back

    settings = read_settings(data_dir)
    manifest = put_back(file, settings.data_dir, settings.sqlalchemy_url)
    if as_json:
        print_json(asdict(manifest))
    else:
        typer.echo(f"已恢复到 {settings.data_dir}：备份于 {manifest.made_at}，修订号 {manifest.revision}")


def _examine(settings: "Settings") -> "list[Finding]":
    from sqlalchemy import make_url

    from bot.assembly import vector_backend
    from knowledge_base.database import connect
    from knowledge_base.examining import examine_database
    from knowledge_base.records import Finding
    from knowledge_base.store import KnowledgeStore
    from retrieval.examining import examine_index

    address = make_url(settings.sqlalchemy_url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        return [Finding("数据库", f"没有 {address.database}", "用 --data-dir 指明数据目录，或从备份恢复")]
    engine = connect(settings.sqlalchemy_url)
    try:
        findings = examine_database(engine)
        if not any(finding.trouble and not finding.repairable for finding in findings):
            findings += examine_index(KnowledgeStore(engine), settings.index_dir, vector_backend(settings))
    finally:
        engine.dispose()
    return [*findings, _examine_models(settings.models_dir), _examine_space(settings.data_dir)]


def _repair(settings: "Settings", findings: "list[Finding]") -> None:
    from bot.assembly import open_service
    from knowledge_base.database import connect
    from knowledge_base.examining import settle_again
    from retrieval.examining import remove_derived_rubbish

    repairable = {finding.check for finding in findings if finding.repairable}
    if "有效期间" in repairable:
        engine = connect(settings.sqlalchemy_url)
        settle_again(engine)
        engine.dispose()
    for path in _unfinished_models(settings.models_dir):
        shutil.rmtree(path, ignore_errors=True)
    remove_derived_rubbish(settings.index_dir)
    service = open_service(settings)
    try:
        if any(finding.trouble for finding in _examine(settings) if finding.check == "索引快照"):
            service.reindex()
    finally:
        service.close()


def _examine_models(folder: Path) -> "Finding":
    from knowledge_base.records import Finding

    left = _unfinished_models(folder)
    if left:
        return Finding("模型文件夹", f"留下 {len(left)} 个没有写完的文件夹", "删除", repairable=True)
    return Finding("模型文件夹")


def _unfinished_models(folder: Path) -> list[Path]:
    """Return what a killed process left; what another may still be filling is let be."""
    import time

    from retrieval.folders import ABANDONED_AFTER_S

    oldest = time.time() - ABANDONED_AFTER_S
    return [path for path in folder.glob(".*.partial") if path.stat().st_mtime < oldest]


def _examine_space(data_dir: Path) -> "Finding":
    from knowledge_base.records import Finding

    free_mib = shutil.disk_usage(data_dir).free // 2**20
    if free_mib < _LEAST_FREE_MIB:
        trouble = f"{data_dir} 所在磁盘只剩 {free_mib} MiB，不足 {_LEAST_FREE_MIB} MiB"
        return Finding("磁盘空间", trouble, "请腾出空间：写新索引时新旧两份并存")
    return Finding("磁盘空间")


def _told(finding: "Finding") -> str:
    cure = f"。{finding.cure}" if finding.cure else ""
    return f"：{finding.trouble}{cure}" if finding.trouble else ""
