"""How editions and what changed between them show themselves on a terminal and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from knowledge_base.comparing import ArticleChange
    from knowledge_base.editions import Comparison, Edition
    from knowledge_base.holds import Hold

_KINDS = {"added": "增加", "removed": "删去", "changed": "修改", "moved": "移动"}


def as_json_value(edition: "Edition") -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(edition).items()
    }


def print_editions(editions: "list[Edition]") -> None:
    from knowledge_base.dates import today
    from knowledge_base.editions import STATE_NAMES

    day = today()
    rows = [
        (
            str(each.document_id),
            each.source_file,
            each.title,
            f"第 {each.number} 版",
            STATE_NAMES[each.state],
            str(each.publish_on or ""),
            str(each.leave_on or ""),
            "是" if each.answers_on(day) else "",
        )
        for each in editions
    ]
    print_table(("编号", "文件", "标题", "版本", "状态", "公开日", "退出日", "今天作答"), rows)


def print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def print_holds(holds: "Sequence[Hold]") -> None:
    rows = [
        (
            str(each.id),
            each.source_file,
            f"第 {each.version} 版",
            each.place,
            each.reason,
            each.text,
            f"{each.released_by} 放行" if each.released_at else "",
        )
        for each in holds
    ]
    if rows:
        print_table(("编号", "文件", "版本", "条", "发现", "原文", "结果"), rows)
    else:
        typer.echo("没有")


def print_comparison(found: "Comparison") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    before = f"第 {found.older.number} 版" if found.older else "（没有更早的版本）"
    console.print(Text(f"{found.newer.source_file}：{before} → 第 {found.newer.number} 版"))
    for part in found.parts:
        told = [change for change in part.changes if change.kind != "same"]
        same = len(part.changes) - len(told)
        console.print(Text(f"\n【{part.part or '正文'}】{part.title}（{same} 条未变）", style="bold"))
        for change in told:
            console.print(_told(change))


def _told(change: "ArticleChange") -> "Text":
    from rich.text import Text

    old, new = change.old, change.new
    labels = dict.fromkeys((each.label or "（无编号）") for each in (old, new) if each)
    line = Text(f"{_KINDS[change.kind]} {' → '.join(labels)}：")
    if change.kind == "changed":
        for piece in change.pieces:
            # Marks as well as colours: a log or a colour-blind reader sees no colours.
            if piece.kind == "removed":
                line.append(f"[-{piece.text}-]", style="red strike")
            elif piece.kind == "added":
                line.append(f"{{+{piece.text}+}}", style="green")
            else:
                line.append(piece.text)
    elif shown := new or old:
        line.append(shown.body, style={"added": "green", "removed": "red"}.get(change.kind, ""))
    return line
