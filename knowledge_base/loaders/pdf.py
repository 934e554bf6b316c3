"""Pdf files: paragraphs joined from their lines, tables row by row, in page order; scanned pages by OCR."""

import io
import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from knowledge_base.errors import EncryptedFile, UnreadableFile
from knowledge_base.loaders import ocr
from knowledge_base.loaders.bounds import check_streams
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.loaders.ocr_layout import page_of
from knowledge_base.loaders.pages import Page, Table, blocks_of
from knowledge_base.loaders.pdf_letters import Letter, lines_of
from knowledge_base.loaders.pdf_lines import PageLines, join
from knowledge_base.records import OcrPage, Reading

if TYPE_CHECKING:
    import pdfplumber.page

MAX_PAGES = 2_000
MAX_UNMAPPED_SHARE = 0.02
_TAIL_BYTES = 2_048

_UNMAPPED = re.compile(r"\(cid:\d+\)|[\ue000-\uf8ff\ufffd]")
# Fonts made by Word map common characters to the look-alike radicals of U+2F00.
_RADICALS = re.compile("[\u2f00-\u2fd5]")

_pdfium_lock = threading.Lock()  # the library must not be entered twice at a time

_Box = tuple[float, float, float, float]  # x0, top, x1, bottom


def read(data: bytes) -> Reading:
    """Return headings (lines set larger than the text), paragraphs and table rows.

    A page that is only a picture is read by OCR, whatever the others are.

    Raises:
        EncryptedFile: If opening needs a password.
        ClassifiedDocument: If a running header or footer, or a scanned page, bears 密级.
        MissingTool: If a page is a picture and OCR is not installed.
        UnreadableFile: If the file is truncated or damaged, its fonts do not say which characters they
            show, or no page yields text; also beyond the bounds of `knowledge_base.loaders.ocr`.
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
            read = [_read_page(page, number) for number, page in enumerate(document.pages)]
    except PdfminerException as error:
        if any(isinstance(cause, (PDFEncryptionError, PDFPasswordIncorrect)) for cause in error.args):
            raise EncryptedFile("PDF 有密码保护：请去掉打开密码后再导入") from error
        raise UnreadableFile(f"PDF 已损坏，解析失败（{error}）：请重新下载或重新导出") from error
    _check_fonts(read)
    scans = [number for number, page in enumerate(read) if page.is_scan]
    recognised = _recognise(data, scans) if scans else {}
    pages = [recognised[n][0] if n in recognised else page.page for n, page in enumerate(read)]
    if not any(page.text() for page in pages):
        raise UnreadableFile(_nothing_to_read(len(pages), scans))
    ocr_pages = tuple(page for _, page in recognised.values())
    ocr.refuse_marked(ocr_pages)
    blank = [page.number for page in ocr_pages if not page.lines]
    notes = (f"第 {'、'.join(map(str, blank))} 页只有图像，没有认出文字",) if blank else ()
    return Reading(tuple(blocks_of(pages)), ocr_pages, notes)


@dataclass(frozen=True, slots=True)
class _PdfPage:
    page: Page
    has_image: bool

    @property
    def is_scan(self) -> bool:
        return self.has_image and not self.page.text()


def _read_page(page: "pdfplumber.page.Page", number: int) -> _PdfPage:
    # Watermarks are set at an angle.
    letters = [
        Letter(_clean_letter(item["text"]), item["x0"], item["x1"], item["top"], item["bottom"], item["size"])
        for item in page.chars
        if item["upright"]
    ]
    found = [table for table in page.find_tables() if max(len(row.cells) for row in table.rows) > 1]
    tables: list[Table] = []
    for table in found:
        inside = [letter for letter in letters if _is_inside(letter, table.bbox)]
        if inside:
            tables.append(Table(table.bbox[1], _grid(table.cells, inside)))
    boxes = [table.bbox for table in found]
    outside = (letter for letter in letters if not any(_is_inside(letter, box) for box in boxes))
    lines = tuple(replace(line, text=text) for line in lines_of(outside, number) if (text := tidy(line.text)))
    result = _PdfPage(Page(PageLines(float(page.height), lines), tuple(tables)), bool(page.images))
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


def _check_fonts(pages: Sequence[_PdfPage]) -> None:
    whole = "".join(page.page.text() for page in pages)
    unmapped = len(_UNMAPPED.findall(whole))
    if unmapped > MAX_UNMAPPED_SHARE * len(whole):
        raise UnreadableFile(
            f"PDF 的字体没有标明文字编码：{len(whole)} 个字符中有 {unmapped} 个无法还原"
            f"（上限 {MAX_UNMAPPED_SHARE:.0%}）；请从原始文件重新导出 PDF，或导入 Word 原件"
        )


def _recognise(data: bytes, wanted: Sequence[int]) -> dict[int, tuple[Page, OcrPage]]:
    """Read the pages of these numbers (from 0) by OCR; they come out in points, as the others do."""
    import pypdfium2

    recogniser = ocr.Recogniser()
    read: dict[int, tuple[Page, OcrPage]] = {}
    document = pypdfium2.PdfDocument(data)
    try:
        for number in wanted:
            page = document[number]
            pixels_per_point = ocr.LONG_SIDE_PX / max(page.get_size())
            with _pdfium_lock:
                picture = page.render(scale=pixels_per_point, may_draw_forms=False).to_pil()
                page.close()
            found = recogniser.read(picture, number + 1)
            read[number] = page_of(found, number, unit=1 / pixels_per_point), found.page
    finally:
        document.close()
    return read


def _nothing_to_read(count: int, scans: Sequence[int]) -> str:
    if scans:
        return f"PDF 是扫描件：{count} 页都没有文字层，也没有认出一个字；请核对扫描是否清楚、方向是否端正"
    return f"PDF 共 {count} 页，没有一页有文字：请核对是否导出完整"
