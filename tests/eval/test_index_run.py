"""Recall by hand, and a small index built and searched in processes of its own."""

import numpy as np
import pytest

from eval.index_run import exact_rows, index_table, measure_index, recall_at


def test_recall_is_the_share_of_what_should_be_found() -> None:
    expected = np.array([[1, 2, 3, 4], [5, 6, -1, -1]])
    # Three of four in the first line; in the second one of the two there are, beside a row nobody asked for.
    found = np.array([[4, 9, 1, 2, 3], [5, 7, 8, 0, 6]])
    assert recall_at(found, expected) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert recall_at(np.array([[3]]), np.array([[-1]])) == 1.0


def test_exact_rows_over_pieces_are_those_over_all() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(50, 8)).astype(np.float32)
    questions = rng.normal(size=(3, 8)).astype(np.float32)
    allowed = rng.random(50) < 0.5
    scores = np.where(allowed, questions @ rows.T, -np.inf)
    expected = np.argsort(-scores, axis=1)[:, :10]
    np.testing.assert_array_equal(
        exact_rows([rows[:7], rows[7:30], rows[30:]], questions, allowed, 10), expected
    )
    few = np.zeros(50, dtype=np.bool_)
    few[[4, 31]] = True
    padded = exact_rows([rows[:20], rows[20:]], questions, few, 3)
    assert (np.sort(padded[:, :2], axis=1) == [4, 31]).all()
    assert (padded[:, 2] == -1).all()


@pytest.mark.slow
def test_kinds_are_measured_side_by_side() -> None:
    stages: list[str] = []
    flat, clustered = measure_index([1200], ["flat", "clustered"], questions=12, on_progress=stages.append)
    assert len(stages) == 3
    assert (flat.rows, flat.kind, flat.chosen) == (1200, "flat", True)
    assert (clustered.kind, clustered.chosen) == ("clustered", False)
    for one in (flat, clustered):
        assert [search.filter for search in one.searches] == ["none", "half", "twentieth", "300 articles"]
        assert one.searches[0].allowed == 1200
        assert 300 <= one.searches[3].allowed <= 900
        assert all(search.recall > 0.95 for search in one.searches)
        assert len(one.searches[0].clock.calls_ms) == 12
        assert 0 < one.bare_mib < one.resident_mib
    assert all(search.recall == 1.0 for search in flat.searches)
    # Half the bytes, and one bit beside for each sixteen of them.
    assert clustered.building.file_mib < 0.7 * flat.building.file_mib
    assert len(index_table([flat, clustered]).rows) == 8
