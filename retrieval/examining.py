"""What is wrong with the index, its vectors and its leftovers. All of it is derived and can be repaired."""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from knowledge_base.errors import IndexDamaged
from knowledge_base.records import Finding
from knowledge_base.store import KnowledgeStore
from retrieval.backends import FaissBackend
from retrieval.contracts import VectorBackend
from retrieval.indexing import QUESTIONS_CACHE, VECTORS_CACHE, passage_of
from retrieval.snapshots import Snapshots
from retrieval.table import PassageTable

_REBUILD = "重建索引"
_CACHES = {"向量缓存": VECTORS_CACHE, "问答向量缓存": QUESTIONS_CACHE}


def examine_index(store: KnowledgeStore, folder: Path, backend: VectorBackend | None = None) -> list[Finding]:
    """Return a finding for every check of the index under `folder`, whose vectors are kept by `backend`."""
    return [
        _examine_snapshot(store, Snapshots(folder), backend or FaissBackend()),
        *(_examine_cache(check, folder / name) for check, name in _CACHES.items()),
        _examine_leftovers(folder),
    ]


def remove_derived_rubbish(folder: Path) -> None:
    """Remove what killed writers left and caches that cannot be read; nothing while a writer is at work."""
    with _alone(folder) as alone:
        if alone:
            for path in Snapshots(folder).leftovers():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            for check, name in _CACHES.items():
                if _examine_cache(check, folder / name).trouble:
                    (folder / name).unlink()


def _examine_snapshot(store: KnowledgeStore, snapshots: Snapshots, backend: VectorBackend) -> Finding:
    check = "索引快照"
    snapshot = snapshots.current()
    if snapshot is None:
        return Finding(check, "还没有索引，或指向它的 CURRENT 丢失、损坏", _REBUILD, repairable=True)
    try:
        snapshots.verify(snapshot)
        stamp = snapshots.stamp(snapshot)
        if stamp.vectors != backend.fingerprint:
            trouble = f"索引的向量在 {stamp.vectors}，设置要的是 {backend.fingerprint}"
            return Finding(check, trouble, _REBUILD, repairable=True)
        backend.verify(snapshot)
        table = PassageTable.load(snapshot)
    except (IndexDamaged, OSError, ValueError) as error:
        return Finding(check, f"快照 {snapshot.name} 损坏：{error}", _REBUILD, repairable=True)
    revision, chunks = store.snapshot()
    if stamp.revision != revision:
        trouble = f"索引是修订号 {stamp.revision} 的，知识库已是 {revision}"
        return Finding(check, trouble, "补上索引（运行中的 ingest 做完就会一致）", repairable=True)
    days = {
        chunk.id: (passage.from_day, passage.to_day) for chunk in chunks for passage in [passage_of(chunk)]
    }
    indexed = {
        int(id_): (int(begins), int(ends))
        for id_, begins, ends in zip(table.ids, table.from_days, table.to_days, strict=True)
    }
    if indexed != days or len(indexed) != len(table):
        wrong = len(dict(indexed.items() ^ days.items()))
        return Finding(check, f"{wrong} 个条款与数据库对不上", _REBUILD, repairable=True)
    return Finding(check)


def _examine_cache(check: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(check)
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said == "ok":
        return Finding(check)
    return Finding(check, f"不能读：{said}", "删掉后重新编码", repairable=True)


def _examine_leftovers(folder: Path) -> Finding:
    check = "被中断的写入"
    left = Snapshots(folder).leftovers()
    with _alone(folder) as alone:
        if not left or not alone:
            return Finding(check)  # a writer at work will clear up after itself
    names = "、".join(path.name for path in left[:3])
    return Finding(check, f"留下 {len(left)} 个未完成的文件：{names}", "删除", repairable=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Tell whether nobody is building an index, and let nobody begin."""
    if not folder.is_dir():
        yield False
        return
    with (folder / "LOCK").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
