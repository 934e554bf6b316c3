"""The processes of the kill run: one that writes until it is killed, one that starts anew and looks.

They touch a data directory as the commands do: `ingest_files`, `Lifecycle`, `Indexer`.
"""

import os
import sqlite3
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from eval import invented
from eval.hash_encoder import HashEncoder
from knowledge_base.database import open_database
from knowledge_base.dates import today
from knowledge_base.ingest import ingest_files
from knowledge_base.lifecycle import Lifecycle
from knowledge_base.store import KnowledgeStore
from retrieval.contracts import SearchFilter
from retrieval.dense import FaissIndex
from retrieval.hybrid import passage_text
from retrieval.indexing import Indexer, passage_of
from retrieval.snapshots import Snapshots
from retrieval.table import PassageTable

Kind = Literal["ingest", "draft", "submit", "publish", "withdraw", "rollback", "reindex"]
BY = "eval"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing an operator does; `version` counts from 1, `draft` is which text an ingest brings."""

    kind: Kind
    document: int = 0
    version: int = 0
    draft: int = 0


class Site:
    """A data directory opened as a command opens it, with the cheap encoder."""

    def __init__(self, data_dir: Path) -> None:
        self.engine = open_database(f"sqlite:///{data_dir / 'wenzheng.db'}")
        self.store = KnowledgeStore(self.engine)
        self.lifecycle = Lifecycle(self.engine)
        self.encoder = HashEncoder()
        self.indexer = Indexer(self.store, self.encoder, data_dir / "index")
        self._incoming = data_dir / "incoming"

    def apply(self, operation: Operation) -> None:
        """Carry an operation out, the index included."""
        name = invented.file_name(operation.document)
        if operation.kind in {"ingest", "draft"}:
            folder = invented.write(
                self._incoming / f"{operation.document}-{operation.draft}",
                operation.document,
                operation.draft,
            )
            ingest_files(self.store, folder, by=BY, as_draft=operation.kind == "draft")
        elif operation.kind == "submit":
            self.lifecycle.submit(name, operation.version, by=BY)
        elif operation.kind == "publish":
            self.lifecycle.publish(name, operation.version, by=BY)
        elif operation.kind == "withdraw":
            self.lifecycle.withdraw(name, operation.version, by=BY)
        elif operation.kind == "rollback":
            self.lifecycle.roll_back(name, operation.version, by=BY)
        else:
            self.indexer.rebuild()
        self.indexer.catch_up()

    def close(self) -> None:
        self.engine.dispose()


def work(data_dir: Path, operations: Sequence[Operation], journal: Path) -> None:
    """Carry operations out one after the other, noting in the journal when each begins and ends."""
    site = Site(data_dir)
    descriptor = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, b"open\n")
    for number, operation in enumerate(operations):
        os.write(descriptor, f"begin {number}\n".encode())
        site.apply(operation)
        os.write(descriptor, f"done {number}\n".encode())


def look(data_dir: Path, in_force: dict[int, int], report: Path) -> None:
    """Start anew, bring the index up, and write what is wrong, a line each; an empty report is a pass.

    Args:
        in_force: For each document that must answer, the draft whose words it must answer with.
    """
    try:
        faults = _faults(data_dir, in_force)
    except Exception:
        faults = [f"starting anew failed: {traceback.format_exc()}"]
    report.write_text("\n".join(faults), encoding="utf-8")


def _faults(data_dir: Path, in_force: dict[int, int]) -> list[str]:
    site = Site(data_dir)
    site.indexer.catch_up()
    snapshot = site.indexer.current()
    if snapshot is None:
        return ["there is no index after starting"]
    snapshots = Snapshots(data_dir / "index")
    snapshots.verify(snapshot)
    faults = []
    if snapshots.stamp(snapshot).revision != site.store.revision():
        faults.append(f"index of {snapshots.stamp(snapshot).revision}, base of {site.store.revision()}")
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        wanted = _wanted_chunks(connection, in_force)
    table = PassageTable.load(snapshot)
    rows = table.ids.tolist()
    if len(set(rows)) != len(rows):
        faults.append(f"{len(rows) - len(set(rows))} chunks are indexed twice")
    faults += [f"chunk {each} is in force but not indexed" for each in sorted(wanted - set(rows))]
    faults += [f"chunk {each} is indexed but not in force" for each in sorted(set(rows) - wanted)]
    faults += _untraceable(site, table, FaissIndex.load(snapshot, dim=HashEncoder().dim))
    faults += _unfindable(site, snapshot, in_force)
    site.close()
    return faults


def _wanted_chunks(connection: sqlite3.Connection, in_force: dict[int, int]) -> set[int]:
    """Return the ids of the chunks of these drafts, by plain SQL."""
    wanted: set[int] = set()
    for document, draft in in_force.items():
        found = connection.execute(
            "SELECT c.id FROM chunks c JOIN versions v ON v.id = c.version_id"
            " JOIN documents d ON d.id = v.document_id WHERE d.source_file = ? AND v.text LIKE ?",
            (invented.file_name(document), f"%〔{document}-{draft}〕%"),
        )
        wanted |= {row[0] for row in found}
    return wanted


def _untraceable(site: Site, table: PassageTable, dense: FaissIndex) -> list[str]:
    """Compare every row of the index with the chunk in SQL it claims to be."""
    _, chunks = site.store.snapshot()
    of_id = {chunk.id: passage_of(chunk) for chunk in chunks}
    texts = [passage_text(of_id[id_]) if id_ in of_id else "" for id_ in table.ids.tolist()]
    if not texts:
        return []
    vectors = dense.vectors(np.arange(len(texts), dtype=np.int64))
    expected = HashEncoder().encode_passages(texts)
    faults = []
    for row, id_ in enumerate(table.ids.tolist()):
        passage = of_id.get(id_)
        if passage is None:
            faults.append(f"row {row} is chunk {id_}, which SQL does not have in force")
        elif (int(table.from_days[row]), int(table.to_days[row])) != (passage.from_day, passage.to_day):
            faults.append(f"row {row} has other days than chunk {id_}")
        elif not np.allclose(vectors[row], expected[row], atol=1e-5):
            faults.append(f"row {row} has another vector than the words of chunk {id_}")
    return faults


def _unfindable(site: Site, snapshot: Path, in_force: dict[int, int]) -> list[str]:
    """Search for every 条 in force, and let nothing else be found."""
    index = site.indexer.open(snapshot)
    day = SearchFilter(day=today().toordinal())
    faults = []
    for document, draft in in_force.items():
        for matter in invented.MATTERS:
            hits = index.search([invented.question(document, matter)], k=20, where=day)[0]
            found = site.store.chunks([hit.passage_id for hit in hits])
            words = [chunk.draft.text for chunk in found.values()]
            if not any(
                f"所称{matter}" in each and invented.marks(each) == {(document, draft)} for each in words
            ):
                faults.append(f"{matter} of document {document}, draft {draft} is not found")
            wrong = set().union(*map(invented.marks, words)) - set(in_force.items())
            faults += [f"draft {other[1]} of document {other[0]} is found" for other in sorted(wrong)]
    return faults
