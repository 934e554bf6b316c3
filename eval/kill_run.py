"""Kill writers at random moments, start anew, and compare with a model of what must hold.

The model knows nothing of the code under test: a list of (draft, state) for each document. After a kill the
database must be exactly where it was before the operation in flight, or after it.
"""

import multiprocessing
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from eval import invented
from eval.kill_worker import Operation, look, work
from knowledge_base.errors import WenzhengError

_START_TIMEOUT_S = 120.0
_LOOK_TIMEOUT_S = 300.0
_OPERATIONS = 8
_REINDEXED = 0.3  # how often a plain re-index is among what may be done next

Model = dict[int, list[tuple[int, str]]]  # for each document, (draft, state) of its versions in order


class KillRunError(WenzhengError):
    """A process of the run did not start or did not end."""


@dataclass(slots=True)
class KillResult:
    """What the kills hit and what was wrong after them.

    Attributes:
        killed_in: How many kills fell into each kind of operation; `between` is none.
        applied: In how many of these the operation turned out to be in the database.
        finished: Writers that were done before their kill, beside the `rounds` that were not.
        faults: What was wrong, with its round; empty is a pass.
    """

    rounds: int
    seed: int
    killed_in: Counter[str] = field(default_factory=Counter)
    applied: int = 0
    finished: int = 0
    documents: int = 0
    versions: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def run_kills(data_dir: Path, *, rounds: int, seed: int, documents: int = 12) -> KillResult:
    """Kill `rounds` writers at work on one data directory, which must be new.

    One that is done before its kill is looked at, too, but does not count.

    Raises:
        KillRunError: If a process does not start, or hangs.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["eval.kill_preload"])
    rng = random.Random(seed)  # noqa: S311
    result = KillResult(rounds, seed, documents=documents)
    model: Model = {document: [] for document in range(documents)}
    begun, busy_s = time.monotonic(), 1.0
    number = -1
    while result.killed_in.total() < rounds:
        number += 1
        operations, models = _plan(rng, model)
        journal = data_dir / "journal"
        journal.unlink(missing_ok=True)
        writer = context.Process(target=work, args=(data_dir, operations, journal))
        writer.start()
        _wait_for(journal)
        started = time.monotonic()
        writer.join(rng.uniform(0, busy_s))
        writer.kill()
        writer.join()
        lines = journal.read_text().split("\n")
        done = sum(line.startswith("done") for line in lines)
        in_flight = sum(line.startswith("begin") for line in lines) > done
        if writer.exitcode not in {0, -9}:
            result.faults.append(f"round {number}: the writer ended by itself with code {writer.exitcode}")
        if done == len(operations):
            result.finished += 1
        else:
            result.killed_in[operations[done].kind if in_flight else "between"] += 1
        # Kills should fall anywhere in a writer's work, however fast this machine is today.
        busy_s = max(0.2, (time.monotonic() - started) * len(operations) / max(1, done + in_flight))
        there = _read(data_dir / "wenzheng.db", result, number)
        reached = [step for step in (done, done + 1) if step < len(models) and models[step] == there]
        if reached:
            model = models[reached[0]]
            result.applied += in_flight and reached[0] > done
        else:
            result.faults.append(f"round {number}: expected {models[done]} or the next, found {there}")
            model = there
        report = data_dir / "report"
        looker = context.Process(target=look, args=(data_dir, _in_force(model), report))
        looker.start()
        looker.join(_LOOK_TIMEOUT_S)
        if looker.exitcode != 0:
            looker.kill()
            raise KillRunError(f"round {number}: the start after the kill ended with {looker.exitcode}")
        found = report.read_text(encoding="utf-8")
        result.faults += [f"round {number}: {line}" for line in found.split("\n") if line]
    result.seconds = time.monotonic() - begun
    result.versions = sum(map(len, model.values()))
    return result


def _wait_for(journal: Path) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while not journal.exists():
        if time.monotonic() > until:
            raise KillRunError(f"a writer did not start in {_START_TIMEOUT_S:.0f} s")
        time.sleep(0.002)


def _plan(rng: random.Random, model: Model) -> tuple[list[Operation], list[Model]]:
    """Return operations that can follow each other, and the model before, between and after them."""
    operations: list[Operation] = []
    models = [model]
    while len(operations) < _OPERATIONS:
        operation = rng.choice(_possible(rng, models[-1]))
        operations.append(operation)
        models.append(_after(models[-1], operation))
    return operations, models


def _possible(rng: random.Random, model: Model) -> list[Operation]:
    document = rng.choice(list(model))
    versions = model[document]
    next_draft = len(versions) + 1
    found = [Operation("ingest", document, draft=next_draft), Operation("draft", document, draft=next_draft)]
    shown = [number for number, (_, state) in enumerate(versions, 1) if state == "published"]
    for number, (_, state) in enumerate(versions, 1):
        if state == "draft":
            found.append(Operation("submit", document, number))
        elif state == "in_review" and not any(other > number for other in shown):
            found.append(Operation("publish", document, number))
        elif state == "published":
            found.append(Operation("withdraw", document, number))
            found += [Operation("rollback", document, number)] if number != shown[-1] else []
    return [*found, Operation("reindex")] if rng.random() < _REINDEXED else found


def _after(model: Model, operation: Operation) -> Model:
    if operation.kind == "reindex":
        return model
    versions = list(model[operation.document])
    at = operation.version - 1
    if operation.kind in {"ingest", "draft"}:
        versions.append((operation.draft, "published" if operation.kind == "ingest" else "draft"))
    elif operation.kind == "rollback":
        versions = [
            (draft, "withdrawn" if place > at and state == "published" else state)
            for place, (draft, state) in enumerate(versions)
        ]
    else:
        states = {"submit": "in_review", "publish": "published", "withdraw": "withdrawn"}
        versions[at] = (versions[at][0], states[operation.kind])
    return {**model, operation.document: versions}


def _in_force(model: Model) -> dict[int, int]:
    """Return the draft each document answers with: the newest published; all begin on the same day."""
    shown = {
        document: [draft for draft, state in versions if state == "published"]
        for document, versions in model.items()
    }
    return {document: drafts[-1] for document, drafts in shown.items() if drafts}


def _read(database: Path, result: KillResult, number: int) -> Model:
    """Read the state by plain SQL, and note what no state may look like."""
    model: Model = {document: [] for document in range(result.documents)}
    with closing(sqlite3.connect(database)) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        if sound != "ok" or connection.execute("PRAGMA foreign_key_check").fetchall():
            result.faults.append(f"round {number}: the database is damaged: {sound}")
        names = [name for (name,) in connection.execute("SELECT source_file FROM documents WHERE part = ''")]
        if len(set(names)) != len(names):
            result.faults.append(f"round {number}: a document is there twice: {names}")
        for name in names:
            document = int(name.removeprefix("办法").removesuffix(".md"))
            rows = connection.execute(
                "SELECT v.id, v.number, v.text, e.state FROM versions v JOIN documents d"
                " ON d.id = v.document_id JOIN editions e ON e.version_id = v.id"
                " WHERE d.source_file = ? AND d.part = '' ORDER BY v.number",
                (name,),
            ).fetchall()
            for place, (version_id, version, text, state) in enumerate(rows, 1):
                ((_, draft),) = invented.marks(text)
                model[document].append((draft, state))
                if version != place or not _is_whole(connection, version_id, document, draft, text):
                    result.faults.append(f"round {number}: version {version} of {name} is not whole")
    return model


def _is_whole(connection: sqlite3.Connection, version_id: int, document: int, draft: int, text: str) -> bool:
    """Tell whether a version has the words of its file, its chunks have them all, and its 附件 is there."""
    expected = invented.text(document, draft).split("\n附件1\n")[0].split()
    parts = connection.execute(
        "SELECT v.id, v.text FROM edition_parts p JOIN versions v ON v.id = p.version_id"
        " WHERE p.edition_id = ?",
        (version_id,),
    ).fetchall()
    whole = text.split() == expected and len(parts) == document % 2
    for id_, words in [(version_id, text), *parts]:
        chunks = connection.execute(
            'SELECT start, "end", text FROM chunks WHERE version_id = ? ORDER BY start', (id_,)
        ).fetchall()
        whole &= all(words[start:end] == piece for start, end, piece in chunks)
        whole &= "".join("".join(piece for *_, piece in chunks).split()) == "".join(words.split())
        whole &= invented.marks(words) == {(document, draft)}
    return whole
