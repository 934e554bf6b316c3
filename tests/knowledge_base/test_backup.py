"""One file that holds the whole truth: made while others write, checked, put back whole or not at all."""

import json
import os
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base.backup import back_up, read_manifest, restore
from knowledge_base.database import open_database
from knowledge_base.errors import BackupError
from knowledge_base.store import KnowledgeStore
from tests import postgres
from tests.knowledge_base.test_settling import D2020, FILE, rule


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'wenzheng.db'}"


def restored(data_dir: Path) -> KnowledgeStore:
    return KnowledgeStore(open_database(f"sqlite:///{data_dir / 'wenzheng.db'}"))


def put_back(source: Path, data_dir: Path) -> None:
    restore(source, data_dir, f"sqlite:///{data_dir / 'wenzheng.db'}")


def test_what_is_put_back_is_what_there_was(store: KnowledgeStore, url: str, tmp_path: Path) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020)])
    manifest = back_up(url, tmp_path / "backup.zip")
    assert (manifest.revision, manifest.documents, manifest.database) == (1, 1, "sqlite")
    assert read_manifest(tmp_path / "backup.zip") == manifest
    store.land(FILE, [rule("五元。", effective_from=D2020)])
    (tmp_path / "new" / "models").mkdir(parents=True)
    put_back(tmp_path / "backup.zip", tmp_path / "new")
    there = restored(tmp_path / "new")
    assert [chunk.draft.text for chunk in there.snapshot()[1]] == ["公园办法", "第一条 免费。"]
    there.land(FILE, [rule("六元。", effective_from=D2020)])
    assert sorted(path.name for path in (tmp_path / "new").iterdir() if path.suffix != ".db-wal") == [
        "models", "wenzheng.db", "wenzheng.db-shm",
    ]  # fmt: skip


def test_what_the_encoder_was_taught_here_is_in_it(store: KnowledgeStore, url: str, tmp_path: Path) -> None:
    del store
    taught = tmp_path / "models" / "adapters" / "e5" / "20261125" / "adapter_model.safetensors"
    taught.parent.mkdir(parents=True)
    taught.write_bytes(b"numbers")
    (tmp_path / "models" / "model.bin").write_bytes(b"derived")
    back_up(url, tmp_path / "backup.zip", models_dir=tmp_path / "models")
    put_back(tmp_path / "backup.zip", tmp_path / "new")
    there = [path for path in (tmp_path / "new" / "models").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in there] == [b"numbers"]
    assert there[0].relative_to(tmp_path / "new") == taught.relative_to(tmp_path)


def test_a_backup_beside_a_writer_is_of_one_moment(store: KnowledgeStore, url: str, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            for file in ("甲.md", "乙.md"):
                store.land(file, [rule(f"第{number}稿。", file.removesuffix(".md"), effective_from=D2020)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(url, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        put_back(tmp_path / f"{number}.zip", tmp_path / str(number))
        there = restored(tmp_path / str(number))
        assert there.revision() == read_manifest(tmp_path / f"{number}.zip").revision
        numbers = [text.number for text in there.iter_texts()]
        assert sum(numbers) == there.revision(), "every write counted is there, and no other"


def test_nothing_is_overwritten(store: KnowledgeStore, url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "backup.zip")
    with pytest.raises(BackupError, match="已经存在"):
        back_up(url, tmp_path / "backup.zip")
    with pytest.raises(BackupError, match="不是空目录"):
        put_back(tmp_path / "backup.zip", tmp_path)
    with pytest.raises(BackupError, match=r"没有数据库.*nowhere"):
        back_up(f"sqlite:///{tmp_path / 'nowhere' / 'wenzheng.db'}", tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()
    elsewhere = tmp_path / "elsewhere.db"
    shutil.copy(tmp_path / "wenzheng.db", elsewhere)
    with pytest.raises(BackupError, match="不覆盖原有的数据库"):
        restore(tmp_path / "backup.zip", tmp_path / "new", f"sqlite:///{elsewhere}")


def test_a_damaged_backup_leaves_the_directory_empty(store: KnowledgeStore, url: str, tmp_path: Path) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020)])
    back_up(url, tmp_path / "backup.zip")
    content = (tmp_path / "backup.zip").read_bytes()
    damaged = tmp_path / "damaged.zip"
    for cut in (0, 10, len(content) // 2, len(content) - 3):
        damaged.write_bytes(content[:cut])
        with pytest.raises(BackupError, match="damaged"):
            put_back(damaged, tmp_path / "new")
    for place in range(200, len(content) - 300, 997):
        flipped = bytearray(content)
        flipped[place] ^= 0x10
        damaged.write_bytes(flipped)
        with pytest.raises(BackupError, match="damaged"):
            put_back(damaged, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "已损坏"),
        ({"size_bytes": 10}, "已损坏"),
        ({"format": 9}, "第 9 式"),
        ({"file": "../wenzheng.db"}, "第 1 式"),
        ({"database": "postgresql"}, "是 postgresql 的备份"),
        ({"colour": "red"}, "不是问政的备份"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    store: KnowledgeStore, url: str, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    back_up(url, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        manifest = json.loads(archive.read("manifest.json")) | change
        dump = archive.read("wenzheng.db")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("wenzheng.db", dump)
    with pytest.raises(BackupError, match=said):
        put_back(tmp_path / "other.zip", tmp_path / "new")
    assert not (tmp_path / "new" / "wenzheng.db").exists()


@pytest.mark.server
def test_what_postgresql_dumped_is_put_back_into_an_empty_database(
    new_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(postgres.tools()), prepend=os.pathsep)
    here, there = new_database("postgresql"), new_database("postgresql", tables=False)
    engine = open_database(here)
    KnowledgeStore(engine).land(FILE, [rule("免费。", effective_from=D2020)])
    engine.dispose()
    assert back_up(here, tmp_path / "backup.zip").database == "postgresql"
    restore(tmp_path / "backup.zip", tmp_path / "new", there)
    engine = open_database(there)
    revision, chunks = KnowledgeStore(engine).snapshot()
    engine.dispose()
    assert (revision, [chunk.draft.text for chunk in chunks]) == (1, ["公园办法", "第一条 免费。"])


def test_postgresql_is_dumped_by_its_own_tool_and_a_missing_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge_base.backup.shutil.which", lambda _tool: None)
    with pytest.raises(BackupError, match="找不到 pg_dump"):
        back_up("postgresql+psycopg://wenzheng:geheim@localhost/wenzheng", tmp_path / "backup.zip")


def test_the_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "$PGPASSWORD" > {tmp_path}/seen\nexit 3\n')
    tool.chmod(0o755)
    monkeypatch.setattr("knowledge_base.backup.shutil.which", lambda _tool: str(tool))
    with pytest.raises(BackupError, match="没有成功（3）"):
        back_up("postgresql+psycopg://wenzheng:geheim@localhost/wenzheng", tmp_path / "backup.zip")
    *arguments, password = (tmp_path / "seen").read_text().split("\n")[:-1]
    assert arguments[0] == "--dbname=postgresql://wenzheng@localhost/wenzheng"
    assert (password, any("geheim" in each for each in arguments)) == ("geheim", False)
