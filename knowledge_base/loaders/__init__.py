"""Turning files into blocks of text; which loader takes which suffix.

A loader neither judges nor rearranges: what a citizen could read in the file becomes blocks in
reading order, nothing lost, nothing invented, nothing doubled. Page furniture (page numbers,
running headers, navigation) is left out.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from knowledge_base.errors import LoadError, UnreadableFile, UnsupportedFormat
from knowledge_base.loaders import docx, html, images, markdown, ofd, office, pdf, text, xlsx
from knowledge_base.loaders.bounds import shown_size
from knowledge_base.loaders.reading_bytes import MAX_BYTES, check_size, read_bytes
from knowledge_base.loaders.sniffing import IMAGE_SUFFIXES, contradiction
from knowledge_base.records import Block, Reading

__all__ = ["MAX_BYTES", "SUFFIXES", "check_suffix", "load", "read", "read_bytes"]

_Reader = Callable[[bytes], Reading]


def _of_blocks(reader: Callable[[bytes], tuple[Block, ...]]) -> _Reader:
    return lambda data: Reading(reader(data))


_READERS: Mapping[str, _Reader] = {
    ".md": _of_blocks(markdown.read),
    ".txt": _of_blocks(text.read),
    ".html": _of_blocks(html.read),
    ".htm": _of_blocks(html.read),
    ".docx": _of_blocks(docx.read),
    ".doc": office.read,
    ".wps": office.read,
    ".rtf": office.read,
    ".pdf": pdf.read,
    ".ofd": ofd.read,
    ".xlsx": xlsx.read,
    **dict.fromkeys(IMAGE_SUFFIXES, images.read),
}
SUFFIXES: frozenset[str] = frozenset(_READERS)

_CURES = {
    ".xls": "请用 Excel 或 WPS 另存为 .xlsx",
    ".et": "请用 WPS 另存为 .xlsx",
    ".rar": "请解压后再导入，或改用 .zip",
    ".7z": "请解压后再导入，或改用 .zip",
    ".gif": "请另存为 .png",
    ".zip": "压缩包由 wenzheng ingest 逐个读取其中的文件",
}

_log = logging.getLogger(__name__)


def load(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[Block, ...]:
    """Read one file on disk into blocks, in reading order; at least one.

    Raises:
        LoadError: See `read` and `read_bytes`.
    """
    if not path.is_dir():
        check_suffix(path.name)
    return read(path.name, read_bytes(path, max_bytes), max_bytes=max_bytes).blocks


def check_suffix(name: str) -> None:
    """Refuse a name whose suffix no loader takes, before its bytes are read.

    Raises:
        UnsupportedFormat: Naming what is taken, and the cure.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _READERS:
        taken = "、".join(sorted(SUFFIXES))
        cure = _CURES.get(suffix, "请转换为其中一种")
        raise UnsupportedFormat(f"不支持 {suffix or '没有扩展名的'} 文件：可读取的是 {taken}；{cure}")


def read(name: str, data: bytes, *, max_bytes: int = MAX_BYTES) -> Reading:
    """Read the bytes of one file; at least one block.

    Args:
        name: Its suffix, in any case, says which loader takes it.

    Raises:
        UnsupportedFormat: If the suffix is not taken, or the content is of another kind than it says.
        EncryptedFile: If a password is needed.
        MissingTool: If an extra or a program for this kind is not installed.
        ClassifiedDocument: If a part that yields no blocks, such as a page header, bears 密级.
        UnreadableFile: If it is empty, too large, truncated, wrongly encoded, shows nothing readable, or
            would unpack beyond the bounds of `knowledge_base.loaders.bounds`.
    """
    check_suffix(name)
    check_size(len(data), max_bytes)
    suffix = PurePosixPath(name).suffix.lower()
    if reason := contradiction(suffix, data):
        raise UnsupportedFormat(reason)
    try:
        reading = _READERS[suffix](data)
    except LoadError:
        raise
    except RecursionError as error:
        raise UnreadableFile("文件内部的嵌套层数过深，无法读取：请另存一份结构简单的文件") from error
    except Exception as error:
        # Parsers of hostile bytes fail in too many ways to list; a folder must still land without the file.
        _log.warning("%s could not be parsed", name, exc_info=True)
        raise UnreadableFile(
            f"文件结构已损坏，解析失败（{type(error).__name__}）：请重新导出或重新下载"
        ) from error
    if not any(block.text.strip() for block in reading.blocks):
        raise UnreadableFile(f"文件有 {shown_size(len(data))}，却没有可读的文字：请核对是否导出完整")
    return reading
