"""Scans and pictures through the real recogniser, whose models come in its package."""

import importlib
import io
import sys

import numpy as np
import pypdf
import pytest
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from knowledge_base.chunking import chunk
from knowledge_base.errors import ClassifiedDocument, MissingTool, UnreadableFile
from knowledge_base.loaders import images, ocr, pdf
from knowledge_base.normalising import assemble
from knowledge_base.records import BlockKind, OcrLine, OcrPage
from tests.knowledge_base.loaders.scans import NOTICE, printed, saved

pytestmark = pytest.mark.slow


def test_a_scanned_pdf_yields_its_articles_among_pages_with_text() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    canvas.drawImage(ImageReader(printed(NOTICE)), 0, 362, A4[0], A4[0] * 1000 / 1240)
    canvas.showPage()
    canvas.setFont("STSong-Light", 16)
    canvas.drawString(80, 700, "第五条 本办法由市住房和城乡建设局负责解释。")
    canvas.showPage()
    canvas.save()
    reading = pdf.read(file.getvalue())
    source = assemble(reading.blocks)
    assert (reading.blocks[0].kind, reading.blocks[0].text) == (BlockKind.HEADING, NOTICE[0])
    assert [block.text for block in reading.blocks[1:]] == [
        *NOTICE[1:],
        "第五条 本办法由市住房和城乡建设局负责解释。",
    ]
    articles = [each.article for each in chunk(source, title=NOTICE[0]) if each.article]
    assert list(dict.fromkeys(articles)) == ["第一条", "第二条", "第三条", "第四条", "第五条"]
    (page,) = reading.pages
    assert page.number == 1
    assert len(page.lines) == 9
    assert all(0.5 < line.confidence <= 1 for line in page.lines)
    with Image.open(io.BytesIO(page.image)) as kept:
        assert max(kept.size) == ocr.REVIEW_SIDE_PX
    title = next(line for line in page.lines if line.text == NOTICE[0])
    # 13 letters of 56 px, centred on 1,240 px of the picture, which fills the page's width.
    left, top, right, bottom = title.box
    assert (left, right) == pytest.approx((256 / 1240, 984 / 1240), abs=0.02)
    assert 0 < top < bottom < 0.15


def test_a_picture_with_nothing_to_read() -> None:
    with pytest.raises(UnreadableFile, match="没有认出文字"):
        images.read(saved(Image.new("RGB", (300, 200), "white"), "PNG"))


def test_a_marking_in_a_picture_is_refused() -> None:
    picture = printed(["机密★10年", "云州市人民政府关于某项工作的通知"], width=900, height=300)
    with pytest.raises(ClassifiedDocument, match="机密"):
        images.read(saved(picture, "WEBP", quality=90))


def test_a_scan_without_the_extra_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    ocr._engine.cache_clear()
    with pytest.raises(MissingTool, match=r"pip install 'wenzheng\[ocr\]'"):
        images.read(saved(Image.new("RGB", (30, 30)), "BMP"))
    monkeypatch.undo()
    ocr._engine.cache_clear()
    assert importlib.util.find_spec("rapidocr")


def test_too_many_pages_and_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    two = saved(
        Image.new("L", (60, 40), 255), "TIFF", save_all=True, append_images=[Image.new("L", (60, 40))]
    )
    monkeypatch.setattr(ocr, "MAX_PAGES", 1)
    with pytest.raises(UnreadableFile, match="超过 1 页"):
        images.read(two)
    monkeypatch.setattr(ocr, "MAX_SECONDS", -1)
    with pytest.raises(UnreadableFile, match="只读完 0 页"):
        images.read(two)


def test_a_scanned_pdf_without_a_letter_on_it() -> None:
    file = io.BytesIO()
    Image.new("RGB", (200, 280), "grey").save(file, "PDF")
    assert len(pypdf.PdfReader(file).pages) == 1
    with pytest.raises(UnreadableFile, match=r"扫描件：1 页.*没有认出一个字"):
        pdf.read(file.getvalue())


@pytest.mark.parametrize(
    "read",
    [
        "秘密★1年",
        "机密大10年",
        "绝密☆长期",
        "№000123机密★3年",
        "机密",
        "秘密*6个月",
        "秘密 ★ 1 年",
        "绝密1年",
    ],
)
def test_a_marking_is_known_also_with_its_star_misread(read: str) -> None:
    page = OcrPage(2, (OcrLine("云州市人民政府", 0.9, (0, 0, 1, 1)), OcrLine(read, 0.6, (0, 0, 1, 1))))
    with pytest.raises(ClassifiedDocument, match="第 2 页"):
        ocr.refuse_marked([page])


@pytest.mark.parametrize(
    "read", ["保守国家秘密", "商业秘密保护3年", "机密文件管理办法", "秘密级的文件，保存30年"]
)
def test_words_about_secrets_are_no_marking(read: str) -> None:
    ocr.refuse_marked([OcrPage(1, (OcrLine(read, 0.9, (0, 0, 1, 1)),))])


def test_transparent_print_is_read_on_white() -> None:
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((5, 5, 9, 9), fill=(0, 0, 0, 255))
    flat = ocr._flattened(picture)
    assert (flat.getpixel((0, 0)), flat.getpixel((7, 7))) == ((255, 255, 255), (0, 0, 0))
    deep = ocr._flattened(Image.fromarray(np.array([[0, 65535]], dtype=np.uint16)))
    assert (deep.getpixel((0, 0)), deep.getpixel((1, 0))) == ((0, 0, 0), (255, 255, 255))
