"""Zips as people and attackers make them: names in any encoding, links, passwords, archives in archives."""

import io
import stat
import zipfile
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base import archives
from knowledge_base.archives import members
from knowledge_base.errors import LoadError, UnreadableFile

MAX = 1_000_000


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def raw_name(name: bytes) -> bytes:
    """A zip whose one member is named by these bytes, without the mark of UTF-8."""
    placeholder = "x" * len(name)
    return zipped({placeholder: b"1"}).replace(placeholder.encode(), name)


def read(data: bytes) -> dict[str, str]:
    """Return the content of each member, or the reason why it was not read."""
    found: dict[str, str] = {}
    for member in members(data, max_bytes=MAX):
        try:
            found[member.name] = member.read().decode()
        except LoadError as fault:
            found[member.name] = f"!{fault}"
    return found


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("民政/通知.txt".encode("gb18030"), "民政/通知.txt"),
        ("民政/通知.txt".encode(), "民政/通知.txt"),
        ("民政\\通知.txt".encode("gb18030"), "民政/通知.txt"),
        (b"a.txt", "a.txt"),
    ],
)
def test_names_are_decoded(name: bytes, shown: str) -> None:
    assert read(raw_name(name)) == {shown: "1"}


def test_marked_names_and_what_systems_leave_behind() -> None:
    files = {
        "文件/通知.txt": b"1",
        "__MACOSX/._a": b"2",
        ".DS_Store": b"3",
        "文件/~$稿.docx": b"4",
        "Thumbs.db": b"5",
        "空/": b"",
    }
    assert read(zipped(files)) == {"文件/通知.txt": "1"}


@pytest.mark.parametrize(
    "name", ["../逃.txt", "/etc/passwd", "a/../../逃.txt", "C:\\windows\\a.txt", "C:a.txt"]
)
def test_names_that_lead_out_are_refused_alone(name: str) -> None:
    found = read(zipped({name: b"1", "好.txt": b"2"}))
    assert found.pop("好.txt") == "2"
    assert all("恶意压缩包" in reason for reason in found.values())
    assert len(found) == 1


def test_links_and_passwords_and_doubles_are_refused_alone() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("链接.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("密.txt", b"0")
        archive.writestr("好.txt", b"2")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("好.txt", b"3")
    data = bytearray(file.getvalue())
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[at + 8] |= 1  # the flag of encryption, of the second entry in the directory
    items = [(member.name, member) for member in members(bytes(data), max_bytes=MAX)]
    assert [name for name, _ in items] == ["链接.txt", "密.txt", "好.txt", "好.txt"]
    for (_, member), words in zip(items, ("是一个链接", "有密码", "", "两个同名"), strict=True):
        if words:
            with pytest.raises(LoadError, match=words):
                member.read()
        else:
            assert member.read() == b"2"


def test_archives_in_archives_go_only_so_deep() -> None:
    data = zipped({"底.txt": b"1"})
    for n in range(4):
        data = zipped({f"{n}.zip": data, f"{n}.txt": b"0"})
    found = read(data)
    assert found["3.zip!/2.txt"] == "0"
    assert "嵌套超过 3 层" in found["3.zip!/2.zip!/1.zip"]


def test_bounds_hold_over_all_depths(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zipped({f"{n}.txt": b"1" for n in range(4)})
    data = zipped({"甲.zip": inner, "乙.zip": inner, "好.txt": b"2"})
    monkeypatch.setattr(archives, "MAX_MEMBERS", 8)
    found = read(data)
    assert found["好.txt"] == "2"
    assert found["甲.zip!/0.txt"] == "1"
    assert "疑似压缩炸弹" in found["乙.zip"]
    large = read(zipped({"大.txt": b"0" * (MAX + 1), "好.txt": b"2"}))
    assert large["好.txt"] == "2"
    assert "上限" in large["大.txt"]


def test_a_bomb_and_a_broken_archive_are_refused_whole() -> None:
    with pytest.raises(UnreadableFile, match="压缩比"):
        read(zipped({"炸.txt": b"0" * 40_000_000}))
    with pytest.raises(UnreadableFile, match="目录读不出来"):
        read(zipped({"a.txt": b"1"})[:-30])


@given(st.binary(max_size=80), st.integers(0, 200), st.integers(0, 255))
def test_damaged_archives_are_read_or_refused(junk: bytes, place: int, byte: int) -> None:
    data = bytearray(zipped({"甲/通知.txt": b"123", "乙.zip": zipped({"丙.txt": b"4"})}) + junk)
    data[place % len(data)] = byte
    with suppress(LoadError):
        read(bytes(data))
