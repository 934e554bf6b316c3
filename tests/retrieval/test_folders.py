import os
import threading
from pathlib import Path

import pytest

from retrieval.folders import ABANDONED_AFTER_S, is_complete, write_folder

MEMBERS = ("a.txt", "inner/b.txt")


def fill(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "a.txt").write_text("甲")
    (folder / "inner/b.txt").write_text("乙")


def test_writes_every_member_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = write_folder(tmp_path / "models" / "one", MEMBERS, fill)
    assert (target / "a.txt").read_text() == "甲"
    assert (target / "inner/b.txt").read_text() == "乙"
    assert [path.name for path in target.parent.iterdir()] == ["one"]


def test_a_complete_folder_is_not_filled_again(tmp_path: Path) -> None:
    target = write_folder(tmp_path / "one", MEMBERS, fill)

    def refuse(folder: Path) -> None:
        raise AssertionError(folder)

    assert write_folder(target, MEMBERS, refuse) == target


def test_an_incomplete_folder_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "one"
    target.mkdir()
    (target / "a.txt").write_text("half")
    write_folder(target, MEMBERS, fill)
    assert (target / "a.txt").read_text() == "甲"
    assert is_complete(target, MEMBERS)


def test_what_fails_halfway_leaves_no_trace(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "a.txt").write_text("甲")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        write_folder(tmp_path / "one", MEMBERS, fail)
    assert list(tmp_path.iterdir()) == []


def test_a_forgotten_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"one was written without inner/b\.txt"):
        write_folder(tmp_path / "one", MEMBERS, lambda folder: (folder / "a.txt").touch())
    assert list(tmp_path.iterdir()) == []


def test_racing_writers_agree_on_one_folder(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def fill_late(folder: Path) -> None:
        fill(folder)
        together.wait(timeout=10)

    failures: list[Exception] = []

    def race() -> None:
        try:
            write_folder(tmp_path / "one", MEMBERS, fill_late)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert is_complete(tmp_path / "one", MEMBERS)


def test_the_folder_is_readable_by_other_users(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        target = write_folder(tmp_path / "one", MEMBERS, fill)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o755


def test_only_long_abandoned_siblings_are_swept(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".one.1-aa.partial", tmp_path / ".one.2-bb.partial"
    old.mkdir()
    fresh.mkdir()
    long_ago = old.stat().st_mtime - ABANDONED_AFTER_S - 1
    os.utime(old, (long_ago, long_ago))
    write_folder(tmp_path / "one", MEMBERS, fill)
    assert not old.exists()
    assert fresh.exists()
