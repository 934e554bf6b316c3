"""Spreadsheets made with openpyxl: records, headers, what is shown, what is hidden, FAQ sheets."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from knowledge_base.errors import ClassifiedDocument, EncryptedFile, UnreadableFile, UnsupportedFormat
from knowledge_base.loaders import workbook, xlsx
from knowledge_base.loaders.faq_sheet import FaqFault, FaqRow, read_faq_sheet
from knowledge_base.loaders.number_formats import shown
from knowledge_base.records import Block, BlockKind


def made(fill: Callable[[openpyxl.Workbook, Worksheet], object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    fill(book, sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def fill_rows(sheet: Worksheet, lines: Sequence[Sequence[object]]) -> None:
    for line in lines:
        sheet.append(list(line))


def row(text: str, header: str) -> Block:
    return Block(BlockKind.TABLE_ROW, text, header=header)


def test_rows_under_a_merged_header_with_caption_and_what_is_shown() -> None:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append(["云州市公共租赁住房租金标准"])
        sheet.append(["区县", "标准", None, "执行日期"])
        sheet.append([None, "一档", "二档", None])
        sheet.append(["松溪区", 8.5, 0.125, date(2026, 3, 1)])
        sheet.append([None, 1234.5, 1, date(2026, 12, 1)])
        sheet.append(["青岚县", 6, 0.5, None])
        for area in ("A1:D1", "A2:A3", "B2:C2", "D2:D3", "A4:A5"):
            sheet.merge_cells(area)
        for n in (4, 5, 6):
            sheet.cell(n, 2).number_format = '#,##0.00"元"'
            sheet.cell(n, 3).number_format = "0.0%"
            sheet.cell(n, 4).number_format = 'yyyy"年"m"月"d"日"'

    header = "区县 | 标准 一档 | 标准 二档 | 执行日期"
    assert xlsx.read(made(fill)).blocks == (
        Block(BlockKind.PARAGRAPH, "云州市公共租赁住房租金标准"),
        row("松溪区 | 8.50元 | 12.5% | 2026年3月1日", header),
        row("松溪区 | 1,234.50元 | 100.0% | 2026年12月1日", header),
        row("青岚县 | 6.00元 | 50.0% | ", header),
    )


def test_sheets_keep_their_names_and_hidden_ones_are_left_out_and_said() -> None:
    def fill(book: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.title = "城区"
        sheet.append(["单位", "电话", "内部备注"])
        sheet.append(["民政局", "0571-1234", "勿外传"])
        sheet.append(["草稿", "0", "删"])
        sheet.column_dimensions["C"].hidden = True
        sheet.row_dimensions[3].hidden = True
        other = book.create_sheet("县区")
        other.append(["单位", "电话"])
        other.append(["青岚县民政局", "0571-5678"])
        book.create_sheet("底稿").sheet_state = "hidden"
        book.create_sheet("空表")

    reading = xlsx.read(made(fill))
    assert reading.blocks == (
        Block(BlockKind.HEADING, "城区", level=2),
        row("民政局 | 0571-1234", "单位 | 电话"),
        Block(BlockKind.HEADING, "县区", level=2),
        row("青岚县民政局 | 0571-5678", "单位 | 电话"),
    )
    assert reading.notes == ("隐藏的工作表没有读取：底稿", "工作表“城区”里隐藏的 1 行、1 列没有读取")


def test_a_formula_is_read_by_the_value_it_had() -> None:
    data = made(lambda _, sheet: fill_rows(sheet, [["项目", "合计"], ["补贴", "=60+40"]]))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            # openpyxl computes nothing: the value is put where Excel keeps it.
            new.writestr(name, re.sub(rb"(<f>60\+40</f>)<v(?:></v>| ?/>)", rb"\1<v>100</v>", old.read(name)))
    assert [block.text for block in xlsx.read(file.getvalue()).blocks] == ["补贴 | 100"]


@pytest.mark.parametrize(
    ("value", "number_format", "words"),
    [
        (None, "General", ""),
        (3, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (True, "General", "是"),
        ("文字", "@", "文字"),
        (2.675, "0.00", "2.68"),
        (-1234.5, "#,##0.0;(#,##0.0)", "(1,234.5)"),
        (-3, "0", "-3"),
        (7, "000", "007"),
        (1.5, "0.##", "1.5"),
        (1234567, "#,##0,", "1,235"),
        (88, '[$￥-804]#,##0.00', "￥88.00"),
        (5, '"第"0"期"', "第5期"),
        (12345678901, "0_ ", "12345678901"),
        (0.5, "# ?/?", "0.5"),
        (datetime(2026, 3, 1, 9, 5), "yyyy/m/d h:mm", "2026/3/1 9:05"),
        (datetime(2026, 3, 1, 15, 5, 9), "h:mm:ss AM/PM", "3:05:09 PM"),
        (datetime(2026, 3, 1), "[$-804]yyyy\\年m\\月;@", "2026年3月"),
        (date(2026, 3, 1), "General", "2026-03-01"),
        (datetime(2026, 3, 1), "dddd", "星期日"),
        (time(9, 30), "h:mm", "9:30"),
    ],
)  # fmt: skip
def test_values_are_written_as_the_sheet_shows_them(value: object, number_format: str, words: str) -> None:
    assert shown(value, number_format) == words


def test_beyond_bounds_damaged_and_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    far = made(lambda _, sheet: sheet.cell(1_048_576, 16_384, "x"))
    with pytest.raises(UnreadableFile, match="1048576 行 16384 列"):
        xlsx.read(far)
    monkeypatch.setattr(workbook, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(UnreadableFile, match="上限 100 字节"):
        xlsx.read(far)
    monkeypatch.undo()
    hostile = io.BytesIO(far)
    with zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr("xl/evil.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"))
    with pytest.raises(UnreadableFile, match="DOCTYPE"):
        xlsx.read(hostile.getvalue())
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedFile):
        xlsx.read(locked)


FAQ: Sequence[Sequence[object]] = [
    ["常见问题（2026年3月）"],
    ["序号", "问题*", "答案", "相似问", "政策依据", "适用地区", "生效日期", "失效日期"],
    [1, "租房能提取公积金吗？", "可以。\n每年一次。", "租房提公积金；房租能用公积金吗", "云金管〔2026〕7号",
     "云岭省/云州市", date(2026, 3, 1), "2027年3月1日"],
    [2, "", "没有问题的答案", None, None, None, None, None],
    [3, "怎样补换社保卡？", "", None, None, None, "三月", None],
    [4, "租房能提取公积金吗？", "重复", None, None, "云岭省/云州市", None, None],
    [5, "何时停办？", "不停办。", None, None, None, "2026-03-02", "2026-03-01"],
]  # fmt: skip


def faq_file(folder: Path, lines: Sequence[Sequence[object]]) -> Path:
    path = folder / "问答.xlsx"
    path.write_bytes(made(lambda _, sheet: fill_rows(sheet, lines)))
    return path


def test_a_faq_sheet_gives_rows_and_faults_by_row_and_column(tmp_path: Path) -> None:
    read = read_faq_sheet(faq_file(tmp_path, FAQ))
    assert read.rows == (
        FaqRow(
            sheet="Sheet",
            row=3,
            question="租房能提取公积金吗？",
            answer="可以。\n每年一次。",
            variants=("租房提公积金", "房租能用公积金吗"),
            sources=("云金管〔2026〕7号",),
            region="云岭省/云州市",
            effective_from=date(2026, 3, 1),
            effective_to=date(2027, 3, 1),
        ),
    )
    assert [(fault.row, fault.column) for fault in read.faults] == [
        (4, "问题"), (5, "答案"), (5, "生效"), (6, "问题"), (7, "失效"),
    ]  # fmt: skip
    assert read.faults[3] == FaqFault("Sheet", 6, "问题", "与第 3 行的问题相同：请合并成一行")


def test_ingest_of_a_faq_sheet_says_how_it_is_taken_in(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"常见问题表.*共 5 行.*wenzheng faq import"):
        xlsx.read(faq_file(tmp_path, FAQ).read_bytes())


def test_other_and_marked_sheets_are_no_faq(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="没有找到“问题”和“答案”两列"):
        read_faq_sheet(faq_file(tmp_path, [["单位", "电话"], ["民政局", "1234"]]))
    marked = faq_file(tmp_path, [["秘密★1年"], ["问题", "答案"], ["甲？", "乙。"]])
    with pytest.raises(ClassifiedDocument):
        read_faq_sheet(marked)
    with pytest.raises(ClassifiedDocument):
        xlsx.read(marked.read_bytes())
