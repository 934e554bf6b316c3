"""Writing the catalogue to files; what is written reads the same (see `sheets`)."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from knowledge_base.errors import ServicesUnreadable
from knowledge_base.services.cells import SHEETS, SheetKind, columns_of, written
from knowledge_base.services.records import Batch, Record, ServiceItem

FORMATS = (".xlsx", ".json", ".zip")


def write_catalogue(path: Path, batch: Batch) -> None:
    """Write a catalogue so that reading it gives the same: `.xlsx`, `.json`, `.zip` or a folder of CSV files.

    Raises:
        ServicesUnreadable: If the file name ends otherwise, or the disk refuses.
    """
    suffix = path.suffix.lower()
    if suffix and suffix not in FORMATS:
        raise ServicesUnreadable(
            f"不能写成 {suffix} 文件：可以是 {'、'.join(FORMATS)}，或者一个文件夹（CSV）"
        )
    try:
        if suffix == ".json":
            path.write_text(write_json(batch), encoding="utf-8")
        elif suffix == ".xlsx":
            write_sheets(path, ((kind.title, _rows_of(kind, batch)) for kind in SHEETS))
        elif suffix == ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for kind in SHEETS:
                    archive.writestr(f"{kind.key}.csv", _csv_of(kind, batch))
        else:
            path.mkdir(parents=True, exist_ok=True)
            for kind in SHEETS:
                (path / f"{kind.key}.csv").write_bytes(_csv_of(kind, batch))
    except OSError as error:
        raise ServicesUnreadable(f"{path} 无法写入：{error.strerror}") from error


def write_json(batch: Batch) -> str:
    """Return the catalogue as JSON; what an item does not state is left out."""
    return json.dumps(batch.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1) + "\n"


def _rows_of(kind: SheetKind, batch: Batch) -> Iterator[list[str]]:
    columns = columns_of(kind)
    yield [column.title for column in columns]
    if not kind.is_child:
        records: Sequence[Record] = batch.items if kind.model is ServiceItem else batch.offices
        for record in records:
            yield written(record, columns)
        return
    for item in batch.items:
        for child in getattr(item, kind.key) or ():
            yield [item.task_code, *written(child, columns[1:])]


def _csv_of(kind: SheetKind, batch: Batch) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(_rows_of(kind, batch))
    # With a mark, so that a spreadsheet reads it as UTF-8.
    return out.getvalue().encode("utf-8-sig")


def write_sheets(path: Path, sheets: Iterable[tuple[str, Iterable[Sequence[str]]]]) -> None:
    """Write a workbook of named sheets, each with its headings as the first row; every cell is text.

    Raises:
        OSError: If the disk refuses.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for number, cells in enumerate(rows, start=1):
            for place, text in enumerate(cells, start=1):
                cell = sheet.cell(number, place, text or None)
                if text:
                    cell.data_type = "s"  # never a formula, whatever it begins with
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                if number == 1:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "C2"
    book.save(path)
