"""A tiny corpus, searched by a fake index over a hash encoder; vectors are kept between runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from eval.datasets import BeirDocument, BeirSet
from eval.retrieval_run import (
    CachedEncoder,
    as_passages,
    corpus_sha256,
    measure_retrieval,
    report_retrieval,
    scores_table,
)
from retrieval.contracts import Encoder, Hit, Passage, SearchFilter

if TYPE_CHECKING:
    from tests.eval.conftest import HashEncoder

DOCUMENTS = (
    BeirDocument("d1", "养犬规定", "养犬登记应当在三十日内办理"),
    BeirDocument("d2", "退休办法", "男职工年满六十周岁退休"),
    BeirDocument("d3", "", "租房补贴每月四百元"),
)
TINY = BeirSet(
    "tiny",
    "test",
    DOCUMENTS,
    {"q1": "养犬登记几日内办理", "q2": "职工几岁退休"},
    {"q1": {"d1": 1}, "q2": {"d2": 1}},
)


class FakeHybrid:
    """Dense is the encoder; lexical always finds the third passage; both together dense first."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors = encoder.encode_passages([passage.title + passage.text for passage in passages])

    def search_dense(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        cosines = self._encoder.encode_queries(questions) @ self._vectors.T
        return [
            [
                Hit(int(row), float(line[row]), float(line[row]), 0.0)
                for row in np.argsort(-line, kind="stable")[:k]
            ]
            for line in cosines
        ]

    def search_lexical(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        return [[Hit(2, 1.0, 0.0, 1.0)] for _ in questions]

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        return self.search_dense(questions, k=k, where=where)


def test_each_system_is_scored_alone(encoder: "HashEncoder") -> None:
    result = measure_retrieval(TINY, lambda passages: FakeHybrid(passages, encoder))
    scores = {one.name: one.scores for one in result.systems}
    assert list(scores) == ["dense", "lexical", "hybrid"]
    assert scores["dense"]["MRR@10"] == 1.0
    assert scores["lexical"] == dict.fromkeys(scores["lexical"], 0.0)
    assert (result.passages, result.queries) == (3, 2)


def test_a_limit_keeps_the_corpus_and_shortens_the_queries(encoder: "HashEncoder") -> None:
    told: list[tuple[str, int, int]] = []
    result = measure_retrieval(
        TINY,
        lambda passages: FakeHybrid(passages, encoder),
        limit=1,
        on_progress=lambda *step: told.append(step),
    )
    assert (result.passages, result.queries) == (3, 1)
    assert set(result.systems[0].per_query) == {"q1"}
    assert told == [("dense", 1, 1), ("lexical", 1, 1), ("hybrid", 1, 1)]


def test_passages_keep_title_and_text_and_are_numbered_by_row() -> None:
    passage = as_passages(TINY)[2]
    assert (passage.id, passage.title, passage.text) == (2, "", "租房补贴每月四百元")
    assert passage.spans == ((0, 9),)


def test_a_second_run_encodes_no_passage_again(encoder: "HashEncoder", tmp_path: Path) -> None:
    texts = [document.text for document in DOCUMENTS]
    first = CachedEncoder(encoder, tmp_path).encode_passages(texts)
    again = CachedEncoder(encoder, tmp_path).encode_passages(texts)
    assert encoder.passages_encoded == 3
    np.testing.assert_array_equal(first, again)
    assert [path.name.startswith("hash-1-") for path in tmp_path.glob("*.npy")] == [True]


def test_spans_are_kept_with_their_passages(encoder: "HashEncoder", tmp_path: Path) -> None:
    texts = [document.text for document in DOCUMENTS]
    spans = [((0, 4), (4, 13)), (), ((0, 2),)]
    fresh = encoder.encode_passages_with_spans(texts, spans)
    for _ in range(2):
        kept = CachedEncoder(encoder, tmp_path).encode_passages_with_spans(texts, spans)
        np.testing.assert_array_equal(kept.passages, fresh.passages)
        assert [one.shape for one in kept.spans] == [(2, 64), (0, 64), (1, 64)]
        for found, expected in zip(kept.spans, fresh.spans, strict=True):
            np.testing.assert_array_equal(found, expected)
    assert encoder.passages_encoded == 6


def test_another_text_or_cut_is_encoded_anew(encoder: "HashEncoder", tmp_path: Path) -> None:
    cached = CachedEncoder(encoder, tmp_path)
    cached.encode_passages(["甲乙"])
    cached.encode_passages(["甲", "乙"])
    cached.encode_passages_with_spans(["甲乙"], [((0, 1),)])
    assert encoder.passages_encoded == 4


@pytest.mark.parametrize("damage", [b"", b"not numpy", None])
def test_a_damaged_file_is_replaced(encoder: "HashEncoder", tmp_path: Path, damage: bytes | None) -> None:
    cached = CachedEncoder(encoder, tmp_path)
    good = cached.encode_passages(["甲乙"])
    (path,) = tmp_path.glob("*.npy")
    path.write_bytes(path.read_bytes()[:-8] if damage is None else damage)
    np.testing.assert_array_equal(cached.encode_passages(["甲乙"]), good)
    assert encoder.passages_encoded == 2


def test_the_checksum_sees_every_part_of_the_corpus() -> None:
    moved = BeirSet("tiny", "test", (BeirDocument("d1", "养犬", "规定养犬登记应当在三十日内办理"),), {}, {})
    kept = BeirSet("tiny", "test", DOCUMENTS[:1], {}, {})
    assert corpus_sha256(moved) != corpus_sha256(kept) != corpus_sha256(TINY)


def test_a_run_is_saved_to_read_and_to_parse(encoder: "HashEncoder", tmp_path: Path) -> None:
    result = measure_retrieval(TINY, lambda passages: FakeHybrid(passages, encoder))
    report_retrieval(tmp_path, result, {"corpus_sha256": corpus_sha256(TINY)})
    saved = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert saved["systems"][0]["per_query"]["q1"]["R@1"] == 1.0
    assert "| dense | 1.0000 | 1.0000 |" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "recall.png").read_bytes().startswith(b"\x89PNG")
    assert scores_table(result).rows[1][:2] == ("lexical", "0.0000")
