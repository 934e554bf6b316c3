"""Pdf files, made with reportlab in its built-in Chinese font."""

import io
import zlib
from collections.abc import Callable, Sequence

import pypdf
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from knowledge_base.errors import ClassifiedDocument, EncryptedFile, UnreadableFile
from knowledge_base.loaders import bounds, pdf
from knowledge_base.loaders.pdf_lines import join
from knowledge_base.records import Block, BlockKind

FONT, SIZE, LEADING = "STSong-Light", 16, 28
LEFT, TOP, WIDTH = 80, 110, 27 * 16


@pytest.fixture(autouse=True, scope="module")
def _font() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def made(draw: Callable[[Canvas], None]) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    draw(canvas)
    canvas.save()
    return file.getvalue()


def write(canvas: Canvas, x: float, top: float, text: str, size: float = SIZE) -> None:
    canvas.setFont(FONT, size)
    canvas.drawString(x, A4[1] - top, text)


def wrapped(text: str, *, indent: int = 2) -> list[tuple[int, str]]:
    """Break a paragraph as a word processor does, giving (indent, line); no line begins with a stop."""
    lines: list[tuple[int, str]] = []
    line, room = "", WIDTH - indent * SIZE
    for letter in text:
        if pdfmetrics.stringWidth(line + letter, FONT, SIZE) > room and letter not in "，。；：、）":
            lines.append((indent if not lines else 0, line))
            line, room = "", WIDTH
        line += letter
    return [*lines, (indent if not lines else 0, line)]


def typeset(canvas: Canvas, paragraphs: Sequence[str], *, per_page: int = 22, header: str = "") -> None:
    lines = [line for text in paragraphs for line in wrapped(text)]
    for page, first in enumerate(range(0, len(lines), per_page)):
        if header:
            write(canvas, 200, 50, header, 10)
        for row, (indent, line) in enumerate(lines[first : first + per_page]):
            write(canvas, LEFT + indent * SIZE, TOP + row * LEADING, line)
        write(canvas, 270, A4[1] - 40, f"— {page + 1} —", 14)
        canvas.showPage()


PARAGRAPHS = [
    "为进一步规范本市公共租赁住房申请、审核和配租工作，切实保障住房困难家庭的基本居住需求，根据国家和省有关规定，结合本市实际，制定本通知。",
    "一、申请条件",
    "（一）申请人具有本市户籍满3年，家庭人均住房建筑面积低于15平方米，家庭人均月收入低于2800元，且未享受其他住房保障政策；第三人代为申请的，应当提交委托书。",
    "（二）在本市稳定就业的外来务工人员，自2026年3月1日起，按照第三条规定的标准执行。",
    "二、办理时限",
    "自受理之日起20个工作日内作出审核决定。",
]


def paragraph(text: str) -> Block:
    return Block(BlockKind.PARAGRAPH, text)


def test_wrapped_lines_are_joined_over_pages_without_page_furniture() -> None:
    def draw(canvas: Canvas) -> None:
        typeset(canvas, PARAGRAPHS * 3, per_page=7, header="云州市公共租赁住房文件汇编 第2辑")

    assert pdf.read(made(draw)).blocks == tuple(map(paragraph, PARAGRAPHS * 3))


def test_a_title_set_larger_is_one_heading() -> None:
    def draw(canvas: Canvas) -> None:
        title = ["云州市人民政府办公室关于印发公共租赁", "住房管理办法的通知"]
        for row, line in enumerate(title):
            write(canvas, A4[0] / 2 - len(line) * 11, 110 + row * 34, line, 22)
        for row, (indent, line) in enumerate(wrapped(PARAGRAPHS[0])):
            write(canvas, LEFT + indent * SIZE, 220 + row * LEADING, line)
        write(canvas, 380, 420, "云州市人民政府办公室")
        write(canvas, 396, 448, "2026年3月1日")
        canvas.showPage()

    assert pdf.read(made(draw)).blocks == (
        Block(BlockKind.HEADING, "云州市人民政府办公室关于印发公共租赁住房管理办法的通知", level=1),
        paragraph(PARAGRAPHS[0]),
        paragraph("云州市人民政府办公室"),
        paragraph("2026年3月1日"),
    )


def grid(canvas: Canvas, top: float, rows: Sequence[Sequence[str]], *, width: float = 140) -> None:
    edges = [LEFT + width * i for i in range(len(rows[0]) + 1)]
    canvas.grid(edges, [A4[1] - top - 24 * i for i in range(len(rows) + 1)])
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            write(canvas, edges[x] + 4, top + 24 * y + 17, cell, 12)


