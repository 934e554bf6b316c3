"""Whether to answer: the signals read from a turn, and the model that weighs them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(SIGNALS), max_size=len(SIGNALS)))
def test_a_confidence_is_a_probability(values: list[float]) -> None:
    assert 0.0 <= Confidence((1.0,) * len(SIGNALS), 0.5, 0.5).of(values) <= 1.0


def test_without_any_signal_the_bias_decides() -> None:
    nothing = (0.0,) * len(SIGNALS)
    assert Confidence(nothing, 0.0, 0.5).of(nothing) == 0.5
    assert Confidence(nothing, 2.0, 0.5).of(nothing) == pytest.approx(0.8808, abs=1e-4)


def test_the_packaged_weights_load() -> None:
    loaded = Confidence.load()
    assert len(loaded.weights) == len(SIGNALS)
    assert 0.0 < loaded.threshold < 1.0


def kept(path: Path, **changes: object) -> Path:
    weights = {"weights": dict.fromkeys(SIGNALS, 1.0), "bias": 0.0, "threshold": 0.5} | changes
    path.write_text(json.dumps(weights), encoding="utf-8")
    return path


def test_weights_are_read_by_name(tmp_path: Path) -> None:
    weights = {name: float(place) for place, name in reversed(list(enumerate(SIGNALS)))}
    loaded = Confidence.load(kept(tmp_path / "weights.json", weights=weights, threshold=0.7))
    assert loaded.weights == tuple(float(place) for place in range(len(SIGNALS)))
    assert loaded.threshold == 0.7


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": {"dense": 1.0}}, r"name \['dense'\], expected \["),
        ({"threshold": None}, "cannot be read"),
        ({"weights": None}, "cannot be read"),
    ],
)
def test_weights_that_are_not_for_this_model_stop_the_start(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason):
        Confidence.load(kept(tmp_path / "weights.json", **changes))


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.json cannot be read"):
        Confidence.load(tmp_path / "nowhere.json")
