"""Word documents, made with python-docx."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx as python_docx
import pytest
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.paragraph import Paragraph
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.errors import ClassifiedDocument, EncryptedFile, UnreadableFile
from knowledge_base.loaders import docx, load
from knowledge_base.loaders.bounds import MAX_MEMBERS, MAX_PART_BYTES
from knowledge_base.records import Block, BlockKind


def saved(document: Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def rewritten(
    data: bytes, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None
) -> bytes:
    """Copy a docx, passing each member through `change` and adding `extra` ones."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return file.getvalue()


def paragraph(text: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text)


def define_list(document: Document, list_id: int, *levels: tuple[str, str]) -> None:
    """Add a numbering definition of (format, pattern) levels, used as list `list_id`."""
    numbering = document.part.numbering_part.element
    written = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>'
        f'<w:lvlText w:val="{pattern}"/></w:lvl>'
        for depth, (style, pattern) in enumerate(levels)
    )
    first_list = numbering.find(f"{{{numbering.nsmap['w']}}}num")
    definition = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{list_id}">{written}</w:abstractNum>'
    )
    first_list.addprevious(definition)
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="{list_id}"><w:abstractNumId w:val="{list_id}"/></w:num>')
    )


def number(paragraph: Paragraph, list_id: int, depth: int = 0) -> None:
    paragraph._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')
    )


def test_headings_paragraphs_and_tables_in_document_order() -> None:
    document = python_docx.Document()
    document.add_heading("云州市公租房申请指南", level=0)
    document.add_heading("一、申请条件", level=2)
    document.add_paragraph("　　申请人应当年满１８周岁。")
    table = document.add_table(rows=3, cols=3)
    for row, cells in zip(
        table.rows, [("区县", "面积", "租金"), ("松溪区", "60㎡", "8元"), ("", "45㎡", "6元")], strict=True
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_paragraph("咨询电话：0999-1234501")
    assert docx.read(saved(document)) == (
        Block(BlockKind.HEADING, "云州市公租房申请指南", level=1),
        Block(BlockKind.HEADING, "一、申请条件", level=2),
        paragraph("申请人应当年满１８周岁。"),
        Block(BlockKind.TABLE_ROW, "松溪区 | 60㎡ | 8元", header="区县 | 面积 | 租金"),
        Block(BlockKind.TABLE_ROW, "松溪区 | 45㎡ | 6元", header="区县 | 面积 | 租金"),
        paragraph("咨询电话：0999-1234501"),
    )


def test_automatic_numbers_are_written_out() -> None:
    document = python_docx.Document()
    define_list(
        document,
        71,
        ("chineseCountingThousand", "%1、"),
        ("chineseCountingThousand", "（%2）"),
        ("decimal", "%3."),
        ("decimalEnclosedCircle", "%4"),
    )
    for text, depth in [
        ("总体要求", 0), ("申请条件", 0), ("年龄", 1), ("年满60周岁；", 2), ("户籍在本市。", 2), ("甲", 3),
        ("户籍", 1), ("连续居住满1年。", 2), ("附则", 0), ("解释", 1),
    ]:  # fmt: skip
        number(document.add_paragraph(text), 71, depth)
    assert [block.text for block in docx.read(saved(document))] == [
        "一、总体要求", "二、申请条件", "（一）年龄", "1. 年满60周岁；", "2. 户籍在本市。", "① 甲",
        "（二）户籍", "1. 连续居住满1年。", "三、附则", "（一）解释",
    ]  # fmt: skip


def test_numbered_articles_in_a_heading_style_and_bullets() -> None:
    document = python_docx.Document()
    define_list(document, 72, ("chineseCounting", "第%1条"))
    define_list(document, 73, ("bullet", "\uf06c"))
    style = document.styles["Heading 3"]
    style.element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="72"/></w:numPr>')
    )
    for _ in range(12):
        document.add_paragraph("为了规范养犬行为。", style="Heading 3")
    number(document.add_paragraph("身份证"), 73)
    read = docx.read(saved(document))
    assert read[0] == Block(BlockKind.HEADING, "第一条 为了规范养犬行为。", level=3)
    assert read[11].text == "第十二条 为了规范养犬行为。"
    assert read[12] == paragraph("身份证")


