"""The dense index by itself: recall against exact search, time, size and memory, on synthetic vectors.

Built in one process and searched in another that only loads it, so that memory is that of serving. Times
are given twice: as they pass on the clock, and as the searching thread uses the processor, which other
work on the machine hardly changes. A search asks for as many rows as a ranking does, `POOL`.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from eval.latency import Timings
from eval.reports import Table
from eval.synthetic_vectors import DIM, SyntheticCorpus
from retrieval.contracts import Vectors
from retrieval.dense import Kind, build_dense, kind_for, load_dense
from retrieval.hybrid import POOL

RECALL_AT = 20
# Filters by the laws they allow, as regions do: half of them, a twentieth, and as few as hold 300 articles.
FILTERS = ("none", "half", "twentieth", "300 articles")
_WARM_UP = 5
T = TypeVar("T")
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Search:
    """Searches under one filter, one after another on one thread.

    Attributes:
        allowed: Rows the filter lets through.
        recall: Mean share of the exact `RECALL_AT` nearest that are among the first `RECALL_AT` found.
        clock: Milliseconds on the clock; `cpu` of the thread's processor time.
    """

    filter: str
    allowed: int
    recall: float
    clock: Timings
    cpu: Timings


@dataclass(frozen=True, slots=True)
class Building:
    """What building took; the peak counts the mapped file of vectors it reads."""

    clock_s: float
    cpu_s: float
    peak_mib: float
    file_mib: float


@dataclass(frozen=True, slots=True)
class IndexResult:
    """One kind of index at one size.

    Attributes:
        chosen: Whether this is the kind the product takes at this size.
        resident_mib: Memory of the searching process at its end, libraries and mapped pages included.
        bare_mib: The same before the index was loaded.
    """

    rows: int
    kind: Kind
    chosen: bool
    building: Building
    bare_mib: float
    resident_mib: float
    searches: tuple[Search, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """What the processes share: files under `folder`, and the kind of index."""

    folder: Path
    kind: Kind


def measure_index(
    sizes: Sequence[int],
    kinds: Sequence[Kind] = (),
    *,
    questions: int = 100,
    on_progress: Callable[[str], None] | None = None,
) -> list[IndexResult]:
    """Build and search each kind at each size; without `kinds`, the one the product takes.

    Needs 1.5 kB of temporary disk for each row, and about twice that with its index.
    """
    results = []
    tell = on_progress or _say_nothing
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="wenzheng-index-") as name:
            folder = Path(name)
            tell(f"{rows:,} 段：生成向量，精确检索")
            _prepare(SyntheticCorpus(rows), folder, questions)
            for kind in kinds or (kind_for(rows),):
                tell(f"{rows:,} 段：{kind}")
                results.append(_measure(_Task(folder, kind), rows))
    return results


def index_table(results: Sequence[IndexResult]) -> Table:
    """Return a row for each kind, size and filter."""
    return Table(
        (
            *("段", "索引", "过滤后", f"R@{RECALL_AT}", "p50/p95 毫秒", "CPU p50/p95 毫秒"),
            *("建立 秒（CPU）", "建立峰值 MiB", "文件 MiB", "常驻 MiB"),
        ),
        tuple(
            (
                f"{one.rows:,}",
                f"{one.kind}{'（采用）' if one.chosen else ''}",
                f"{search.allowed:,}",
                f"{search.recall:.4f}",
                f"{search.clock.p50:.2f} / {search.clock.p95:.2f}",
                f"{search.cpu.p50:.2f} / {search.cpu.p95:.2f}",
                f"{one.building.clock_s:.1f}（{one.building.cpu_s:.1f}）",
                f"{one.building.peak_mib:.0f}",
                f"{one.building.file_mib:.0f}",
                f"{one.resident_mib:.0f}",
            )
            for one in results
            for search in one.searches
        ),
    )


def exact_rows(
    chunks: Sequence[Vectors], questions: Vectors, allowed: NDArray[np.bool_], k: int
) -> NDArray[np.int64]:
    """Return the k nearest allowed rows of each question, best first, of shape (n, k); -1 pads.

    Args:
        chunks: The rows in order, in pieces.
    """
    scores = np.full((len(questions), k), -np.inf, dtype=np.float32)
    rows = np.full((len(questions), k), -1, dtype=np.int64)
    start = 0
    for chunk in chunks:
        here = start + np.flatnonzero(allowed[start : start + len(chunk)])
        joined = np.concatenate([scores, questions @ chunk[here - start].T], axis=1)
        named = np.concatenate([rows, np.broadcast_to(here, (len(questions), len(here)))], axis=1)
        best = np.argsort(-joined, axis=1, kind="stable")[:, :k]
        scores, rows = np.take_along_axis(joined, best, 1), np.take_along_axis(named, best, 1)
        start += len(chunk)
    return rows


def recall_at(found: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    """Return the mean share of the expected rows (-1 is none) among the same number of those found."""
    shares = []
    for one, other in zip(found.tolist(), expected.tolist(), strict=True):
        wanted = set(other) - {-1}
        shares.append(len(wanted & set(one[: len(other)])) / len(wanted) if wanted else 1.0)
    return float(np.mean(shares))


def _say_nothing(stage: str) -> None:
    del stage


def _prepare(corpus: SyntheticCorpus, folder: Path, questions: int) -> None:
    """Write vectors, questions, filters and what exact search finds; one piece of vectors in memory."""
    vectors = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(len(corpus), DIM)
    )
    start = 0
    for chunk in corpus.chunks():
        vectors[start : start + len(chunk)] = chunk
        start += len(chunk)
    vectors.flush()
    rng = np.random.default_rng(2)
    about = np.sort(rng.choice(len(corpus), min(questions, len(corpus)), replace=False))
    asked = corpus.questions(np.asarray(vectors[about]))
    np.save(folder / "questions.npy", asked)
    step = 50_000
    pieces = [vectors[start : start + step] for start in range(0, len(corpus), step)]
    for name, allowed in zip(FILTERS, _filters(corpus.laws, rng), strict=True):
        np.save(folder / f"allowed {name}.npy", allowed)
        np.save(folder / f"exact {name}.npy", exact_rows(pieces, asked, allowed, RECALL_AT))


def _filters(laws: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    count = int(laws[-1]) + 1
    order = rng.permutation(count)
    enough = int(np.searchsorted(np.cumsum(np.bincount(laws)[order]), 300)) + 1
    return [np.isin(laws, order[:some]) for some in (count, -(-count // 2), -(-count // 20), enough)]


def _measure(task: _Task, rows: int) -> IndexResult:
    building = _apart(_build, task)
    bare_mib, resident_mib, searches = _apart(_search, task)
    return IndexResult(
        rows, task.kind, task.kind == kind_for(rows), building, bare_mib, resident_mib, searches
    )


def _apart(work: Callable[[_Task], T], task: _Task) -> T:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, task).result()


def _build(task: _Task) -> Building:
    vectors = np.load(task.folder / "vectors.npy", mmap_mode="r")
    begun, begun_cpu = time.perf_counter(), time.process_time()
    index = build_dense(vectors, task.kind)
    clock_s, cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
    target = task.folder / task.kind
    target.mkdir()
    index.save(target)
    file_bytes = sum(path.stat().st_size for path in target.iterdir())
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Building(clock_s, cpu_s, peak_mib, file_bytes / _MIB)


def _search(task: _Task) -> tuple[float, float, tuple[Search, ...]]:
    import psutil

    process = psutil.Process()
    questions = np.load(task.folder / "questions.npy")
    bare_mib = process.memory_info().rss / _MIB
    index = load_dense(task.folder / task.kind, dim=DIM)
    k = min(POOL, len(index))
    searches = []
    for name in FILTERS:
        allowed = np.load(task.folder / f"allowed {name}.npy")
        mask = None if name == "none" else allowed
        for question in questions[:_WARM_UP]:
            index.search(question[None], k=k, allowed=mask)
        clock, cpu, found = [], [], []
        for question in questions:
            begun, begun_cpu = time.perf_counter(), time.thread_time()
            found.append(index.search(question[None], k=k, allowed=mask)[1][0])
            cpu.append(1000 * (time.thread_time() - begun_cpu))
            clock.append(1000 * (time.perf_counter() - begun))
        recall = recall_at(np.stack(found), np.load(task.folder / f"exact {name}.npy"))
        searches.append(Search(name, int(allowed.sum()), recall, Timings.of(clock), Timings.of(cpu)))
    return bare_mib, process.memory_info().rss / _MIB, tuple(searches)
