"""What is inside a zip: its files one by one, each readable or with the reason why not.

Nothing is written to disk. The bounds of `knowledge_base.loaders.bounds` hold for an archive together
with those inside it.
"""

import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from knowledge_base.errors import EncryptedFile, LoadError, UnreadableFile
from knowledge_base.loaders.bounds import (
    MAX_MEMBERS,
    MAX_UNPACKED_BYTES,
    open_archive,
    read_member,
    shown_size,
)

MAX_DEPTH = 3
INSIDE = "!/"  # between an archive's name and that of a file in it

_UTF8_FLAG = 0x800
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        name: Its path in the archive, `/` between folders; through archives within, `内.zip!/文件.docx`.
        read: Gives its bytes, or raises a LoadError with the reason.
    """

    name: str
    read: Callable[[], bytes] = field(repr=False)


@dataclass(slots=True)
class _Budget:
    members: int
    unpacked: int

    def take(self, archive: zipfile.ZipFile) -> None:
        infos = archive.infolist()
        self.members -= len(infos)
        self.unpacked -= sum(info.file_size for info in infos)
        if self.members < 0 or self.unpacked < 0:
            raise UnreadableFile(
                f"压缩包连同其中的压缩包超过 {MAX_MEMBERS} 个成员或解压后 {shown_size(MAX_UNPACKED_BYTES)}："
                "疑似压缩炸弹，已拒绝"
            )


def is_archive(name: str) -> bool:
    """Tell by its name whether a file is an archive that is looked into."""
    return name.lower().endswith(".zip")


def members(data: bytes, *, max_bytes: int) -> Iterator[Member]:
    """Yield the files of a zip in its order; folders, hidden files and what systems add are left out.

    Raises:
        UnreadableFile: If the archive itself is damaged or goes beyond bounds.
    """
    yield from _members(data, "", 1, _Budget(MAX_MEMBERS, MAX_UNPACKED_BYTES), max_bytes)


def _members(data: bytes, prefix: str, depth: int, budget: _Budget, max_bytes: int) -> Iterator[Member]:
    archive = open_archive(data, with_password=True)
    budget.take(archive)
    seen: set[str] = set()
    for info in archive.infolist():
        name = _name(info)
        if info.is_dir() or name.endswith("/") or _is_clutter(name):
            continue
        shown = f"{prefix}{name}"
        try:
            _check(info, name, seen)
            if is_archive(name):
                if depth == MAX_DEPTH:
                    raise UnreadableFile(f"压缩包嵌套超过 {MAX_DEPTH} 层：请解压后再导入")
                inner = _read(archive, info, max_bytes)
                yield from _members(inner, f"{shown}{INSIDE}", depth + 1, budget, max_bytes)
                continue
        except LoadError as fault:
            yield Member(shown, partial(_refuse, fault))
            continue
        yield Member(shown, partial(_read, archive, info, max_bytes))


def _refuse(fault: LoadError) -> bytes:
    raise fault


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, max_bytes: int) -> bytes:
    if info.flag_bits & 1:
        raise EncryptedFile("压缩包里的这个文件有密码：请去掉密码后再导入")
    return read_member(archive, info, max_bytes=max_bytes)


def _name(info: zipfile.ZipInfo) -> str:
    """Decode a name: as UTF-8 where it is marked so or reads so, else as GB18030, as Windows writes it."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        raw = name.encode("cp437")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/").removeprefix("./")


def _check(info: zipfile.ZipInfo, name: str, seen: set[str]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name) or any(ord(each) < 32 for each in name):
        raise UnreadableFile("文件名指到压缩包之外：疑似恶意压缩包，这个文件没有读取")
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnreadableFile("这是一个链接或设备，不是文件：请把它指向的文件放进压缩包")
    if name in seen:
        raise UnreadableFile("压缩包里有两个同名的文件，只读取第一个：请改名后再导入")
    seen.add(name)


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(
        (part.startswith((".", "~$")) and part not in {".", ".."}) or part == "__MACOSX" for part in parts
    ) or (bool(parts) and parts[-1] in {"Thumbs.db", "desktop.ini"})