def test_revisions_links_controls_and_breaks() -> None:
    document = python_docx.Document()
    document.add_paragraph()._p.append(
        parse_xml(
            f"<w:p {nsdecls('w')}><w:r><w:t>补贴</w:t></w:r>"
            "<w:del><w:r><w:delText>旧</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>每月</w:t></w:r></w:ins><w:hyperlink><w:r><w:t>100元</w:t></w:r></w:hyperlink>"
            "<w:sdt><w:sdtContent><w:r><w:t>，按季</w:t></w:r></w:sdtContent></w:sdt>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r>"
            "<w:r><w:pict><w:p><w:r><w:t>图</w:t></w:r></w:p></w:pict>"
            "<w:t>发放</w:t><w:br/><w:t>自愿</w:t></w:r></w:p>"
        )
    )
    title = document.add_heading("关于印发", level=1)
    title.add_run().add_break()
    title.add_run("办法的通知")
    assert docx.read(saved(document)) == (
        paragraph("补贴每月100元，按季发放"),
        paragraph("自愿"),
        Block(BlockKind.HEADING, "关于印发办法的通知", level=1),
    )


def test_generated_contents_are_left_out() -> None:
    document = python_docx.Document()
    document.styles.add_style("TOC 1", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("一、总则 3", style="TOC 1")
    document.add_paragraph("一、总则")
    assert docx.read(saved(document)) == (paragraph("一、总则"),)


def test_a_marking_in_the_page_header_is_refused() -> None:
    document = python_docx.Document()
    document.add_paragraph("正文")
    document.sections[0].header.paragraphs[0].text = "机密★1年"
    with pytest.raises(ClassifiedDocument, match="机密★1年"):
        docx.read(saved(document))


def simple() -> bytes:
    document = python_docx.Document()
    document.add_paragraph("正文")
    return saved(document)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated(share: float) -> None:
    data = simple()
    with pytest.raises(UnreadableFile, match="不完整或已损坏"):
        docx.read(data[: int(len(data) * share)])


@pytest.mark.slow
def test_zip_bombs() -> None:
    def blank(name: str, content: bytes) -> bytes:
        return b" " * (MAX_PART_BYTES + 1) if name == "word/document.xml" else content

    with pytest.raises(UnreadableFile, match=r"压缩比约 .* 倍，上限 200 倍"):
        docx.read(rewritten(simple(), blank))
    with pytest.raises(UnreadableFile, match=f"个成员，上限 {MAX_MEMBERS} 个"):
        docx.read(
            rewritten(simple(), lambda _, content: content, {f"word/{i}": b"" for i in range(MAX_MEMBERS)})
        )


def test_a_part_that_lies_about_its_size() -> None:
    data = simple()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("word/document.xml").file_size
    lying = data.replace(size.to_bytes(4, "little"), (size - 100).to_bytes(4, "little"))
    with pytest.raises(UnreadableFile, match="不完整"):
        docx.read(lying)


def test_a_doctype_is_refused_before_any_entity_expands() -> None:
    def with_doctype(name: str, content: bytes) -> bytes:
        if name != "word/document.xml":
            return content
        entity = b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        declaration, rest = content.split(b"?>", 1)
        return declaration + b"?>" + entity + rest.replace("正文".encode(), b"&x;")

    with pytest.raises(UnreadableFile, match="DOCTYPE"):
        docx.read(rewritten(simple(), with_doctype))


def test_encrypted() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedFile, match="密码"):
        docx.read(container)


def test_tables_nested_beyond_recursion_are_refused(tmp_path: Path) -> None:
    def nested(name: str, content: bytes) -> bytes:
        if name != "word/document.xml":
            return content
        deep = b"<w:tbl><w:tr><w:tc>" * 5_000 + b"</w:tc></w:tr></w:tbl>" * 5_000
        return content.replace(b"<w:sectPr", deep + b"<w:sectPr", 1)

    file = tmp_path / "深.docx"
    file.write_bytes(rewritten(simple(), nested))
    with pytest.raises(UnreadableFile, match="嵌套层数过深"):
        load(file)


LINES = st.lists(st.text(st.sampled_from("申请人材料（）。1ab"), min_size=1), min_size=1, max_size=5)


@settings(max_examples=20, deadline=None)
@given(LINES)
@pytest.mark.slow
def test_paragraphs_come_back_as_written(lines: list[str]) -> None:
    document = python_docx.Document()
    for line in lines:
        document.add_paragraph(line)
    assert docx.read(saved(document)) == tuple(map(paragraph, lines))
