"""Whether to answer: the signals read from a turn, and the model that weighs them."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.confidence import SIGNALS, Confidence, signals
from bot.turn import Evidence, Turn
from knowledge_base.errors import SettingsError
from tests.bot.builders import chunk_of, evidence_of, query_of, turn_of

FEE = evidence_of(chunk_of("养犬登记费每年二百元。"), features={"dense": 0.87, "best_span": 0.91}, score=3.0)
TERM = evidence_of(chunk_of("养犬登记应当办理。", group=1), score=1.0)


def signal(name: str, turn: Turn) -> float:
    return signals(turn)[SIGNALS.index(name)]


def asked(question: str, *evidence: Evidence) -> Turn:
    return turn_of(question, *(evidence or (FEE,)))


def test_there_is_one_value_for_each_signal() -> None:
    assert len(signals(asked("养犬登记费多少？"))) == len(SIGNALS)
    assert len(set(SIGNALS)) == len(SIGNALS)


def test_scores_of_the_search_are_taken_as_they_are() -> None:
    turn = asked("养犬登记费多少？")
    assert (signal("dense", turn), signal("best_span", turn)) == (0.87, 0.91)


def test_a_clear_lead_over_the_next_speaks_for_the_first() -> None:
    assert signal("lead_over_second", asked("登记费", FEE, TERM)) == 2.0
    assert signal("lead_over_second", asked("登记费", FEE)) == 0.0


def test_what_is_asked_for_is_met_or_not() -> None:
    """多少 wants an amount: 二百元 is one, and a rule that holds none does not answer."""
    assert signal("cues_met", asked("登记费多少？", FEE)) == 1.0
    assert signal("cues_unmet", asked("登记费多少？", TERM)) == 1.0
    assert signal("amount_unmet", asked("登记费多少？", TERM)) == 1.0


@pytest.mark.parametrize(
    "question",
    ["今天排队的人多吗", "我的公积金余额是多少", "你觉得哪家银行好", "帮我写一首诗", "张主任的手机号是多少"],
)
def test_what_no_document_can_know_is_a_signal_of_its_own(question: str) -> None:
    assert signal("beyond_documents", asked(question)) == 1.0


@pytest.mark.parametrize("question", ["公积金余额可以提取吗", "养犬登记费多少钱", "作息时间是怎么规定的"])
def test_what_a_document_can_know_is_not_beyond_it(question: str) -> None:
    assert signal("beyond_documents", asked(question)) == 0.0


def test_a_place_without_documents_and_a_follow_up_are_signals() -> None:
    turn = asked("登记费多少？")
    assert signal("unserved", turn) == 0.0
    assert signal("unserved", replace(turn, unserved="海南省/三亚市")) == 1.0
    assert signal("follow_up", replace(turn, query=query_of("要多久？", "养犬登记"))) == 1.0


def test_a_turn_that_was_not_rewritten_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="after it is rewritten"):
        signals(replace(asked("登记费"), query=None))


def test_the_packaged_weights_load() -> None:
    loaded = Confidence.load()
    assert len(loaded.weights) == len(SIGNALS)
    assert 0.0 < loaded.threshold < 1.0


def test_weights_of_other_signals_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text('{"weights": {"dense": 1}, "bias": 0, "threshold": 0.5}')
    with pytest.raises(SettingsError, match=r"confidence weights \S+ name \['dense'\], expected"):
        Confidence.load(tmp_path / "weights.json")
