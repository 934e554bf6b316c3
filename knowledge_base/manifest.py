"""The manifest an operator gives beside a folder of documents: a JSON list or a CSV."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePath

from knowledge_base.dates import read_date
from knowledge_base.errors import ManifestError
from knowledge_base.records import DocumentMeta
from knowledge_base.regions import Gazetteer

COLUMNS = (
    "file",
    "title",
    "level",
    "region",
    "doc_number",
    "issuer",
    "published",
    "effective",
    "repealed",
    "superseded_by",
    "url",
)
LEVELS = frozenset(
    {
        *("宪法", "法律", "法律解释", "有关法律问题和重大问题的决定", "行政法规", "监察法规", "司法解释"),
        *("地方性法规", "自治条例", "单行条例", "经济特区法规", "浦东新区法规", "海南自由贸易港法规"),
        *("部门规章", "地方政府规章", "政府规章", "党内法规", "规范性文件", "办事指南", "政策解读"),
    }
)
_TRUE = frozenset({"true", "1", "是", "yes", "y", "已废止", "废止", "失效"})
_FALSE = frozenset({"false", "0", "否", "no", "n", "有效", "现行有效"})


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """What the manifest says of one file; None (or empty) where it says nothing.

    Attributes:
        effective: First day in force.
        repealed: True or False where it says so.
        repealed_on: First day no longer in force, where `repealed` is given as a date.
    """

    file: str
    title: str = ""
    level: str = ""
    region: str = ""
    doc_number: str = ""
    issuer: str = ""
    published: date | None = None
    effective: date | None = None
    repealed: bool | None = None
    repealed_on: date | None = None
    superseded_by: str = ""
    url: str = ""


def read_manifest(path: Path) -> dict[str, ManifestRow]:
    """Read a manifest into rows by file.

    JSON is UTF-8; CSV is UTF-8 (with or without BOM) or GB18030. Dates may be written
    2026-03-01, 2026/3/1 or 2026年3月1日.

    Raises:
        ManifestError: If it cannot be read, names an unknown column, names a file twice or not at
            all, or holds a value that cannot be understood; the message names row, column and value.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"清单 {path} 无法读取：{error}") from error
    return parse_manifest(data, path)


def parse_manifest(data: bytes, path: PurePath) -> dict[str, ManifestRow]:
    """Read the bytes of a manifest, as `read_manifest` does; `path` is what it is called by.

    Raises:
        ManifestError: See `read_manifest`.
    """
    text = _decode(data, path)
    read_records = _csv_records if path.suffix.lower() == ".csv" else _json_records
    rows: dict[str, ManifestRow] = {}
    for number, record in enumerate(read_records(text, path), start=1):
        row = _row(record, f"清单 {path.name} 第 {number} 行")
        if row.file in rows:
            raise ManifestError(
                f"清单 {path.name} 第 {number} 行：文件 {row.file} 已在前面出现，每个文件只能有一行"
            )
        rows[row.file] = row
    return rows


def doubts(row: ManifestRow, known: Gazetteer) -> tuple[str, ...]:
    """Return what looks mistyped in a row, in Chinese: a document under a wrong region reaches nobody."""
    part = known.unknown_part(row.region) if row.region else ""
    return (
        *([f"清单里的地区“{part}”不在已知的省市之中：请核对写法，如 浙江省/宁波市"] if part else ()),
        *(
            [f"清单里的层级“{row.level}”不认识：请核对写法，如 规范性文件"]
            if row.level not in {"", *LEVELS}
            else ()
        ),
    )


def merge(row: ManifestRow | None, read: DocumentMeta) -> DocumentMeta:
    """Return what was read, corrected by the manifest: it wins wherever it speaks.

    What the manifest overrules is no longer listed in `inferred`.
    """
    if row is None:
        return read
    given: dict[str, str | date] = {
        "title": row.title,
        "level": row.level,
        "region": row.region,
        "doc_number": row.doc_number,
        "issuer": row.issuer,
    }
    given |= {
        name: day
        for name, day in (
            ("published", row.published),
            ("effective_from", row.effective),
            ("effective_to", row.repealed_on),
        )
        if day
    }
    overruled = {name for name, value in given.items() if value}
    return replace(
        read,
        title=row.title or read.title,
        level=row.level or read.level,
        region=row.region or read.region,
        doc_number=row.doc_number or read.doc_number,
        issuer=row.issuer or read.issuer,
        url=row.url or read.url,
        published=row.published or read.published,
        effective_from=row.effective or read.effective_from,
        effective_to=row.repealed_on or read.effective_to,
        repealed=bool(row.repealed),
        superseded_by=row.superseded_by,
        inferred=tuple(each for each in read.inferred if each.target or each.field not in overruled),
    )


def _decode(data: bytes, path: PurePath) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ManifestError(f"清单 {path} 既不是 UTF-8 也不是 GB18030 编码")


def _csv_records(text: str, path: PurePath) -> list[Mapping[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    records: list[Mapping[str, object]] = []
    for number, record in enumerate(reader, start=1):
        if None in record:
            extra = len(record[None])
            raise ManifestError(
                f"清单 {path.name} 第 {number} 行有 {len(reader.fieldnames or ()) + extra} 格，"
                f"表头只有 {len(reader.fieldnames or ())} 列"
            )
        records.append({(name or "").strip(): value for name, value in record.items()})
    return records


def _json_records(text: str, path: PurePath) -> list[Mapping[str, object]]:
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise ManifestError(f"清单 {path.name} 不是有效的 JSON：第 {error.lineno} 行 {error.msg}") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ManifestError(f"清单 {path.name} 应当是一个 JSON 列表，每个文件一个对象")
    return records


def _row(record: Mapping[str, object], where: str) -> ManifestRow:
    unknown = sorted(set(record) - set(COLUMNS))
    if unknown:
        raise ManifestError(
            f"{where}：不认识的列 {'、'.join(map(repr, unknown))}，可用的列是 {'、'.join(COLUMNS)}"
        )
    file = _text(record, "file", where).replace("\\", "/").removeprefix("./")
    if not file:
        raise ManifestError(f"{where}：缺少 file")
    repealed, repealed_on = _repealed(record.get("repealed"), where)
    return ManifestRow(
        file=file,
        title=_text(record, "title", where),
        level=_text(record, "level", where),
        region=_text(record, "region", where),
        doc_number=_text(record, "doc_number", where),
        issuer=_text(record, "issuer", where),
        published=_day(record, "published", where),
        effective=_day(record, "effective", where),
        repealed=repealed,
        repealed_on=repealed_on,
        superseded_by=_text(record, "superseded_by", where).replace("\\", "/").removeprefix("./"),
        url=_text(record, "url", where),
    )


def _text(record: Mapping[str, object], column: str, where: str) -> str:
    value = record.get(column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ManifestError(f"{where}：{column} 应当是文字，读到 {value!r}")
    return value.strip()


def _day(record: Mapping[str, object], column: str, where: str) -> date | None:
    words = _text(record, column, where)
    day = read_date(words) if words else None
    if words and day is None:
        raise ManifestError(f"{where}：{column} 应当是日期（如 2026-03-01），读到 {words!r}")
    return day


def _repealed(value: object, where: str) -> tuple[bool | None, date | None]:
    if value is None or value == "":
        return None, None
    if isinstance(value, bool):
        return value, None
    words = str(value).strip()
    if words.lower() in _TRUE | _FALSE:
        return words.lower() in _TRUE, None
    day = read_date(words)
    if day is None:
        raise ManifestError(f"{where}：repealed 应当是 true、false 或日期，读到 {value!r}")
    return True, day
