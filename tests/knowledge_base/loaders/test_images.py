"""Pictures refused before anything is recognised, and how long ones are cut."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import images
from tests.knowledge_base.loaders.scans import saved

pytest.importorskip("rapidocr")


class Idle:
    """Stands for the recogniser, which none of these pictures should reach."""

    def read(self, picture: Image.Image, number: int) -> None:
        raise AssertionError("decoded and read")


@pytest.fixture(autouse=True)
def _no_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge_base.loaders.ocr.Recogniser", Idle)


def png(width: int, height: int) -> bytes:
    """A few bytes that declare a picture of any size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (12_001, 10_000), (1_000_000, 200)])
def test_a_decompression_bomb_is_refused_by_its_declared_size(width: int, height: int) -> None:
    with pytest.raises(UnreadableFile, match=r"120 百万.*压缩炸弹"):
        images.read(png(width, height))


def test_damaged_pictures() -> None:
    whole = saved(Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90), dtype=np.uint8)), "PNG")
    with pytest.raises(UnreadableFile, match="不完整或已损坏"):
        images.read(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="格式不认识"):
        images.read(whole[:8] + b"nothing of the kind")


def test_a_long_screenshot_is_cut_where_it_is_blank() -> None:
    pixels = np.full((3000, 600), 255, np.uint8)
    pixels[:, 100:500] = 0
    pixels[830:840] = 255  # the one gap near 1.4 widths
    pieces = list(images._cut(Image.fromarray(pixels)))
    assert 830 <= pieces[0].height < 840
    assert sum(piece.height for piece in pieces) == 3000
    assert all(piece.height <= 2 * 600 for piece in pieces)
