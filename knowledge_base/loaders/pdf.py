"""Pdf files with a text layer: paragraphs joined from their lines, tables row by row, in page order."""

import io
import logging
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from knowledge_base.errors import ClassifiedDocument, EncryptedFile, UnreadableFile
from knowledge_base.loaders.bounds import check_streams
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.loaders.pdf_letters import Letter, Line, lines_of
from knowledge_base.loaders.pdf_lines import PageLines, TypeArea, drop_furniture, join
from knowledge_base.loaders.tables import table_blocks
from knowledge_base.records import Block, BlockKind
from knowledge_base.secrecy import secrecy_marking

if TYPE_CHECKING:
    import pdfplumber.page

MAX_PAGES = 2_000
MAX_UNMAPPED_SHARE = 0.02
_TAIL_BYTES = 2_048

_UNMAPPED = re.compile(r"\(cid:\d+\)|[\ue000-\uf8ff\ufffd]")
# Fonts made by Word map common characters to the look-alike radicals of U+2F00.
_RADICALS = re.compile("[\u2f00-\u2fd5]")

_Box = tuple[float, float, float, float]  # x0, top, x1, bottom

_log = logging.getLogger(__name__)


def read(data: bytes) -> tuple[Block, ...]:
    """Return headings (lines set larger than the text), paragraphs and table rows.

    Raises:
        EncryptedFile: If opening needs a password.
        ClassifiedDocument: If a running header or footer bears 密级.
        UnreadableFile: If the file is truncated or damaged, scanned, or its fonts do not say which
            characters they show.
    """
    # The library is slow to import and not needed for the other kinds of file.
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    if b"%%EOF" not in data[-_TAIL_BYTES:]:
        raise UnreadableFile(f"PDF 不完整：{len(data)} 字节之后没有文件结束标记；请重新下载或重新导出")
    check_streams(data)
    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            if len(document.pages) > MAX_PAGES:
                raise UnreadableFile(f"PDF 有 {len(document.pages)} 页，上限 {MAX_PAGES} 页：请拆分后再导入")
            pages = [_read_page(page, number) for number, page in enumerate(document.pages)]
    except PdfminerException as error:
        if any(isinstance(cause, (PDFEncryptionError, PDFPasswordIncorrect)) for cause in error.args):
            raise EncryptedFile("PDF 有密码保护：请去掉打开密码后再导入") from error
        raise UnreadableFile(f"PDF 已损坏，解析失败（{error}）：请重新下载或重新导出") from error
    _check_text_layer(pages)
    return tuple(_blocks(pages))


@dataclass(frozen=True, slots=True)
class _Table:
    top: float
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _PdfPage:
    lines: PageLines
    tables: tuple[_Table, ...]
    has_image: bool

    def text(self) -> str:
        cells = (cell for table in self.tables for row in table.rows for cell in row)
        return "".join((*(line.text for line in self.lines.lines), *cells))


def _read_page(page: "pdfplumber.page.Page", number: int) -> _PdfPage:
    # Watermarks are set at an angle.
    letters = [
        Letter(_clean_letter(item["text"]), item["x0"], item["x1"], item["top"], item["bottom"], item["size"])
        for item in page.chars
        if item["upright"]
    ]
    found = [table for table in page.find_tables() if max(len(row.cells) for row in table.rows) > 1]
    tables: list[_Table] = []
    for table in found:
        inside = [letter for letter in letters if _is_inside(letter, table.bbox)]
        if inside:
            tables.append(_Table(table.bbox[1], _grid(table.cells, inside)))
    boxes = [table.bbox for table in found]
    outside = (letter for letter in letters if not any(_is_inside(letter, box) for box in boxes))
    lines = tuple(replace(line, text=text) for line in lines_of(outside, number) if (text := tidy(line.text)))
    result = _PdfPage(PageLines(float(page.height), lines), tuple(tables), bool(page.images))
    page.close()  # drops the parsed page, or memory grows with the file
    return result


def _is_inside(letter: Letter, box: _Box) -> bool:
    x, y = (letter.x0 + letter.x1) / 2, (letter.top + letter.bottom) / 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]


