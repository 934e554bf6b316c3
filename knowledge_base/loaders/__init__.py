"""Turning files into blocks of text: md, txt, html, docx and pdf.

A loader neither judges nor rearranges: what a citizen could read in the file becomes blocks in
reading order, nothing lost, nothing invented, nothing doubled. Page furniture (page numbers,
running headers, navigation) is left out.
"""

import logging
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from knowledge_base.errors import LoadError, UnreadableFile, UnsupportedFormat
from knowledge_base.loaders import docx, html, markdown, pdf, text
from knowledge_base.loaders.bounds import shown_size
from knowledge_base.loaders.sniffing import contradiction
from knowledge_base.records import Block

MAX_BYTES = 64 * 1024 * 1024

_READERS: Mapping[str, Callable[[bytes], tuple[Block, ...]]] = {
    ".md": markdown.read,
    ".txt": text.read,
    ".html": html.read,
    ".htm": html.read,
    ".docx": docx.read,
    ".pdf": pdf.read,
}
SUFFIXES: frozenset[str] = frozenset(_READERS)

_CURES = {
    ".doc": "请用 Word 或 WPS 另存为 .docx",
    ".wps": "请用 WPS 另存为 .docx",
    ".rtf": "请用 Word 或 WPS 另存为 .docx",
    ".ofd": "请用阅读器导出为带文字层的 .pdf",
    ".xls": "请把表格放进 .docx 或 .html",
    ".xlsx": "请把表格放进 .docx 或 .html",
    ".zip": "请解压后再导入",
    ".rar": "请解压后再导入",
}

_log = logging.getLogger(__name__)


def load(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[Block, ...]:
    """Read one file into blocks, in reading order; at least one.

    Args:
        path: A regular file (or a link to one) whose suffix is in `SUFFIXES`, in any case.
        max_bytes: Size of the largest file read.

    Raises:
        UnsupportedFormat: If the suffix is not taken, or the content is of another kind than it says.
        EncryptedFile: If a password is needed.
        ClassifiedDocument: If a part that yields no blocks, such as a page header, bears 密级.
        UnreadableFile: If there is no such file, or it is empty, too large, truncated, wrongly
            encoded, scanned, or would unpack beyond the bounds of `knowledge_base.loaders.bounds`.
    """
    suffix = path.suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None and not path.is_dir():
        taken = "、".join(sorted(SUFFIXES))
        cure = _CURES.get(suffix, "请转换为其中一种")
        raise UnsupportedFormat(f"不支持 {suffix or '没有扩展名的'} 文件：可读取的是 {taken}；{cure}")
    data = _read_bytes(path, max_bytes)
    if reason := contradiction(suffix, data):
        raise UnsupportedFormat(reason)
    if reader is None:
        raise UnreadableFile("这是一个文件夹，不是文件")
    try:
        blocks = reader(data)
    except LoadError:
        raise
    except RecursionError as error:
        raise UnreadableFile("文件内部的嵌套层数过深，无法读取：请另存一份结构简单的文件") from error
    except Exception as error:
        # Parsers of hostile bytes fail in too many ways to list; a folder must still land without the file.
        _log.warning("%s could not be parsed", path.name, exc_info=True)
        raise UnreadableFile(
            f"文件结构已损坏，解析失败（{type(error).__name__}）：请重新导出或重新下载"
        ) from error
    if not blocks:
        raise UnreadableFile(f"文件有 {shown_size(len(data))}，却没有可读的文字：请核对是否导出完整")
    return blocks


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableFile("这是一个文件夹，不是文件")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("这不是普通文件（可能是管道或设备），无法读取")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise UnreadableFile(f"打不开文件：{error.strerror or error}") from error
    if len(data) > max_bytes:
        size = max(status.st_size, len(data))
        raise UnreadableFile(
            f"文件有 {shown_size(size)}，上限 {shown_size(max_bytes)}：请拆分后再导入，或调高上限"
        )
    if not data:
        raise UnreadableFile("文件是空的（0 字节）：请重新导出或重新下载")
    return data
