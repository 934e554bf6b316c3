"""A run over a handful of questions, answered by a table instead of a service."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.answer import Answer, AnswerStatus, Question
from eval.answers_report import explain_in_words, report_answers, safety_table, scores_table
from eval.answers_run import (
    AnswersResult,
    explain,
    measure_answers,
    texts_sha256,
    visible_regions,
    words_of,
    worst,
)
from eval.datasets import LabelledQuestion
from knowledge_base.errors import QuestionRejected
from retrieval.contracts import Hit, SearchFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.eval.conftest import Library

TODAY = date(2026, 11, 23)
YUNZHOU = frozenset({"全国", "云岭省", "云岭省/云州市"})


def labelled(number: str, kind: str = "fact", **changes: object) -> LabelledQuestion:
    line = {
        "id": number,
        "type": kind,
        "question": f"养犬登记几天内办？{number}",
        "region": "云岭省/云州市",
        "status": "answered",
        "expected": [{"file": "云州/养犬规定.md", "article": "第五条"}],
        "must_include": [["三十日"]],
    }
    return LabelledQuestion.model_validate(line | changes)


QUESTIONS = (
    labelled("right"),
    labelled("stale", "validity"),
    labelled("refused"),
    labelled("invented", "unanswerable", status="no_answer", expected=[], must_include=[]),
    labelled("rejected", "unanswerable", status="no_answer", expected=[], must_include=[]),
)


@pytest.fixture
def result(library: "Library") -> AnswersResult:
    answers = {
        "right": library.answer(2, text="三十日内"),
        "stale": library.answer(1, 2, text="二百元"),
        "refused": library.answer(status=AnswerStatus.NO_ANSWER),
        "invented": library.answer(3),
    }

    def ask(question: Question) -> Answer:
        assert question.as_of == TODAY
        answer = answers.get(question.question.partition("？")[2])
        if answer is None:
            raise QuestionRejected("too_long", "612 characters, at most 500")
        return answer

    return measure_answers(QUESTIONS, ask, store=library, day=TODAY, visible=lambda _: YUNZHOU)


def test_a_run_sums_up_over_all_and_by_type(result: AnswersResult) -> None:
    assert (result.overall.right_first.hits, result.overall.right_first.of) == (1, 3)
    assert result.overall.right_in_three.hits == 2
    assert list(result.by_type) == ["fact", "validity", "unanswerable"]
    assert result.by_type["unanswerable"].rightly_refused.share == 0.5
    assert (result.safety.not_in_force, result.safety.foreign) == (1, 1)


def test_the_worst_come_first_and_the_right_not_at_all(result: AnswersResult) -> None:
    order = [one.question.id for one in worst(result.outcomes, 10)]
    assert order == ["invented", "stale", "refused", "rejected"]
    assert [one.question.id for one in worst(result.outcomes, 1)] == ["invented"]


class Ranking:
    """Finds the three documents in a fixed order, the superseded one only where no day is asked."""

    def __init__(self) -> None:
        self.filters: list[SearchFilter | None] = []

    def search(
        self, questions: "Sequence[str]", *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        self.filters.append(where)
        return [[Hit(3, 0.9, 0.8, 4.0), Hit(2, 0.5, 0.4, 3.0)] for _ in questions]


def test_the_worst_are_explained_by_where_retrieval_put_the_right_article(
    result: AnswersResult, library: "Library"
) -> None:
    ranking = Ranking()
    explained = explain(
        worst(result.outcomes, 3), retriever=ranking, store=library, day=TODAY, visible=lambda _: YUNZHOU
    )
    by_id = {one.outcome.question.id: one for one in explained}
    assert (by_id["stale"].rank, by_id["stale"].score, by_id["stale"].lexical) == (2, 0.5, 3.0)
    assert by_id["invented"].rank is None
    assert ranking.filters[0] == SearchFilter(YUNZHOU, TODAY.toordinal())
    words = explain_in_words(by_id["stale"])
    assert "应引：云州/养犬规定.md 第五条" in words
    assert "实引：云州/旧养犬规定.md 第三条；云州/养犬规定.md 第五条" in words
    assert "第 2 位，得分 0.500（向量 0.400，词面 3.000；首位得分 0.900）" in words
    assert "缺少要点：三十日" in words
    assert "当日无效的引用：云州/旧养犬规定.md 第三条" in words


def test_visible_are_the_chosen_region_and_those_named() -> None:
    def named(text: str) -> list[str]:
        return ["云岭省/海州市"] if "海州" in text else []

    history = [{"role": "user", "text": "海州养狗收费吗"}, {"role": "assistant", "text": "……"}]
    both = {"全国", "云岭省", "云岭省/云州市", "云岭省/海州市"}
    assert visible_regions(labelled("a"), named) == YUNZHOU
    assert visible_regions(labelled("a", question="海州的呢"), named) == both
    assert visible_regions(labelled("a", history=history), named) == both
    assert visible_regions(labelled("a", region=None), named) == {"全国"}


def test_a_follow_up_is_looked_up_with_what_was_said_before() -> None:
    history = [{"role": "user", "text": "养狗要登记吗"}, {"role": "assistant", "text": "要"}]
    assert words_of(labelled("a", question="多久？", history=history)) == "养狗要登记吗 多久？"


def test_the_checksum_of_texts_sees_a_changed_text(library: "Library") -> None:
    texts = list(library.iter_texts())
    assert texts_sha256(texts) == texts_sha256(library.iter_texts())
    assert texts_sha256(texts) != texts_sha256(texts[1:])


@pytest.mark.slow
def test_a_run_is_saved_to_read_and_to_parse(
    result: AnswersResult, library: "Library", tmp_path: Path
) -> None:
    explained = explain(
        worst(result.outcomes, 2), retriever=Ranking(), store=library, day=TODAY, visible=lambda _: YUNZHOU
    )
    report_answers(tmp_path, result, explained, {"options": {"as_of": "2026-11-23"}})
    saved = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert saved["overall"]["right_first"] == {"hits": 1, "of": 3, "share": pytest.approx(1 / 3)}
    assert saved["day"] == "2026-11-23"
    assert saved["outcomes"][1]["judgement"]["not_in_force"] == ["云州/旧养犬规定.md 第三条"]
    assert saved["outcomes"][4]["answer"] is None
    assert (
        json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["options"]["as_of"] == "2026-11-23"
    )
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| 合计 | 5 | 33.3% (1/3) | 66.7% (2/3) |" in report
    assert "![by_type](by_type.png)" in report
    assert (tmp_path / "by_type.png").read_bytes().startswith(b"\x89PNG")


def test_tables_end_with_the_sum(result: AnswersResult) -> None:
    assert [row[0] for row in scores_table(result).rows] == ["fact", "validity", "unanswerable", "合计"]
    assert scores_table(result).rows[2][2] == "–"
    assert safety_table(result.safety).rows == (("4", "1", "1", "0"),)
