"""Sentences with their marks, however the stream is cut."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grounding.reading import CitedSentence, SentenceReader


def read(pieces: Iterable[str]) -> list[CitedSentence]:
    reader = SentenceReader()
    found = [sentence for piece in pieces for sentence in reader.feed(piece)]
    return [*found, *reader.finish()]


TEXT = (
    "应当在30日内办理。[1] 登记不收费[2]。逾期的，处50元罚款。【摘录1】[3]\n- **可以**网上办理[1,2]\n没说完"
)
READ = [
    CitedSentence("应当在30日内办理。", (1,)),
    CitedSentence("登记不收费。", (2,)),
    CitedSentence("逾期的，处50元罚款。", (1, 3)),
    CitedSentence("可以网上办理", (1, 2)),
    CitedSentence("没说完", ()),
]


def test_marks_belong_to_the_sentence_before_them() -> None:
    assert read([TEXT]) == READ


@given(st.lists(st.integers(min_value=1, max_value=len(TEXT)), max_size=8))
def test_where_the_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(TEXT)]
    assert read([TEXT[a:b] for a, b in pairwise(edges)]) == READ


def test_a_sentence_comes_out_before_the_stream_ends() -> None:
    reader = SentenceReader()
    assert list(reader.feed("第一句。[1]第")) == [CitedSentence("第一句。", (1,))]


@pytest.mark.parametrize(
    "text", ["<think>先想想。应当罚款。[1]</think>可以办理。[1]", "<think>\n\n</think>\n可以办理。[1]"]
)
def test_thoughts_are_left_out(text: str) -> None:
    assert read(text) == [CitedSentence("可以办理。", (1,))]


def test_a_thought_that_never_ends_says_nothing() -> None:
    assert read("<think>应当罚款。[1]") == []
