"""`wenzheng eval retrieval`: dense alone, lexical alone and both fused, on a BEIR folder."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from eval.datasets import BeirSet
from eval.metrics import MEASURES, score_rankings
from eval.plots import draw_recall
from eval.reports import Json, Section, Table, save_run, to_json
from knowledge_base.sentences import sentence_spans
from retrieval.contracts import Encoder, Hit, Passage, PassageVectors, SearchFilter, Span, Vectors

DEPTH = 100
ARTICLE_LABEL = re.compile(r"第[〇零一二三四五六七八九十百千\d]+条(?:之[一二三四五六七八九十]+)?")
_BATCH = 32
Progress = Callable[[str, int, int], None]
"""Told the stage, how much is done, and of how much."""


class Hybrid(Protocol):
    """The index under test: each of its parts, and the whole."""

    def search_dense(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]: ...

    def search_lexical(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]: ...

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]: ...


class CachedEncoder:
    """An encoder that keeps the vectors of a batch of passages in one file, for the next run.

    The file is `<fingerprint>-<sha256 of the texts and spans>.npy` and holds float32 of shape
    (passages + all spans, dim): the passages first. Another text, cut or encoder is another file.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._folder = folder

    @property
    def name(self) -> str:
        return self._encoder.name

    @property
    def dim(self) -> int:
        return self._encoder.dim

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_queries(texts)

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        path = self._path(texts, [()] * len(texts))
        kept = self._load(path, len(texts))
        if kept is None:
            kept = self._encoder.encode_passages(texts, on_progress)
            self._save(path, kept)
        return kept

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        path = self._path(texts, spans)
        counts = [len(cut) for cut in spans]
        kept = self._load(path, len(texts) + sum(counts))
        if kept is None:
            fresh = self._encoder.encode_passages_with_spans(texts, spans, on_progress)
            kept = np.concatenate([fresh.passages, *fresh.spans])
            self._save(path, kept)
        ends = np.cumsum([len(texts), *counts])
        return PassageVectors(kept[: len(texts)], np.split(kept, ends)[1:-1])

    def _path(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> Path:
        sha = hashlib.sha256()
        for text, cut in zip(texts, spans, strict=True):
            sha.update(f"{text}\0{list(cut)}\0".encode())
        return self._folder / f"{self.fingerprint}-{sha.hexdigest()[:32]}.npy"

    def _load(self, path: Path, rows: int) -> Vectors | None:
        try:
            kept: Vectors = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return kept if kept.shape == (rows, self.dim) and kept.dtype == np.float32 else None

    def _save(self, path: Path, vectors: Vectors) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft.npy")
        np.save(draft, vectors)
        draft.replace(path)


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One way of searching: its scores over all queries, and milliseconds a query in batches."""

    name: str
    scores: dict[str, float]
    ms_per_query: float
    per_query: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What one run measured."""

    dataset: str
    split: str
    passages: int
    queries: int
    build_s: float
    systems: tuple[SystemResult, ...]


def corpus_sha256(beir: BeirSet) -> str:
    """Return the checksum of all documents, by id, title and text."""
    sha = hashlib.sha256()
    for document in beir.documents:
        sha.update(f"{document.id}\0{document.title}\0{document.text}\0".encode())
    return sha.hexdigest()


def as_passages(beir: BeirSet) -> list[Passage]:
    """Return the corpus as passages, cut into sentences as the product does; the id is the row number.

    A title that ends in an article's label is taken apart, so that the articles of one law are one document.
    """
    passages = []
    for row, document in enumerate(beir.documents):
        title, _, label = document.title.rpartition(" ")
        is_article = bool(title) and ARTICLE_LABEL.fullmatch(label) is not None
        passages.append(
            Passage(
                id=row,
                title=title if is_article else document.title,
                heading=label if is_article else "",
                lead="",
                text=document.text,
                spans=sentence_spans(document.text),
            )
        )
    return passages


def measure_retrieval(
    beir: BeirSet,
    build: Callable[[Sequence[Passage]], Hybrid],
    *,
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> RetrievalResult:
    """Index the whole corpus and score the first `limit` queries of the split (all by default)."""
    begun = time.perf_counter()
    index = build(as_passages(beir))
    build_s = time.perf_counter() - begun
    chosen = list(beir.queries)[:limit]
    qrels = {query: beir.qrels[query] for query in chosen}
    systems = []
    for name, search in (
        ("dense", index.search_dense),
        ("lexical", index.search_lexical),
        ("hybrid", index.search),
    ):
        rankings: dict[str, list[str]] = {}
        begun = time.perf_counter()
        for start in range(0, len(chosen), _BATCH):
            batch = chosen[start : start + _BATCH]
            found = search([beir.queries[query] for query in batch], k=DEPTH)
            for query, hits in zip(batch, found, strict=True):
                rankings[query] = [beir.documents[hit.passage_id].id for hit in hits]
            if on_progress:
                on_progress(name, len(rankings), len(chosen))
        spent_ms = 1000 * (time.perf_counter() - begun)
        scores = score_rankings(qrels, rankings)
        systems.append(SystemResult(name, scores.mean, spent_ms / len(chosen), scores.per_query))
    return RetrievalResult(beir.name, beir.split, len(beir.documents), len(chosen), build_s, tuple(systems))


def scores_table(result: RetrievalResult) -> Table:
    """Return systems by measures, scores in 0 to 1."""
    return Table(
        ("检索方式", *MEASURES, "毫秒/问"),
        tuple(
            (one.name, *(f"{one.scores[measure]:.4f}" for measure in MEASURES), f"{one.ms_per_query:.1f}")
            for one in result.systems
        ),
    )


def report_retrieval(folder: Path, result: RetrievalResult, config: Json) -> None:
    """Save the run: configuration, results with every query's scores, report and recall curve."""
    cutoffs = {measure: int(measure[2:]) for measure in MEASURES if measure.startswith("R@")}
    draw_recall(
        folder / "recall.png",
        title=f"{result.dataset} ({result.split}): recall, {result.queries} queries",
        series={
            one.name: {cutoff: one.scores[measure] for measure, cutoff in cutoffs.items()}
            for one in result.systems
        },
    )
    intro = (
        f"{result.dataset} / {result.split}：{result.passages} 段文本，{result.queries} 个问题；"
        f"建立索引用时 {result.build_s:.1f} 秒。没有返回结果的问题按 0 分计。"
    )
    save_run(
        folder,
        title=f"检索评测：{result.dataset}",
        config=config,
        results=to_json(result),
        sections=[Section("各检索方式得分", intro, (scores_table(result),), ("recall.png",))],
    )
