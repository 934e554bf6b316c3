"""Baselines computed by hand, peers that are there, missing or broken, and the table of it all."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval import compare_run, peers
from eval.compare_run import JiebaBm25, compare, comparison_table, fuse_by_rank, report_comparison
from eval.datasets import BeirDocument, BeirSet
from eval.peers import PeerFailed, PeerMissing, article_key, match_questions, open_peer
from tests.eval.test_retrieval_run import DOCUMENTS, TINY, FakeHybrid

if TYPE_CHECKING:
    from tests.eval.conftest import HashEncoder

ECHO = """
import json, sys
documents = json.loads(sys.stdin.readline())
print(json.dumps({"version": "1.2", "build_s": 0.5}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    if question == "坏":
        sys.exit("the peer broke")
    print(json.dumps({"ids": [documents[0][0], 7], "ms": 2.0}), flush=True)
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that always finds the first document, then one of its own."""
    worker = tmp_path / "worker.py"
    worker.write_text(ECHO, encoding="utf-8")
    monkeypatch.setattr(peers, "_WORKER", worker)


def test_bm25_is_plain_jieba_over_title_and_text() -> None:
    index = JiebaBm25(DOCUMENTS)
    assert index.search("养犬登记几日内办理") == [0]
    assert index.search("租房补贴退休") == [2, 1]
    assert index.search("签证") == []
    assert index.search("租房补贴退休", k=1) == [2]


def test_reciprocal_ranks_are_added_up() -> None:
    # row 2: 1/62 + 1/61 = 0.03252; row 1: 1/61 = 0.01639; row 3: 1/62 = 0.01613
    assert fuse_by_rank([[1, 2], [2, 3]]) == [2, 1, 3]
    assert fuse_by_rank([[5], [4]]) == [4, 5], "ties go by row"
    assert fuse_by_rank([[1, 2], [2, 3]], k=1) == [2]


@given(st.lists(st.lists(st.integers(0, 30), unique=True), max_size=3))
def test_fusion_keeps_every_row_once_and_a_row_first_everywhere_first(rankings: list[list[int]]) -> None:
    fused = fuse_by_rank(rankings)
    assert sorted(fused) == sorted({row for ranking in rankings for row in ranking})
    firsts = {ranking[0] for ranking in rankings if ranking}
    if len(firsts) == 1 and all(rankings):
        assert fused[:1] == list(firsts)


def test_all_systems_answer_the_same_questions(encoder: "HashEncoder", echo: None, tmp_path: Path) -> None:
    result = compare(TINY, lambda passages: FakeHybrid(passages, encoder), peers={}, limit=1)
    assert [one.name for one in result.systems] == ["jieba BM25", "向量", "名次融合", "问政", "baisitong"]
    assert all(set(one.per_query) == {"q1"} for one in result.systems)
    assert all(one.scores["R@10"] == 1.0 for one in result.systems)
    assert (result.systems[-1].p50_ms, result.systems[-1].p95_ms) == (2.0, 2.0)
    assert result.absent == {"china-law-mcp": compare_run.OWN_CORPUS}
    table = comparison_table(result).markdown()
    assert "| baisitong | 1.0000 | 1.0000 | 1.0000 | 2.0 | 2.0 | 1.2，至多召回 20 条 |" in table
    assert "| china-law-mcp | – | – | – | – | – | 只检索自带的条文" in table
    report_comparison(tmp_path, result, {"limit": 1})
    saved = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert saved["systems"][0]["per_query"]["q1"]["R@10"] == 1.0


def test_a_peer_that_is_not_installed_is_named_and_the_run_goes_on(encoder: "HashEncoder") -> None:
    result = compare(TINY, lambda passages: FakeHybrid(passages, encoder), peers={})
    assert "没有安装在" in result.absent["baisitong"]
    assert len(result.systems) == 4


def test_a_peer_that_breaks_is_named_with_its_last_words(encoder: "HashEncoder", echo: None) -> None:
    broken = BeirSet("tiny", "test", DOCUMENTS, {"q1": "坏"}, {"q1": {"d1": 1}})
    result = compare(broken, lambda passages: FakeHybrid(passages, encoder), peers={})
    assert "the peer broke" in result.absent["baisitong"]
    with open_peer("baisitong", sys.executable, DOCUMENTS) as peer:
        assert peer.search("好") == (["d1", "7"], 2.0)
        with pytest.raises(PeerFailed, match="the peer broke"):
            peer.search("坏")


def test_no_interpreter_and_no_package_are_told() -> None:
    with (
        pytest.raises(PeerMissing, match="china-law-mcp 没有安装在"),
        open_peer("china-law-mcp", sys.executable, ()),
    ):
        pass
    with pytest.raises(PeerMissing, match="没有安装在"):
        peers.china_law_set(TINY, sys.executable)


@pytest.mark.parametrize(
    "title",
    [
        "中华人民共和国刑法 第一条",
        "刑法 第一条",
        "《中华人民共和国刑法》 第一条",
        "中华人民共和国刑法（2023修正） 第一条",
    ],
)
def test_an_article_is_known_by_law_and_number(title: str) -> None:
    assert article_key(title) == ("刑法", "第一条")


def test_only_questions_all_of_whose_articles_are_there_are_taken() -> None:
    theirs: Sequence[BeirDocument] = (BeirDocument("1", "刑法 第一条", "为了惩罚犯罪"),)
    beir = BeirSet(
        "stard",
        "test",
        DOCUMENTS,
        {"q1": "甲", "q2": "乙", "q3": "丙"},
        {"q1": {"d1": 1}, "q2": {"d1": 1, "d2": 1}, "q3": {"d2": 0, "d3": 1}},
    )
    found, matched = match_questions(beir, tuple(theirs), {"d1": "1", "d2": None})
    assert (found.queries, found.qrels) == ({"q1": "甲"}, {"q1": {"1": 1}})
    assert found.name == "stard @ china-law-mcp"
    assert matched == 1