def test_a_table_between_paragraphs_goes_on_over_the_page_break() -> None:
    header = ["区县", "面积", "租金"]

    def draw(canvas: Canvas) -> None:
        write(canvas, LEFT + 32, 110, "租金标准如下：")
        grid(canvas, 620, [header, ["松溪区", "60㎡", "8元"], ["青岚县", "45㎡", "6元"]])
        canvas.showPage()
        grid(canvas, 110, [header, ["云州新区", "50㎡", "7元"]])
        write(canvas, LEFT + 32, 300, "以上标准每年调整。")
        canvas.showPage()

    assert pdf.read(made(draw)).blocks == (
        paragraph("租金标准如下："),
        *(
            Block(BlockKind.TABLE_ROW, row, header="区县 | 面积 | 租金")
            for row in ("松溪区 | 60㎡ | 8元", "青岚县 | 45㎡ | 6元", "云州新区 | 50㎡ | 7元")
        ),
        paragraph("以上标准每年调整。"),
    )


def test_merged_cells_are_filled() -> None:
    def draw(canvas: Canvas) -> None:
        y = [A4[1] - top for top in (110, 134, 158, 182)]
        x = [80, 180, 280, 380]
        canvas.lines(
            [(80, y[0], 380, y[0]), (80, y[1], 380, y[1]), (180, y[2], 380, y[2]), (80, y[3], 380, y[3])]
        )
        canvas.lines([(each, y[0], each, y[3]) for each in x])
        for left, top, text in [
            (84, 127, "区县"), (184, 127, "类别"), (284, 127, "标准"), (84, 165, "松溪区"),
            (184, 151, "一档"), (284, 151, "8元"), (184, 175, "二档"), (284, 175, "6元"),
        ]:  # fmt: skip
            write(canvas, left, top, text, 12)
        canvas.showPage()

    assert [block.text for block in pdf.read(made(draw)).blocks] == [
        "松溪区 | 一档 | 8元",
        "松溪区 | 二档 | 6元",
    ]


def test_bold_made_by_printing_twice_is_read_once() -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, LEFT, 110, "办理材料")
        write(canvas, LEFT + 0.3, 110, "办理材料")
        canvas.showPage()

    assert pdf.read(made(draw)).blocks == (paragraph("办理材料"),)


def test_lines_broken_by_hand_at_one_margin_stay_apart_where_the_text_says_so() -> None:
    lines = [
        "测试市公园管理办法",
        "测政发〔2024〕77号",
        "第一条 为了加强公园管理，制定本办法。",
        "第二条 公园免费开放，开放时间为6时至22时，依照本办法",
        "第四条的规定调整的除外。",
        "第三条 禁止在公园内烧烤。",
        "测试市人民政府",
        "2024年3月1日",
    ]

    def draw(canvas: Canvas) -> None:
        for row, line in enumerate(lines):
            write(canvas, 60, TOP + row * 20, line, 12)
        canvas.showPage()

    texts = [block.text for block in pdf.read(made(draw)).blocks]
    assert texts[1:4] == [lines[1], lines[2], lines[3] + lines[4]]
    assert texts[-1] == lines[-1]


def test_words_and_figures_join_as_they_are_written() -> None:
    assert join("适用 GB", "T 9704") == "适用 GB T 9704"
    assert join("自20", "26年") == "自2026年"
    assert join("申请人", "应当") == "申请人应当"
    assert join("", "甲") == "甲"


def test_a_pdf_with_a_password_is_refused_but_not_one_with_printing_forbidden() -> None:
    plain = made(lambda canvas: typeset(canvas, PARAGRAPHS))
    for user, owner in [("开门", "主人"), ("", "主人")]:
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(plain))
        writer.encrypt(user, owner, algorithm="AES-256")
        file = io.BytesIO()
        writer.write(file)
        if user:
            with pytest.raises(EncryptedFile, match="去掉打开密码"):
                pdf.read(file.getvalue())
        else:
            assert pdf.read(file.getvalue()).blocks == tuple(map(paragraph, PARAGRAPHS))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_truncated(share: float) -> None:
    data = made(lambda canvas: typeset(canvas, PARAGRAPHS))
    with pytest.raises(UnreadableFile, match="PDF 不完整"):
        pdf.read(data[: int(len(data) * share)])


def test_a_stream_that_unpacks_beyond_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_STREAM_BYTES", 1_000_000)
    bomb = zlib.compress(b"0" * 3_000_000)
    data = b"%PDF-1.4\n1 0 obj\n<</Filter/FlateDecode>>\nstream\n" + bomb + b"\nendstream\nendobj\n%%EOF"
    with pytest.raises(UnreadableFile, match="压缩炸弹"):
        pdf.read(data)


def test_a_marking_in_the_running_header_is_refused() -> None:
    with pytest.raises(ClassifiedDocument, match="机密★10年"):
        pdf.read(made(lambda canvas: typeset(canvas, PARAGRAPHS, per_page=4, header="机密★10年")))
