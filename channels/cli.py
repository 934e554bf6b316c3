"""The command `wenzheng`. Heavy modules are imported by the command that needs them, so that help is quick.

Exit codes: 0 done, 1 something was refused or failed, 2 the command was called wrongly.
"""

import os
import sys
import tempfile
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from channels import (
    adapt_commands,
    block_commands,
    desk_commands,
    document_commands,
    eligibility_commands,
    faq_commands,
    life_event_commands,
    reply_commands,
    service_commands,
    ticket_commands,
    unanswered_commands,
    upkeep_commands,
    words_commands,
)
from channels.terminal import AsJson, By, DataDir, actor, print_json
from knowledge_base.errors import WenzhengError

if TYPE_CHECKING:
    from bot.answer import Answer, ServiceCard
    from bot.assembly import Service
    from bot.settings import Settings

COMMAND_GROUP = "wenzheng.commands"
SAMPLE_UNFINISHED = "sample-unfinished"

app = typer.Typer(
    name="wenzheng",
    help="问政：用现行有效的政策文件回答政务咨询。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(faq_commands.group, name="faq")
app.add_typer(service_commands.group, name="service")
app.add_typer(life_event_commands.group, name="life-event")
app.add_typer(desk_commands.group, name="desk")
app.add_typer(unanswered_commands.group, name="unanswered")
app.add_typer(eligibility_commands.group, name="eligibility")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="监听端口")] = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="工作进程数")] = 1,
    sample: Annotated[bool, typer.Option("--sample/--no-sample", help="数据目录为空时装入示例知识")] = True,
) -> None:
    """启动网站、WebSocket 和 REST 接口。"""
    import uvicorn

    from channels.metrics import MULTIPROC_VARIABLE
    from channels.protocol import MAX_FRAME_BYTES

    settings = _settings(data_dir)
    if sample:
        _load_sample(settings)
    region = settings.home_region or _home_region(settings)
    # Worker processes read their settings from the environment.
    os.environ["WENZHENG_DATA_DIR"] = str(settings.data_dir.resolve())
    with tempfile.TemporaryDirectory(prefix="wenzheng-metrics-") as metrics_dir:
        if workers > 1:
            os.environ[MULTIPROC_VARIABLE] = metrics_dir
        typer.echo(f"问政正在启动：http://{host}:{port}（按 Ctrl+C 停止）", err=True)
        typer.echo(f"网页预选的地区：{region or '无，由市民选择'}", err=True)
        uvicorn.run(
            "channels.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=MAX_FRAME_BYTES,
            timeout_graceful_shutdown=10,
        )


@app.command()
def ingest(
    path: Annotated[
        str,
        typer.Argument(
            help="文件、文件夹、zip 或网址：md、txt、html、docx、pdf、图片、ofd、xlsx、doc、wps、rtf，https://…",
            metavar="文件|文件夹|网址",
        ),
    ],
    *,
    manifest: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="清单（JSON 列表或 CSV）")
    ] = None,
    region: Annotated[str | None, typer.Option(help="文件适用的地区，如 云岭省/云州市")] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="收成草稿：审核公开之前，仍由原来的版本作答")
    ] = False,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """把文件或网页收入知识库；同一文件再次收入不会改变什么。"""
    from channels.ingest_report import print_report, progress_bar, report_as_json

    is_url = "://" in path
    if is_url and manifest is not None:
        raise typer.BadParameter("清单用于文件和文件夹，不用于网址", param_hint="--manifest")
    if not is_url and not Path(path).exists():
        raise typer.BadParameter(f"没有这个文件或文件夹：{path}", param_hint="文件|文件夹|网址")
    service = _open(_settings(data_dir))
    try:
        with progress_bar() as on_progress:
            if is_url:
                report = service.ingest_page(
                    path, region=region, by=actor(by), as_draft=draft, on_progress=on_progress
                )
            else:
                report = service.ingest(
                    Path(path),
                    manifest=manifest,
                    region=region,
                    by=actor(by),
                    as_draft=draft,
                    on_progress=on_progress,
                )
    finally:
        service.close()
    if as_json:
        print_json(report_as_json(report))
    else:
        print_report(report)
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def reindex(data_dir: DataDir = None) -> None:
    """重建索引：索引损坏，或者换了编码模型、词典时使用。"""
    from channels.ingest_report import progress_bar

    service = _open(_settings(data_dir), catch_up=False)
    try:
        with progress_bar() as on_progress:
            service.reindex(on_progress)
        state = service.ready()
    finally:
        service.close()
    typer.echo(f"索引已重建：文件 {state.documents} 份，条款 {state.chunks} 条，修订号 {state.revision}")


@app.command()
def prepare(data_dir: DataDir = None) -> None:
    """解出并转换编码模型，此后启动不必再等，也不需要网络。"""
    from bot.models import load_encoder

    settings = _settings(data_dir)
    encoder = load_encoder(settings)
    typer.echo(f"编码模型 {encoder.name} 已备好：{settings.models_dir}")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="要咨询的问题")],
    region: Annotated[str | None, typer.Option(help="所在地区，如 云岭省/云州市")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="按哪一天有效的规定回答，默认今天")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """在终端提一个问题。"""
    from bot.answer import Question
    from bot.personal_data import mask
    from bot.question_text import check_question_text

    settings = _settings(data_dir)
    check_question_text(question, settings.max_question_chars)
    service = _open(settings)
    try:
        asked = Question(question=mask(question).text, region=region, as_of=as_of.date() if as_of else None)
        answer = service.consultation.answer(asked)
    finally:
        service.close()
    if as_json:
        print_json(answer.model_dump(mode="json"))
    else:
        _print_answer(answer)


