"""Shares of probability among candidates and none of them; when a door is opened, when it is asked."""

import json
from pathlib import Path

import pytest

from bot.service_confidence import LOWER, SIGNALS, Choice, ServiceConfidence, audiences
from knowledge_base.errors import SettingsError

LIFT = SIGNALS.index("lift")
MODEL = ServiceConfidence(tuple(1.0 if name == "lift" else 0.0 for name in SIGNALS), 0.0, 0.8, 0.3)


def lifted(value: float) -> tuple[float, ...]:
    return tuple(value if place == LIFT else 0.0 for place in range(len(SIGNALS)))


def test_candidates_and_none_share_the_probability() -> None:
    # e^0 = 1 for each of the two, and 1 for none: a third each.
    assert MODEL.of([lifted(0.0), lifted(0.0)]) == pytest.approx([1 / 3, 1 / 3])
    assert MODEL.of([lifted(100.0), lifted(-100.0)]) == pytest.approx([1.0, 0.0])
    assert MODEL.of([lifted(-1000.0)]) == pytest.approx([0.0])
    assert MODEL.of([]) == []


@pytest.mark.parametrize(
    ("probabilities", "choice"),
    [
        ([0.1, 0.85], Choice(True, (1,))),
        ([0.45, 0.5, 0.04], Choice(False, (1, 0, 2))),
        ([0.25, 0.2, 0.15, 0.1], Choice(False, (0, 1, 2))),
        ([0.3, 0.02], Choice(False, (0,))),
        ([0.1, 0.1], Choice(False, ())),
        ([], Choice(False, ())),
    ],
)
def test_one_is_opened_several_are_asked_few_are_neither(probabilities: list[float], choice: Choice) -> None:
    assert MODEL.choose(probabilities) == choice


def test_the_packaged_weights_speak_as_they_are_meant_to() -> None:
    model = ServiceConfidence.load()
    assert all(
        weight <= 0 if name in LOWER else weight >= 0
        for name, weight in zip(SIGNALS, model.weights, strict=True)
    )
    assert 0.5 <= model.threshold < 1.0
    assert 0.0 < model.ask_from < model.threshold


@pytest.mark.parametrize(
    "kept",
    [
        "{",
        json.dumps({"weights": {"lift": 1.0}, "bias": 0, "threshold": 0.8, "ask_from": 0.3}),
        json.dumps({}),
    ],
)
def test_weights_that_cannot_be_used_are_named(kept: str, tmp_path: Path) -> None:
    (tmp_path / "services.json").write_text(kept, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"services\.json"):
        ServiceConfidence.load(tmp_path / "services.json")


def test_whom_a_text_speaks_of() -> None:
    assert audiences("我家老人残疾，想办证") == {"disabled", "old"}
    assert audiences("公司注销") == {"enterprise"}
    assert audiences("社保卡丢了") == frozenset()
