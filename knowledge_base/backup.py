"""One file that holds the whole truth, and back again.

A backup is a zip: `manifest.json`, one dump of the database, `wenzheng.db` (SQLite's own backup, taken
while others write) or `wenzheng.dump` (`pg_dump`, custom format), and `adapters/`, what the encoder was
taught here. What is derived is not in it.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL, make_url

from knowledge_base.errors import BackupError

_MANIFEST = "manifest.json"
_SQLITE, _POSTGRESQL = "wenzheng.db", "wenzheng.dump"
_FORMAT = 1
_CHUNK_BYTES = 1 << 20
_MAX_MANIFEST_BYTES = 1 << 16
_ADAPTERS = "adapters/"
_MAX_ADAPTERS_BYTES = 1 << 28
_KEPT_BESIDE = {"models"}  # made beforehand by `wenzheng prepare`; nobody's knowledge


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds; `sha256` is of the dump named `file`, `size_bytes` its size."""

    format: int
    made_at: str
    program: str
    database: str
    schema: str
    revision: int
    documents: int
    file: str
    size_bytes: int
    sha256: str


def back_up(url: str, target: Path, *, models_dir: Path | None = None) -> Manifest:
    """Write a backup of the database at `url`, while it is in use, and check it.

    Args:
        models_dir: Adapters of the encoder that were trained here are in its folder `adapters`.

    Raises:
        BackupError: If there is no database, the target exists, or the disk refuses; no file is left then.
    """
    if target.exists():
        raise BackupError(f"{target} 已经存在：请换一个文件名")
    address = make_url(url)
    with _faults(target), tempfile.TemporaryDirectory(prefix=".backup-", dir=_parent(target)) as folder:
        if address.get_backend_name() == "sqlite":
            dump = Path(folder) / _SQLITE
            _dump_sqlite(address, dump)
        else:
            dump = Path(folder) / _POSTGRESQL
            _run("pg_dump", address, "--format=custom", f"--file={dump}")
        manifest = _manifest(address, dump)
        draft = Path(folder) / "backup.zip"
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            archive.writestr(_MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
            archive.write(dump, dump.name)
            if models_dir is not None:
                for path in sorted(filter(Path.is_file, models_dir.glob(f"{_ADAPTERS}**/*"))):
                    archive.write(path, path.relative_to(models_dir))
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        os.link(draft, target)  # never over a file that came meanwhile
    return manifest


def restore(source: Path, data_dir: Path, url: str) -> Manifest:
    """Put the database of a backup at `url`, whose data directory must be empty but for `models`.

    Everything is checked before anything is put in place.

    Raises:
        BackupError: If the backup is damaged, is of another kind of database, or something is there already.
    """
    address = make_url(url)
    there = sorted(entry.name for entry in data_dir.iterdir()) if data_dir.exists() else []
    if set(there) - _KEPT_BESIDE:
        raise BackupError(f"{data_dir} 不是空目录（有 {there[0]} 等）：请恢复到一个空目录")
    with _faults(source):
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir) as folder:
            manifest = _unpack(source, Path(folder))
            dump = Path(folder) / manifest.file
            if manifest.database != address.get_backend_name():
                raise BackupError(
                    f"{source} 是 {manifest.database} 的备份，这里的数据库是 {address.get_backend_name()}"
                )
            if manifest.database == "sqlite":
                _check_sqlite(dump)
                _put_in_place(dump, Path(address.database or ""))
            else:
                _run(
                    "pg_restore",
                    address,
                    "--no-owner",
                    "--exit-on-error",
                    "--single-transaction",
                    str(dump),
                )
            _unpack_adapters(source, data_dir / "models")
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Return what a backup says it holds.

    Raises:
        BackupError: If it is no backup.
    """
    with _faults(source), zipfile.ZipFile(source) as archive:
        return _read_manifest(archive, source)


@contextmanager
def _faults(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, zipfile.BadZipFile, EOFError) as error:
        raise BackupError(f"{file}：{error}") from error


def _parent(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent


def _dump_sqlite(address: URL, dump: Path) -> None:
    path = Path(address.database or "")
    if not path.is_file():
        raise BackupError(f"没有数据库 {path}：请用 --data-dir 指明数据目录")
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(dump)) as kept,
    ):
        live.backup(kept)
        # One file: a WAL of its own would be left behind.
        kept.execute("PRAGMA journal_mode = DELETE")
    _check_sqlite(dump)


def _check_sqlite(dump: Path) -> None:
    with closing(sqlite3.connect(dump)) as connection:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise BackupError(f"数据库已损坏，不能作为备份：{said}")


def _manifest(address: URL, dump: Path) -> Manifest:
    if address.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(dump)) as connection:
            schema = _one(connection, "SELECT version_num FROM alembic_version")
            revision = _one(connection, "SELECT value FROM state WHERE key = 'revision'")
            documents = _one(connection, "SELECT count(*) FROM documents")
    else:
        schema = revision = documents = ""
    return Manifest(
        format=_FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        program=version("wenzheng"),
        database=address.get_backend_name(),
        schema=schema,
        revision=int(revision or 0),
        documents=int(documents or 0),
        file=dump.name,
        size_bytes=dump.stat().st_size,
        sha256=_sha256(dump),
    )


def _one(connection: sqlite3.Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else ""


def _read_manifest(archive: zipfile.ZipFile, source: Path) -> Manifest:
    try:
        if archive.getinfo(_MANIFEST).file_size > _MAX_MANIFEST_BYTES:
            raise BackupError(f"{source} 不是问政的备份：清单过大")
        manifest = Manifest(**json.loads(archive.read(_MANIFEST)))
    except (KeyError, ValueError, TypeError) as error:
        raise BackupError(f"{source} 不是问政的备份：{error}") from error
    if manifest.format != _FORMAT or manifest.file not in {_SQLITE, _POSTGRESQL}:
        raise BackupError(f"{source} 是第 {manifest.format} 式的备份，这个程序只认第 {_FORMAT} 式")
    return manifest


def _unpack(source: Path, folder: Path) -> Manifest:
    """Unpack the dump, no further than its announced size, and compare its checksum."""
    with zipfile.ZipFile(source) as archive:
        manifest = _read_manifest(archive, source)
        left = manifest.size_bytes
        try:
            packed = archive.open(manifest.file)
        except KeyError as error:
            raise BackupError(f"{source} 里没有 {manifest.file}") from error
        with packed, (folder / manifest.file).open("wb") as out:
            while piece := packed.read(min(_CHUNK_BYTES, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
    found = _sha256(folder / manifest.file)
    if left != 0 or found != manifest.sha256:
        raise BackupError(f"{source} 已损坏：校验和是 {found[:12]}，清单上是 {manifest.sha256[:12]}")
    return manifest


def _unpack_adapters(source: Path, models_dir: Path) -> None:
    """Put the adapters of a backup beside the models; those that are there already stay."""
    with zipfile.ZipFile(source) as archive:
        members = [each for each in archive.infolist() if each.filename.startswith(_ADAPTERS)]
        if sum(each.file_size for each in members) > _MAX_ADAPTERS_BYTES:
            raise BackupError(f"{source} 里的适配器过大，不像是问政的备份")
        for member in members:
            if not (models_dir / member.filename).exists():
                archive.extract(member, models_dir)


def _put_in_place(dump: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(dump, draft)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise BackupError(f"{target} 已经存在：不覆盖原有的数据库") from error
    finally:
        draft.unlink()


def _run(tool: str, address: URL, *options: str) -> None:
    """Run a tool of PostgreSQL; the password goes by the environment, where no process list shows it."""
    if address.get_backend_name() != "postgresql":
        raise BackupError(f"不会备份 {address.get_backend_name()}：请用它自己的工具")
    found = shutil.which(tool)
    if found is None:
        raise BackupError(f"找不到 {tool}：请安装 PostgreSQL 的客户端（Debian：postgresql-client）")
    plain = URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    )
    command = [found, f"--dbname={plain.render_as_string()}", *options]
    environment = os.environ | ({"PGPASSWORD": str(address.password)} if address.password else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{tool} 没有成功（{done.returncode}）：{done.stderr.strip()}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
