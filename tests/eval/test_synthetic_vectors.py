"""Synthetic vectors lie as the encoder's do: the figures in the module's table hold."""

import numpy as np
import pytest

from eval.synthetic_vectors import DIM, SyntheticCorpus
from retrieval.contracts import Vectors

ROWS = 5_120


@pytest.fixture(scope="module")
def corpus() -> SyntheticCorpus:
    return SyntheticCorpus(ROWS)


@pytest.fixture(scope="module")
def articles(corpus: SyntheticCorpus) -> Vectors:
    return np.concatenate(list(corpus.chunks()))


def test_articles_are_near_each_other_and_nearest_in_their_law(
    corpus: SyntheticCorpus, articles: Vectors
) -> None:
    assert articles.shape == (ROWS, DIM)
    assert articles.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(articles, axis=1), 1, atol=1e-5)
    cosines = articles[:200] @ articles.T
    assert np.median(cosines) == pytest.approx(0.865, abs=0.01)
    ranked = np.sort(cosines, axis=1)
    assert np.median(ranked[:, -2]) == pytest.approx(0.966, abs=0.01)
    assert np.median(ranked[:, -21]) == pytest.approx(0.933, abs=0.015)
    nearest = np.argsort(-cosines, axis=1)[:, 1]
    assert np.mean(corpus.laws[nearest] == corpus.laws[:200]) > 0.9


def test_a_question_is_hardly_nearer_to_its_article_than_to_others(
    corpus: SyntheticCorpus, articles: Vectors
) -> None:
    about = np.arange(0, ROWS, 40)
    questions = corpus.questions(articles[about])
    cosines = questions @ articles.T
    assert np.median(cosines) == pytest.approx(0.830, abs=0.01)
    assert cosines.std(axis=1).mean() == pytest.approx(0.014, abs=0.003)
    own = cosines[np.arange(len(about)), about]
    assert np.median(own) == pytest.approx(0.89, abs=0.01)
    assert np.median((cosines > own[:, None]).sum(axis=1)) < 20


def test_the_same_seed_gives_the_same_vectors() -> None:
    one, again, other = (next(SyntheticCorpus(100, seed=seed).chunks()) for seed in (7, 7, 8))
    np.testing.assert_array_equal(again, one)
    assert not np.array_equal(other, one)


@pytest.mark.parametrize("rows", [1, 60])
def test_small_corpora_are_whole(rows: int) -> None:
    small = SyntheticCorpus(rows)
    assert len(small) == len(small.laws) == sum(map(len, small.chunks())) == rows
