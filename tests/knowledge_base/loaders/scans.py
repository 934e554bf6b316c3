"""Makes what a scanner makes of print: a page set in a Chinese font, slightly turned, blurred and noisy."""

import io
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

EM = 40  # pixels
NOTICE = (
    "云州市公共租赁住房管理办法",
    "第一条 为了规范公共租赁住房的申请、审核和配租，保障住房困难家庭的居住需求，制定本办法。",
    "第二条 申请人应当具有本市户籍满3年，家庭人均住房建筑面积低于15平方米。",
    "第三条 申请人应当提交下列材料：",
    "（一）居民身份证；",
    "（二）收入证明。",
    "第四条 本办法自2026年3月1日起施行。",
)


@cache
def font_file() -> Path:
    """A font with Chinese letters: what fontconfig names, else the usual places."""
    try:
        listed = subprocess.run(
            ["fc-list", ":lang=zh-cn", "file"], capture_output=True, text=True, timeout=30, check=False
        )
        found = [Path(line.strip().rstrip(":")) for line in listed.stdout.splitlines()]
    except OSError:
        found = [path for folder in ("/usr/share/fonts", "/usr/local/share/fonts")
                 for path in Path(folder).rglob("*CJK*")]  # fmt: skip
    usable = sorted(path for path in found if path.suffix in {".ttc", ".otf", ".ttf"} and path.exists())
    if not usable:
        pytest.skip("no Chinese font here: apt-get install fonts-noto-cjk")
    return next((path for path in usable if "SerifCJK-Regular" in path.name), usable[0])


def printed(
    paragraphs: Sequence[str],
    *,
    width: int = 1240,
    height: int = 1000,
    angle: float = 1.0,
    noise: float = 10.0,
) -> Image.Image:
    """Set paragraphs, the first as a centred title, and scan the page."""
    font = ImageFont.truetype(str(font_file()), EM)
    large = ImageFont.truetype(str(font_file()), EM * 7 // 5)
    page = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(page)
    title, *rest = paragraphs
    draw.text(((width - draw.textlength(title, font=large)) / 2, 90), title, font=large, fill=20)
    y = 200
    for paragraph in rest:
        x, line = 120 + 2 * EM, ""
        for letter in paragraph:
            if draw.textlength(line + letter, font=font) > width - 120 - x and letter not in "，。；：、）":
                draw.text((x, y), line, font=font, fill=20)
                x, y, line = 120, y + 70, ""
            line += letter
        draw.text((x, y), line, font=font, fill=20)
        y += 70
    turned = page.rotate(angle, fillcolor=250, resample=Image.Resampling.BICUBIC)
    grey = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float64)
    grey += np.random.default_rng(7).normal(0, noise, grey.shape)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
