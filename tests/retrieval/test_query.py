"""A question made ready for search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.cues import Cue
from retrieval.lexicon import load_lexicon
from retrieval.query import QueryReader

LEXICON = load_lexicon()
READER = QueryReader(LEXICON)


def test_colloquial_words_are_put_into_official_terms_too() -> None:
    query = READER.read("老板不给工资,多久能拿到？")
    assert query.text == "老板不给工资,多久能拿到?"
    assert {expansion.matched for expansion in query.expansions} >= {"老板", "不给工资"}
    assert "老板" in query.words
    assert {"用人单位", "拖欠", "劳动报酬"} <= set(query.official)
    assert Cue.DURATION in query.cues


def test_a_traditional_question_reads_like_the_simplified_one() -> None:
    assert READER.read("住房公積金怎麼提取") == READER.read("住房公积金怎么提取")


def test_an_english_question_has_chinese_official_words() -> None:
    query = READER.read("How long is Maternity Leave?")
    assert query.text == "how long is maternity leave?"
    assert {"产假", "期限"} <= set(query.official)


def test_a_typing_error_is_mended_before_anything_else() -> None:
    query = READER.read("公级金怎么提取")
    assert query.text == "公积金怎么提取"
    assert "公积金" in query.words
    assert [mending.typed for mending in query.mendings] == ["公级金"]


def test_an_uncertain_mending_is_only_offered() -> None:
    query = READER.read("试佣多久")
    assert query.text == "试佣多久"
    assert "试用" in query.official


def test_a_follow_up_keeps_its_own_words_apart_from_those_before() -> None:
    query = READER.read("那要多久？", context="工傷認定")
    assert query.context == "工伤认定"
    assert query.encoder_text == "工伤认定 那要多久?"
    assert "工伤认定" in query.context_words
    assert "工伤认定" not in query.words
    assert READER.read("那要多久？").encoder_text == "那要多久?"


@pytest.mark.parametrize("question", ["？？？", "的", "\u3000"])
def test_a_question_without_a_word_has_none(question: str) -> None:
    assert READER.read(question).words == ()


@given(st.text(max_size=80))
def test_words_are_unique_and_none_is_a_stop_word(question: str) -> None:
    query = READER.read(question)
    for words in (query.words, query.official):
        assert len(set(words)) == len(words)
        assert not set(words) & set(LEXICON.cutting.stopwords)
