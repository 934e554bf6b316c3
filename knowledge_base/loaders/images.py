"""Pictures of print (png, jpg, tif, bmp, webp): read by OCR, page by page."""

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import ocr
from knowledge_base.loaders.ocr_layout import page_of
from knowledge_base.loaders.pages import blocks_of
from knowledge_base.records import Reading

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 120_000_000
MAX_FRAMES = 300
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
LONG_PICTURE = 2.0  # height over width from which a picture is a long screenshot
CUT_HEIGHT = 1.4  # of the width, as a page has it


def read(data: bytes) -> Reading:
    """Return the paragraphs and table rows that can be read in a picture, all its frames in order.

    Raises:
        MissingTool: If OCR is not installed.
        ClassifiedDocument: If it shows 密级.
        UnreadableFile: If it is damaged, holds no readable print, or is beyond `MAX_PIXELS` or
            `MAX_FRAMES`; also beyond the bounds of `knowledge_base.loaders.ocr`.
    """
    recogniser = ocr.Recogniser()
    found = [recogniser.read(page, number) for number, page in enumerate(_pages(data), start=1)]
    pages = tuple(each.page for each in found)
    ocr.refuse_marked(pages)
    if not any(page.lines for page in pages):
        raise UnreadableFile("图片里没有认出文字：请核对是否清楚、方向是否端正")
    return Reading(tuple(blocks_of([page_of(each, n) for n, each in enumerate(found)])), pages)


def _pages(data: bytes) -> Iterator["Image"]:
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow's own bound is a warning; ours is below, on the declared size, before decoding.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
        frames = getattr(picture, "n_frames", 1)
        if frames > MAX_FRAMES:
            raise UnreadableFile(f"图片有 {frames} 页，上限 {MAX_FRAMES} 页：请拆分后再导入")
        for frame in ImageSequence.Iterator(picture):
            _check_size(frame)
            yield from _cut(ImageOps.exif_transpose(frame))
    except Image.DecompressionBombError as error:
        raise UnreadableFile(
            f"图片的像素数超过上限 {MAX_PIXELS // 1_000_000} 百万：疑似压缩炸弹，已拒绝"
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadableFile("图片已损坏或格式不认识：请重新导出为 png 或 jpg") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableFile(f"图片不完整或已损坏（{error}）：请重新导出或重新下载") from error


def _check_size(picture: "Image") -> None:
    pixels = picture.width * picture.height
    if pixels > MAX_PIXELS:
        raise UnreadableFile(
            f"图片有 {picture.width}×{picture.height} 像素，上限 {MAX_PIXELS // 1_000_000} 百万像素："
            "疑似压缩炸弹，已拒绝；正常的扫描件请降低分辨率"
        )


def _cut(picture: "Image") -> Iterator["Image"]:
    """Cut a long screenshot into pages where a row is blank, so that its print is not scaled away."""
    import numpy as np

    if picture.height <= LONG_PICTURE * picture.width:
        yield picture
        return
    # The spread of grey in each row: a blank one has none, whatever its colour.
    spread = np.ptp(np.asarray(picture.convert("L")), axis=1)
    top = 0
    while picture.height - top > LONG_PICTURE * picture.width:
        low, high = top + int(0.9 * CUT_HEIGHT * picture.width), top + int(1.1 * CUT_HEIGHT * picture.width)
        cut = low + int(np.argmin(spread[low : max(high, low + 1)]))
        yield picture.crop((0, top, picture.width, cut))
        top = cut
    yield picture.crop((0, top, picture.width, picture.height))
