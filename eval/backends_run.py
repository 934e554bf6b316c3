"""`wenzheng eval backends`: what the databases and vector stores cost on this machine, on made-up content."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from eval.latency import Timings
from eval.reports import Table
from knowledge_base.chunking import chunk
from knowledge_base.database import open_database
from knowledge_base.errors import StoreError
from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind, DocumentMeta
from knowledge_base.store import DocumentDraft, KnowledgeStore
from retrieval.backends import FaissBackend
from retrieval.contracts import VectorBackend, Vectors
from retrieval.milvus import IndexType, MilvusBackend
from retrieval.milvus_server import MilvusServer

ARTICLES = 50
PER_TURN = 12  # chunks, and the articles they belong to, that one question reads
READERS = 20
DIM = 384
QUERIES = 60
PER_GROUP = 100
POOL = 100


@dataclass(frozen=True, slots=True)
class DatabaseCost:
    """What one database takes, in milliseconds but for the snapshot.

    Attributes:
        land_ms: Storing a document of `ARTICLES` chunks.
        snapshot_s: Reading all `chunks` for an index.
        turn_ms: Reading what one question needs, alone.
        crowd_ms: The same by `READERS` at once while documents land.
        crowd_land_ms: Storing a document meanwhile.
    """

    name: str
    chunks: int
    land_ms: Timings
    snapshot_s: float
    turn_ms: Timings
    crowd_ms: Timings
    crowd_reads_per_s: float
    crowd_land_ms: Timings


@dataclass(frozen=True, slots=True)
class VectorCost:
    """What one vector store takes.

    Attributes:
        search_ms: The nearest 100 of all; `filtered_ms`: of one in four.
        recall: Share of the exact nearest 100 found, filtered and not.
        client_mib: Memory of this process that the loaded index adds once searched. Milvus Lite runs inside
            the process and counts; a Milvus of its own does not.
    """

    name: str
    vectors: int
    build_s: float
    search_ms: Timings
    filtered_ms: Timings
    recall: float
    client_mib: float


def measure_database(url: str, name: str, *, chunks: int, seconds: float) -> DatabaseCost:
    """Fill an empty database with made-up documents and time its use.

    Raises:
        StoreError: If it cannot be opened, or holds documents already: they would be mixed up with ours.
    """
    engine = open_database(url)
    try:
        store = KnowledgeStore(engine)
        if held := store.counts().documents:
            raise StoreError(f"the database to measure holds {held} documents; name an empty one")
        landed = [
            _time_ms(partial(store.land, f"{number}.md", [_document(number)]))
            for number in range(-(-chunks // ARTICLES))
        ]
        begun = time.perf_counter()
        _, stored = store.snapshot()
        snapshot_s = time.perf_counter() - begun
        random = np.random.default_rng(5)

        def read_turn() -> None:
            places = random.integers(0, len(stored), PER_TURN).tolist()
            store.chunks([stored[place].id for place in places])
            store.articles([(stored[place].version_id, stored[place].draft.group) for place in places])

        for _ in range(5):
            read_turn()
        turns = [_time_ms(read_turn) for _ in range(100)]
        crowd, spent_s, meanwhile = _crowd(store, read_turn, seconds)
        return DatabaseCost(
            name,
            len(stored),
            Timings.of(landed),
            snapshot_s,
            Timings.of(turns),
            Timings.of(crowd),
            len(crowd) / spent_s,
            Timings.of(meanwhile),
        )
    finally:
        engine.dispose()


def _crowd(
    store: KnowledgeStore, read: Callable[[], None], seconds: float
) -> tuple[list[float], float, list[float]]:
    """Let readers read and one writer write for so long; return both their times, in milliseconds."""
    over = Event()

    def keep_reading() -> list[float]:
        times = []
        while not over.is_set():
            times.append(_time_ms(read))
        return times

    with ThreadPoolExecutor(READERS) as pool:
        begun = time.perf_counter()
        readers = [pool.submit(keep_reading) for _ in range(READERS)]
        written: list[float] = []
        while not written or time.perf_counter() - begun < seconds:
            written.append(
                _time_ms(partial(store.land, f"later/{len(written)}.md", [_document(10**6 + len(written))]))
            )
        over.set()
        times = [one for reader in readers for one in reader.result()]
        return times, time.perf_counter() - begun, written


def _document(number: int) -> DocumentDraft:
    title = f"第{number}号办法"
    lines = [title] + [
        f"第{article}条　申请人办理第{number}号事项的，应当自受理之日起{article}个工作日内提交全部材料；"
        "材料不齐的，经办机构应当一次告知需要补正的全部内容，并说明理由和期限。"
        for article in range(1, ARTICLES)
    ]
    source = assemble([Block(BlockKind.PARAGRAPH, line) for line in lines])
    meta = DocumentMeta(title, region="云岭省/云州市", effective_from=date(2024, 1, 1))
    return DocumentDraft("", meta, source.text, chunk(source, title=title))


def measure_vectors(
    count: int, folder: Path, *, milvus_uri: str = "", milvus_token: str = "", index_type: IndexType = "FLAT"
) -> VectorCost:
    """Build, load and search an index of `count` clustered unit vectors, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_measure_vectors, count, folder, milvus_uri, milvus_token, index_type).result()


