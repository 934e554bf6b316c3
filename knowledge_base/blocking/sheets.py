"""Sheets of the block list, columns 词、级别、类别、备注: CSV or TSV, UTF-8 or GB18030."""

import csv
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from knowledge_base.blocking.records import BlockDraft, BlockLevel, BlockWord
from knowledge_base.errors import KnowledgeError, SettingsError, WordsRejected
from knowledge_base.word_files import delimiter_of, sheet_text
from knowledge_base.word_rules import WordFault

COLUMNS = ("词", "级别", "类别", "备注")
LEVEL_NAMES: Mapping[BlockLevel, str] = {
    BlockLevel.REFUSE: "拒答",
    BlockLevel.MASK: "遮盖",
    BlockLevel.ALERT: "告警",
}
PACKAGED_FILE = Path(__file__).parents[1] / "data" / "block-words.tsv"

_LEVELS = {name: level for level, name in LEVEL_NAMES.items()} | {level.value: level for level in BlockLevel}


def read_block_words(path: Path) -> tuple[BlockDraft, ...]:
    """Read a sheet; blank lines, and lines that begin with `#`, are passed over.

    Raises:
        KnowledgeError: If the file cannot be read or is in neither encoding.
        WordsRejected: If cells cannot be understood; names row (as an editor counts lines) and column.
    """
    reader = csv.reader(io.StringIO(sheet_text(path), newline=""), delimiter=delimiter_of(path))
    drafts: list[BlockDraft] = []
    faults: list[WordFault] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            is_heading = not drafts and not faults and tuple(cells) == COLUMNS[: len(cells)]
            if not any(cells) or is_heading or cells[0].startswith("#"):
                continue
            if extra := cells[len(COLUMNS) :]:
                reason = f"有 {len(cells)} 格，最多 {len(COLUMNS)} 格，多出的是“{extra[0]}”"
                faults.append(WordFault(reader.line_num, COLUMNS[-1], reason))
                continue
            word, level, category, note = cells + [""] * (len(COLUMNS) - len(cells))
            if level not in _LEVELS:
                reason = f"“{level}”不是级别；可用 {'、'.join(LEVEL_NAMES.values())}"
                faults.append(WordFault(reader.line_num, COLUMNS[1], reason))
                continue
            drafts.append(BlockDraft(reader.line_num, BlockWord(word, _LEVELS[level], category, note)))
    except csv.Error as error:
        raise KnowledgeError(f"{path} 第 {reader.line_num} 行不是表格：{error}") from error
    if faults:
        raise WordsRejected(faults)
    return tuple(drafts)


def write_block_words(path: Path, words: Sequence[BlockWord]) -> None:
    """Write words so that `read_block_words` and a spreadsheet read them again: UTF-8 with BOM."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter_of(path))
        writer.writerow(COLUMNS)
        writer.writerows((word.word, LEVEL_NAMES[word.level], word.category, word.note) for word in words)


@cache
def packaged_block_words(path: Path = PACKAGED_FILE) -> tuple[BlockWord, ...]:
    """Return the list that comes with the project.

    Raises:
        SettingsError: If it is missing or damaged.
    """
    try:
        return tuple(draft.word.plain() for draft in read_block_words(path))
    except KnowledgeError as error:
        raise SettingsError(f"the packaged block list cannot be read: {error}") from error
