"""OFD packages built as GB/T 33190 lays them out: OFD.xml, Document.xml, pages, a template, a seal."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import pytest

from knowledge_base.errors import EncryptedFile, UnreadableFile
from knowledge_base.loaders import ofd
from knowledge_base.records import Block, BlockKind

NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
MM = 5.6  # 16 pt
LEFT, WIDTH = 28.0, 31 * MM


def text(x: float, y: float, words: str, *, size: float = MM, extra: str = "") -> str:
    return (
        f'<ofd:TextObject ID="9" Boundary="{x} {y} {len(words) * size} {size * 1.2}" Font="3" Size="{size}"'
        f" {extra}>"
        f'<ofd:TextCode X="0" Y="{size}" DeltaX="g {max(1, len(words) - 1)} {size}">'
        f"{escape(words)}</ofd:TextCode>"
        "</ofd:TextObject>"
    )


def page(*objects: str, template: bool = True) -> str:
    used = '<ofd:Template TemplateID="1" ZOrder="Background"/>' if template else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ofd:Page {NS}>{used}<ofd:Area><ofd:PhysicalBox>0 0 210 297'
        f'</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID="2" Type="Body">'
        f"{''.join(objects)}</ofd:Layer>"
        "</ofd:Content></ofd:Page>"
    )


ONE = page(text(LEFT, 70, "甲"))


def package(pages: Sequence[str], more: Mapping[str, str] | None = None) -> bytes:
    listed = "".join(
        f'<ofd:Page ID="{n + 10}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(len(pages))
    )
    parts = {
        "OFD.xml": f'<ofd:OFD {NS} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>1</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        "<ofd:Signatures>/Doc_0/Signs/Signatures.xml"
        "</ofd:Signatures></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID>"
        "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        f'<ofd:TemplatePage ID="1" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        "Doc_0/Tpls/Tpl_0/Content.xml": page(text(40, 100, "内部资料注意保存"), template=False),
        "Doc_0/Signs/Signatures.xml": f"<ofd:Signatures {NS}/>",
        **{f"Doc_0/Pages/Page_{n}/Content.xml": content for n, content in enumerate(pages)},
        **(more or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def paragraph(words: str) -> Block:
    return Block(BlockKind.PARAGRAPH, words)


def test_lines_join_into_paragraphs_over_pages_without_template_and_page_numbers() -> None:
    first = page(
        text(LEFT + WIDTH / 2 - 9 * 3.9, 40, "云州市养犬管理办法", size=7.8),
        text(LEFT + 2 * MM, 70, "第一条 为了规范养犬行为，维护市容环境和公共卫生，保障市民"),
        text(LEFT, 80, "人身安全，根据《中华人民共和国动物防疫法》等有关法律、法规的规"),
        text(LEFT, 90, "定，制定本办法。"),
        text(LEFT + 2 * MM, 100, "第二条 养犬人应当自取得犬只之日起15日内，到公安机关办理养"),
        text(100, 280, "— 1 —"),
    )
    second = page(
        text(LEFT, 40, "犬登记。"), text(LEFT + 2 * MM, 50, "第三条 遛犬应当牵绳。"), text(100, 280, "— 2 —")
    )
    assert ofd.read(package([first, second])).blocks == (
        Block(BlockKind.HEADING, "云州市养犬管理办法", level=1),
        paragraph(
            "第一条 为了规范养犬行为，维护市容环境和公共卫生，保障市民"
            "人身安全，根据《中华人民共和国动物防疫法》等有关法律、法规的规定，制定本办法。"
        ),
        paragraph("第二条 养犬人应当自取得犬只之日起15日内，到公安机关办理养犬登记。"),
        paragraph("第三条 遛犬应当牵绳。"),
    )


def test_pieces_of_a_line_in_any_order_blocks_and_scaled_matrices() -> None:
    scaled = 'CTM="0.5 0 0 0.5 0 0"'
    content = page(
        "<ofd:PageBlock>" + text(LEFT + 4 * MM, 70, "应当牵绳。") + "</ofd:PageBlock>",
        text(LEFT, 70, "遛犬的人"),
        text(LEFT, 90, "第二条 携犬出", size=2 * MM, extra=scaled).replace(f"{7 * 2 * MM}", f"{7 * MM}"),
        text(60, 150, "样张", size=20, extra='CTM="0.7 0.7 -0.7 0.7 0 0"'),
        text(LEFT, 110, "看不见的字", extra='Visible="false"'),
    )
    assert [block.text for block in ofd.read(package([content])).blocks] == [
        "遛犬的人应当牵绳。",
        "第二条 携犬出",
    ]


def test_a_page_that_is_only_a_picture_is_named() -> None:
    picture = page('<ofd:ImageObject ID="5" Boundary="0 0 210 297" ResourceID="7"/>')
    with pytest.raises(UnreadableFile, match=r"1 页只有图像.*导出为 \.pdf"):
        ofd.read(package([picture]))
    reading = ofd.read(package([page(text(LEFT, 70, "第一条 养犬应当登记。")), picture]))
    assert "有 1 页只有图像" in reading.notes[0]


@pytest.mark.parametrize(
    ("pages", "more", "words"),
    [
        ([], {}, "共 0 页，没有一页有文字"),
        ([ONE], {"Doc_0/Pages/Page_0/Content.xml": "<ofd:Page"}, "不是完整的 XML"),
        ([ONE], {"Doc_0/Document.xml": '<a><Pages><Page BaseLoc="x.xml"/></Pages></a>'}, "缺少 Doc_0/x.xml"),
        ([ONE.replace("Boundary=\"28.0", "Boundary=\"左")], {}, "不是数字"),
        ([ONE], {"OFD.xml": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'}, "DOCTYPE"),
        ([page("<ofd:PageBlock>" * 60 + "</ofd:PageBlock>" * 60)], {}, "嵌套超过 50 层"),
    ],
)  # fmt: skip
def test_what_is_damaged_or_hostile_is_named(pages: list[str], more: dict[str, str], words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        ofd.read(package(pages, more))


def test_an_encrypted_package() -> None:
    with pytest.raises(EncryptedFile):
        ofd.read(package([ONE], {"Encryptions.xml": "<a/>"}))
