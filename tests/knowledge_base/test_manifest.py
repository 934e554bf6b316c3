import json
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.errors import ManifestError
from knowledge_base.manifest import ManifestRow, merge, read_manifest
from knowledge_base.records import DocumentMeta, Inference


def manifest(folder: Path, records: object) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return path


def test_json_with_nulls(tmp_path: Path) -> None:
    rows = read_manifest(
        manifest(
            tmp_path,
            [
                {
                    "file": "市/甲.md",
                    "title": "甲办法",
                    "published": "2026年3月1日",
                    "repealed": None,
                    "url": "",
                }
            ],
        )
    )
    assert rows == {"市/甲.md": ManifestRow("市/甲.md", title="甲办法", published=date(2026, 3, 1))}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes("file,title,effective,repealed\n市\\甲.md,甲办法,2026/3/1,否\n".encode(encoding))
    assert read_manifest(path) == {
        "市/甲.md": ManifestRow("市/甲.md", title="甲办法", effective=date(2026, 3, 1), repealed=False)
    }


@pytest.mark.parametrize(
    ("value", "repealed", "day"),
    [
        (True, True, None),
        (False, False, None),
        ("已废止", True, None),
        ("2025-01-01", True, date(2025, 1, 1)),
        ("", None, None),
    ],
)
def test_repealed_may_be_a_truth_or_a_date(
    tmp_path: Path, value: object, repealed: bool | None, day: date | None
) -> None:
    row = read_manifest(manifest(tmp_path, [{"file": "甲.md", "repealed": value}]))["甲.md"]
    assert (row.repealed, row.repealed_on) == (repealed, day)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"file": "甲.md", "titel": "甲"}], "titel"),
        ([{"title": "甲"}], "缺少 file"),
        ([{"file": "甲.md"}, {"file": "甲.md"}], "第 2 行"),
        ([{"file": "甲.md", "published": "去年"}], "去年"),
        ([{"file": "甲.md", "repealed": "也许"}], "也许"),
        ([{"file": "甲.md", "title": 7}], "7"),
        ({"file": "甲.md"}, "列表"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, records: object, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(manifest(tmp_path, records))


def test_what_is_no_json_no_csv_or_no_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"file": ', encoding="utf-8")
    with pytest.raises(ManifestError, match="JSON"):
        read_manifest(broken)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xff\xff")
    with pytest.raises(ManifestError, match="GB18030"):
        read_manifest(binary)
    with pytest.raises(ManifestError, match="无法读取"):
        read_manifest(tmp_path / "none.json")
    long = tmp_path / "long.csv"
    long.write_text("file,title\n甲.md,甲,乙\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"3 格.*2 列"):
        read_manifest(long)


READ = DocumentMeta(
    "读到的名称",
    issuer="云州市民政局",
    published=date(2026, 1, 1),
    inferred=(
        Inference("title", "读到的名称", "读到的名称"),
        Inference("issuer", "云州市民政局", "云州市民政局"),
        Inference("effective_to", "2026-02-01", "《乙》同时废止。", "乙"),
    ),
)


def test_the_manifest_wins_where_it_speaks() -> None:
    row = ManifestRow(
        "甲.md", title="甲办法", effective=date(2026, 2, 1), repealed=True, superseded_by="乙.md"
    )
    merged = merge(row, READ)
    assert (merged.title, merged.issuer, merged.published) == ("甲办法", "云州市民政局", date(2026, 1, 1))
    assert (merged.effective_from, merged.repealed, merged.superseded_by) == (date(2026, 2, 1), True, "乙.md")
    assert [each.field for each in merged.inferred] == ["issuer", "effective_to"]


def test_without_a_row_what_was_read_stands() -> None:
    assert merge(None, READ) is READ
