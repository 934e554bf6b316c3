"""Labelled dialogues, lines judged by hand, and weights learned from lines whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from bot.answer import AnswerStatus
from bot.aspects import Aspect
from bot.dialogue_state import DialogueState, Talk, Topic
from bot.thread_confidence import SIGNALS, ThreadConfidence
from eval.datasets import DatasetError
from eval.dialogues_run import (
    Dialogue,
    DialoguesResult,
    LabelledLine,
    LineOutcome,
    keep,
    learn,
    offering,
    read_dialogues,
)
from tests.bot.builders import DAY

DATA = Path(__file__).parents[2] / "eval" / "data" / "dialogues.jsonl"
CARD = Dialogue.model_validate(
    {
        "id": "g1",
        "kind": "ellipsis",
        "region": "云岭省/云州市",
        "turns": [
            {"user": "社保卡丢了", "expect": {"topic": "CARD", "standalone": "社保卡丢了怎么补"}},
            {
                "user": "那要多久",
                "expect": {"topic": "CARD", "aspect": "time", "standalone": "补社保卡要多久"},
            },
            {"user": "好了谢谢", "expect": {"topic": None, "standalone": "谢谢"}},
        ],
    }
)


def outcome(
    place: int,
    *topics: str,
    about: str = "",
    aspect: Aspect | None = None,
    status: AnswerStatus = AnswerStatus.ANSWERED_FROM_SERVICE,
    region: str = "云岭省/云州市",
) -> LineOutcome:
    return LineOutcome(CARD, place, status, topics, about, aspect, region)


def test_the_dialogues_are_what_the_page_says_of_them() -> None:
    dialogues = read_dialogues(DATA)
    assert len(dialogues) == len({each.id for each in dialogues}) == 128
    assert sum(len(each.turns) for each in dialogues) == 352
    assert {each.kind for each in dialogues} == {
        "ellipsis", "pronoun", "family", "switch", "correction", "option", "region"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("led", "is_resolved"),
    [
        (outcome(1, "CARD", aspect=Aspect.TIME), True),
        (outcome(1, "办事指南", about="CARD", aspect=Aspect.TIME), True),
        (outcome(1, "OTHER", about="OTHER", aspect=Aspect.TIME), False),
        (outcome(1, "CARD", aspect=Aspect.FEE), False),
        (outcome(1, "CARD", aspect=Aspect.TIME, region="云岭省"), False),
        (outcome(2, status=AnswerStatus.SMALLTALK), True),
        (outcome(2, "CARD"), False),
    ],
)
def test_a_line_is_resolved_by_topic_aspect_and_region(led: LineOutcome, is_resolved: bool) -> None:
    assert led.is_resolved is is_resolved


def test_the_table_counts_follow_ups_apart_from_openings() -> None:
    result = DialoguesResult(
        day=DAY,
        outcomes=(outcome(0, "CARD"), outcome(1, "CARD"), outcome(2, status=AnswerStatus.SMALLTALK)),
        in_full=(),
        learned=ThreadConfidence((0.0,) * len(SIGNALS)),
    )
    table, wrong = result.tables()
    assert table.rows[0] == ("所有追问", "2", "2（100.0%）", "1（50.0%）", "2（100.0%）", "1（50.0%）")
    assert [row[0] for row in wrong.rows] == ["那要多久"]


def line(number: int, *, follows: bool) -> LabelledLine:
    """Return a line that may go on with the latest topic or stand by itself; only what refers goes on."""
    values = np.zeros((2, len(SIGNALS)))
    values[0, SIGNALS.index("latest")] = 1
    values[0, SIGNALS.index("latest_refers")] = float(follows)
    values[1, SIGNALS.index("none")] = 1
    return LabelledLine(f"g{number}", values, np.array([follows, not follows]))


def test_what_ties_a_line_is_learned(tmp_path: Path) -> None:
    learned = learn([line(number, follows=number % 2 == 0) for number in range(20)])
    for follows in (True, False):
        chances = learned.of(line(0, follows=follows).values.tolist())
        assert (chances[0] > chances[1]) is follows
    path = tmp_path / "threads.json"
    keep(DialoguesResult(DAY, (outcome(1, "CARD"),), (), learned), DATA, path)
    assert ThreadConfidence.load(path) == learned
    assert json.loads(path.read_text(encoding="utf-8"))["left_out"]["on_topic"] == 1


@pytest.mark.parametrize("text", ["", "{", '{"id": "x"}', '{"id": "x", "kind": "", "turns": []}'])
def test_a_malformed_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError):
        read_dialogues(path)


def test_choices_shown_leave_nothing_settled() -> None:
    card = Topic(question="社保卡丢了怎么补", item="CARD", name="社会保障卡补领", aspect="how")
    old = Topic(question="遛狗不牵绳罚多少", document="云州市养犬管理条例")
    talk = offering(DialogueState(talk=Talk(topics=(card, old))), ()).talk
    assert talk is not None
    assert [each.item for each in talk.topics] == ["", ""]
    assert talk.topics[1] == old
