"""Sheets of words: CSV or TSV, with or without a heading, UTF-8 (with or without BOM) or GB18030.

dictionary  词,词频,词性        only the first column is needed
synonym     口语,公文用语,双向  several terms separated by `|`; 双向 is 是 or 否
stop        词
typo        错,对
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from knowledge_base.errors import KnowledgeError, WordsRejected
from knowledge_base.word_rules import COLUMNS, WordFault
from knowledge_base.words import Word, WordDraft, WordKind

_YES = frozenset({"是", "双向", "true", "yes", "y", "1"})
_NO = frozenset({"", "否", "单向", "false", "no", "n", "0"})


def read_words(path: Path, kind: WordKind) -> tuple[WordDraft, ...]:
    """Read a sheet of one kind: tabs in a `.tsv` or `.txt`, else commas; blank lines are passed over.

    Raises:
        KnowledgeError: If the file cannot be read or is in neither encoding.
        WordsRejected: If cells cannot be understood; names row (as an editor counts lines) and column.
    """
    reader = csv.reader(io.StringIO(sheet_text(path), newline=""), delimiter=delimiter_of(path))
    columns = COLUMNS[kind]
    drafts: list[WordDraft] = []
    faults: list[WordFault] = []
    try:
        for number, row in enumerate(reader):
            cells = [cell.strip() for cell in row]
            if not any(cells) or (number == 0 and tuple(cells) == columns[: len(cells)]):
                continue
            if extra := cells[len(columns) :]:
                reason = f"有 {len(cells)} 格，最多 {len(columns)} 格，多出的是“{extra[0]}”"
                faults.append(WordFault(reader.line_num, columns[-1], reason))
                continue
            padded = cells + [""] * (len(columns) - len(cells))
            try:
                drafts.append(WordDraft(reader.line_num, _word(kind, padded)))
            except _CellFault as fault:
                faults.append(WordFault(reader.line_num, fault.column, str(fault)))
    except csv.Error as error:
        raise KnowledgeError(f"{path} 第 {reader.line_num} 行不是表格：{error}") from error
    if faults:
        raise WordsRejected(faults)
    return tuple(drafts)


def write_words(path: Path, kind: WordKind, words: Sequence[Word]) -> None:
    """Write words of one kind so that `read_words` and a spreadsheet read them again: UTF-8 with BOM."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter_of(path))
        writer.writerow(COLUMNS[kind])
        writer.writerows(_cells(word) for word in words)


class _CellFault(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def _word(kind: WordKind, cells: list[str]) -> Word:
    columns = COLUMNS[kind]
    match kind:
        case WordKind.DICTIONARY:
            if cells[1] and not cells[1].isdecimal():
                raise _CellFault(columns[1], f"“{cells[1]}”不是整数；不知道就留空")
            return Word(kind, cells[0], frequency=int(cells[1]) if cells[1] else None, tag=cells[2])
        case WordKind.SYNONYM:
            if cells[2].lower() not in _YES | _NO:
                raise _CellFault(columns[2], f"“{cells[2]}”应当是“是”或“否”")
            terms = tuple(cells[1].split("|")) if cells[1] else ()
            return Word(kind, cells[0], terms, two_way=cells[2].lower() in _YES)
        case WordKind.TYPO:
            return Word(kind, cells[0], (cells[1],) if cells[1] else ())
        case WordKind.STOP:
            return Word(kind, cells[0])


def _cells(word: Word) -> tuple[str, ...]:
    match word.kind:
        case WordKind.DICTIONARY:
            return word.word, "" if word.frequency is None else str(word.frequency), word.tag
        case WordKind.SYNONYM:
            return word.word, "|".join(word.terms), "是" if word.two_way else "否"
        case WordKind.TYPO:
            return word.word, word.terms[0]
        case WordKind.STOP:
            return (word.word,)


def delimiter_of(path: Path) -> str:
    """Return what parts the cells of a sheet, by its name."""
    return "\t" if path.suffix.lower() in {".tsv", ".txt"} else ","


def sheet_text(path: Path) -> str:
    """Return the text of a sheet.

    Raises:
        KnowledgeError: If it cannot be read or is in neither encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KnowledgeError(f"{path} 无法读取：{error.strerror}") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise KnowledgeError(f"{path} 既不是 UTF-8 也不是 GB18030 编码；请用记事本另存为 UTF-8")
