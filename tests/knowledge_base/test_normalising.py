from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind


def test_every_block_is_a_line_and_blank_ones_are_left_out() -> None:
    source = assemble(
        [
            Block(BlockKind.HEADING, "总则", 1),
            Block(BlockKind.PARAGRAPH, "  "),
            Block(BlockKind.PARAGRAPH, "为了便民。"),
        ]
    )
    assert source.text == "总则\n为了便民。"
    assert [(placed.start, placed.end) for placed in source.blocks] == [(0, 2), (3, 8)]


@settings(deadline=None)
@given(st.lists(st.text(alphabet="甲乙丙 。", max_size=8)))
def test_a_placed_block_is_a_slice_of_the_text(texts: list[str]) -> None:
    source = assemble([Block(BlockKind.PARAGRAPH, text) for text in texts])
    assert all(source.text[placed.start : placed.end] == placed.block.text for placed in source.blocks)
