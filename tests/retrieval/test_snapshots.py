"""Snapshots are there whole or not at all, and what is damaged is named."""

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base.errors import IndexDamaged
from retrieval.snapshots import Snapshots, Stamp


def stamped(revision: int) -> Stamp:
    return Stamp(revision=revision, encoder="bigram-64", words="abc", layout=1)


def parts(number: int) -> Callable[[Path], None]:
    """Write the same number into two files, one of them in an inner folder."""

    def write(folder: Path) -> None:
        (folder / "table").write_text(str(number), encoding="utf-8")
        (folder / "inner").mkdir()
        (folder / "inner" / "vectors").write_text(str(number), encoding="utf-8")

    return write


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "snapshots").iterdir()}


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert Snapshots(tmp_path / "index").current() is None


def test_what_was_published_is_current_sound_and_stamped(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    published = snapshots.publish(stamped(7), parts(7))
    assert Snapshots(tmp_path).current() == published
    assert published.name.startswith("r7-")
    assert snapshots.stamp(published) == stamped(7)
    snapshots.verify(published)
    assert (published / "inner" / "vectors").read_text(encoding="utf-8") == "7"


def test_who_may_read_the_files_may_open_their_folder(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        published = Snapshots(tmp_path).publish(stamped(7), parts(7))
    finally:
        os.umask(before)
    assert stat.S_IMODE(published.stat().st_mode) == 0o755


def test_only_the_newest_and_the_one_before_are_kept(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    kept = [snapshots.publish(stamped(number), parts(number)).name for number in range(5)][-2:]
    assert names(tmp_path) == set(kept)


def test_what_a_killed_writer_left_is_removed_and_takes_nobodys_place(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    first = snapshots.publish(stamped(1), parts(1))
    (tmp_path / "snapshots" / "draft-left").mkdir()
    second = snapshots.publish(stamped(2), parts(2))
    assert names(tmp_path) == {first.name, second.name}


def test_when_writing_fails_the_draft_goes_and_the_last_one_stays(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    good = snapshots.publish(stamped(1), parts(1))

    def fail(folder: Path) -> None:
        parts(2)(folder)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        snapshots.publish(stamped(2), fail)
    assert names(tmp_path) == {good.name}
    assert snapshots.current() == good


def test_a_changed_file_is_named_with_both_checksums(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    published = snapshots.publish(stamped(1), parts(1))
    (published / "inner" / "vectors").write_text("2", encoding="utf-8")
    with pytest.raises(IndexDamaged, match=r"inner/vectors has checksum d4735e3a265e, expected 6b86b273ff34"):
        snapshots.verify(published)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    published = snapshots.publish(stamped(1), parts(1))
    (published / "table").unlink()
    with pytest.raises(IndexDamaged, match=r"table is missing; rebuild with `wenzheng reindex`"):
        snapshots.verify(published)


@pytest.mark.parametrize(
    "seal",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"stamp": {}, "sha256": {}}',
        '{"stamp": {"revision": 1, "colour": 2}, "sha256": {}}',
    ],
)
def test_a_damaged_stamp_is_named(tmp_path: Path, seal: str) -> None:
    snapshots = Snapshots(tmp_path)
    published = snapshots.publish(stamped(1), parts(1))
    (published / "stamp.json").write_text(seal, encoding="utf-8")
    for look in (snapshots.stamp, snapshots.verify):
        with pytest.raises(IndexDamaged, match=rf"{published.name}: stamp\.json cannot be read"):
            look(published)


@pytest.mark.parametrize("pointer", [b"r9-gone", b"\xff\xfe"])
def test_a_pointer_to_nothing_is_as_good_as_none(tmp_path: Path, pointer: bytes) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.publish(stamped(1), parts(1))
    (tmp_path / "CURRENT").write_bytes(pointer)
    assert snapshots.current() is None


def test_the_stamp_lists_every_file(tmp_path: Path) -> None:
    published = Snapshots(tmp_path).publish(stamped(1), parts(1))
    assert set(json.loads((published / "stamp.json").read_text(encoding="utf-8"))["sha256"]) == {
        "table",
        "inner/vectors",
    }


@pytest.mark.slow
def test_a_reader_beside_a_writer_never_sees_a_missing_or_mixed_snapshot(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.publish(stamped(0), parts(0))
    done = threading.Event()
    seen: list[int] = []
    faults: list[str] = []

    def read() -> None:
        reader = Snapshots(tmp_path)
        while not done.is_set():
            snapshot = reader.current()
            if snapshot is None:
                faults.append("none is current")
                continue
            try:
                reader.verify(snapshot)
                numbers = {(snapshot / file).read_text("utf-8") for file in ("table", "inner/vectors")}
                revision = reader.stamp(snapshot).revision
            except (IndexDamaged, OSError) as error:
                # Two more were published while this one was read, and it was removed.
                if reader.current() == snapshot:
                    faults.append(str(error))
                continue
            if numbers != {str(revision)}:
                faults.append(f"{snapshot.name} holds {numbers}")
            seen.append(revision)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(1, 31):
        snapshots.publish(stamped(number), parts(number))
    done.set()
    thread.join()
    assert faults == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