@app.command()
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """知识库里有多少内容，能不能回答问题。"""
    service = _open(_settings(data_dir))
    try:
        state = service.ready()
    finally:
        service.close()
    if as_json:
        fields = ("ready", "reason", "revision", "documents", "chunks", "encoder")
        print_json({field: getattr(state, field) for field in fields})
    else:
        can = "可以回答问题" if state.ready else "还不能回答问题"
        typer.echo(f"{can}：{state.reason}" if state.reason else can)
        typer.echo(f"文件 {state.documents} 份，条款 {state.chunks} 条，修订号 {state.revision}")
        typer.echo(f"编码模型 {state.encoder}")
    raise typer.Exit(0 if state.ready else 1)


@app.command()
def protocol(
    output: Annotated[Path | None, typer.Option(help="写入文件；不给则打印")] = None,
) -> None:
    """打印 WebSocket 协议的 AsyncAPI 3.0 说明（由消息模型生成）。"""
    from channels.asyncapi import asyncapi_yaml

    text = asyncapi_yaml()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


document_commands.register(app)
words_commands.register(app)
block_commands.register(app)
reply_commands.register(app)
upkeep_commands.register(app)
adapt_commands.register(app)
ticket_commands.register(app)


def main() -> None:
    """Run the command line. An expected fault is one line on stderr and exit code 1, never a traceback."""
    for found in entry_points(group=COMMAND_GROUP):
        try:
            found.load()(app)
        except ImportError as error:
            typer.echo(f"命令组 {found.name} 未能载入：{error}", err=True)
    try:
        app()
    except WenzhengError as error:
        typer.echo(f"错误：{error}", err=True)
        sys.exit(1)


def _settings(data_dir: Path | None) -> "Settings":
    from bot.settings import read_settings

    return read_settings(data_dir)


def _open(settings: "Settings", *, catch_up: bool = True) -> "Service":
    from bot.assembly import open_service

    return open_service(settings, catch_up=catch_up)


def _home_region(settings: "Settings") -> str:
    from knowledge_base.database import open_database
    from knowledge_base.store import KnowledgeStore

    engine = open_database(settings.sqlalchemy_url)
    try:
        return KnowledgeStore(engine).home_region()
    finally:
        engine.dispose()


def _load_sample(settings: "Settings") -> None:
    """Take in the sample knowledge if the data directory is empty, or if that was broken off last time."""
    import knowledge_base
    from channels.ingest_report import progress_bar

    folder = Path(knowledge_base.__file__).parent / "sample"
    unfinished = settings.data_dir / SAMPLE_UNFINISHED
    if not folder.is_dir() or (not _is_empty(settings.data_dir) and not unfinished.exists()):
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    typer.echo("首次启动：正在装入示例知识（虚构的云州市）…", err=True)
    service = _open(settings)
    try:
        with progress_bar() as on_progress:
            report = service.ingest(folder / "documents", on_progress=on_progress)
        service.take_in_services(folder / "services")
        service.take_in_life_events(folder / "life-events")
        service.take_in_rules(folder / "eligibility.json")
    finally:
        service.close()
    for outcome in report.outcomes:
        if outcome.status in {"refused", "failed"}:
            typer.echo(f"  {outcome.file}：{outcome.reason}", err=True)
    unfinished.unlink()


def _is_empty(data_dir: Path) -> bool:
    """Tell whether nothing of anybody's is in the directory; a model put there beforehand does not count."""
    return not data_dir.exists() or all(entry.name == "models" for entry in data_dir.iterdir())


def _print_answer(answer: "Answer") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(answer.text))
    for citation in answer.citations:
        number = f"（{citation.document.doc_number}）" if citation.document.doc_number else ""
        heading = f"“{citation.heading_path[-1]}”" if citation.heading_path else ""
        state = "现行有效" if citation.in_force else "不在有效期"
        where = f"《{citation.document.title}》{number}{citation.article or heading}"
        console.print(Text(f"[{citation.n}] {where} · {state}", style="dim"))
    for card in answer.services:
        console.print(Text(f"▶ {card.name}：{'；'.join(_doors(card))}"))
    for option in answer.options:
        console.print(Text(f"- {option.label}：{option.question}"))
    for suggestion in answer.suggestions:
        console.print(Text(f"- {suggestion}", style="dim"))


def _doors(card: "ServiceCard") -> list[str]:
    program = f"小程序 {card.mini_program.appid} {card.mini_program.path}" if card.mini_program else ""
    office = f"{card.office.name}（{card.office.opening}）" if card.office else ""
    phone = f"电话 {card.phone}" if card.phone else ""
    return [each for each in (card.url or card.mobile_url, program, card.app_link, office, phone) if each]


if __name__ == "__main__":
    main()
