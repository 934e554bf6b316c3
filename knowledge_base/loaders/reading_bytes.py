"""The bytes of a file, bounded; what is no regular file is named."""

import stat
from pathlib import Path

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders.bounds import shown_size

MAX_BYTES = 64 * 1024 * 1024


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the whole of a regular file (or of what a link leads to).

    Raises:
        UnreadableFile: If there is no such file, or it is no regular file, empty, or larger than `max_bytes`.
    """
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
    check_size(max(status.st_size, len(data)) if len(data) > max_bytes else len(data), max_bytes)
    return data


def check_size(size: int, max_bytes: int) -> None:
    """Refuse what is empty or larger than allowed.

    Raises:
        UnreadableFile: Naming both sizes.
    """
    if size > max_bytes:
        raise UnreadableFile(
            f"文件有 {shown_size(size)}，上限 {shown_size(max_bytes)}：请拆分后再导入，或调高上限"
        )
    if not size:
        raise UnreadableFile("文件是空的（0 字节）：请重新导出或重新下载")
