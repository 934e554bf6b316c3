"""The contract of `LexicalIndex`, which every implementation keeps, and the coverage of words."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.contracts import LexicalIndex
from retrieval.lexical import Bm25Index


@dataclass(frozen=True)
class Implementation:
    build: Callable[[Sequence[Sequence[str]]], LexicalIndex]
    load: Callable[[Path], LexicalIndex]


@pytest.fixture(
    scope="module", params=[pytest.param(Implementation(Bm25Index.build, Bm25Index.load), id="bm25s")]
)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    made: Implementation = request.param
    return made


# 3, 2 and 1 words long: 2 on average.
PASSAGES = (("工伤", "认定", "申请"), ("工伤", "工伤"), ("产假",))


def bm25(times: int, length: int, passages_with: int) -> float:
    """Return what a word adds to a passage, in the Lucene form: k1 1.2, b 0.75, no factor (k1 + 1)."""
    idf = math.log(1 + (3 - passages_with + 0.5) / (passages_with + 0.5))
    return idf * times / (times + 1.2 * (1 - 0.75 + 0.75 * length / 2))


def test_scores_are_those_computed_by_hand(implementation: Implementation) -> None:
    index = implementation.build(PASSAGES)
    # ln(1 + 1.5 / 2.5) = 0.4700; 1 / (1 + 1.2 · 1.375) = 0.3774; 2 / (2 + 1.2 · 1) = 0.6250
    np.testing.assert_allclose(index.scores(["工伤"]), [0.4700 * 0.3774, 0.4700 * 0.6250, 0], atol=1e-4)
    np.testing.assert_allclose(
        index.scores(["工伤", "认定", "产假"]),
        [bm25(1, 3, 2) + bm25(1, 3, 1), bm25(2, 2, 2), bm25(1, 1, 1)],
        rtol=1e-5,
    )
    assert index.scores(["工伤"]).dtype == np.float32
    assert len(index) == 3


def test_a_word_counts_once_however_often_it_is_asked(implementation: Implementation) -> None:
    index = implementation.build(PASSAGES)
    np.testing.assert_array_equal(index.scores(["工伤", "工伤"]), index.scores(["工伤"]))


def test_unknown_words_score_nothing(implementation: Implementation) -> None:
    index = implementation.build(PASSAGES)
    np.testing.assert_array_equal(index.scores(["星座"]), [0, 0, 0])
    np.testing.assert_array_equal(index.scores([]), [0, 0, 0])
    np.testing.assert_array_equal(index.scores(["星座", "产假"]), index.scores(["产假"]))


def test_a_forbidden_row_scores_nothing_and_the_others_as_before(implementation: Implementation) -> None:
    index = implementation.build(PASSAGES)
    scores = index.scores(["工伤"], np.array([True, False, True]))
    np.testing.assert_allclose(scores, [bm25(1, 3, 2), 0, 0], rtol=1e-5)


def test_k_rows_score_when_all_but_one_in_a_hundred_are_forbidden(implementation: Implementation) -> None:
    index = implementation.build([("工伤", f"第{number}条") for number in range(2000)])
    allowed = np.zeros(2000, dtype=np.bool_)
    allowed[::100] = True
    np.testing.assert_array_equal(np.flatnonzero(index.scores(["工伤"], allowed)), np.arange(0, 2000, 100))


def test_what_was_saved_scores_the_same(implementation: Implementation, tmp_path: Path) -> None:
    built = implementation.build(PASSAGES)
    built.save(tmp_path)
    loaded = implementation.load(tmp_path)
    assert len(loaded) == 3
    for words in (["工伤"], ["认定", "产假"], ["星座"]):
        np.testing.assert_array_equal(loaded.scores(words), built.scores(words))


@pytest.mark.parametrize("passages", [[], [[]], [[], []]])
def test_passages_without_words_match_nothing(
    implementation: Implementation, tmp_path: Path, passages: list[list[str]]
) -> None:
    implementation.build(passages).save(tmp_path)
    index = implementation.load(tmp_path)
    assert len(index) == len(passages)
    assert index.scores(["工伤"]).tolist() == [0.0] * len(passages)


WORDS = st.sampled_from(["工伤", "产假", "户口", "罚款"])


@given(st.lists(st.lists(WORDS, max_size=5), min_size=1, max_size=8), st.lists(WORDS, max_size=4))
def test_exactly_the_passages_that_share_a_word_score(
    implementation: Implementation, passages: list[list[str]], words: list[str]
) -> None:
    scores = implementation.build(passages).scores(words)
    assert (scores >= 0).all()
    assert [bool(score) for score in scores] == [bool(set(passage) & set(words)) for passage in passages]


# idf of a word in two of three passages, in one, in none: ln(1 + 1.5/2.5), ln(1 + 2.5/1.5), ln(1 + 3.5/0.5)
IN_TWO, IN_ONE, IN_NONE = math.log(1.6), math.log(8 / 3), math.log(8)
ROWS = np.arange(3)


def test_coverage_is_the_share_of_word_weight() -> None:
    index = Bm25Index.build(PASSAGES)
    np.testing.assert_allclose(
        index.coverage(["工伤", "认定"], ROWS), [1, IN_TWO / (IN_TWO + IN_ONE), 0], rtol=1e-6
    )
    np.testing.assert_allclose(index.coverage(["工伤", "认定", "工伤"], np.array([1])), [0.32395], atol=1e-5)


def test_a_word_no_passage_has_weighs_most() -> None:
    index = Bm25Index.build(PASSAGES)
    np.testing.assert_allclose(index.coverage(["工伤", "星座"], ROWS), [0.184353, 0.184353, 0], atol=1e-5)
    assert pytest.approx(0.184353, abs=1e-5) == IN_TWO / (IN_TWO + IN_NONE)


def test_no_words_cover_nothing() -> None:
    assert Bm25Index.build(PASSAGES).coverage([], ROWS).tolist() == [0, 0, 0]


def test_coverage_survives_saving(tmp_path: Path) -> None:
    built = Bm25Index.build(PASSAGES)
    built.save(tmp_path)
    np.testing.assert_array_equal(
        Bm25Index.load(tmp_path).coverage(["认定", "产假"], ROWS), built.coverage(["认定", "产假"], ROWS)
    )
