"""Search by meaning and by words together, over a shelf of invented passages."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import IndexMismatch
from retrieval.contracts import Hit, Passage, SearchFilter
from retrieval.hybrid import HybridIndex, build_hybrid, passage_spans, passage_text
from retrieval.lexicon import load_lexicon
from retrieval.query import QueryReader
from retrieval.ranking import FEATURES, Ranking
from tests.retrieval.fakes import BigramEncoder

LEXICON = load_lexicon()
READER = QueryReader(LEXICON)
READER.warm_up()


def ranked_by(**weights: float) -> Ranking:
    return Ranking(np.array([weights.get(name, 0.0) for name in FEATURES], dtype=np.float32))


BY_BOTH = ranked_by(dense=1.0, best_span=1.0, lexical=0.2, coverage=0.5)


def index_of(
    passages: Sequence[Passage], encoder: BigramEncoder | None = None, ranking: Ranking = BY_BOTH
) -> HybridIndex:
    encoder = encoder or BigramEncoder()
    encoded = encoder.encode_passages_with_spans(
        [passage_text(passage) for passage in passages], [passage_spans(passage) for passage in passages]
    )
    return HybridIndex.build(
        passages,
        encoded.passages,
        [spans.astype(np.float16) for spans in encoded.spans],
        encoder=encoder,
        reader=READER,
        ranking=ranking,
    )


DOGS = "云州市养犬管理规定"
LEAVE = ("停工留薪期一般不超过十二个月。", "延长的,不得超过十二个月。")
SHELF = (
    Passage(1, DOGS, "第五条", "", "养犬登记应当在三十日内办理。", ((0, 14),), "云岭省/云州市"),
    Passage(2, DOGS, "第六条", "", "养犬登记费每年二百元。", ((0, 11),), "云岭省/云州市", 0, 100),
    Passage(3, "海州市养犬规定", "第八条", "", "养犬登记费每年五百元。", ((0, 11),), "海州省/海州市"),
    Passage(4, "工伤保险办法", "第十七条", "", "职工应当在一年内申请工伤认定。", ((0, 15),)),
    Passage(5, "工伤保险办法", "", "", "工伤保险办法 云府发〔2020〕1号", answerable=False),
    Passage(6, "工伤保险办法", "第三十条", "", f"{LEAVE[0]}{LEAVE[1]}", ((0, 15), (15, 28))),
)
INDEX = index_of(SHELF)


def ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.passage_id for hit in hits]


def test_the_passage_that_answers_comes_first() -> None:
    found = INDEX.search(["养犬登记费多少钱一年", "工伤认定要在多久内申请", "停工留薪期最长多久"])
    assert [ids(hits)[0] for hits in found] == [2, 4, 6]


def test_a_hit_tells_the_parts_of_its_score() -> None:
    question = "停工留薪期一般多久"
    best = INDEX.search([question])[0][0]
    query = READER.read(question)
    vector = BigramEncoder().encode_queries([query.encoder_text])[0]
    text = passage_text(SHELF[5])
    assert best.passage_id == 6
    assert best.dense == pytest.approx(float(BigramEncoder().encode_queries([text])[0] @ vector), abs=1e-5)
    assert best.spans == pytest.approx((BigramEncoder().encode_queries(LEAVE) @ vector).tolist(), abs=1e-3)
    assert best.lexical > 0
    assert 0 < best.coverage <= 1
    parts = best.dense + max(best.spans) + 0.2 + 0.5 * best.coverage
    assert best.score == pytest.approx(parts, abs=1e-2)


def test_weights_decide_between_meaning_and_words() -> None:
    shelf = [Passage(1, "甲", "", "", "户口迁移迁移"), Passage(2, "乙", "", "", "迁移之后重新办理户口的人")]
    by_words = index_of(shelf, ranking=ranked_by(lexical=1.0)).search(["重新办理户口"])[0]
    assert ids(by_words)[0] == 2


def test_words_reach_what_meaning_does_not() -> None:
    # 200 passages are nearer by meaning than the pool is deep, yet the one word decides.
    crowd = [Passage(n, "公积金提取", "", "", f"公积金提取第{n}种情形") for n in range(1, 301)]
    lone = Passage(999, "附则", "", "", "本办法由云州市人力资源和社会保障局负责解释，停工留薪期另有规定")
    found = index_of([*crowd, lone]).search(["公积金提取停工留薪期"], k=200)[0]
    assert 999 in ids(found)


def test_what_is_not_answerable_is_never_found() -> None:
    assert 5 not in ids(INDEX.search(["工伤保险办法 云府发〔2020〕1号"])[0])


def test_the_filter_holds_inside_all_three_searches() -> None:
    where = SearchFilter(frozenset({"全国", "海州省/海州市"}), 100)
    for search in (INDEX.search, INDEX.search_dense, INDEX.search_lexical):
        assert ids(search(["养犬登记费每年二百元"], where=where)[0])[0] == 3
        assert set(ids(search(["养犬登记费"], where=where)[0])) <= {3, 4, 6}


def test_k_hits_are_found_though_nearly_all_that_is_nearer_is_filtered_out() -> None:
    nearer = [Passage(n, "公积金", "", "", "公积金提取的条件", region="海州省") for n in range(1, 501)]
    allowed = [Passage(n, "户籍", "", "", "迁移户口应当申报") for n in range(501, 506)]
    index = index_of([*nearer, *allowed])
    where = SearchFilter(frozenset({"全国"}))
    assert sorted(ids(index.search(["公积金提取的条件"], k=5, where=where)[0])) == [501, 502, 503, 504, 505]
    assert len(index.search_dense(["公积金提取的条件"], k=5, where=where)[0]) == 5


def test_ties_go_by_id() -> None:
    twins = [replace(SHELF[3], id=number, document=str(number)) for number in (31, 7, 12, 5, 40, 22, 3)]
    index = index_of(twins)
    for search in (index.search, index.search_dense, index.search_lexical):
        assert ids(search(["工伤认定申请"])[0]) == [3, 5, 7, 12, 22, 31, 40]
    assert ids(index.search(["工伤认定申请"], k=3)[0]) == [3, 5, 7]
    assert ids(index.search_lexical(["工伤认定申请"], k=3)[0]) == [3, 5, 7]


QUESTIONS = st.lists(
    st.sampled_from(["养犬", "登记费", "多少", "工伤", "认定", "停工留薪期", "多久", "月亮", "dog"]),
    min_size=1,
    max_size=4,
).map("".join)
FILTERS = st.builds(
    SearchFilter,
    st.none() | st.frozensets(st.sampled_from(["全国", "云岭省/云州市", "海州省/海州市", "别处"])),
    st.none() | st.integers(0, 200),
)


@given(QUESTIONS, FILTERS, st.integers(1, 8))
def test_hits_are_ordered_unique_and_within_the_filter(question: str, where: SearchFilter, k: int) -> None:
    known = {passage.id: passage for passage in SHELF}
    for search in (INDEX.search, INDEX.search_dense, INDEX.search_lexical):
        hits = search([question], k=k, where=where)[0]
        assert len(hits) <= k
        assert len(set(ids(hits))) == len(hits)
        order = [(-hit.score, hit.passage_id) for hit in hits]
        assert order == sorted(order)
        for hit in hits:
            passage = known[hit.passage_id]
            assert passage.answerable
            assert where.regions is None or passage.region in where.regions
            assert where.day is None or passage.from_day <= where.day < passage.to_day


@given(st.permutations(SHELF), QUESTIONS)
@pytest.mark.slow
def test_the_order_passages_were_given_in_does_not_matter(shelf: list[Passage], question: str) -> None:
    again = index_of(shelf)
    for before, after in (
        (INDEX.search, again.search),
        (INDEX.search_dense, again.search_dense),
        (INDEX.search_lexical, again.search_lexical),
    ):
        expected, found = before([question])[0], after([question])[0]
        assert ids(found) == ids(expected)
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], abs=1e-5)


def test_each_question_is_answered_for_itself() -> None:
    questions = ["养犬登记", "工伤认定", "月亮"]
    assert INDEX.search(questions) == [INDEX.search([question])[0] for question in questions]
    assert INDEX.search([]) == []


def test_a_follow_up_is_found_through_what_it_follows_on() -> None:
    query = READER.read("那要多久？", context="养犬登记")
    hits = INDEX.rank(query, INDEX.encode([query])[0]).hits
    assert ids(hits)[0] == 1


def test_features_come_with_the_hits_in_their_order() -> None:
    query = READER.read("养犬登记费")
    found = INDEX.rank(query, INDEX.encode([query])[0], k=2)
    assert found.features.shape == (2, len(FEATURES))
    np.testing.assert_allclose(found.features[:, FEATURES.index("dense")], [hit.dense for hit in found.hits])
    np.testing.assert_allclose(BY_BOTH.score(found.features), [hit.score for hit in found.hits], rtol=1e-6)


def test_what_was_saved_finds_the_same(tmp_path: Path) -> None:
    INDEX.save(tmp_path)
    loaded = HybridIndex.load(tmp_path, encoder=BigramEncoder(), reader=READER, ranking=BY_BOTH)
    assert len(loaded) == len(SHELF)
    for question in ("养犬登记费多少", "工伤认定", "月亮"):
        for where in (None, SearchFilter(frozenset({"全国"}), 50)):
            assert loaded.search([question], where=where) == INDEX.search([question], where=where)


def test_an_encoder_of_another_dimension_is_refused(tmp_path: Path) -> None:
    INDEX.save(tmp_path)
    with pytest.raises(IndexMismatch, match="64 dimensions, the encoder gives 32"):
        HybridIndex.load(tmp_path, encoder=BigramEncoder(32), reader=READER, ranking=BY_BOTH)


def test_an_empty_index_finds_nothing_and_can_be_saved(tmp_path: Path) -> None:
    index_of([]).save(tmp_path)
    index = HybridIndex.load(tmp_path, encoder=BigramEncoder(), reader=READER, ranking=BY_BOTH)
    for search in (index.search, index.search_dense, index.search_lexical):
        assert search(["养犬登记", "工伤"]) == [[], []]


@pytest.mark.parametrize(
    ("questions", "k", "complaint"),
    [(["养犬"], 0, "k is 0, at least 1"), (["养犬", " \n"], 5, "question 1 is blank")],
)
def test_what_cannot_be_searched_is_refused(questions: list[str], k: int, complaint: str) -> None:
    for search in (INDEX.search, INDEX.search_dense, INDEX.search_lexical):
        with pytest.raises(ValueError, match=complaint):
            search(questions, k=k)


def test_what_is_encoded_says_where_the_passage_stands() -> None:
    passage = Passage(
        1, "养犬规定", "第二章 第五条", "有下列情形的:", "(一)走失;\n(二)死亡。", ((0, 6), (7, 13))
    )
    text = passage_text(passage)
    assert text == "养犬规定 第二章 第五条\n有下列情形的:\n(一)走失;\n(二)死亡。"
    assert [text[start:end] for start, end in passage_spans(passage)] == ["(一)走失;", "(二)死亡。"]
    assert passage_text(Passage(1, "", "", "", "只有正文。")) == "只有正文。"


def test_an_index_in_memory_reports_its_progress() -> None:
    done: list[int] = []
    index = build_hybrid(SHELF, BigramEncoder(), on_progress=done.append)
    assert done == [len(SHELF)]
    assert len(index) == len(SHELF)
