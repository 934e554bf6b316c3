"""How long ranking takes on a real corpus of real words, with synthetic vectors in the encoder's place.

What is measured is everything between a question's vector and its hits: filters, dense and lexical search,
spans, features and fusion, `HybridIndex.rank`, on one thread.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.datasets import BeirSet
from eval.latency import Timings
from eval.reports import Table
from eval.retrieval_run import as_passages
from eval.synthetic_vectors import DIM, SyntheticCorpus
from retrieval.contracts import Passage, PassageVectors, SearchFilter, Span, Vectors
from retrieval.hybrid import HybridIndex
from retrieval.lexicon import load_lexicon
from retrieval.query import QueryReader
from retrieval.ranking import Ranking
from retrieval.runtime import unit_rows

# Of ten laws four are national, the others of one of these; a citizen sees the nation, a province, a city.
_PLACES = ("云岭省", "云岭省/云州市", "海州省", "海州省/海州市", "江原省", "江原省/江原市")
WHERE = SearchFilter(frozenset({"全国", "云岭省", "云岭省/云州市"}), day=740_000)
_WARM_UP = 5
_MIB = 2**20


class _Absent:
    """Stands where the encoder would; it is never asked."""

    name = "absent"
    dim = DIM
    fingerprint = "absent"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        raise NotImplementedError

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        raise NotImplementedError

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RankingSpeed:
    """What one run measured.

    Attributes:
        allowed: Passages the region and the day let through.
        build_s: Cutting all passages into words and building every part of the index.
        index_mib: All files of it. `resident_mib` of this process, which has built it too.
        clock: Milliseconds on the clock for one question; `cpu` of the thread's processor time.
    """

    passages: int
    spans: int
    allowed: int
    questions: int
    build_s: float
    index_mib: float
    resident_mib: float
    clock: Timings
    cpu: Timings


def measure_ranking(beir: BeirSet, *, limit: int, on_progress: Callable[[str], None]) -> RankingSpeed:
    """Index the corpus and rank the first `limit` questions under the filter `WHERE`."""
    import psutil

    passages = _placed(as_passages(beir))
    corpus = SyntheticCorpus(len(passages))
    vectors = np.concatenate(list(corpus.chunks()))
    reader = QueryReader(load_lexicon())
    ranking = Ranking.load()
    encoder = _Absent()
    on_progress(f"{len(passages):,} 段：切词，建立索引")
    begun = time.perf_counter()
    built = HybridIndex.build(
        passages,
        vectors,
        _spans(passages, vectors),
        encoder=encoder,
        reader=reader,
        ranking=ranking,
    )
    build_s = time.perf_counter() - begun
    texts = list(beir.queries.values())[:limit]
    about = np.random.default_rng(2).choice(len(passages), len(texts), replace=len(texts) > len(passages))
    asked = corpus.questions(vectors[about])
    with tempfile.TemporaryDirectory(prefix="wenzheng-ranking-") as name:
        folder = Path(name)
        built.save(folder)
        index_mib = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _MIB
        del built, vectors
        # Loaded as a service does, spans mapped.
        index = HybridIndex.load(folder, encoder=encoder, reader=reader, ranking=ranking)
        on_progress(f"排序 {len(texts)} 个问题")
        clock, cpu = _rank(index, reader, texts, asked)
        resident_mib = psutil.Process().memory_info().rss / _MIB
    allowed = sum(1 for each in passages if _is_allowed(each))
    spans = sum(len(each.spans) for each in passages)
    return RankingSpeed(
        len(passages), spans, allowed, len(texts), build_s, index_mib, resident_mib, clock, cpu
    )


def ranking_table(result: RankingSpeed) -> Table:
    """Return the figures in one row."""
    return Table(
        ("段", "句", "过滤后", "问题", "p50/p95 毫秒", "CPU p50/p95 毫秒", "建立 秒", "文件 MiB", "常驻 MiB"),
        (
            (
                f"{result.passages:,}",
                f"{result.spans:,}",
                f"{result.allowed:,}",
                str(result.questions),
                f"{result.clock.p50:.2f} / {result.clock.p95:.2f}",
                f"{result.cpu.p50:.2f} / {result.cpu.p95:.2f}",
                f"{result.build_s:.1f}",
                f"{result.index_mib:.0f}",
                f"{result.resident_mib:.0f}",
            ),
        ),
    )


def _rank(
    index: HybridIndex, reader: QueryReader, texts: Sequence[str], vectors: Vectors
) -> tuple[Timings, Timings]:
    queries = [reader.read(text) for text in texts]
    for query, vector in list(zip(queries, vectors, strict=True))[:_WARM_UP]:
        index.rank(query, vector, where=WHERE)
    clock, cpu = [], []
    for query, vector in zip(queries, vectors, strict=True):
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        index.rank(query, vector, where=WHERE)
        cpu.append(1000 * (time.thread_time() - begun_cpu))
        clock.append(1000 * (time.perf_counter() - begun))
    return Timings.of(clock), Timings.of(cpu)


def _placed(passages: Sequence[Passage]) -> list[Passage]:
    """Give each law a region and a day from which on it holds; a BEIR corpus has neither."""
    laws: dict[str, int] = {}
    placed = []
    for passage in passages:
        law = laws.setdefault(passage.title.split(" ")[0], len(laws))
        place = law % 10 - 4
        placed.append(
            replace(
                passage,
                region="全国" if place < 0 else _PLACES[place],
                from_day=730_000 + law % 365,
                to_day=735_000 if law % 20 == 19 else passage.to_day,
            )
        )
    return placed


def _is_allowed(passage: Passage) -> bool:
    assert WHERE.regions is not None
    assert WHERE.day is not None
    return passage.region in WHERE.regions and passage.from_day <= WHERE.day < passage.to_day


def _spans(passages: Sequence[Passage], vectors: Vectors) -> list[NDArray[np.float16]]:
    rng = np.random.default_rng(3)
    return [
        unit_rows(vector + 0.01 * rng.standard_normal((len(passage.spans), DIM), dtype=np.float32)).astype(
            np.float16
        )
        for passage, vector in zip(passages, vectors, strict=True)
    ]
