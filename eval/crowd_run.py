"""Writers and readers at once: no error, no half document, no answer that mixes two states of a document.

A writer owns some documents and changes one at a time: it publishes new drafts, withdraws, rolls back.
Beside each document stands what it says now, with a number that is odd while it is being changed. A reader
notes the number, asks, and looks again. Precisely, these are faults:

- an error of any kind, in a reader or a writer;
- a mixed answer: two citations of one document from different drafts of it, 附件 included, or a citation
  whose words are not the stored text at its place;
- half a document: a cited text, opened, is not the whole file of its draft;
- a stale answer: the number was even and the same before and after, and the answer quotes another draft
  than the one published then, or any draft of a document that was withdrawn;
- a late answer: the same, `settled_s` after the writer's command returned, and the document is not quoted.
"""

import multiprocessing
import random
import threading
import time
import traceback
from collections import Counter
from ctypes import Structure, c_double, c_long
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import SynchronizedArray
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from bot.answer import Answer, Question
from bot.confidence import SIGNALS, Confidence
from bot.consultation import Consultation
from bot.settings import Settings
from eval import invented
from eval.kill_worker import Operation, Site
from knowledge_base.errors import WenzhengError
from knowledge_base.faq.store import FaqStore
from knowledge_base.store import KnowledgeStore
from retrieval.indexing import Indexer
from retrieval.live_index import LiveIndex
from retrieval.ranking import FEATURES, Ranking

_NOTHING = 0
_START_TIMEOUT_S = 300.0
_READER_PROCESSES = 2
# The words decide: what is proved is which state is quoted, not how well a made-up encoder understands.
_BY_WORDS = Ranking(
    np.array([{"lexical": 3.0, "coverage": 6.0}.get(name, 0.0) for name in FEATURES], np.float32)
)
_COVERED = Confidence(tuple({"coverage": 20.0}.get(name, 0.0) for name in SIGNALS), -8.0, 0.5)


class CrowdRunError(WenzhengError):
    """A process of the run did not start or did not end."""


class _Now(Structure):
    """What a document says: `draft` 0 is nothing; `number` is odd while that is being changed."""

    _fields_ = [("number", c_long), ("draft", c_long), ("since_s", c_double)]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the processes share: what each document says, the signals, and where results are handed in."""

    now: "SynchronizedArray[Any]"
    stop: Event
    ready: Semaphore
    told: "Queue[CrowdResult]"


@dataclass(slots=True)
class CrowdResult:
    """What was done, and what was wrong; no fault is a pass.

    Attributes:
        answered: Answers that quote the document asked about; `unanswered` those that quote nothing of it.
        checked_still: Answers during which the document stood still, so that the exact draft was checked.
    """

    seconds: float
    writers: int
    readers: int
    seed: int
    writes: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    unanswered: int = 0
    checked_still: int = 0
    faults: list[str] = field(default_factory=list)


def run_crowd(
    data_dir: Path,
    *,
    seconds: float,
    writers: int = 4,
    readers: int = 50,
    documents: int = 12,
    settled_s: float = 3.0,
    seed: int = 0,
) -> CrowdResult:
    """Let `writers` processes and `readers` threads (in two processes) loose on one new data directory.

    Raises:
        CrowdRunError: If a process does not start, or hangs.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["eval.kill_preload"])
    scene = _Scene(context.Array(_Now, documents), context.Event(), context.Semaphore(0), context.Queue())
    data_dir.mkdir(parents=True, exist_ok=True)
    site = Site(data_dir)
    for document in range(documents):
        site.apply(Operation("ingest", document, draft=1))
        scene.now[document].draft = 1
    site.close()
    shares = [range(number, documents, writers) for number in range(writers)]
    threads = [len(range(number, readers, _READER_PROCESSES)) for number in range(_READER_PROCESSES)]
    processes = [
        *(
            context.Process(target=_write, args=(data_dir, list(share), seed + n, scene))
            for n, share in enumerate(shares)
        ),
        *(
            context.Process(target=_read, args=(data_dir, count, seed + 100 + n, settled_s, scene))
            for n, count in enumerate(threads)
        ),
    ]
    for process in processes:
        process.start()
    for _ in processes:
        if not scene.ready.acquire(timeout=_START_TIMEOUT_S):
            raise CrowdRunError(f"not all processes started in {_START_TIMEOUT_S:.0f} s")
    time.sleep(seconds)
    scene.stop.set()
    result = CrowdResult(seconds, writers, readers, seed)
    for _ in processes:
        try:
            part: CrowdResult = scene.told.get(timeout=_START_TIMEOUT_S)
        except Empty as error:
            raise CrowdRunError("a process did not end") from error
        result.writes += part.writes
        result.answered += part.answered
        result.unanswered += part.unanswered
        result.checked_still += part.checked_still
        result.faults += part.faults
    for process in processes:
        process.join(_START_TIMEOUT_S)
    return result


