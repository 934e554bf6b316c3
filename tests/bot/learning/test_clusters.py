"""Clusters say what is asked, how often and lately; what is dealt with is listed when asked anew."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.answer import AnswerStatus
from bot.learning.asked import AskedQuestion
from bot.learning.clusters import Cluster, Mark, group_questions, still_open
from bot.learning.sameness import Sameness, sense_of
from knowledge_base.faq.records import FaqAction, FaqChange, FaqEntry, FaqRow, FaqState
from tests.bot.builders import query_of
from tests.retrieval.fakes import BigramEncoder

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)


def asked(id_: int, text: str, days_ago: float = 1, *, region: str = "", bad: bool = False) -> AskedQuestion:
    return AskedQuestion(
        id_, text, region, AnswerStatus.NO_ANSWER, NOW - timedelta(days=days_ago), disliked=bad
    )


def grouped(*questions: AskedQuestion, threshold: float = 0.5) -> list[Cluster]:
    vectors = BigramEncoder(dim=512).encode_queries([each.text for each in questions])
    senses = [sense_of(query_of(each.text), each.region) for each in questions]
    return group_questions(questions, vectors, senses, Sameness(0.1, threshold))


def entry(state: FaqState, published_days_ago: float | None = None) -> dict[int, FaqEntry]:
    at = NOW - timedelta(days=published_days_ago or 0)
    done = (
        (FaqChange(at, "老李", FaqAction.PUBLISH, FaqState.PUBLISHED),)
        if published_days_ago is not None
        else ()
    )
    return {5: FaqEntry(5, FaqRow("问", "答", ("《甲》第一条",)), (), state, done)}


def test_a_cluster_is_labelled_by_what_is_most_like_the_rest() -> None:
    first, other = grouped(
        asked(1, "宠物火化在哪里", 9),
        asked(2, "宠物火化在哪里办", 3, bad=True),
        asked(3, "请问宠物火化在哪里办理", 2),
        asked(4, "宠物火化在哪里办", 1),
        asked(5, "夜市摆摊要什么证", 1),
    )
    assert (first.question, first.number, first.size) == ("宠物火化在哪里办", 1, 4)
    assert first.variants == ("宠物火化在哪里", "请问宠物火化在哪里办理")
    assert first.trend(NOW) == (3, 1)
    assert first.disliked_share == 0.25
    assert first.statuses == {AnswerStatus.NO_ANSWER: 4}
    assert (other.question, other.size) == ("夜市摆摊要什么证", 1)


def test_a_new_question_leaves_the_other_clusters_as_they_were() -> None:
    before = [asked(1, "宠物火化在哪里"), asked(2, "宠物火化在哪里办"), asked(3, "夜市摆摊要什么证")]
    after = grouped(*before, asked(4, "夜市摆摊要什么证件"))
    assert grouped(*before)[0] in after
    assert [each.number for each in after] == [3, 1]


def test_regions_are_apart() -> None:
    assert len(grouped(asked(1, "宠物火化在哪里"), asked(2, "宠物火化在哪里", region="云岭省"))) == 2


CLUSTER = Cluster("问", "", (asked(1, "问甲乙丙", 9), asked(2, "问甲乙", 5), asked(3, "问甲", 1)))
MARKED = NOW - timedelta(days=4)


@pytest.mark.parametrize(
    ("mark", "entries", "left"),
    [
        (Mark("dismissed", None, MARKED), {}, []),
        (Mark("drafted", 5, MARKED), entry(FaqState.DRAFT), []),
        (Mark("drafted", 5, MARKED), entry(FaqState.IN_REVIEW), []),
        (Mark("drafted", 5, MARKED), entry(FaqState.PUBLISHED, 3), [3]),
        (Mark("drafted", 5, MARKED), entry(FaqState.PUBLISHED, 0.5), []),
        (Mark("drafted", 5, MARKED), entry(FaqState.WITHDRAWN), [1, 2, 3]),
    ],
)
def test_a_mark_holds_for_the_whole_cluster_until_its_entry_fails(
    mark: Mark, entries: dict[int, FaqEntry], left: list[int]
) -> None:
    open_ones = still_open([CLUSTER], {1: mark}, entries)
    assert [member.id for each in open_ones for member in each.members] == left


def test_the_newest_mark_counts() -> None:
    marks = {1: Mark("drafted", 5, MARKED), 2: Mark("dismissed", None, NOW)}
    assert still_open([CLUSTER], marks, entry(FaqState.WITHDRAWN)) == []
    assert still_open([CLUSTER], {}, {}) == [CLUSTER]


def test_nothing_asked_is_no_cluster() -> None:
    assert group_questions([], np.empty((0, 4), dtype=np.float32), [], Sameness(0.1, 0.5)) == []
