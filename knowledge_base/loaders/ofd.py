"""OFD files (GB/T 33190-2016): the text layer of each page, laid out as a pdf's is.

Read are `TextObject/TextCode` of the pages' own layers, where `Boundary`, `CTM` and `Size` put them;
the advances `DeltaX`/`DeltaY` only space letters within a piece and are not needed. Left out are
template pages (letterhead art, watermarks), slanted text, annotations, seals and signatures.
"""

import math
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.errors import EncryptedFile, UnreadableFile
from knowledge_base.loaders.bounds import open_archive, read_member
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.loaders.pages import Page, blocks_of
from knowledge_base.loaders.pdf_letters import Letter, lines_of
from knowledge_base.loaders.pdf_lines import PageLines
from knowledge_base.loaders.safe_xml import Element, attribute, child, local, parse
from knowledge_base.records import Reading

MAX_PAGES = 2_000
MAX_DEPTH = 50
A4_MM = (210.0, 297.0)

_Box = tuple[float, float, float, float]  # x, y, width, height in mm


@dataclass(frozen=True, slots=True)
class _Matrix:
    """The affine map of `CTM="a b c d e f"`."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def apply(self, x: float, y: float) -> tuple[float, float]:
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    @property
    def is_upright(self) -> bool:
        return self.a > 0 and self.d > 0 and abs(self.b) < 0.05 * self.a and abs(self.c) < 0.05 * self.d


def read(data: bytes) -> Reading:
    """Return headings (lines set larger than the text) and paragraphs, in page order.

    Raises:
        EncryptedFile: If the package is encrypted.
        ClassifiedDocument: If a running header or footer bears 密级.
        UnreadableFile: If the package is damaged, would unpack beyond bounds, or has no text layer.
    """
    package = _Package(data)
    pages: list[Page] = []
    pictures = 0
    for root in package.documents():
        for content, box in package.pages(root):
            if len(pages) == MAX_PAGES:
                raise UnreadableFile(f"OFD 超过 {MAX_PAGES} 页：请拆分后再导入")
            letters = list(_letters(content))
            pictures += not letters and any(local(each.tag) == "ImageObject" for each in content.iter())
            lines = tuple(lines_of(letters, len(pages)))
            pages.append(Page(PageLines(box[3], lines)))
    if not any(page.text() for page in pages):
        reason = f"其中 {pictures} 页只有图像" if pictures else "没有一页有文字"
        raise UnreadableFile(
            f"OFD 共 {len(pages)} 页，{reason}：请用阅读器导出为 .pdf，再由文字识别（OCR）读取"
        )
    notes = (f"有 {pictures} 页只有图像，没有读取：请用阅读器把它们导出为 .pdf 再导入",) if pictures else ()
    return Reading(tuple(blocks_of(pages)), notes=notes)


class _Package:
    """An ofd opened for reading: OFD.xml, the documents it names, their pages."""

    def __init__(self, data: bytes) -> None:
        self._archive: zipfile.ZipFile = open_archive(data)
        if any(posixpath.basename(name) == "Encryptions.xml" for name in self._archive.namelist()):
            raise EncryptedFile("OFD 已加密：请在阅读器中解除加密后再导入")
        self._entry = self._required("OFD.xml")

    def documents(self) -> Iterator[str]:
        """Yield the paths of the documents' root parts."""
        for body in self._entry:
            root = child(body, "DocRoot")
            if local(body.tag) == "DocBody" and root is not None and root.text:
                yield _resolved("", root.text)

    def pages(self, root: str) -> Iterator[tuple[Element, _Box]]:
        """Yield each page's part and its physical box, in the order the document lists them."""
        document = self._required(root)
        usual = _box(child(document, "CommonData", "PageArea", "PhysicalBox")) or (0.0, 0.0, *A4_MM)
        for page in child(document, "Pages") or ():
            content = self._required(_resolved(root, attribute(page, "BaseLoc")))
            yield content, _box(child(content, "Area", "PhysicalBox")) or usual

    def _required(self, name: str) -> Element:
        try:
            return parse(read_member(self._archive, name), name)
        except KeyError as error:
            raise UnreadableFile(f"OFD 里缺少 {name}：文件不完整，请重新导出或重新下载") from error


def _resolved(base: str, location: str) -> str:
    """Resolve an ST_Loc: from the package's root when it begins with `/`, else from the part it stands in."""
    path = posixpath.normpath(posixpath.join("/", posixpath.dirname(base), location.strip()))
    return path.lstrip("/")


def _box(element: Element | None) -> _Box | None:
    numbers = _numbers(element.text or "") if element is not None else []
    return (numbers[0], numbers[1], numbers[2], numbers[3]) if len(numbers) == 4 else None


def _numbers(written: str) -> list[float]:
    try:
        numbers = [float(each) for each in written.split()]
    except ValueError as error:
        raise UnreadableFile(f"OFD 里的坐标 {written[:40]!r} 不是数字：文件已损坏，请重新导出") from error
    if not all(map(math.isfinite, numbers)):
        raise UnreadableFile(f"OFD 里的坐标 {written[:40]!r} 超出范围：文件已损坏，请重新导出")
    return numbers


def _letters(content: Element) -> Iterator[Letter]:
    for layer in child(content, "Content") or ():
        if attribute(layer, "Type") != "Background":
            yield from _in_block(layer, 0)


def _in_block(block: Element, depth: int) -> Iterator[Letter]:
    if depth > MAX_DEPTH:
        raise UnreadableFile(f"OFD 的图元嵌套超过 {MAX_DEPTH} 层，无法读取：请重新导出")
    for element in block:
        kind = local(element.tag)
        if kind == "PageBlock":
            yield from _in_block(element, depth + 1)
        elif kind == "TextObject" and attribute(element, "Visible") != "false":
            yield from _of_text(element)


def _of_text(element: Element) -> Iterator[Letter]:
    """Yield each TextCode as one piece of a line; TextCode without X or Y goes on from the one before."""
    boundary = _numbers(attribute(element, "Boundary"))
    if len(boundary) != 4:
        raise UnreadableFile("OFD 的文字没有写明位置（Boundary）：文件已损坏，请重新导出")
    written = _numbers(attribute(element, "CTM"))
    matrix = _Matrix(*written) if len(written) == 6 else _Matrix()
    if not matrix.is_upright:
        return
    size = (_numbers(attribute(element, "Size")) or [boundary[3]])[0] * matrix.d
    x = y = 0.0
    codes = [each for each in element if local(each.tag) == "TextCode"]
    for code in codes:
        x = (_numbers(attribute(code, "X")) or [x])[0]
        y = (_numbers(attribute(code, "Y")) or [y])[0]
        text = tidy(code.text or "")
        left, baseline = matrix.apply(x, y)
        left, baseline = boundary[0] + left, boundary[1] + baseline
        if text:
            advance = sum(0.5 if letter.isascii() else 1.0 for letter in text) * size
            right = left + advance
            if len(codes) == 1:
                right = max(left + 0.5 * size, boundary[0] + boundary[2])
            yield Letter(text, left, right, baseline - 0.88 * size, baseline + 0.12 * size, size)
