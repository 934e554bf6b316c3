"""The features candidates are ranked by, and the linear score over them."""

import json
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.errors import SettingsError
from retrieval.contracts import Passage, Vectors
from retrieval.cues import Cue
from retrieval.ranking import FEATURES, Candidates, Ranking, features
from retrieval.table import PassageTable

FEE = Passage(
    1,
    "云州市养犬管理规定",
    "第二章 登记 第五条",
    "",
    "登记费每年二百元。",
    region="云岭省/云州市",
    document="云州",
)
PENALTY = Passage(
    2,
    "云州市养犬管理规定",
    "第五章 法律责任 第三十条",
    "",
    "处二百元罚款。",
    region="云岭省/云州市",
    document="云州",
)
PURPOSE = Passage(3, "养犬条例", "第一章 总则 第一条", "", "为了规范养犬行为，制定本条例。", document="全国")
SHELF = [FEE, PENALTY, PURPOSE]
NOTHING_ASKED = Cue(0)


def candidates(shelf: list[Passage]) -> Candidates:
    def all_of(value: float) -> Vectors:
        return np.full(len(shelf), value, dtype=np.float32)

    return Candidates(
        rows=np.arange(len(shelf)),
        dense=all_of(0.8),
        best_span=all_of(0.85),
        cued_span=all_of(0.84),
        lexical=all_of(0.4),
        coverage=all_of(0.2),
        title_coverage=all_of(0.1),
        topic=np.array([passage.document == "云州" for passage in shelf]),
    )


def ranked_by(shelf: list[Passage], cues: Cue = NOTHING_ASKED) -> dict[str, list[float]]:
    matrix = features(candidates(shelf), cues, PassageTable.build(shelf))
    assert matrix.shape == (len(shelf), len(FEATURES))
    assert matrix.dtype == np.float32
    return {
        name: [round(float(value), 4) for value in column]
        for name, column in zip(FEATURES, matrix.T, strict=True)
    }


def test_how_well_it_matches_is_passed_on() -> None:
    found = ranked_by([FEE])
    assert found["dense"] == [0.8]
    assert found["best_span"] == [0.85]
    assert found["cued_span"] == [0.84]
    assert found["lexical"] == [0.4]
    assert found["coverage"] == [0.2]
    assert found["title_coverage"] == [0.1]


def test_a_kind_of_answer_counts_only_where_it_was_asked_for() -> None:
    assert ranked_by(SHELF)["holds_amount"] == [0, 0, 0]
    assert ranked_by(SHELF, Cue.AMOUNT)["holds_amount"] == [1, 1, 0]
    assert ranked_by(SHELF, Cue.AMOUNT)["holds_penalty"] == [0, 0, 0]
    assert ranked_by(SHELF, Cue.PENALTY)["holds_penalty"] == [0, 1, 0]


def test_a_heading_that_names_what_is_asked_for_speaks_for_its_passage() -> None:
    limit = Passage(4, "养犬登记办事指南", "办理时限", "", "三个工作日。")
    fee = Passage(5, "养犬登记办事指南", "收费标准", "", "不收费。")
    found = ranked_by([limit, fee, FEE], Cue.TURNAROUND)
    assert found["headed"] == [1, 0, 0]
    assert found["headed_otherwise"] == [0, 1, 0]
    assert found["length_headed"][1:] == [0, 0]
    assert found["length_headed"] == [found["length"][0], 0, 0]
    assert ranked_by([limit, fee])["headed_otherwise"] == [0, 0]


def test_what_the_dialogue_is_about_is_told() -> None:
    assert ranked_by(SHELF)["topic"] == [1, 1, 0]


def test_penalties_nobody_asked_for_are_told_apart() -> None:
    assert ranked_by(SHELF, Cue.AMOUNT)["penalties_unasked"] == [0, 1, 0]
    assert ranked_by(SHELF, Cue.PENALTY)["penalties_unasked"] == [0, 0, 0]


def test_the_part_of_the_document_and_its_reach_are_told() -> None:
    found = ranked_by(SHELF)
    assert found["general"] == [0, 0, 1]
    assert found["purpose"] == [0, 0, 1]
    assert found["local"] == [1, 1, 0]


def test_passages_of_one_document_speak_for_each_other() -> None:
    alone = ranked_by([FEE, PURPOSE])["document"]
    assert alone == [0, 0]
    # Three match alike: each of the two of 云州 has one of three behind it, the third none.
    assert ranked_by(SHELF)["document"] == [0.3333, 0.3333, 0]


def test_a_score_is_the_weighted_sum() -> None:
    weights = np.zeros(len(FEATURES), dtype=np.float32)
    weights[FEATURES.index("dense")], weights[FEATURES.index("local")] = 2, -1
    matrix = features(candidates(SHELF), NOTHING_ASKED, PassageTable.build(SHELF))
    np.testing.assert_allclose(Ranking(weights).score(matrix), [0.6, 0.6, 1.6], rtol=1e-5)


def test_the_weights_that_come_with_the_project_name_every_feature() -> None:
    assert Ranking.load().weights.shape == (len(FEATURES),)


def test_weights_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ranking.json"
    named = {name: place for place, name in enumerate(FEATURES)}
    path.write_text(json.dumps({"weights": dict(sorted(named.items()))}), encoding="utf-8")
    assert Ranking.load(path).weights.tolist() == list(range(len(FEATURES)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ('{"heights": {}}', "cannot be read: 'weights'"),
        ("[]", "cannot be read"),
        ('{"weights": {"dense": 1}}', r"name \['dense'\], expected \["),
        ('{"weights": 3}', "cannot be read"),
    ],
)
def test_unusable_weights_are_refused(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "ranking.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint):
        Ranking.load(path)


def test_a_weight_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ranking.json"
    path.write_text(json.dumps({"weights": dict.fromkeys(FEATURES, "heavy")}), encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        Ranking.load(path)
