"""Nearest neighbours by meaning in Milvus, behind the same `VectorIndex` Protocol as FAISS.

Milvus holds one collection for each snapshot, and the snapshot's folder says which. The folder also holds
the vectors themselves, mapped into memory: they give the exact cosines of what was found, and when Milvus
does not answer they are searched one by one, which is slower but never wrong.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import IndexDamaged, IndexMismatch, IndexUnavailable
from retrieval.contracts import Vectors
from retrieval.milvus_server import CONNECT_TIMEOUT_S, MilvusServer

IndexType = Literal["FLAT", "HNSW", "AUTOINDEX"]

SEARCH_TIMEOUT_S = 3.0
WRITE_TIMEOUT_S = 120.0
INSERT_ROWS = 2_000
MOST_HITS = 16_384  # of one search, a limit of Milvus
MOST_QUERIES = 256
_LOCAL_BLOCK_ROWS = 65_536
_NOTE, _VECTORS, _GROUPS = "milvus.json", "vectors.npy", "groups.npy"
_OWNER = "MILVUS_OWNER"
_REMEDY = "rebuild with `wenzheng reindex`"
_BUILD_PARAMETERS = {"HNSW": {"M": 16, "efConstruction": 200}}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Note:
    """What a snapshot's folder keeps of its collection; an empty index has none, and an empty name."""

    collection: str
    rows: int
    dim: int
    index_type: IndexType


