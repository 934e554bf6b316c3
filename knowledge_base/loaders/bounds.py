"""Bounds on what a file may unpack to, checked before and while unpacking."""

import io
import lzma
import re
import zipfile
import zlib

from knowledge_base.errors import EncryptedFile, UnreadableFile

MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_PART_BYTES = 32 * 1024 * 1024
MAX_RATIO = 200
RATIO_FLOOR_BYTES = 16 * 1024 * 1024
MAX_STREAM_BYTES = 128 * 1024 * 1024

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
_STREAM = re.compile(rb"stream\r?\n(?=[\x08\x18\x28\x38\x48\x58\x68\x78])")


def shown_size(count: int) -> str:
    """Write a number of bytes for people, such as `64 MiB` or `1234 字节`."""
    mib = 1024 * 1024
    if count < mib:
        return f"{count} 字节"
    return f"{count // mib} MiB" if count % mib == 0 else f"{count / mib:.1f} MiB"


def open_archive(data: bytes, *, with_password: bool = False) -> zipfile.ZipFile:
    """Open a zip whose declared contents stay within bounds.

    Args:
        with_password: Whether members that need a password may be there, to be refused one by one.

    Raises:
        EncryptedFile: If a member needs a password.
        UnreadableFile: If the zip is damaged, or declares too many members, bytes or too high a ratio.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UnreadableFile("文件不完整或已损坏（压缩包目录读不出来）：请重新导出或重新下载") from error
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UnreadableFile(f"压缩包里有 {len(members)} 个成员，上限 {MAX_MEMBERS} 个：疑似压缩炸弹，已拒绝")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableFile(
            f"解压后有 {shown_size(unpacked)}，上限 {shown_size(MAX_UNPACKED_BYTES)}：疑似压缩炸弹，已拒绝"
        )
    ratio = unpacked / len(data)
    if unpacked > RATIO_FLOOR_BYTES and ratio > MAX_RATIO:
        raise UnreadableFile(f"压缩比约 {ratio:.0f} 倍，上限 {MAX_RATIO} 倍：疑似压缩炸弹，已拒绝")
    if not with_password and any(member.flag_bits & 1 for member in members):
        raise EncryptedFile("文件有密码保护：请去掉密码后再导入")
    return archive


def read_member(
    archive: zipfile.ZipFile, member: str | zipfile.ZipInfo, *, max_bytes: int = MAX_PART_BYTES
) -> bytes:
    """Read one member, stopping at `max_bytes` whatever its header declares.

    Raises:
        KeyError: If there is no such member.
        UnreadableFile: If it is larger, or its bytes do not match its checksum.
    """
    name = member if isinstance(member, str) else member.filename
    try:
        with archive.open(member) as stream:
            data = stream.read(max_bytes + 1)
    except (*_BROKEN, OSError, ValueError) as error:
        raise UnreadableFile(f"文件不完整或已损坏（{name} 解压失败）：请重新导出或重新下载") from error
    if len(data) > max_bytes:
        raise UnreadableFile(
            f"{name} 解压后超过 {shown_size(max_bytes)} 的上限：疑似压缩炸弹，已拒绝；正常文件请拆分"
        )
    return data


def check_streams(data: bytes) -> None:
    """Refuse a pdf one of whose deflated streams unpacks beyond `MAX_STREAM_BYTES`.

    The pdf library inflates a stream whole, so this must come before it.

    Raises:
        UnreadableFile: Naming the limit.
    """
    view = memoryview(data)
    for match in _STREAM.finditer(data):
        inflater = zlib.decompressobj()
        size, rest = 0, bytes(view[match.end() : match.end() + 65_536])
        position = match.end() + len(rest)
        try:
            while rest and not inflater.eof:
                size += len(inflater.decompress(rest, 1024 * 1024))
                if size > MAX_STREAM_BYTES:
                    raise UnreadableFile(
                        f"PDF 中有一段内容解压后超过上限 {shown_size(MAX_STREAM_BYTES)}：疑似压缩炸弹，已拒绝"
                    )
                rest = inflater.unconsumed_tail
                if not rest:
                    rest = bytes(view[position : position + 65_536])
                    position += len(rest)
        except zlib.error:
            continue