def _write(data_dir: Path, documents: list[int], seed: int, scene: _Scene) -> None:
    result = CrowdResult(0, 1, 0, seed)
    rng = random.Random(seed)  # noqa: S311
    site = Site(data_dir)
    published = {document: [1] for document in documents}  # drafts, oldest first; version n holds draft n
    drafts = dict.fromkeys(documents, 1)
    scene.ready.release()
    while not scene.stop.is_set():
        document = rng.choice(documents)
        operations, shown = _next_change(rng, document, published[document], drafts[document] + 1)
        try:
            _announce(scene.now, document, None)
            for operation in operations:
                site.apply(operation)
                result.writes[operation.kind] += 1
        except Exception:
            result.faults.append(f"writer: {traceback.format_exc()}")
            break
        drafts[document] += any(operation.draft for operation in operations)
        published[document] = shown
        _announce(scene.now, document, shown[-1] if shown else _NOTHING)
    site.close()
    scene.told.put(result)


def _next_change(
    rng: random.Random, document: int, published: list[int], next_draft: int
) -> tuple[list[Operation], list[int]]:
    """Return what to do with a document, and which drafts are published then."""
    choices = [
        ([Operation("ingest", document, draft=next_draft)], [*published, next_draft]),
        (
            [
                Operation("draft", document, draft=next_draft),
                Operation("submit", document, next_draft),
                Operation("publish", document, next_draft),
            ],
            [*published, next_draft],
        ),
    ]
    if published:
        choices.append(([Operation("withdraw", document, published[-1])], published[:-1]))
    if len(published) > 1:
        choices.append(([Operation("rollback", document, published[0])], published[:1]))
    return rng.choice(choices)


def _announce(now: "SynchronizedArray[Any]", document: int, draft: int | None) -> None:
    with now.get_lock():
        now[document].number += 1
        if draft is not None:
            now[document].draft, now[document].since_s = draft, time.monotonic()


def _look(now: "SynchronizedArray[Any]", document: int) -> tuple[int, int, float]:
    with now.get_lock():
        state = now[document]
        return state.number, state.draft, state.since_s


def _read(data_dir: Path, count: int, seed: int, settled_s: float, scene: _Scene) -> None:
    now = scene.now
    site = Site(data_dir)
    indexer = Indexer(site.store, site.encoder, data_dir / "index", ranking=_BY_WORDS)
    consultation = Consultation(
        site.store,
        LiveIndex(indexer),
        Settings(data_dir=data_dir),
        faq=FaqStore(site.engine),
        confidence=_COVERED,
    )
    result = CrowdResult(0, 0, count, seed)
    lock = threading.Lock()

    def ask_on(number: int) -> None:
        rng = random.Random(seed * 1000 + number)  # noqa: S311
        while not scene.stop.is_set():
            document = rng.randrange(len(now))
            before = _look(now, document)
            asked_s = time.monotonic()
            try:
                words = invented.question(document, rng.choice(invented.MATTERS))
                answer = consultation.answer(Question(question=words))
                faults, drafts = _judge(answer, site.store, document)
            except Exception:
                faults, drafts = [f"reader: {traceback.format_exc()}"], set()
            still = before == _look(now, document) and before[0] % 2 == 0
            if still and drafts - {before[1]}:
                faults.append(f"stale: document {document} says {before[1]}, quoted {drafts}")
            late = still and before[1] != _NOTHING and asked_s - before[2] > settled_s
            if late and not drafts and not faults:
                faults.append(f"late: draft {before[1]} of document {document} is not quoted")
            with lock:
                result.answered += bool(drafts)
                result.unanswered += not drafts
                result.checked_still += still
                result.faults += faults

    consultation.answer(Question(question=invented.question(0, "登记")))
    threads = [threading.Thread(target=ask_on, args=(number,)) for number in range(count)]
    scene.ready.release()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.close()
    scene.told.put(result)


def _judge(answer: Answer, store: KnowledgeStore, document: int) -> tuple[list[str], set[int]]:
    """Return what is wrong with an answer in itself, and the drafts of `document` that it quotes."""
    faults = []
    drafts: dict[int, set[int]] = {}
    for citation in answer.citations:
        marks = invented.marks(citation.quote)
        stored = store.document_text(citation.document.id, citation.version_id)
        if stored is not None and not stored.withdrawn:
            marks |= invented.marks(stored.text)
            if stored.text[citation.span.start : citation.span.end] != citation.quote:
                faults.append(f"mixed: {citation.quote!r} is not the stored text at its place")
            faults += _half(stored.text, stored.document.part)
        for number, draft in marks:
            drafts.setdefault(number, set()).add(draft)
    faults += [
        f"mixed: drafts {each} of document {n} in one answer" for n, each in drafts.items() if len(each) > 1
    ]
    return faults, drafts.get(document, set())


def _half(text: str, part: str) -> list[str]:
    ((document, draft),) = invented.marks(text)
    whole = invented.text(document, draft).split("\n附件1\n")
    expected = whole[1] if part else whole[0]
    if [line for line in text.split() if line != "附件1"] == expected.split():
        return []
    return [f"half: version of document {document}, draft {draft}: {text!r}"]
