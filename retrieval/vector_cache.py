"""Vectors already computed, by encoder and text: a changed document re-encodes only its changed chunks.

Vectors of the encoder used before the present one are kept too, so that going back to it is quick.
Derived state: deleting the file costs time, never knowledge.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.contracts import Vectors

_BUSY_TIMEOUT_S = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, key BLOB NOT NULL, passage BLOB NOT NULL, spans BLOB NOT NULL,
    PRIMARY KEY (encoder, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS encoders (turn INTEGER PRIMARY KEY AUTOINCREMENT, encoder TEXT NOT NULL UNIQUE);
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedVectors:
    """Vectors of one passage: float32 of shape (dim,), and of its spans: float16 of shape (spans, dim)."""

    passage: Vectors
    spans: NDArray[np.float16]


def vector_key(text: str, spans: Sequence[tuple[int, int]]) -> bytes:
    """Return the key of a text cut into these spans."""
    return hashlib.sha256(f"{list(spans)}\0{text}".encode()).digest()


class VectorCache:
    """One SQLite file, safe for several processes; each call opens its own connection."""

    def __init__(self, path: Path, encoder: str, dim: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._encoder = encoder
        self._dim = dim
        try:
            self._make_table()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            _log.warning("vector cache %s: %s; making it anew", path, error)
            path.unlink()
            self._make_table()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)

    def _make_table(self) -> None:
        with closing(self._connect()) as connection, connection:
            connection.executescript(_SCHEMA)
            newest = connection.execute("SELECT encoder FROM encoders ORDER BY turn DESC LIMIT 1").fetchone()
            if newest != (self._encoder,):
                connection.execute("INSERT OR REPLACE INTO encoders (encoder) VALUES (?)", (self._encoder,))

    def get(self, keys: Iterable[bytes]) -> dict[bytes, CachedVectors]:
        """Return what is known of these keys."""
        known: dict[bytes, CachedVectors] = {}
        with closing(self._connect()) as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT passage, spans FROM vectors WHERE encoder = ? AND key = ?", (self._encoder, key)
                ).fetchone()
                if row is not None:
                    known[key] = CachedVectors(
                        np.frombuffer(row[0], dtype=np.float32),
                        np.frombuffer(row[1], dtype=np.float16).reshape(-1, self._dim),
                    )
        return known

    def put(self, vectors: dict[bytes, CachedVectors]) -> None:
        """Keep these vectors; all or none."""
        with closing(self._connect()) as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)",
                (
                    (
                        self._encoder,
                        key,
                        kept.passage.astype(np.float32).tobytes(),
                        kept.spans.astype(np.float16).tobytes(),
                    )
                    for key, kept in vectors.items()
                ),
            )

    def keep_only(self, keys: Iterable[bytes]) -> int:
        """Forget this encoder's vectors but these, and those of all encoders but it and the one used before.

        Returns:
            How many were forgotten.
        """
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TEMP TABLE kept (key BLOB PRIMARY KEY)")
            connection.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((key,) for key in keys))
            forgotten = connection.execute(
                "DELETE FROM vectors WHERE (encoder = ? AND key NOT IN (SELECT key FROM kept))"
                " OR encoder NOT IN (SELECT encoder FROM encoders ORDER BY turn DESC LIMIT 2)",
                (self._encoder,),
            )
            return forgotten.rowcount
