"""Damaged files, a full disk, a locked base: a clear error, and the last good index goes on serving."""

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.errors import IndexDamaged, IndexUnwritable, StoreError
from knowledge_base.store import KnowledgeStore
from retrieval.indexing import Indexer
from retrieval.live_index import LiveIndex
from retrieval.snapshots import Snapshots
from tests.retrieval.fakes import BigramEncoder
from tests.retrieval.test_indexing import FEE, PENALTY, TERM, current, land, make, texts

FILES = (
    "dense.faiss",
    "passages.npz",
    "questions/dense.faiss",
    "questions/passages.npz",
    "questions/phrasings.json",
    "questions/regions.json",
    "regions.json",
    "spans.npy",
    "stamp.json",
    "texts/data.csc.index.npy",
    "texts/indices.csc.index.npy",
    "texts/indptr.csc.index.npy",
    "texts/params.index.json",
    "texts/vocab.index.json",
    "titles/data.csc.index.npy",
    "titles/indices.csc.index.npy",
    "titles/indptr.csc.index.npy",
    "titles/params.index.json",
    "titles/vocab.index.json",
    "words.json",
)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


WAYS: dict[str, Callable[[Path], None]] = {
    "truncated": truncate, "flipped": flip, "missing": Path.unlink, "empty": empty,
}  # fmt: skip


def test_the_files_below_are_all_an_index_has(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE)
    indexer = make(store, tmp_path)
    indexer.catch_up()
    snapshot = current(indexer)
    assert sorted(p.relative_to(snapshot).as_posix() for p in snapshot.rglob("*") if p.is_file()) == [*FILES]


@pytest.mark.slow
def test_any_damage_to_any_file_is_told_survived_and_repaired(store: KnowledgeStore, tmp_path: Path) -> None:
    """The worker that runs goes on; one that starts beside the damage takes the snapshot before."""
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    land(store, FEE, TERM)
    indexer.catch_up()
    running = LiveIndex(make(store, tmp_path))
    running.get()
    older, sound = indexer.older()[0], current(indexer)
    backup = shutil.copytree(sound, tmp_path / "sound")
    for name in FILES:
        for way, damage in WAYS.items():
            damage(sound / name)
            with pytest.raises(IndexDamaged):
                indexer.open(sound)
            assert len(running.get().search(["养犬登记"])[0]) == 2, (name, way)
            started = LiveIndex(indexer)
            assert len(started.get()) == 1, (name, way)
            assert started.revision == indexer.revision(older)
            shutil.copy(backup / name, sound / name)
    flip(sound / "stamp.json")
    assert indexer.catch_up()
    assert sorted(texts(store, indexer)) == [FEE, TERM]


@pytest.mark.parametrize("content", [None, b"", b"r9-nothing", b"\xff\xfe"])
@pytest.mark.slow
def test_a_damaged_pointer_is_made_anew(store: KnowledgeStore, tmp_path: Path, content: bytes | None) -> None:
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    running = LiveIndex(make(store, tmp_path))
    index = running.get()
    pointer = tmp_path / "index" / "CURRENT"
    if content is None:
        pointer.unlink()
    else:
        pointer.write_bytes(content)
    assert running.get() is index
    assert indexer.catch_up()
    assert texts(store, indexer) == [FEE]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    return ballast


@pytest.mark.slow
def test_a_full_disk_leaves_the_index_that_serves(store: KnowledgeStore, small_disk: Path) -> None:
    indexer = Indexer(store, BigramEncoder(), small_disk / "index")
    land(store, FEE)
    indexer.catch_up()
    live = LiveIndex(Indexer(store, BigramEncoder(), small_disk / "index"))
    before = live.get()
    ballast = fill(small_disk)
    land(store, FEE, TERM, PENALTY)
    with pytest.raises(IndexUnwritable, match=r"索引没有写成.*wenzheng reindex"):
        indexer.catch_up()
    assert live.get() is before
    assert Snapshots(small_disk / "index").leftovers() == []
    assert len(LiveIndex(Indexer(store, BigramEncoder(), small_disk / "index")).get()) == 1
    ballast.unlink()
    assert indexer.catch_up()
    assert set(texts(store, indexer)) == {FEE, TERM, PENALTY}


def test_a_full_disk_leaves_the_base_as_it_was(empty_database: Path, small_disk: Path) -> None:
    shutil.copy(empty_database, small_disk / "wenzheng.db")
    engine = open_database(f"sqlite:///{small_disk / 'wenzheng.db'}")
    store = KnowledgeStore(engine)
    land(store, FEE)
    ballast = fill(small_disk)
    with pytest.raises(StoreError, match="磁盘已满"):
        land(store, *(f"第{n}条 {'养犬应当登记。' * 2000}" for n in "一二三四"))
    assert [chunk.draft.text for chunk in store.snapshot()[1]] == [FEE]
    ballast.unlink()
    land(store, FEE, TERM)
    assert store.revision() == 2
    engine.dispose()


@pytest.mark.parametrize("step", ["write", "point", "cache"])
@pytest.mark.slow
def test_wherever_the_disk_is_full_the_last_index_stays(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The same without a mount, at each place that writes."""
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    before = current(indexer)
    land(store, FEE, TERM)

    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "write":
        monkeypatch.setattr("retrieval.dense.faiss.write_index", no_space)
    elif step == "point":
        monkeypatch.setattr("retrieval.snapshots.Path.replace", no_space)
    else:
        monkeypatch.setattr("retrieval.vector_cache.VectorCache.put", no_space)
    with pytest.raises(IndexUnwritable, match="No space left"):
        indexer.catch_up()
    monkeypatch.undo()
    assert current(indexer) == before
    assert Snapshots(tmp_path / "index").leftovers() == []
    assert LiveIndex(make(store, tmp_path)).get().search(["养犬"])[0]
    assert make(store, tmp_path).catch_up()


def test_a_locked_base_is_told_and_reading_goes_on(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(store, FEE)
    monkeypatch.setattr("knowledge_base.database.BUSY_TIMEOUT_MS", 50)
    engine = open_database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    impatient = KnowledgeStore(engine)
    other = sqlite3.connect(tmp_path / "wenzheng.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="数据库被别的程序占用"):
        land(impatient, FEE, TERM)
    assert [chunk.draft.text for chunk in impatient.snapshot()[1]] == [FEE]
    other.execute("ROLLBACK")
    other.close()
    land(impatient, FEE, TERM)
    assert len(impatient.snapshot()[1]) == 2
    engine.dispose()
