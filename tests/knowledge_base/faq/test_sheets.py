"""FAQ sheets: read by row and column, written so that reading gives the same."""

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from knowledge_base.errors import FaqError, UnsupportedFormat
from knowledge_base.faq.records import FaqRow
from knowledge_base.faq.sheets import SheetRow, read_records, read_sheet, write_csv, write_json

ROW = FaqRow(
    "公园几点开门？",
    "早上6点。\n晚上9点关门。",
    ("《公园办法》第二条", "《公园办法》第三条"),
    ("公园开门时间", "公园什么时候开"),
    "云岭省/云州市",
    date(2026, 1, 1),
    date(2027, 1, 1),
)
CSV = (
    "问题,答案,相似问,依据,地区,生效,失效\n"
    '公园几点开门？,"早上6点。\n晚上9点关门。",公园开门时间|公园什么时候开,《公园办法》第二条；《公园办法》第三条,'
    "云岭省/云州市,2026/1/1,2027年1月1日\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "faq.csv").write_bytes(CSV.encode(encoding))
    assert read_sheet(tmp_path / "faq.csv") == [SheetRow(1, ROW)]


def test_json_may_give_lists_and_leave_columns_out(tmp_path: Path) -> None:
    record = {"问题": ROW.question, "答案": "6点", "依据": list(ROW.sources)}
    (tmp_path / "faq.json").write_text(json.dumps([record]), encoding="utf-8")
    assert read_sheet(tmp_path / "faq.json") == [SheetRow(1, FaqRow(ROW.question, "6点", ROW.sources))]


def test_a_bad_cell_is_told_by_row_and_column_and_the_rest_is_read() -> None:
    good = {"问题": "问", "答案": "答", "依据": "《甲》第一条"}
    rows = read_records([good, {**good, "生效": "下个月"}, {**good, "相似问": 7}], "表")
    assert [(each.number, each.column, each.fault) for each in rows] == [
        (1, "", ""),
        (2, "生效", "生效应当是日期（如 2026-03-01），读到 '下个月'"),
        (3, "相似问", "相似问应当是文字，读到 7"),
    ]


def test_a_day_may_come_as_a_spreadsheet_gives_it() -> None:
    record = {"问题": "问", "答案": "答", "依据": "《甲》第一条", "生效": date(2026, 3, 1)}
    (read,) = read_records([record], "表")
    assert read.row is not None
    assert read.row.effective_from == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "问题,答案\n问,答\n", "第 1 行：缺少列 依据；应有的列是"),
        ("a.csv", "问题,答案,依据,备注\n问,答,据,注\n", "第 1 行：不认识的列 '备注'"),
        ("a.csv", "问题,答案,依据\n问,答,据,多\n", "第 1 行的格数多于表头的 3 列"),
        ("a.json", "{", "不是有效的 JSON：第 1 行"),
        ("a.json", "{}", "应当是一个 JSON 列表"),
    ],
)
def test_a_sheet_that_is_none_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FaqError, match=why):
        read_sheet(tmp_path / name)


def test_a_workbook_is_read_with_the_numbers_it_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "公园"
    sheet.append(["问题", "答案", "相似问", "依据", "地区", "生效", "失效"])
    sheet.append(["没有答案的", "", "", "《公园办法》第一条"])
    sheet.append(
        [
            *(ROW.question, ROW.answer, "\n".join(ROW.variants), "\n".join(ROW.sources), ROW.region),
            *(ROW.effective_from, ROW.effective_to),
        ]
    )
    book.save(tmp_path / "faq.xlsx")
    bad, good = read_sheet(tmp_path / "faq.xlsx")
    assert (bad.sheet, bad.number, bad.row, bad.column) == ("公园", 2, None, "答案")
    assert "请补上" in bad.fault
    assert good == SheetRow(3, ROW, sheet="公园")


def test_a_workbook_without_faq_columns_says_so(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "faq.xlsx")
    with pytest.raises(UnsupportedFormat, match="没有找到“问题”和“答案”两列"):
        read_sheet(tmp_path / "faq.xlsx")


def test_a_sheet_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(FaqError, match="无法读取"):
        read_sheet(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xff\xff")
    with pytest.raises(FaqError, match="既不是 UTF-8 也不是 GB18030"):
        read_sheet(tmp_path / "a.csv")


_WORDS = st.text("公园几点开门？《》第二条，。,\"'a1 ", min_size=1, max_size=12).map(str.strip).filter(bool)
_ROWS = st.lists(
    st.builds(
        FaqRow,
        question=_WORDS,
        answer=_WORDS,
        sources=st.lists(_WORDS, min_size=1, max_size=3).map(tuple),
        variants=st.lists(_WORDS, max_size=3).map(tuple),
        region=st.sampled_from(["", "全国", "云岭省/云州市"]),
        effective_from=st.none() | st.dates(date(1000, 1, 1)),
        effective_to=st.none() | st.dates(date(1000, 1, 1)),
    ),
    max_size=4,
)


@settings(deadline=None)  # it writes files
@given(_ROWS)
def test_what_is_written_reads_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[FaqRow]) -> None:
    folder = tmp_path_factory.mktemp("sheets")
    for name, text in (("faq.csv", write_csv(rows)), ("faq.json", write_json(rows))):
        (folder / name).write_text(text, encoding="utf-8", newline="")
        assert [each.row for each in read_sheet(folder / name)] == rows
