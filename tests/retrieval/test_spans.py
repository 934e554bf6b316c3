"""Vectors of the sentences inside passages."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.spans import SpanVectors

EAST, NORTH, BETWEEN = [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]
QUERY = np.array(EAST, dtype=np.float32)


def spans(*rows: list[float]) -> NDArray[np.float16]:
    return np.array(rows, dtype=np.float16).reshape(-1, 2)


# Two spans, none, one.
THREE = SpanVectors.build(
    [spans(EAST, NORTH), spans(), spans(BETWEEN)], np.array([0, 2, 2, 3], dtype=np.int64), 2
)


@pytest.mark.parametrize(
    ("rows", "cosines"),
    [
        ([0, 1, 2], [[1, 0], [], [0.6]]),
        ([2, 0], [[0.6], [1, 0]]),
        ([1], [[]]),
        ([1, 2, 1], [[], [0.6], []]),
        ([], []),
    ],
)
def test_each_passage_has_the_cosines_of_its_own_spans(rows: list[int], cosines: list[list[float]]) -> None:
    found = THREE.cosines(QUERY, np.array(rows, dtype=np.int64))
    assert len(found) == len(cosines)
    for one, expected in zip(found, cosines, strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-3)


def test_spans_are_read_back_as_they_were_saved(tmp_path: Path) -> None:
    THREE.save(tmp_path)
    loaded = SpanVectors.load(tmp_path, np.array([0, 2, 2, 3], dtype=np.int64))
    rows = np.arange(3)
    for saved, read in zip(THREE.cosines(QUERY, rows), loaded.cosines(QUERY, rows), strict=True):
        np.testing.assert_array_equal(saved, read)


@pytest.mark.parametrize("of_passages", [[], [spans()]])
def test_there_may_be_no_span_at_all(tmp_path: Path, of_passages: list[NDArray[np.float16]]) -> None:
    starts = np.zeros(len(of_passages) + 1, dtype=np.int64)
    SpanVectors.build(of_passages, starts, 2).save(tmp_path)
    loaded = SpanVectors.load(tmp_path, starts)
    assert [len(one) for one in loaded.cosines(QUERY, np.arange(len(of_passages)))] == [0] * len(of_passages)
