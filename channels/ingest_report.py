"""How ingest shows itself on a terminal: a bar while it runs, what became of each file, what to review."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import JsonValue
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from channels.terminal import plain_table

if TYPE_CHECKING:
    from knowledge_base.ingest import IngestReport
    from knowledge_base.ingest import Progress as IngestProgress

MAX_OCR_LINES = 50
_STAGES = {"read": "读取文件", "encode": "编码条款", "index": "建立索引"}
_STATUSES = {
    "added": ("新增", "green"),
    "updated": ("更新", "green"),
    "unchanged": ("未变", "dim"),
    "refused": ("拒收", "yellow"),
    "failed": ("失败", "red"),
}


@contextmanager
def progress_bar() -> "Iterator[Callable[[IngestProgress], None]]":
    """Show a bar for each stage on stderr; yields what to call with the progress."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[file]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {
            stage: bars.add_task(words, total=None, file="", visible=False)
            for stage, words in _STAGES.items()
        }

        def show(progress: "IngestProgress") -> None:
            bars.update(
                tasks[progress.stage],
                completed=progress.done,
                total=progress.total,
                file=progress.file,
                visible=True,
            )

        yield show


def print_report(report: "IngestReport") -> None:
    """Print what became of each file, and what was read from the texts themselves."""
    console = Console(highlight=False)
    table = plain_table("文件", "结果", "标题或原因", "条款", "新编码")
    for outcome in report.outcomes:
        words, style = _STATUSES[outcome.status]
        about = outcome.reason or outcome.title
        numbers = (str(outcome.chunks), str(outcome.encoded)) if outcome.chunks else ("", "")
        table.add_row(Text(outcome.file), Text(words, style=style), Text(about), *numbers)
    console.print(table)
    inferred = [(outcome.file, found) for outcome in report.outcomes for found in outcome.inferred]
    if inferred:
        review = plain_table("文件", "项目", "推断值", "依据", title="由正文推断，请核对")
        for file, found in inferred:
            about = f"{found.field}（{found.target}）" if found.target else found.field
            review.add_row(Text(file), Text(about), Text(found.value), Text(found.evidence))
        console.print()
        console.print(review)
    doubts = [(outcome.file, note) for outcome in report.outcomes for note in outcome.review]
    if doubts:
        dates = plain_table("文件", "说明", title="存疑，请核对")
        for file, note in doubts:
            dates.add_row(Text(file), Text(note))
        console.print()
        console.print(dates)
    notes = [(outcome.file, note) for outcome in report.outcomes for note in outcome.notes]
    if notes:
        reading = plain_table("文件", "说明", title="读取时的情况")
        for file, note in notes:
            reading.add_row(Text(file), Text(note))
        console.print()
        console.print(reading)
    _print_ocr(console, report)
    counts = {words: 0 for words, _ in _STATUSES.values()}
    for outcome in report.outcomes:
        counts[_STATUSES[outcome.status][0]] += 1
    console.print("，".join(f"{words} {count}" for words, count in counts.items() if count) or "没有文件")


def _print_ocr(console: Console, report: "IngestReport") -> None:
    unsure = [
        (outcome.file, page.number, line)
        for outcome in report.outcomes
        for page in outcome.ocr
        for line in page.lines
    ]
    if not unsure:
        return
    table = plain_table("文件", "页", "把握", "识别出的文字", title="文字识别（OCR）把握不大，请对照原件")
    for file, number, line in unsure[:MAX_OCR_LINES]:
        table.add_row(Text(file), str(number), f"{line.confidence:.2f}", Text(line.text))
    console.print()
    console.print(table)
    if len(unsure) > MAX_OCR_LINES:
        console.print(f"还有 {len(unsure) - MAX_OCR_LINES} 行，用 --json 查看全部")


def report_as_json(report: "IngestReport") -> dict[str, JsonValue]:
    """Return the report as JSON values."""
    outcomes: list[JsonValue] = [
        {
            "file": outcome.file,
            "status": outcome.status,
            "reason": outcome.reason,
            "title": outcome.title,
            "chunks": outcome.chunks,
            "encoded": outcome.encoded,
            "inferred": [dict(asdict(found)) for found in outcome.inferred],
            "review": list(outcome.review),
            "notes": list(outcome.notes),
            "ocr": [
                {
                    "page": page.number,
                    "lines": [
                        {"text": line.text, "confidence": line.confidence, "box": list(line.box)}
                        for line in page.lines
                    ],
                }
                for page in outcome.ocr
            ],
        }
        for outcome in report.outcomes
    ]
    return {"ok": report.ok, "outcomes": outcomes}
