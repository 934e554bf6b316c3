"""Joining the lines of pdf pages: from letters to lines to paragraphs, with nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.loaders.pdf_letters import Letter, Line, lines_of
from knowledge_base.loaders.pdf_lines import PageLines, TypeArea, drop_furniture


def letters(text: str, x: float, top: float, *, step: float = 10, size: float = 10) -> list[Letter]:
    return [
        Letter(each, x + i * step, x + i * step + size, top, top + size, size) for i, each in enumerate(text)
    ]


def line(text: str, x: float, top: float, page: int = 0) -> Line:
    return Line(text, x, x + 10 * len(text), top, top + 10, 10, page)


def test_justified_letters_have_no_space_between_them_and_wide_gaps_have_one() -> None:
    assert [each.text for each in lines_of(letters("办理材料", 50, 100, step=13), 0)] == ["办理材料"]
    assert [each.text for each in lines_of(letters("办理", 50, 100, step=18), 0)] == ["办 理"]
    assert [each.text for each in lines_of(letters("GB", 50, 100, step=12), 0)] == ["G B"]


def test_lines_are_ordered_from_the_top_and_letters_from_the_left() -> None:
    mixed = letters("二行", 50, 130) + letters("右", 90, 100) + letters("左", 50, 101)
    assert [each.text for each in lines_of(mixed, 0)] == ["左 右", "二行"]


def test_a_running_header_needs_three_pages_of_many() -> None:
    def page(number: int) -> PageLines:
        header = "文件汇编" if number < 2 else f"第{number}辑文件"
        return PageLines(
            800, (line(header, 50, 40), line(f"正文{number}", 50, 300), line(f"- {number} -", 50, 770))
        )

    kept, dropped = drop_furniture([page(number) for number in range(6)])
    assert [[each.text for each in lines] for lines in kept[:3]] == [
        ["文件汇编", "正文0"],
        ["文件汇编", "正文1"],
        ["正文2"],
    ]
    assert len(dropped) == 6 + 4


def test_a_number_in_the_middle_of_a_page_is_text() -> None:
    kept, dropped = drop_furniture([PageLines(800, (line("12345", 50, 400),))])
    assert [each.text for each in kept[0]] == ["12345"]
    assert dropped == []


def test_a_reference_at_the_start_of_a_wrapped_line_does_not_start_a_paragraph() -> None:
    lines = [
        line("第一条" + "甲" * 15, 70, 100),
        line("第三条规定的" + "乙" * 14, 50, 120),
        line("丙。", 50, 140),
        line("第二条" + "丁" * 15, 70, 160),
    ]
    assert [block.text[:3] for block in TypeArea(lines).paragraphs(lines)] == ["第一条", "第二条"]


@given(st.lists(st.tuples(st.text("甲乙丙，。1ab", min_size=1, max_size=30), st.integers(0, 12)), min_size=1))
def test_paragraphs_hold_every_letter_of_the_lines_in_order(written: list[tuple[str, int]]) -> None:
    lines = [line(text, 50 + 10 * indent, 20 * row) for row, (text, indent) in enumerate(written)]
    joined = "".join(block.text for block in TypeArea(lines).paragraphs(lines))
    assert joined.replace(" ", "") == "".join(text for text, _ in written)
