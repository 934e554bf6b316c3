"""Scores of clusters by hand, and the labelled set as it is described."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bot.learning.sameness import Sameness
from eval.clusters_run import (
    ClusteredQuestion,
    keep,
    read_clustered,
    run_clusters,
    score_groups,
    v_measure,
)
from eval.datasets import DatasetError
from eval.hash_encoder import HashEncoder
from tests.bot.builders import READER

DATA = Path(__file__).parents[2] / "eval" / "data" / "unanswered-clusters.jsonl"


def labelled(*clusters: str, near: str = "") -> list[ClusteredQuestion]:
    return [
        ClusteredQuestion(id=str(n), question="问", region=None, cluster=name, near=near, split="test")
        for n, name in enumerate(clusters)
    ]


def test_the_v_measure_of_a_known_case() -> None:
    assert v_measure("aabb", "xxyy") == pytest.approx(1.0)
    assert v_measure("aabb", "xxxx") == pytest.approx(0.0)
    # Each cluster torn in two: all homogeneous, completeness ln2 / ln4 = 1/2; 2·1·½ / 1½ = 2/3.
    assert v_measure("aabb", "wxyz") == pytest.approx(2 / 3)


def test_pairs_are_counted() -> None:
    # Together: 01, 02, 12, of which 01 is right; belong together: 01, 23.
    scores = score_groups(labelled("甲", "甲", "乙", "乙", near="甲"), [[0, 1, 2], [3]])
    assert scores.precision == pytest.approx(1 / 3)
    assert scores.recall == pytest.approx(1 / 2)
    assert scores.f1 == pytest.approx(0.4)
    assert (scores.clusters, scores.groups, scores.near_misses_mixed) == (2, 2, 1)


def test_the_set_is_as_large_and_as_hard_as_it_is_said_to_be() -> None:
    questions = read_clustered(DATA)
    assert len(questions) >= 150
    clusters = {each.cluster: each.near for each in questions}
    assert len(clusters) >= 40
    assert sum(bool(near) for near in clusters.values()) >= 20
    assert all(near in clusters for near in clusters.values() if near)
    assert min(Counter(each.cluster for each in questions).values()) >= 2
    assert {each.split for each in questions} == {"tune", "test"}


def test_a_cluster_in_both_halves_is_refused(tmp_path: Path) -> None:
    line = {"id": "1", "question": "问", "region": None, "cluster": "甲", "near": "", "split": "tune"}
    file = tmp_path / "set.jsonl"
    file.write_text(f"{json.dumps(line)}\n{json.dumps(line | {'id': '2', 'split': 'test'})}\n")
    with pytest.raises(DatasetError, match="is in both halves"):
        read_clustered(file)


def test_what_is_chosen_is_kept_for_the_service(tmp_path: Path) -> None:
    words = ("宠物火化在哪里", "宠物火化在哪里办", "夜市摆摊要什么证", "夜市摆摊要什么证件")
    questions = [
        each.model_copy(update={"id": f"{split}{n}", "question": words[n], "split": split})
        for split in ("tune", "test")
        for n, each in enumerate(labelled("甲", "甲", "乙", "乙"))
    ]
    encoder = HashEncoder(dim=512)
    result = run_clusters(questions, READER, encoder)
    assert (result.test.f1, result.mixed) == (1.0, ())
    path = tmp_path / "sameness.json"
    keep(result, DATA, encoder, path)
    assert Sameness.load(path) == result.chosen
