"""Index snapshots on disk: written whole, checked by checksum, swapped in atomically.

<index_dir>/CURRENT                     name of the snapshot in use
<index_dir>/snapshots/<name>/           the index files
<index_dir>/snapshots/<name>/stamp.json what it was built from, and a checksum of each file
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from knowledge_base.errors import IndexDamaged
from retrieval.folders import sync, write_file

_KEPT = 2
_STAMP = "stamp.json"
_DRAFT = "draft-"
_REMEDY = "rebuild with `wenzheng reindex`"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a snapshot was built from. Another stamp means another snapshot is needed.

    Attributes:
        revision: SQL revision of the knowledge base.
        encoder: Fingerprint of the encoder.
        words: Fingerprint of dictionary and stop words (see `retrieval.cutting`).
        layout: Version of the files' layout.
        vectors: Fingerprint of the `VectorBackend`.
    """

    revision: int
    encoder: str
    words: str
    layout: int
    vectors: str = "faiss"


@dataclass(frozen=True, slots=True)
class _Seal:
    """What `stamp.json` holds: the stamp, and the checksum of every other file by relative path."""

    stamp: Stamp
    sha256: dict[str, str]


class Snapshots:
    """The snapshots under one folder. Several processes may read while one writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / "CURRENT"

    def current(self) -> Path | None:
        """Return the snapshot in use, or None where there is none yet."""
        seen = None
        while True:
            try:
                name = self._pointer.read_text(encoding="utf-8").strip()
            except (FileNotFoundError, UnicodeDecodeError):
                return None
            path = self._folder / "snapshots" / name
            if path.is_dir():
                return path
            if name == seen:
                return None
            seen = name  # it may have been replaced, and removed, since the pointer was read: look again

    def kept(self) -> list[Path]:
        """Return every whole snapshot, the one in use and those before it."""
        folders = (self._folder / "snapshots").iterdir()
        return sorted(path for path in folders if not path.name.startswith(_DRAFT))

    def stamp(self, snapshot: Path) -> Stamp:
        """Return what a snapshot was built from.

        Raises:
            IndexDamaged: If the stamp is missing or cannot be read.
        """
        return _read_seal(snapshot).stamp

    def verify(self, snapshot: Path) -> None:
        """Compare every file with its checksum.

        Raises:
            IndexDamaged: Names the first file that is missing or differs.
        """
        for name, expected in _read_seal(snapshot).sha256.items():
            try:
                found = _sha256(snapshot / name)
            except OSError as error:
                raise IndexDamaged(f"index snapshot {snapshot.name}: {name} is missing; {_REMEDY}") from error
            if found != expected:
                raise IndexDamaged(
                    f"index snapshot {snapshot.name}: {name} has checksum {found[:12]},"
                    f" expected {expected[:12]}; {_REMEDY}"
                )

    def publish(self, stamp: Stamp, write: Callable[[Path], None]) -> Path:
        """Let `write` fill a new folder, seal it with checksums and make it the current one."""
        parent = self._folder / "snapshots"
        parent.mkdir(parents=True, exist_ok=True)
        # Not tempfile.mkdtemp: its 0700 would shut out a service, or a backup, of another name.
        draft = parent / f"{_DRAFT}{secrets.token_hex(4)}"
        draft.mkdir()
        try:
            write(draft)
            files = sorted(path for path in draft.rglob("*") if path.is_file())
            sums = {path.relative_to(draft).as_posix(): _sha256(path) for path in files}
            seal = json.dumps(asdict(_Seal(stamp, sums)), indent=1)
            (draft / _STAMP).write_text(seal, encoding="utf-8")
            for path in (*files, draft / _STAMP):
                sync(path)
            name = f"r{stamp.revision}-{draft.name.removeprefix(_DRAFT)}"
            draft.rename(parent / name)
            self._point_to(name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        self._prune(name)
        return parent / name

    def older(self) -> list[Path]:
        """Return the snapshots kept beside the current one, the newest first."""
        folder, current = self._folder / "snapshots", self.current()
        if not folder.is_dir():
            return []
        kept = (path for path in folder.iterdir() if path != current and not path.name.startswith(_DRAFT))
        return sorted(kept, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def leftovers(self) -> list[Path]:
        """Return what a killed writer left; that of one still at work is among it."""
        drafts = (self._folder / "snapshots").glob(f"{_DRAFT}*")
        return sorted([*drafts, *self._folder.glob(f"{self._pointer.name}.*")])

    def _point_to(self, name: str) -> None:
        """Make a snapshot the current one; where that fails, it is removed again."""
        parent = self._folder / "snapshots"
        try:
            sync(parent)
            write_file(self._pointer, name)
        except BaseException:
            shutil.rmtree(parent / name, ignore_errors=True)
            raise

    def _prune(self, current: str) -> None:
        """Remove what a killed writer left, and all but the newest; an open file outlives its name."""
        for path in self._folder.glob(f"{self._pointer.name}.*"):
            path.unlink(missing_ok=True)
        others = {path for path in (self._folder / "snapshots").iterdir() if path.name != current}
        drafts = {path for path in others if path.name.startswith(_DRAFT)}
        older = sorted(others - drafts, key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in (*drafts, *older[_KEPT - 1 :]):
            shutil.rmtree(path, ignore_errors=True)


def _read_seal(snapshot: Path) -> _Seal:
    try:
        seal = json.loads((snapshot / _STAMP).read_text(encoding="utf-8"))
        return _Seal(Stamp(**seal["stamp"]), dict(seal["sha256"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexDamaged(
            f"index snapshot {snapshot.name}: {_STAMP} cannot be read: {error!r}; {_REMEDY}"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
