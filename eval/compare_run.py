"""`wenzheng eval compare`: baselines, peers and ours, same questions, same corpus, one run."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import BeirDocument, BeirSet
from eval.latency import Timings
from eval.metrics import score_rankings
from eval.peers import BAISITONG, CHINA_LAW, PEERS, PeerFailed, PeerMissing, interpreter_of, open_peer
from eval.reports import Json, Section, Table, save_run, to_json
from eval.retrieval_run import DEPTH, Hybrid, Progress, as_passages
from retrieval.contracts import Hit, Passage
from retrieval.cutting import Cutting
from retrieval.lexical import K1, B, Bm25Index
from retrieval.tokenize import Tokenizer

COLUMNS = ("R@10", "R@100", "nDCG@10")
RRF_K = 60
OWN_CORPUS = f"只检索自带的条文：见 --corpus {CHINA_LAW}"
Search = Callable[[str], tuple[list[str], float]]
"""Document ids, best first, and the milliseconds it took."""


@dataclass(frozen=True, slots=True)
class ComparedSystem:
    """One system: mean scores in [0, 1], and milliseconds a question when asked one at a time."""

    name: str
    about: str
    scores: dict[str, float]
    p50_ms: float
    p95_ms: float
    per_query: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one run measured; `absent` says of each system that took no part why."""

    dataset: str
    split: str
    passages: int
    queries: int
    systems: tuple[ComparedSystem, ...]
    absent: dict[str, str]


class JiebaBm25:
    """BM25 over jieba's words, its own dictionary and nothing else: the baseline anyone can build."""

    def __init__(self, documents: Sequence[BeirDocument]) -> None:
        self._tokenizer = Tokenizer(Cutting((), (), {}))
        self._index = Bm25Index.build(
            [self._tokenizer.words(f"{document.title} {document.text}") for document in documents]
        )

    def search(self, question: str, k: int = DEPTH) -> list[int]:
        """Return rows by falling score, ties in the order of the corpus; none that shares no word."""
        scores = self._index.scores(self._tokenizer.words(question))
        order = (-scores).argsort(kind="stable")[:k]
        return [int(row) for row in order if scores[row] > 0]


def fuse_by_rank(rankings: Iterable[Sequence[int]], k: int = DEPTH) -> list[int]:
    """Return rows by reciprocal rank fusion: the sum of 1 / (60 + rank) over the rankings, ties by row."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = scores.get(row, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores, key=lambda row: (-scores[row], row))[:k]


def compare(
    beir: BeirSet,
    build: Callable[[Sequence[Passage]], Hybrid],
    *,
    peers: Mapping[str, Path],
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> Comparison:
    """Ask every system the first `limit` questions of the split (all by default).

    Args:
        build: Builds our index over passages whose ids are the rows of the corpus.
        peers: The interpreter each peer is installed in, where it is not ours.
    """
    questions = dict(list(beir.queries.items())[:limit])
    qrels = {query: beir.qrels[query] for query in questions}
    found: list[ComparedSystem] = []

    def measure(name: str, about: str, search: Search) -> None:
        rankings, timings = _ask_all(name, search, questions, on_progress)
        scores = score_rankings(qrels, rankings)
        found.append(ComparedSystem(name, about, scores.mean, timings.p50, timings.p95, scores.per_query))

    for name, about, search in _own_systems(beir, build):
        measure(name, about, search)
    absent: dict[str, str] = {}
    for peer in PEERS:
        if peer == CHINA_LAW and not beir.name.endswith(CHINA_LAW):
            absent[peer] = OWN_CORPUS
            continue
        try:
            with ExitStack() as stack:
                opened = stack.enter_context(open_peer(peer, interpreter_of(peer, peers), beir.documents))
                measure(peer, _about_peer(peer, opened.version), opened.search)
        except (PeerMissing, PeerFailed, OSError) as error:
            absent[peer] = str(error)
    return Comparison(beir.name, beir.split, len(beir.documents), len(questions), tuple(found), absent)


def _own_systems(
    beir: BeirSet, build: Callable[[Sequence[Passage]], Hybrid]
) -> Iterable[tuple[str, str, Search]]:
    plain = JiebaBm25(beir.documents)
    index = build(as_passages(beir))

    def rows_of(hits: list[list[Hit]]) -> list[int]:
        return [hit.passage_id for hit in hits[0]]

    def dense(question: str) -> list[int]:
        return rows_of(index.search_dense([question], k=DEPTH))

    def timed(rows: Callable[[str], list[int]]) -> Search:
        def search(question: str) -> tuple[list[str], float]:
            begun = time.perf_counter()
            ranking = rows(question)
            spent_ms = 1000 * (time.perf_counter() - begun)
            return [beir.documents[row].id for row in ranking], spent_ms

        return search

    yield "jieba BM25", f"k1 {K1}，b {B}，jieba 自带词典", timed(plain.search)
    yield "向量", "默认编码器单独检索", timed(dense)
    yield (
        "名次融合",
        f"上面两者，RRF（k {RRF_K}）",
        timed(lambda question: fuse_by_rank((dense(question), plain.search(question)))),
    )
    yield "问政", "本项目", timed(lambda question: rows_of(index.search([question], k=DEPTH)))


def _about_peer(peer: str, version: str) -> str:
    about = {CHINA_LAW: "至多召回 60 条", BAISITONG: "至多召回 20 条"}
    return f"{version}，{about[peer]}"


def _ask_all(
    name: str, search: Search, questions: Mapping[str, str], on_progress: Progress | None
) -> tuple[dict[str, list[str]], Timings]:
    search(next(iter(questions.values())))  # what loads on first use is no question's fault
    rankings: dict[str, list[str]] = {}
    calls_ms = []
    for query, text in questions.items():
        rankings[query], spent_ms = search(text)
        calls_ms.append(spent_ms)
        if on_progress:
            on_progress(name, len(rankings), len(questions))
    return rankings, Timings.of(calls_ms)


def comparison_table(result: Comparison) -> Table:
    """Return systems by measures; those that took no part stand below with the reason."""
    rows = [
        (
            one.name,
            *(f"{one.scores[measure]:.4f}" for measure in COLUMNS),
            f"{one.p50_ms:.1f}",
            f"{one.p95_ms:.1f}",
            one.about,
        )
        for one in result.systems
    ]
    rows += [(name, *["–"] * (len(COLUMNS) + 2), reason) for name, reason in result.absent.items()]
    return Table(("系统", *COLUMNS, "p50 毫秒", "p95 毫秒", "说明"), tuple(rows))


def report_comparison(folder: Path, result: Comparison, config: Json) -> None:
    """Save the run: configuration, results with every question's scores, and a report."""
    intro = (
        f"{result.dataset} / {result.split}：{result.passages} 段文本，{result.queries} 个问题，逐个提问；"
        "没有返回结果的问题按 0 分计。"
    )
    save_run(
        folder,
        title=f"检索对照：{result.dataset}",
        config=config,
        results=to_json(result),
        sections=[Section("各系统", intro, (comparison_table(result),))],
    )
