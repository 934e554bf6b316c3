"""Reading print off a picture with RapidOCR on OpenVINO; its models are in the package, no network is used.

It is the extra `ocr`. Everything that touches the library is here.
"""

import functools
import io
import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, cast

from knowledge_base.errors import ClassifiedDocument, MissingTool, UnreadableFile
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.records import OcrLine, OcrPage

if TYPE_CHECKING:
    from PIL.Image import Image
    from rapidocr import RapidOCR
    from rapidocr.utils.output import RapidOCROutput

MAX_PAGES = 300
MAX_SECONDS = 3_600
LONG_SIDE_PX = 2_000  # the detector scales larger pictures down to this
REVIEW_SIDE_PX = 1_200

# A star is read as any of many signs; a marking in print stands on a line of its own.
_MARKED = re.compile(
    r"(?:№?\d{1,8})?(?:绝密|机密|秘密|絕密|機密|祕密)(?:[^\u4e00-\u9fff，。；：、]{0,2}|[大女支米])"
    r"(?:\d{1,3}(?:年|个月|月|天|日)|长期|長期)|(?:绝密|机密|秘密|絕密|機密|祕密)[★☆＊*✭]?"
)

_engine_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of print where it stands once the page is set straight; units are pixels.

    `height` is that of the line's own box, which a slant does not add to.
    """

    text: str
    confidence: float
    x0: float
    x1: float
    middle: float
    height: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """A page as read: straightened lines to lay out, and the page to keep for review."""

    width: int
    height: int
    lines: tuple[Placed, ...]
    page: OcrPage


class Recogniser:
    """Reads the pages of one file, within bounds on their number and the time they take together.

    Raises:
        MissingTool: If the extra is not installed.
    """

    def __init__(self) -> None:
        self._engine = _engine()
        self._read = 0
        self._until = time.monotonic() + MAX_SECONDS

    def read(self, picture: "Image", number: int) -> Recognised:
        """Read one upright page; `number` counts from 1.

        Raises:
            UnreadableFile: If this page is one too many, or time is up.
        """
        import numpy as np

        if self._read == MAX_PAGES:
            raise UnreadableFile(f"需要文字识别的超过 {MAX_PAGES} 页：请拆分后再导入")
        if time.monotonic() > self._until:
            raise UnreadableFile(
                f"文字识别已用 {MAX_SECONDS} 秒，只读完 {self._read} 页：请拆分后再导入，或换一台更快的机器"
            )
        self._read += 1
        picture = _flattened(picture)
        picture.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX))
        # The library keeps state while it reads.
        with _engine_lock:
            answer = self._engine(np.asarray(picture)[:, :, ::-1], text_score=0.0)
        found = cast("RapidOCROutput", answer)  # it is of other kinds only when a stage is switched off
        if found.boxes is None or found.txts is None or found.scores is None:
            return Recognised(picture.width, picture.height, (), OcrPage(number, (), _kept(picture)))
        read = [
            (text, float(score), [(float(x), float(y)) for x, y in box])
            for box, raw, score in zip(found.boxes, found.txts, found.scores, strict=True)
            if (text := tidy(raw))
        ]
        lines = tuple(
            OcrLine(text, round(score, 4), _share(corners, picture.width, picture.height))
            for text, score, corners in read
        )
        slant = _slant([corners for _, _, corners in read])
        placed = tuple(_placed(text, score, corners, slant) for text, score, corners in read)
        return Recognised(picture.width, picture.height, placed, OcrPage(number, lines, _kept(picture)))


def refuse_marked(pages: Sequence[OcrPage]) -> None:
    """Refuse a file one of whose pages bears 密级, also where OCR took the star for something else.

    Raises:
        ClassifiedDocument: Naming the page and what was read.
    """
    for page in pages:
        for line in page.lines:
            if _MARKED.fullmatch(line.text.replace(" ", "")):
                raise ClassifiedDocument(
                    f"第 {page.number} 页标有密级“{line.text}”（由图像识别），涉密文件不得导入"
                )


@functools.cache
def _engine() -> "RapidOCR":
    try:
        from rapidocr import EngineType, RapidOCR
    except ImportError as error:
        raise MissingTool(
            "扫描件和图片要做文字识别（OCR），而识别组件没有安装：请运行 pip install 'wenzheng[ocr]'，"
            "或导入 Word 原件、带文字层的 PDF"
        ) from error
    engine = EngineType.OPENVINO
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.engine_type": engine,
            "Cls.engine_type": engine,
            "Rec.engine_type": engine,
        }
    )


def _flattened(picture: "Image") -> "Image":
    """Return the picture in RGB, what is transparent shown on white, as a reader sees it."""
    from PIL import Image

    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    if picture.mode.startswith("I") or picture.mode == "F":
        import numpy as np

        grey = np.asarray(picture, dtype=np.float64)
        span = float(np.ptp(grey)) or 1.0
        return Image.fromarray(((grey - grey.min()) * (255 / span)).astype(np.uint8)).convert("RGB")
    return picture.convert("RGB")


def _kept(picture: "Image") -> bytes:
    small = picture.copy()
    small.thumbnail((REVIEW_SIDE_PX, REVIEW_SIDE_PX))
    file = io.BytesIO()
    small.convert("L").save(file, "JPEG", quality=60, optimize=True)
    return file.getvalue()


_Corners = Sequence[tuple[float, float]]  # top left, top right, bottom right, bottom left


def _share(corners: _Corners, width: int, height: int) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    shares = (min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)
    left, top, right, bottom = (round(min(max(share, 0.0), 1.0), 4) for share in shares)
    return left, top, right, bottom


def _slant(boxes: Sequence[_Corners]) -> float:
    """Return the page's angle in radians, as its longer lines have it."""
    longest = sorted(boxes, key=lambda box: box[1][0] - box[0][0], reverse=True)
    angles = [
        math.atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]) for box in longest[: len(longest) // 2 + 1]
    ]
    return median(angles) if angles else 0.0


def _placed(text: str, confidence: float, corners: _Corners, slant: float) -> Placed:
    cos, sin = math.cos(-slant), math.sin(-slant)
    straight = [(x * cos - y * sin, x * sin + y * cos) for x, y in corners]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = straight
    height = (math.dist((ax, ay), (dx, dy)) + math.dist((bx, by), (cx, cy))) / 2
    return Placed(text, confidence, min(ax, dx), max(bx, cx), (ay + by + cy + dy) / 4, height)
