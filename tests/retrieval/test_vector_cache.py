"""Vectors once computed are found again, by any process, until they are no longer wanted."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval.vector_cache import CachedVectors, VectorCache, vector_key

DIM = 4
PASSAGE = np.array([0.5, -0.5, 0.5, 0.1], dtype=np.float32)
SPANS = np.array([[1, 0, 0, 0], [0, 0.25, 0, 0]], dtype=np.float16)


def cached(spans: NDArray[np.float16] = SPANS) -> CachedVectors:
    return CachedVectors(PASSAGE, spans)


def open_cache(folder: Path, encoder: str = "bigram") -> VectorCache:
    return VectorCache(folder / "inner" / "vectors.db", encoder, DIM)


def test_vectors_come_back_as_they_were(tmp_path: Path) -> None:
    key = vector_key("工伤认定的期限", [(0, 4)])
    open_cache(tmp_path).put({key: cached()})
    found = open_cache(tmp_path).get([key, vector_key("另一段", [])])
    assert list(found) == [key]
    np.testing.assert_array_equal(found[key].passage, PASSAGE)
    np.testing.assert_array_equal(found[key].spans, SPANS)
    assert (found[key].passage.dtype.name, found[key].spans.dtype.name) == ("float32", "float16")


def test_a_passage_may_have_no_spans(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put({b"k": cached(np.empty((0, DIM), dtype=np.float16))})
    assert cache.get([b"k"])[b"k"].spans.shape == (0, DIM)


def test_the_newer_vectors_of_a_key_count(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put({b"k": cached()})
    cache.put({b"k": CachedVectors(-PASSAGE, SPANS)})
    np.testing.assert_array_equal(cache.get([b"k"])[b"k"].passage, -PASSAGE)


def test_encoders_do_not_see_each_others_vectors(tmp_path: Path) -> None:
    open_cache(tmp_path).put({b"k": cached()})
    assert open_cache(tmp_path, "another").get([b"k"]) == {}


def test_only_what_is_named_is_kept(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put({b"1": cached(), b"2": cached(), b"3": cached()})
    assert cache.keep_only([b"2", b"4"]) == 2
    assert list(cache.get([b"1", b"2", b"3", b"4"])) == [b"2"]
    assert cache.keep_only([b"2"]) == 0


def test_going_back_to_the_encoder_before_finds_its_vectors_an_older_one_is_forgotten(tmp_path: Path) -> None:
    for encoder in ("first", "second", "third"):
        open_cache(tmp_path, encoder).put({b"1": cached()})
    assert open_cache(tmp_path, "third").keep_only([b"1"]) == 1
    assert open_cache(tmp_path, "first").get([b"1"]) == {}
    assert list(open_cache(tmp_path, "second").get([b"1"])) == [b"1"]
    assert open_cache(tmp_path, "third").keep_only([b"1"]) == 0  # "first" was opened last but one: no vectors


@given(
    st.tuples(st.text(), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)))),
    st.tuples(st.text(), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)))),
)
def test_keys_are_the_same_exactly_when_text_and_spans_are(
    one: tuple[str, list[tuple[int, int]]], other: tuple[str, list[tuple[int, int]]]
) -> None:
    assert (vector_key(*one) == vector_key(*other)) == (one == other)
    assert vector_key(*one) == vector_key(one[0], tuple(one[1]))


def write_fifty(folder: Path, first: int) -> None:
    for number in range(first, first + 50):
        open_cache(folder).put({str(number).encode(): cached()})


@pytest.mark.slow
def test_two_processes_write_at_once(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    writers = [processes.Process(target=write_fifty, args=(tmp_path, first)) for first in (0, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    keys = [str(number).encode() for number in range(100)]
    assert list(open_cache(tmp_path).get(keys)) == keys


def test_a_file_that_is_no_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "vectors.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database, only bytes" * 100)
    cache = open_cache(tmp_path)
    cache.put({b"k": cached()})
    assert list(cache.get([b"k"])) == [b"k"]
