"""The stored text of a document: what the loader found, one block a line. It is what gets quoted."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.records import Block


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block and where it stands: `text[start:end] == block.text` in code points."""

    block: Block
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a document with its blocks in place."""

    text: str
    blocks: tuple[PlacedBlock, ...]


def assemble(blocks: Sequence[Block]) -> SourceText:
    """Join the blocks' texts by line breaks; blank blocks are left out."""
    placed: list[PlacedBlock] = []
    position = 0
    for block in blocks:
        if not block.text.strip():
            continue
        placed.append(PlacedBlock(block, position, position + len(block.text)))
        position += len(block.text) + 1
    return SourceText("\n".join(each.block.text for each in placed), tuple(placed))
