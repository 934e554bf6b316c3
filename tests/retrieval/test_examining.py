"""What is said of an index with damage made by hand, and that all of it can be made good."""

import fcntl
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.store import KnowledgeStore
from retrieval.examining import examine_index, remove_derived_rubbish
from retrieval.snapshots import Snapshots
from tests.retrieval.test_indexing import FEE, TERM, current, damage, land, make


@pytest.fixture
def folder(store: KnowledgeStore, tmp_path: Path) -> Path:
    land(store, FEE)
    make(store, tmp_path).catch_up()
    return tmp_path / "index"


def troubles(store: KnowledgeStore, folder: Path) -> dict[str, str]:
    findings = examine_index(store, folder)
    assert all(finding.repairable for finding in findings if finding.trouble)
    return {finding.check: finding.trouble for finding in findings if finding.trouble}


def test_a_sound_index_has_nothing_wrong(store: KnowledgeStore, folder: Path) -> None:
    assert troubles(store, folder) == {}


def test_no_index_at_all_is_told(store: KnowledgeStore, tmp_path: Path) -> None:
    assert list(troubles(store, tmp_path / "index")) == ["索引快照"]
    remove_derived_rubbish(tmp_path / "index")


def test_a_damaged_file_is_named(store: KnowledgeStore, folder: Path, tmp_path: Path) -> None:
    damage(current(make(store, tmp_path)))
    assert "dense.faiss has checksum" in troubles(store, folder)["索引快照"]


def test_an_index_that_is_behind_is_told_with_both_revisions(store: KnowledgeStore, folder: Path) -> None:
    land(store, FEE, TERM)
    assert troubles(store, folder) == {"索引快照": "索引是修订号 1 的，知识库已是 2"}


def test_rows_that_do_not_lead_back_to_the_base_are_counted(store: KnowledgeStore, folder: Path) -> None:
    snapshots = Snapshots(folder)
    snapshot = snapshots.current()
    assert snapshot is not None

    def write(draft: Path) -> None:
        with np.load(snapshot / "passages.npz") as columns:
            arrays = {name: columns[name] for name in columns.files}
        np.savez(draft / "passages.npz", **{**arrays, "ids": arrays["ids"] + 70})
        (draft / "regions.json").write_bytes((snapshot / "regions.json").read_bytes())

    snapshots.publish(snapshots.stamp(snapshot), write)
    assert troubles(store, folder) == {"索引快照": "2 个条款与数据库对不上"}


def test_leftovers_are_told_and_removed_unless_a_writer_is_at_work(
    store: KnowledgeStore, folder: Path
) -> None:
    (folder / "snapshots" / "draft-abc").mkdir()
    (folder / "CURRENT.4711").write_text("r")
    with (folder / "LOCK").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert troubles(store, folder) == {}
        remove_derived_rubbish(folder)
    assert "留下 2 个未完成的文件" in troubles(store, folder)["被中断的写入"]
    remove_derived_rubbish(folder)
    assert troubles(store, folder) == {}


def test_a_cache_that_cannot_be_read_is_told_and_removed(store: KnowledgeStore, folder: Path) -> None:
    (folder / "vectors.db").write_bytes(b"noise" * 4000)
    assert list(troubles(store, folder)) == ["向量缓存"]
    remove_derived_rubbish(folder)
    assert troubles(store, folder) == {}
