"""Lines of print with places to pages of text, without a recogniser."""

from knowledge_base.loaders.ocr import Placed, Recognised
from knowledge_base.loaders.ocr_layout import page_of
from knowledge_base.loaders.pages import blocks_of
from knowledge_base.records import Block, BlockKind, OcrPage

EM = 40.0


def line(text: str, x: float, y: float, *, chars: float | None = None, height: float = 50.0) -> Placed:
    return Placed(text, 0.99, x, x + EM * (len(text) if chars is None else chars), y, height)


def blocks(*lines: Placed) -> list[Block]:
    found = Recognised(1240, 1754, lines, OcrPage(1, ()))
    return blocks_of([page_of(found, 0)])


def test_wrapped_lines_join_and_the_blank_after_an_article_number_comes_back() -> None:
    read = blocks(
        line("第一条为了规范公共租赁住房的申请审核和配租保", 200, 300),
        line("障居住需求依照", 120, 370, chars=24),
        line("第九条规定，制定本办法。", 120, 440),
        line("第二条适用范围如下：", 200, 510),
        line("(一)城镇家庭；", 200, 580),
    )
    assert [block.text for block in read] == [
        "第一条 为了规范公共租赁住房的申请审核和配租保障居住需求依照第九条规定，制定本办法。",
        "第二条 适用范围如下：",
        "（一）城镇家庭；",
    ]


def test_a_title_set_larger_is_a_heading() -> None:
    read = blocks(
        line("公共租赁住房管理办法", 340, 150, chars=14, height=72),
        line("第一条为了规范公共租赁住房的申请审核和配租。", 200, 300, chars=23),
        line("第二条申请人应当具有本市户籍，并在本市居住满三", 200, 370, chars=23),
        line("年。", 120, 440),
    )
    assert read[0] == Block(BlockKind.HEADING, "公共租赁住房管理办法", level=1)
    assert read[-1].text == "第二条 申请人应当具有本市户籍，并在本市居住满三年。"


def test_columns_are_read_one_after_the_other() -> None:
    left = [line(f"左栏第{n}行的文字一直写到栏边", 100, 300 + 70 * n, chars=12) for n in range(5)]
    right = [line(f"右栏第{n}行的文字一直写到栏边", 680, 305 + 70 * n, chars=12) for n in range(5)]
    heading = line("两栏上方通栏的一行文字横跨左右两边没有分开", 100, 200, chars=26)
    text = "".join(
        block.text
        for block in blocks(heading, *(each for pair in zip(left, right, strict=True) for each in pair))
    )
    assert text.startswith("两栏上方")
    assert text.index("左栏第4行") < text.index("右栏第0行")


def test_cells_side_by_side_are_a_table_only_where_they_agree() -> None:
    rows = [("区县", "面积", "租金"), ("松溪区", "60平方米", "8元"), ("青岚县", "45平方米", "6元")]
    table = [
        line(cell, 120 + 350 * x, 300 + 70 * y) for y, row in enumerate(rows) for x, cell in enumerate(row)
    ]
    read = blocks(line("租金标准如下：", 200, 200), *table)
    assert read[1:] == [
        Block(BlockKind.TABLE_ROW, "松溪区 | 60平方米 | 8元", header="区县 | 面积 | 租金"),
        Block(BlockKind.TABLE_ROW, "青岚县 | 45平方米 | 6元", header="区县 | 面积 | 租金"),
    ]
    ragged = [each for each in table if each.text != "45平方米"]
    assert [(block.kind, block.text) for block in blocks(*ragged)][-1] == (BlockKind.PARAGRAPH, "青岚县 6元")


def test_a_page_without_print() -> None:
    assert blocks() == []