def _measure_vectors(
    count: int, folder: Path, milvus_uri: str, milvus_token: str, index_type: IndexType
) -> VectorCost:
    backend: VectorBackend = FaissBackend()
    if milvus_uri:
        server = MilvusServer(milvus_uri, milvus_token)
        backend = MilvusBackend(server, folder, prefix="wenzheng_measure", index_type=index_type)
    folder.mkdir(parents=True, exist_ok=True)
    vectors = clustered_units(count, DIM)
    groups = np.arange(count) // PER_GROUP
    allowed = groups % 4 == 0
    queries = clustered_units(QUERIES, DIM, seed=11, like=vectors)
    exact = [_nearest(vectors, queries, mask) for mask in (np.ones(count, np.bool_), allowed)]
    begun = time.perf_counter()
    backend.build(vectors, groups).save(folder)
    build_s = time.perf_counter() - begun
    del vectors
    try:
        before = _resident_mib()
        index = backend.load(folder, dim=DIM)
        found: list[list[float]] = []
        hits = wanted = 0
        for mask, best in zip((None, allowed), exact, strict=True):
            index.search(queries[:1], k=POOL, allowed=mask)
            times = []
            for query, of_query in zip(queries, best, strict=True):
                start = time.perf_counter()
                rows = index.search(query[None, :], k=POOL, allowed=mask)[1][0]
                times.append(1000 * (time.perf_counter() - start))
                hits, wanted = hits + len(set(rows.tolist()) & of_query), wanted + len(of_query)
            found.append(times)
        client_mib = _resident_mib() - before
        if backend.trouble:
            raise StoreError(backend.trouble)
    finally:
        backend.tidy([])
    name = f"Milvus {index_type}" if milvus_uri else "FAISS"
    return VectorCost(
        name, count, build_s, Timings.of(found[0]), Timings.of(found[1]), hits / wanted, client_mib
    )


def clustered_units(count: int, dim: int, *, seed: int = 5, like: Vectors | None = None) -> Vectors:
    """Return float32 of shape (count, dim), unit rows in clusters; or near rows drawn from `like`."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 50), dim)).astype(np.float32) if like is None else like
    places = random.integers(0, len(centres), count)
    spread = 0.6 if like is None else 0.02
    vectors = centres[places] + spread * random.normal(size=(count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _nearest(
    vectors: Vectors, queries: Vectors, allowed: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> list[set[int]]:
    cosines = np.where(allowed, queries @ vectors.T, -2)
    best = min(POOL, int(allowed.sum()))
    return [set(line) for line in np.argpartition(-cosines, best - 1, axis=1)[:, :best].tolist()]


def _resident_mib() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def _time_ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


def database_table(costs: Sequence[DatabaseCost]) -> Table:
    """Return a row for each database; times are p50 / p95 in milliseconds."""
    header = (
        "数据库",
        "条款",
        f"存一份文件（{ARTICLES} 条）",
        "读出全部（秒）",
        "一问的读取",
        f"{READERS} 人同读、一人在写",
        "每秒读取",
        "其间存一份文件",
    )
    return Table(
        header,
        tuple(
            (
                cost.name,
                str(cost.chunks),
                _pair(cost.land_ms),
                f"{cost.snapshot_s:.1f}",
                _pair(cost.turn_ms),
                _pair(cost.crowd_ms),
                f"{cost.crowd_reads_per_s:.0f}",
                _pair(cost.crowd_land_ms),
            )
            for cost in costs
        ),
    )


def vector_table(costs: Sequence[VectorCost]) -> Table:
    """Return a row for each vector store and size; times are p50 / p95 in milliseconds."""
    return Table(
        ("向量库", "向量", "建库（秒）", "前 100", "过滤到四分之一", "召回", "本进程增加内存（MiB）"),
        tuple(
            (
                cost.name,
                str(cost.vectors),
                f"{cost.build_s:.1f}",
                _pair(cost.search_ms),
                _pair(cost.filtered_ms),
                f"{cost.recall:.3f}",
                f"{cost.client_mib:.0f}",
            )
            for cost in costs
        ),
    )


def _pair(timings: Timings) -> str:
    return f"{timings.p50:.1f} / {timings.p95:.1f}"
