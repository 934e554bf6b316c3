"""Plain text: each line that is not blank is a paragraph."""

from knowledge_base.loaders.cleaning import split_lines
from knowledge_base.loaders.decoding import decode
from knowledge_base.records import Block, BlockKind


def read(data: bytes) -> tuple[Block, ...]:
    """Return one PARAGRAPH per line.

    Raises:
        UnreadableFile: If the bytes are not text (see `decode`).
    """
    return tuple(Block(BlockKind.PARAGRAPH, line) for line in split_lines(decode(data)))
