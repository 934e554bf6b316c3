"""Spreadsheets (xlsx): a row a record, under its header, as the sheet shows it."""

from knowledge_base.errors import ClassifiedDocument, UnsupportedFormat
from knowledge_base.loaders.faq_sheet import faq_rows
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.loaders.workbook import Sheet, Workbook, open_workbook
from knowledge_base.records import Block, BlockKind, Reading
from knowledge_base.secrecy import secrecy_marking


def read(data: bytes) -> Reading:
    """Return the rows of every sheet that is not hidden; with several, each under its name.

    Raises:
        EncryptedFile: If the file has a password.
        ClassifiedDocument: If a sheet of questions and answers bears 密级.
        UnsupportedFormat: If it is a sheet of questions and answers, which is taken in another way.
        UnreadableFile: If it is damaged or goes beyond the bounds of `knowledge_base.loaders.workbook`.
    """
    book = open_workbook(data)
    blocks = tuple(_blocks(book))
    if count := len(faq_rows(book)):
        if marking := secrecy_marking(blocks):
            raise ClassifiedDocument(f"表格标有密级“{marking}”，涉密文件不得导入")
        raise UnsupportedFormat(
            f"这是常见问题表（有“问题”和“答案”两列，共 {count} 行），不作为文件收入："
            "请用 wenzheng faq import 导入"
        )
    return Reading(blocks, notes=tuple(_notes(book)))


def _blocks(book: Workbook) -> list[Block]:
    filled = [sheet for sheet in book.sheets if sheet.rows]
    blocks: list[Block] = []
    for sheet in filled:
        if len(filled) > 1:
            blocks.append(Block(BlockKind.HEADING, sheet.name.strip(), level=2))
        blocks += table_blocks([row.cells for row in sheet.rows], header_rows=sheet.header_rows)
    return blocks


def _notes(book: Workbook) -> list[str]:
    notes = [f"隐藏的工作表没有读取：{'、'.join(book.hidden)}"] if book.hidden else []
    return notes + [_note(sheet) for sheet in book.sheets if sheet.left_out]


def _note(sheet: Sheet) -> str:
    return f"工作表“{sheet.name}”里隐藏的 {sheet.left_out}没有读取"
