"""What `load` takes and refuses, whatever the format."""

import io
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import process_time

import docx as python_docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from knowledge_base.errors import EncryptedFile, LoadError, UnreadableFile, UnsupportedFormat
from knowledge_base.loaders import SUFFIXES, load
from knowledge_base.records import Block, BlockKind

TABLE = "<table><tr><th>项目<th>标准</tr><tr><td rowspan=2>甲<td>1元</tr></table>"


@cache
def whole_docx() -> bytes:
    document = python_docx.Document()
    document.add_heading("办事指南", level=1)
    document.add_paragraph("第一条 申请人应当提交材料。")
    document.add_table(rows=2, cols=2).cell(0, 0).text = "项目"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


@cache
def whole_pdf() -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target)
    canvas.drawString(100, 700, "Article 1")
    canvas.grid([100, 200, 300], [500, 550, 600])
    canvas.showPage()
    canvas.save()
    return target.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    ".docx": whole_docx,
    ".pdf": whole_pdf,
    ".html": TABLE.encode,
    ".md": "# 标题\n|甲|乙|\n|-|-|\n|1|2|\n**正文**".encode,
}

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)


def file(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_the_suffixes() -> None:
    pictures = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
    office = {".docx", ".doc", ".wps", ".rtf", ".xlsx"}
    assert {".md", ".txt", ".html", ".htm", ".pdf", ".ofd"} | pictures | office == SUFFIXES


def test_upper_case_suffix_and_link_out_of_the_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "通知.TXT"
    link.symlink_to(file(elsewhere, "a.txt", "第一条 总则"))
    assert load(link) == (Block(BlockKind.PARAGRAPH, "第一条 总则"),)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_nothing_in_it(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UnreadableFile, match="空的（0 字节）"):
        load(file(tmp_path, f"空{suffix}", b""))


@pytest.mark.parametrize("suffix", [".md", ".txt", ".html"])
def test_only_blank_space_in_it(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UnreadableFile, match="6 字节，却没有可读的文字"):
        load(file(tmp_path, f"白{suffix}", "\n　\n "))


def test_folders_missing_files_and_pipes(tmp_path: Path) -> None:
    for name in ("文件夹", "文件夹.txt"):
        (tmp_path / name).mkdir()
        with pytest.raises(UnreadableFile, match="文件夹"):
            load(tmp_path / name)
    with pytest.raises(UnreadableFile, match="打不开文件"):
        load(tmp_path / "没有.txt")
    os.mkfifo(tmp_path / "管道.txt")
    with pytest.raises(UnreadableFile, match="不是普通文件"):
        load(tmp_path / "管道.txt")


def test_larger_than_allowed(tmp_path: Path) -> None:
    path = file(tmp_path, "大.txt", "条" * 1000)
    with pytest.raises(UnreadableFile, match="3000 字节，上限 2999 字节"):
        load(path, max_bytes=2999)
    assert load(path, max_bytes=3000)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("图.txt", PNG, "扩展名是 .txt，内容却是图片（png）"),
        ("图.pdf", PNG, "扩展名是 .pdf，内容却是图片（png）"),
        ("文.pdf", b"PK\x03\x04" + bytes(26) + b"word/document.xml", "改为 .docx"),
        ("文.docx", b"%PDF-1.7\n", "改为 .pdf"),
        ("表.docx", b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", "Excel 表格"),
        ("旧.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "旧版 Office 文档"),
        ("网.txt", "<!DOCTYPE html><p>正文</p>", "改为 .html"),
        ("字.docx", "第一条 总则", "不是 Word 文档"),
        ("字.pdf", "第一条 总则", "不以 %PDF- 开头"),
        ("旧.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "不支持 .xls 文件.*另存为 .xlsx"),
        ("表.xlsx", b"%PDF-1.7\n", "改为 .pdf"),
        ("图.ofd", PNG, "图片（png）"),
        ("字.png", "第一条 总则", "不是 图片"),
        ("字.doc", "第一条 总则", "不是 Word 文档"),
        ("无后缀", "第一条", "没有扩展名"),
    ],
)
def test_what_is_not_as_named(tmp_path: Path, name: str, data: bytes | str, words: str) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        load(file(tmp_path, name, data))


def test_a_docx_with_a_password(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedFile):
        load(file(tmp_path, "密.docx", data))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "坏.pdf",
            b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 9 0 R >>\nendobj\ntrailer <</Root 1 0 R>>\n%%EOF",
        ),
        ("坏.docx", b"PK\x03\x04" + bytes(26) + b"word/document.xml" + os.urandom(200)),
        ("深.html", "<table><tr><td>" * 10_000),
    ],
)
def test_what_the_parsers_choke_on_is_named(tmp_path: Path, name: str, data: bytes | str) -> None:
    with pytest.raises(LoadError):
        load(file(tmp_path, name, data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".docx", ".pdf", ".html", ".md"]), st.data())
def test_damaged_bytes_are_read_or_refused(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    damaged = bytearray(WHOLE[suffix]())
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        blocks = load(file(tmp_path, f"损{suffix}", bytes(damaged)))
    except LoadError:
        return
    assert all(block.text for block in blocks)


@pytest.mark.parametrize(
    ("suffix", "piece"),
    [(".md", piece) for piece in ("<!--", "`", "*", "**甲", "[", "](", "_a", "<a ", "|", "# ", "\\")]
    + [(".html", piece) for piece in ("<", "&", "<p>", "</", "<![CDATA[", "<!")],
)
@pytest.mark.slow
def test_repeated_openings_take_linear_time(tmp_path: Path, suffix: str, piece: str) -> None:
    path = file(tmp_path, f"慢{suffix}", "甲" + piece * 20_000)
    started = process_time()
    with suppress(LoadError):
        load(path)
    assert process_time() - started < 3
