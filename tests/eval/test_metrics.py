"""Every number here is worked out by hand."""

from math import log2

import pytest

from eval.metrics import MEASURES, score_rankings


def test_the_one_relevant_document_in_second_place() -> None:
    scores = score_rankings({"q": {"a": 1}}, {"q": ["x", "a", "y"]}).mean
    assert scores["nDCG@10"] == pytest.approx(1 / log2(3))
    assert scores["MRR@10"] == pytest.approx(1 / 2)
    assert scores["R@1"] == 0
    assert scores["R@5"] == 1


def test_two_relevant_documents_of_which_one_is_found() -> None:
    scores = score_rankings({"q": {"a": 1, "b": 1}}, {"q": ["a", "x"]}).mean
    assert scores["nDCG@10"] == pytest.approx(1 / (1 + 1 / log2(3)))
    assert scores["R@1"] == scores["R@100"] == pytest.approx(0.5)


def test_grades_weigh_in_ndcg() -> None:
    scores = score_rankings({"q": {"a": 1, "b": 2}}, {"q": ["a", "b"]}).mean
    assert scores["nDCG@10"] == pytest.approx((1 + 2 / log2(3)) / (2 + 1 / log2(3)))


def test_the_eleventh_place_counts_for_recall_only() -> None:
    ranking = [f"x{place}" for place in range(10)] + ["a"]
    scores = score_rankings({"q": {"a": 1}}, {"q": ranking}).mean
    assert (scores["nDCG@10"], scores["MRR@10"], scores["R@10"], scores["R@20"]) == (0, 0, 0, 1)


def test_a_query_without_an_answer_scores_zero() -> None:
    qrels = {"found": {"a": 1}, "empty": {"a": 1}, "absent": {"a": 1}}
    scores = score_rankings(qrels, {"found": ["a"], "empty": []})
    assert scores.per_query["empty"] == scores.per_query["absent"] == dict.fromkeys(MEASURES, 0.0)
    assert scores.mean == {measure: pytest.approx(1 / 3) for measure in MEASURES}


def test_no_ranking_at_all_scores_zero() -> None:
    assert score_rankings({"q": {"a": 1}}, {}).mean == dict.fromkeys(MEASURES, 0.0)


def test_a_ranking_nobody_judged_is_left_out() -> None:
    assert set(score_rankings({"q": {"a": 1}}, {"q": ["a"], "other": ["a"]}).per_query) == {"q"}


@pytest.mark.parametrize(("ranking", "reciprocal"), [(["a", "z"], 1.0), (["z", "a"], 0.5)])
def test_the_order_given_is_the_order_scored_whatever_the_ids(ranking: list[str], reciprocal: float) -> None:
    assert score_rankings({"q": {"a": 1}}, {"q": ranking}).mean["MRR@10"] == reciprocal