class MilvusIndex:
    """A collection and, beside it, its vectors on this machine; rows are numbered from 0 as given."""

    def __init__(
        self, server: MilvusServer, note: _Note, vectors: Vectors, groups: NDArray[np.int64]
    ) -> None:
        self._server = server
        self._note = note
        self._vectors = vectors
        self._groups = groups
        self._first_of_group = np.unique(groups, return_index=True)[1]
        self._is_loaded = False

    def __len__(self) -> int:
        return self._note.rows

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """Return the vectors of these rows, float32 of shape (len(rows), dim)."""
        return np.asarray(self._vectors[rows])

    def save(self, folder: Path) -> None:
        """Write the vectors and the name of the collection; the collection itself is in Milvus already."""
        np.save(folder / _VECTORS, self._vectors)
        np.save(folder / _GROUPS, self._groups)
        (folder / _NOTE).write_text(json.dumps(asdict(self._note)), encoding="utf-8")

    def search(
        self, queries: Vectors, *, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return cosines and row numbers, both of shape (n, k); -1 pads where fewer rows are allowed.

        While Milvus does not answer, the vectors on this machine are searched instead.
        """
        found = self._nearest(queries, k, allowed)
        cosines = np.full((len(queries), k), -np.inf, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        for place, (query, of_query) in enumerate(zip(queries, found, strict=True)):
            # Scored here, not by Milvus, so that equal vectors score the same, and ties go by row.
            scores = np.einsum("ij,j->i", self._vectors[of_query], query)
            order = np.lexsort((of_query, -scores))
            cosines[place, : len(order)], rows[place, : len(order)] = scores[order], of_query[order]
        return cosines, rows

    def _nearest(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None
    ) -> list[NDArray[np.int64]]:
        wanted = min(k, len(self) if allowed is None else int(allowed.sum()))
        if not wanted:
            return [np.empty(0, dtype=np.int64) for _ in queries]
        if wanted <= MOST_HITS:
            try:
                return self._ask(queries, wanted, self._expression(allowed))
            except IndexUnavailable:
                pass  # told by the server's `trouble`, and logged there once
        return nearest_one_by_one(self._vectors, queries, wanted, allowed)

    def _ask(self, queries: Vectors, k: int, expression: str) -> list[NDArray[np.int64]]:
        found: list[NDArray[np.int64]] = []
        for start in range(0, len(queries), MOST_QUERIES):
            part = queries[start : start + MOST_QUERIES]
            ask = partial(_search, self._note, part, k, expression, load_first=not self._is_loaded)
            try:
                found += self._server.call(ask, at_once=True)
            except IndexUnavailable:
                self._is_loaded = False  # a Milvus that is started anew may have it on disk only
                raise
            self._is_loaded = True
        return found

    def _expression(self, allowed: NDArray[np.bool_] | None) -> str:
        """Return the filter for Milvus, empty for none: by group where each is wholly in or out.

        A mask that cuts through groups goes by row number; the filters of this project never do.
        """
        if allowed is None or allowed.all():
            return ""
        field, mask = "group_no", allowed[self._first_of_group]
        if not np.array_equal(mask[self._groups], allowed):
            field, mask = "row_no", allowed
        inside, outside = np.flatnonzero(mask), np.flatnonzero(~mask)
        if len(inside) <= len(outside):
            return f"{field} in {inside.tolist()}"
        return f"{field} not in {outside.tolist()}"


class MilvusBackend:
    """Makes collections in one Milvus for the snapshots under one index folder.

    Several machines may share a Milvus: each names its collections with a mark of its own, kept in its index
    folder, and removes no others.
    """

    def __init__(
        self,
        server: MilvusServer,
        folder: Path,
        *,
        prefix: str = "wenzheng",
        index_type: IndexType = "FLAT",
    ) -> None:
        self._server = server
        self._folder = folder
        self._prefix = prefix
        self._index_type = index_type

    @property
    def fingerprint(self) -> str:
        """Changes with the address, so that another Milvus gets collections of its own."""
        place = f"{self._server.uri} {self._prefix} {self._index_type}"
        return f"milvus-{hashlib.sha256(place.encode()).hexdigest()[:12]}"

    @property
    def trouble(self) -> str:
        found = self._server.trouble
        return found and f"{found}；暂用本机的向量逐条检索，较慢，恢复后自动换回"

    def build(self, vectors: Vectors, groups: NDArray[np.int64]) -> MilvusIndex:
        rows, dim = vectors.shape
        if not rows:
            return MilvusIndex(self._server, _Note("", 0, dim, self._index_type), vectors, groups)
        note = _Note(f"{self._own_prefix()}{secrets.token_hex(6)}", rows, dim, self._index_type)
        self._server.call(lambda client: _create(client, note))
        for start in range(0, rows, INSERT_ROWS):
            place = slice(start, start + INSERT_ROWS)
            self._server.call(partial(_insert, note, vectors[place], groups[place], start))
        self._server.call(lambda client: client.flush(note.collection, timeout=WRITE_TIMEOUT_S))
        held = self._count(note.collection)
        if held != rows:
            raise IndexUnavailable(f"Milvus collection {note.collection} holds {held} rows, {rows} were sent")
        return MilvusIndex(self._server, note, vectors, groups)

    def load(self, folder: Path, *, dim: int) -> MilvusIndex:
        note = _read_note(folder)
        if note.dim != dim:
            raise IndexMismatch(f"index holds vectors of {note.dim} dimensions, the encoder gives {dim}")
        # Mapped, not read; seen as a plain array, whose indexing costs less than a memmap's.
        vectors = np.asarray(np.load(folder / _VECTORS, mmap_mode="r" if note.rows else None))
        return MilvusIndex(self._server, note, vectors, np.load(folder / _GROUPS))

    def verify(self, folder: Path) -> None:
        note = _read_note(folder)
        if not note.collection:
            return
        try:
            held = self._count(note.collection)
        except IndexUnavailable as error:
            _log.warning("%s; collection %s not checked", error, note.collection)
            return
        if held != note.rows:
            raise IndexDamaged(
                f"index snapshot {folder.name}: Milvus collection {note.collection} holds {held} rows,"
                f" expected {note.rows}; {_REMEDY}"
            )

    def tidy(self, snapshots: Sequence[Path]) -> None:
        kept = set()
        for folder in snapshots:
            with suppress(
                IndexDamaged
            ):  # one that cannot be read is of no use, and neither is its collection
                kept.add(_read_note(folder).collection)
        try:
            for name in self._server.call(lambda client: client.list_collections(timeout=CONNECT_TIMEOUT_S)):
                if name.startswith(self._own_prefix()) and name not in kept:
                    self._server.call(partial(_drop, name))
        except IndexUnavailable as error:
            _log.warning("%s; collections of earlier snapshots are removed next time", error)

    def _count(self, collection: str) -> int:
        """Return the rows of a collection, 0 where there is no such."""

        def count(client: Any) -> int:
            if not client.has_collection(collection, timeout=CONNECT_TIMEOUT_S):
                return 0
            answer = client.query(
                collection,
                filter="",
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=WRITE_TIMEOUT_S,
            )
            return int(answer[0]["count(*)"])

        return self._server.call(count)

    def _own_prefix(self) -> str:
        file = self._folder / _OWNER
        if not file.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            file.write_text(secrets.token_hex(4), encoding="utf-8")
        return f"{self._prefix}_{file.read_text(encoding='utf-8').strip()}_"


def nearest_one_by_one(
    vectors: Vectors, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None
) -> list[NDArray[np.int64]]:
    """Return the k nearest allowed rows of each query, in no order, having looked at every vector.

    Args:
        k: At most the number of allowed rows.
    """
    rows = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for start in range(0, len(vectors), _LOCAL_BLOCK_ROWS):
        block = vectors[start : start + _LOCAL_BLOCK_ROWS]
        places = np.arange(len(block)) if allowed is None else np.flatnonzero(allowed[start:][: len(block)])
        cosines = (queries @ block.T)[:, places]
        scores = np.concatenate([scores, cosines], axis=1)
        rows = np.concatenate([rows, np.broadcast_to(places + start, cosines.shape)], axis=1)
        if scores.shape[1] > k:
            best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            scores, rows = np.take_along_axis(scores, best, axis=1), np.take_along_axis(rows, best, axis=1)
    return list(rows)


def _create(client: Any, note: _Note) -> None:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row_no", DataType.INT64, is_primary=True)
    schema.add_field("group_no", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=note.dim)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index(
        "vector",
        index_type=note.index_type,
        metric_type="IP",
        params=_BUILD_PARAMETERS.get(note.index_type, {}),
    )
    indexes.add_index("group_no", index_type="INVERTED")
    client.create_collection(note.collection, schema=schema, index_params=indexes, timeout=WRITE_TIMEOUT_S)


def _insert(note: _Note, vectors: Vectors, groups: NDArray[np.int64], first_row: int, client: Any) -> None:
    rows = [
        {"row_no": first_row + place, "group_no": int(group), "vector": vector}
        for place, (group, vector) in enumerate(zip(groups, vectors, strict=True))
    ]
    client.insert(note.collection, rows, timeout=WRITE_TIMEOUT_S)


def _drop(collection: str, client: Any) -> None:
    client.drop_collection(collection, timeout=WRITE_TIMEOUT_S)


def _search(
    note: _Note, queries: Vectors, k: int, expression: str, client: Any, *, load_first: bool
) -> list[NDArray[np.int64]]:
    if load_first:
        client.load_collection(note.collection, timeout=SEARCH_TIMEOUT_S)
    answer = client.search(
        note.collection,
        data=list(queries),
        anns_field="vector",
        limit=k,
        filter=expression,
        search_params={"metric_type": "IP", "params": _search_parameters(note, k)},
        consistency_level="Strong",
        timeout=SEARCH_TIMEOUT_S,
    )
    return [np.array([hit["row_no"] for hit in hits], dtype=np.int64) for hits in answer]


def _search_parameters(note: _Note, k: int) -> dict[str, int]:
    return {"ef": max(128, 2 * k)} if note.index_type == "HNSW" else {}


def _read_note(folder: Path) -> _Note:
    try:
        return _Note(**json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamaged(
            f"index snapshot {folder.name}: {_NOTE} cannot be read: {error!r}; {_REMEDY}"
        ) from error
