"""The index of curated questions: nearest in meaning, compared in words both ways, filtered inside."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.faq.records import Phrasing
from knowledge_base.words import Word, WordKind
from retrieval.contracts import SearchFilter
from retrieval.lexicon import load_lexicon
from retrieval.query import QueryReader
from retrieval.questions import QuestionHit, QuestionIndex, no_questions
from tests.retrieval.fakes import BigramEncoder

CITY, COUNTY = "云岭省/云州市", "云岭省/云州市/青岚县"
MONDAY = date(2026, 11, 30)
READER = QueryReader(load_lexicon())
ENCODER = BigramEncoder(dim=256)
PHRASINGS = [
    Phrasing(1, "租房提取住房公积金，每月最多能提多少？", "每月1500元。", CITY, date.min, date.max),
    Phrasing(1, "没有房子，公积金每月能提多少钱", "每月1500元。", CITY, date.min, date.max),
    Phrasing(2, "养犬登记收费多少？", "一百元。", CITY, date(2026, 1, 1), MONDAY),
    Phrasing(3, "养犬登记收费多少？", "五十元。", COUNTY, date.min, date.max),
]


@pytest.fixture(scope="module")
def index() -> QuestionIndex:
    vectors = ENCODER.encode_queries([READER.read(each.text).encoder_text for each in PHRASINGS])
    return QuestionIndex.build(PHRASINGS, vectors, READER)


def search(
    index: QuestionIndex,
    question: str,
    where: SearchFilter | None = None,
    reader: QueryReader = READER,
) -> list[QuestionHit]:
    query = reader.read(question)
    return index.search(query, ENCODER.encode_queries([query.text])[0], weight=lambda _: 1.0, where=where)


def test_an_entry_comes_once_with_its_nearest_phrasing(index: QuestionIndex) -> None:
    hits = search(index, "租房提取住房公积金，每月最多能提多少？")
    assert [hit.faq_id for hit in hits] == [1, 2, 3]
    best = hits[0]
    assert best.text == READER.read(PHRASINGS[0].text).text
    assert best.cosine == pytest.approx(1.0, abs=1e-5)
    assert (best.of_asked, best.of_phrasing, best.matters_unsaid, best.matters_unasked) == (1.0, 1.0, 0, 0)
    assert (best.wants_shared, best.wants_unmet) == (True, False)


def test_a_matter_the_entry_does_not_speak_of_counts(index: QuestionIndex) -> None:
    hit = search(index, "灵活就业人员租房每月最多能提多少公积金？")[0]
    assert hit.faq_id == 1
    assert hit.matters_unsaid > 0


@pytest.mark.parametrize("question", ["C类人员养犬登记收费多少？", "2024年养犬登记收费多少？"])
def test_the_sort_and_the_year_tell_two_of_a_kind_apart(index: QuestionIndex, question: str) -> None:
    hit = next(each for each in search(index, question) if each.faq_id == 2)
    plain = next(each for each in search(index, "养犬登记收费多少？") if each.faq_id == 2)
    assert hit.matters_unsaid > plain.matters_unsaid


def test_another_thing_wanted_of_the_same_matter_shows(index: QuestionIndex) -> None:
    hit = next(each for each in search(index, "养犬登记需要什么材料？") if each.faq_id == 2)
    assert (hit.wants_shared, hit.wants_unmet) == (False, True)


def test_the_name_of_a_served_place_is_no_word_of_the_question(index: QuestionIndex) -> None:
    hit = next(each for each in search(index, "云州市养犬登记收费多少？") if each.faq_id == 2)
    assert (hit.of_asked, hit.of_phrasing) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("regions", "day", "found"),
    [
        ({"全国", CITY}, date(2026, 11, 29), {1, 2}),
        ({"全国", CITY}, MONDAY, {1}),
        ({"全国", CITY}, date(2025, 12, 31), {1}),
        ({"全国", CITY, COUNTY}, MONDAY, {1, 3}),
        ({"全国"}, MONDAY, set()),
    ],
)
def test_region_and_day_are_filtered_inside_the_search(
    index: QuestionIndex, regions: set[str], day: date, found: set[int]
) -> None:
    hits = search(index, "养犬登记收费多少？", SearchFilter(frozenset(regions), day.toordinal()))
    assert {hit.faq_id for hit in hits} == found


def test_what_is_saved_finds_the_same(index: QuestionIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "questions")
    loaded = QuestionIndex.load(tmp_path / "questions", dim=ENCODER.dim, reader=READER)
    assert len(loaded) == len(index)
    for question in ("养犬登记收费多少？", "租房能提多少公积金"):
        assert search(loaded, question) == search(index, question)


def test_an_operators_synonym_reaches_both_sides_of_the_comparison(index: QuestionIndex) -> None:
    # The entry says 养犬登记; only its reading in today's words knows that 上狗户口 is the same.
    synonym = Word(WordKind.SYNONYM, "上狗户口", ("养犬登记",))
    today = READER.with_words(load_lexicon(words=[synonym]))
    asked = "上狗户口收费多少？"
    before = next(hit for hit in search(index, asked) if hit.faq_id == 2)
    after = next(hit for hit in search(index.read_by(today), asked, reader=today) if hit.faq_id == 2)
    assert after.of_phrasing > before.of_phrasing
    entry = [Phrasing(4, asked, "一百元。", CITY, date.min, date.max)]
    by_operator = QuestionIndex.build(entry, ENCODER.encode_queries([asked]), READER)
    formal = "养犬登记收费多少？"
    (before,) = search(by_operator, formal)
    (after,) = search(by_operator.read_by(today), formal, reader=today)
    assert after.of_asked > before.of_asked


def test_without_questions_nothing_is_found() -> None:
    query = READER.read("养犬登记收费多少？")
    assert no_questions(8, READER).search(query, np.zeros(8, np.float32), weight=lambda _: 1.0) == []