def _grid(cells: Sequence[_Box], letters: Sequence[Letter]) -> tuple[tuple[str, ...], ...]:
    """Fill merged cells right and down; a row that is one cell across the table stays one cell."""
    lefts = sorted({cell[0] for cell in cells})
    tops = sorted({cell[1] for cell in cells})
    grid = [["" for _ in lefts] for _ in tops]
    spanned: dict[int, str] = {}
    for cell in cells:
        text = ""
        for line in lines_of((letter for letter in letters if _is_inside(letter, cell)), 0):
            text = join(text, tidy(line.text))
        columns = [i for i, left in enumerate(lefts) if cell[0] <= left < cell[2]]
        rows = [i for i, top in enumerate(tops) if cell[1] <= top < cell[3]]
        for y in rows:
            for x in columns:
                grid[y][x] = text
        if len(columns) == len(lefts) and len(rows) == 1:
            spanned[rows[0]] = text
    return tuple((spanned[y],) if y in spanned else tuple(row) for y, row in enumerate(grid))


def _clean_letter(text: str) -> str:
    return _RADICALS.sub(lambda radical: unicodedata.normalize("NFKC", radical.group()), text)


def _check_text_layer(pages: Sequence[_PdfPage]) -> None:
    texts = [page.text() for page in pages]
    scanned = [i + 1 for i, page in enumerate(pages) if page.has_image and not texts[i]]
    if scanned and 2 * len(scanned) >= len([text for text in texts if text]) + len(scanned):
        raise UnreadableFile(
            f"PDF 是扫描件：{len(pages)} 页中有 {len(scanned)} 页只有图像、没有文字层；"
            "文字识别（OCR）将在以后的版本提供，现在请导入 Word 原件或带文字层的 PDF"
        )
    if scanned:
        shown = "、".join(map(str, scanned[:20]))
        _log.warning("PDF 第 %s 页只有图像，其中的文字没有读取", shown)
    whole = "".join(texts)
    if not whole:
        raise UnreadableFile(
            f"PDF 共 {len(pages)} 页，没有一页有文字：若是扫描件，文字识别（OCR）将在以后的版本提供"
        )
    unmapped = len(_UNMAPPED.findall(whole))
    if unmapped > MAX_UNMAPPED_SHARE * len(whole):
        raise UnreadableFile(
            f"PDF 的字体没有标明文字编码：{len(whole)} 个字符中有 {unmapped} 个无法还原"
            f"（上限 {MAX_UNMAPPED_SHARE:.0%}）；请从原始文件重新导出 PDF，或导入 Word 原件"
        )


def _blocks(pages: Sequence[_PdfPage]) -> list[Block]:
    kept, furniture = drop_furniture([page.lines for page in pages])
    if marking := secrecy_marking([Block(BlockKind.PARAGRAPH, line.text) for line in furniture]):
        raise ClassifiedDocument(f"页眉或页脚标有密级“{marking}”：涉密文件不得导入")
    layout = TypeArea([line for lines in kept for line in lines])
    blocks: list[Block] = []
    run: list[Line] = []
    rows: list[tuple[str, ...]] = []
    for page, lines in zip(pages, kept, strict=True):
        items: list[Line | _Table] = [*lines, *page.tables]
        for item in sorted(items, key=lambda item: item.top):
            if isinstance(item, Line):
                blocks += table_blocks(rows)
                rows = []
                run.append(item)
            else:
                blocks += layout.paragraphs(run)
                run = []
                rows = _continued(rows, item.rows, blocks)
    return [*blocks, *table_blocks(rows), *layout.paragraphs(run)]


def _continued(
    rows: list[tuple[str, ...]], more: tuple[tuple[str, ...], ...], blocks: list[Block]
) -> list[tuple[str, ...]]:
    """Go on with a table cut by a page break, without its repeated header; else close it and start `more`."""
    if not rows or len(rows[-1]) != len(more[-1]):
        blocks += table_blocks(rows)
        return list(more)
    return rows + list(more[1:] if more[0] == rows[0] else more)
