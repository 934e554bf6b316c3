"""Average linkage to a threshold: the same as SciPy's, with pairs that may not meet, steady as more comes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from bot.learning.clustering import APART, Floats, components, group, medoid


def symmetric(rows: list[list[float]]) -> Floats:
    return np.array(rows, dtype=np.float64)


def of_vectors(seed: int, count: int) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(count, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors @ vectors.T, dtype=np.float64)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 25), threshold=st.floats(-0.5, 0.95))
def test_groups_are_those_of_scipy(seed: int, count: int, threshold: float) -> None:
    similarity = of_vectors(seed, count)
    distance = squareform(np.clip(1 - similarity, 0, None), checks=False)
    labels = fcluster(linkage(distance, "average"), 1 - threshold, criterion="distance")
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}
    assert {frozenset(members) for members in group(similarity, threshold)} == expected


@given(seed=st.integers(0, 10_000), count=st.integers(1, 20))
def test_what_comes_far_from_a_group_does_not_change_it(seed: int, count: int) -> None:
    similarity = of_vectors(seed, count)
    more = np.full((count + 1, count + 1), 0.1)
    more[:count, :count] = similarity
    assert group(more, 0.5) == [*group(similarity, 0.5), [count]]


def test_the_mean_of_all_pairs_decides_not_the_nearest() -> None:
    # 0 and 1 are one; 2 is near 1 only: (0.9 + 0.3) / 2 = 0.6 is not enough for 0.7.
    chain = symmetric([[1, 0.95, 0.3], [0.95, 1, 0.9], [0.3, 0.9, 1]])
    assert group(chain, 0.7) == [[0, 1], [2]]
    assert group(chain, 0.6) == [[0, 1, 2]]


def test_two_that_may_not_be_together_are_not_brought_together_by_a_third() -> None:
    similarity = symmetric([[1, 0.9, APART], [0.9, 1, 0.95], [APART, 0.95, 1]])
    assert group(similarity, 0.1) == [[0], [1, 2]]


def test_nothing_is_no_group() -> None:
    assert group(np.empty((0, 0)), 0.5) == []


def test_components_follow_links_however_long() -> None:
    linked = np.eye(5, dtype=bool)
    for one, other in ((0, 2), (2, 4), (1, 3)):
        linked[one, other] = linked[other, one] = True
    assert list(components(linked)) == [[0, 2, 4], [1, 3]]


def test_the_medoid_is_most_like_the_others_and_the_first_of_equals() -> None:
    similarity = symmetric([[1, 0.8, 0.2], [0.8, 1, 0.7], [0.2, 0.7, 1]])
    assert medoid(similarity, [0, 1, 2]) == 1
    assert medoid(similarity, [0, 2]) == 0
