"""The commands `wenzheng faq …`: curate the questions, and see which of them have lost their source."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from channels import pending_commands
from channels.gating import require_open_gate
from channels.opening import catch_up, opened_database
from channels.terminal import AsJson, By, DataDir, actor, print_json
from knowledge_base.errors import FaqError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from knowledge_base.faq.records import FaqDoubt, FaqEntry, FaqRow
    from knowledge_base.faq.sheets import SheetRow
    from knowledge_base.faq.store import FaqStore
    from knowledge_base.store import KnowledgeStore

group = typer.Typer(help="人工整理的问答（FAQ）：编写、审核、发布、撤回，核对依据。", no_args_is_help=True)
group.add_typer(pending_commands.group, name="pending")

Ids = Annotated[list[int], typer.Argument(metavar="编号...", help="问答的编号，可以多个")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="按哪一天核对，默认今天")]

NoGate = Annotated[bool, typer.Option("--no-gate", help="不先评测；必须写明 --reason")]
Reason = Annotated[str, typer.Option("--reason", help="不评测就发布的理由，记入经手记录")]

_STATES = {"draft": "草稿", "in_review": "待审", "published": "已发布", "withdrawn": "已撤回"}
_ACTIONS = {"add": "新建", "change": "修改", "submit": "提交", "publish": "发布", "withdraw": "撤回"}
_OUTCOMES = {"added": "新增", "changed": "修改", "unchanged": "未变", "refused": "拒收"}


@group.command("list")
def list_entries(
    state: Annotated[
        str | None, typer.Option(help="只列某一状态：draft、in_review、published、withdrawn")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """列出问答。"""
    from knowledge_base.faq.records import FaqState

    if state is not None and state not in _STATES:
        raise typer.BadParameter(f"{state!r} 不是 {'、'.join(_STATES)} 之一", param_hint="--state")
    with _opened(data_dir) as (faq, _):
        entries = faq.entries(state=FaqState(state) if state else None)
    if as_json:
        print_json([_as_json(each) for each in entries])
        return
    for each in entries:
        typer.echo(f"{each.id:>4}  {_STATES[each.state]}  {each.content.region}  {each.content.question}")
    counts = Counter(_STATES[each.state] for each in entries)
    typer.echo("，".join(f"{name} {count}" for name, count in counts.items()) or "没有问答")


@group.command()
def show(
    faq_id: Annotated[int, typer.Argument(metavar="编号")], as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """显示一条问答的全部内容和经手记录。"""
    with _opened(data_dir) as (faq, _):
        entry = faq.get(faq_id)
    if as_json:
        print_json(_as_json(entry))
        return
    _print_entry(entry)


@group.command()
def add(
    question: Annotated[str, typer.Argument(help="问题")],
    answer: Annotated[str, typer.Option(help="答案；清单一行一项，写作 1. 2. 3.")],
    source: Annotated[list[str], typer.Option(help="依据，如《云州市养犬管理条例》第七条；可以多个")],
    *,
    variant: Annotated[list[str] | None, typer.Option(help="相似问；可以多个")] = None,
    region: Annotated[str, typer.Option(help="适用地区，默认依据的地区")] = "",
    effective_from: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="从哪天起可用")
    ] = None,
    effective_to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="从哪天起不再可用")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """新建一条问答（草稿）；同一地区同一问题已有的，改为这个内容。"""
    from knowledge_base.dates import today
    from knowledge_base.faq.records import FaqRow

    row = FaqRow(
        question,
        answer.replace("\\n", "\n"),
        tuple(source),
        tuple(variant or ()),
        region,
        effective_from.date() if effective_from else None,
        effective_to.date() if effective_to else None,
    )
    with _opened(data_dir) as (faq, _):
        saving = faq.save(row, by=actor(by), today=today())
        entry = faq.get(saving.faq_id)
    if as_json:
        print_json({"outcome": saving.outcome, **_as_json(entry)})
    else:
        typer.echo(
            f"{_OUTCOMES[saving.outcome]}：{saving.faq_id}（{_STATES[entry.state]}）{entry.content.question}"
        )


@group.command("import")
def import_sheet(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV、JSON 或 xlsx，列：问题、答案、相似问、依据、地区、生效、失效",
        ),
    ],
    *,
    publish: Annotated[
        bool, typer.Option("--publish", help="新增和修改的随即提交并发布，供已经审定的表使用")
    ] = False,
    no_gate: NoGate = False,
    reason: Reason = "",
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """收入问答表：同一地区同一问题的改为表中内容，没变的不动；有问题的行指明列和原因，其余照收。"""
    from knowledge_base.dates import today
    from knowledge_base.faq.records import FaqAction
    from knowledge_base.faq.sheets import read_sheet

    note = _reason_without_gate(no_gate, reason)
    sheet = read_sheet(file)
    outcomes: list[dict[str, JsonValue]] = []
    with _opened(data_dir) as (faq, _):
        changed: list[int] = []
        for line in sheet:
            outcome = _take_in(faq, line, actor(by), today())
            if outcome["outcome"] in ("added", "changed"):
                changed.append(cast("int", outcome["id"]))
            outcomes.append(outcome)
        if publish and changed:
            faq.step(changed, FaqAction.SUBMIT, by=actor(by), today=today())
            if not no_gate:
                require_open_gate(context, changed, data_dir)
            faq.step(changed, FaqAction.PUBLISH, by=actor(by), today=today(), note=note)
    catch_up(data_dir)
    refused = [each for each in outcomes if each["outcome"] == "refused"]
    if as_json:
        print_json({"ok": not refused, "rows": list(outcomes)})
    else:
        for each in refused:
            place = f"工作表“{each['sheet']}”" if "sheet" in each else ""
            typer.echo(f"{place}第 {each['row']} 行“{each['column'] or '整行'}”：{each['reason']}")
        counts = Counter(_OUTCOMES[str(each["outcome"])] for each in outcomes)
        typer.echo("，".join(f"{name} {count}" for name, count in counts.items()) or "表中没有问答")
    raise typer.Exit(1 if refused else 0)


@group.command("export")
def export_sheet(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="写入的文件，.csv 或 .json；不给则打印 CSV")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """导出全部问答，可以改后再收入。"""
    from knowledge_base.faq.sheets import write_csv, write_json

    with _opened(data_dir) as (faq, _):
        rows = [each.content for each in faq.entries()]
    wants_json = as_json or (file is not None and file.suffix.lower() == ".json")
    text = write_json(rows) if wants_json else write_csv(rows)
    if file is None:
        sys.stdout.write(text)
    else:
        # With a mark, so that a spreadsheet reads it as UTF-8.
        file.write_text(text, encoding="utf-8" if wants_json else "utf-8-sig", newline="")
        typer.echo(f"已导出 {len(rows)} 条：{file}", err=True)


@group.command()
def submit(ids: Ids, by: By = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """提交审核：草稿、已撤回的成为待审。"""
    _step("submit", ids, actor(by), as_json, data_dir)


@group.command()
def publish(
    context: typer.Context,
    ids: Ids,
    *,
    no_gate: NoGate = False,
    reason: Reason = "",
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """发布：待审的即可用来回答。先用评测题试一遍（wenzheng eval gate），变差的不予发布。"""
    note = _reason_without_gate(no_gate, reason)
    if not no_gate:
        require_open_gate(context, ids, data_dir)
    _step("publish", ids, actor(by), as_json, data_dir, note=note)


@group.command()
def withdraw(ids: Ids, by: By = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """撤回：立即不再用来回答。"""
    _step("withdraw", ids, actor(by), as_json, data_dir)


@group.command()
def review(as_of: Day = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """列出依据已不成立的问答：已发布的不再用来回答，待审的不能发布；附原因和可以接替的条文。"""
    from knowledge_base.dates import today

    with _opened(data_dir) as (faq, _):
        doubts = faq.review(as_of.date() if as_of else today())
    if as_json:
        print_json([_doubt_as_json(each) for each in doubts])
        return
    for each in doubts:
        typer.echo(f"{each.entry.id:>4}  {_STATES[each.entry.state]}  {each.entry.content.question}")
        typer.echo(f"      {each.reference and f'依据 {each.reference}：'}{each.reason}")
        if each.proposal:
            typer.echo(f"      可改为 {each.proposal.reference}：{_brief(each.proposal.text)}")
    typer.echo(f"需要处理 {len({each.entry.id for each in doubts})} 条")


@group.command()
def suggest(
    document: Annotated[str, typer.Argument(help="文件标题，如 云州市养犬管理条例；或收入时的文件名")],
    *,
    article: Annotated[str, typer.Option(help="只看一条，如 第八条；默认全文")] = "",
    save: Annotated[bool, typer.Option("--save", help="存为草稿（不会自动发布）")] = False,
    by: By = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """由条文自身的结构草拟问答，答案是原文；只作草稿。"""
    from bot.drafting import StructureDrafter, articles_of
    from knowledge_base.dates import today

    with _opened(data_dir) as (faq, store):
        drafter = StructureDrafter()
        drafts = [row for each in articles_of(store, document, article) for row in drafter.draft(each)]
        savings = [faq.save(row, by=actor(by), today=today()) for row in drafts] if save else []
    if as_json:
        print_json([_row_as_json(row) for row in drafts])
    else:
        for row in drafts:
            typer.echo(f"问：{row.question}\n    依据 {row.sources[0]}：{_brief(row.answer)}")
        kept = f"，存为草稿 {sum(each.outcome != 'unchanged' for each in savings)} 条" if save else ""
        typer.echo(f"草拟 {len(drafts)} 条{kept}")


def _reason_without_gate(no_gate: bool, reason: str) -> str:
    """Return the reason to note; none is noted where the gate stands."""
    if no_gate and not reason.strip():
        raise typer.BadParameter("不评测就发布，要用 --reason 写明理由", param_hint="--no-gate")
    return reason.strip() if no_gate else ""


def _take_in(faq: "FaqStore", line: "SheetRow", by: str, today: date) -> "dict[str, JsonValue]":
    place: dict[str, JsonValue] = {"row": line.number, **({"sheet": line.sheet} if line.sheet else {})}
    refused: dict[str, JsonValue] = {**place, "outcome": "refused"}
    if line.row is None:
        return {**refused, "column": line.column, "reason": line.fault}
    try:
        saving = faq.save(line.row, by=by, today=today)
    except FaqError as fault:
        return {**refused, "column": fault.column, "reason": str(fault)}
    return {**place, "outcome": saving.outcome, "id": saving.faq_id, "question": line.row.question}


def _step(
    name: str, ids: Sequence[int], by: str, as_json: bool, data_dir: Path | None, *, note: str = ""
) -> None:
    from knowledge_base.dates import today
    from knowledge_base.faq.records import FaqAction

    with _opened(data_dir) as (faq, _):
        moved = faq.step(ids, FaqAction(name), by=by, today=today(), note=note)
    catch_up(data_dir)
    if as_json:
        print_json([_as_json(each) for each in moved])
    else:
        for each in moved:
            typer.echo(f"{each.id:>4}  {_STATES[each.state]}  {each.content.question}")


@contextmanager
def _opened(data_dir: Path | None) -> "Iterator[tuple[FaqStore, KnowledgeStore]]":
    from knowledge_base.faq.store import FaqStore
    from knowledge_base.store import KnowledgeStore

    with opened_database(data_dir) as engine:
        yield FaqStore(engine), KnowledgeStore(engine)


def _as_json(entry: "FaqEntry") -> "dict[str, JsonValue]":
    return {
        "id": entry.id,
        "state": entry.state.value,
        **_row_as_json(entry.content),
        "cited": [
            {"reference": each.reference, "document_id": each.document_id, "version_id": each.version_id}
            for each in entry.sources
        ],
        "changes": [
            {
                "at": each.at.isoformat(),
                "by": each.by,
                "action": each.action.value,
                "state": each.state.value,
                "note": each.note,
            }
            for each in entry.changes
        ],
    }


def _row_as_json(row: "FaqRow") -> "dict[str, JsonValue]":
    return {
        "question": row.question,
        "variants": list(row.variants),
        "answer": row.answer,
        "sources": list(row.sources),
        "region": row.region,
        "effective_from": _iso(row.effective_from),
        "effective_to": _iso(row.effective_to),
    }


def _doubt_as_json(doubt: "FaqDoubt") -> "dict[str, JsonValue]":
    proposal = doubt.proposal
    return {
        "id": doubt.entry.id,
        "state": doubt.entry.state.value,
        "question": doubt.entry.content.question,
        "reference": doubt.reference,
        "reason": doubt.reason,
        "proposal": {"reference": proposal.reference, "text": proposal.text} if proposal else None,
    }


def _print_entry(entry: "FaqEntry") -> None:
    content = entry.content
    typer.echo(f"编号 {entry.id}，{_STATES[entry.state]}，{content.region}")
    typer.echo(f"问题：{content.question}")
    for variant in content.variants:
        typer.echo(f"相似问：{variant}")
    typer.echo(f"答案：\n{content.answer}")
    for source in content.sources:
        typer.echo(f"依据：{source}")
    if content.effective_from or content.effective_to:
        typer.echo(
            f"可用：{content.effective_from or '一直'} 起，{content.effective_to or '长期'} 止（不含）"
        )
    for change in entry.changes:
        typer.echo(
            f"{change.at:%Y-%m-%d %H:%M}  {change.by}  {_ACTIONS[change.action]} → {_STATES[change.state]}"
            + (f"（未经评测：{change.note}）" if change.note else "")
        )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _brief(text: str, chars: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= chars else f"{line[:chars]}…"
