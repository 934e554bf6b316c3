"""A logistic model: what it makes of its signals, and what it takes for its file."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logistic import LogisticModel
from knowledge_base.errors import SettingsError

SIGNALS = ("cosine", "coverage", "lead")


def kept(path: Path, **changes: object) -> Path:
    weights = {"weights": {"cosine": 2.0, "coverage": 1.0, "lead": -1.0}, "bias": 0.5, "threshold": 0.7}
    path.write_text(json.dumps(weights | {"questions": 812} | changes), encoding="utf-8")
    return path


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_it_gives_a_probability(values: list[float]) -> None:
    assert 0.0 <= LogisticModel((1.0, 1.0, 1.0), 0.5, 0.5).of(values) <= 1.0


def test_without_any_signal_the_bias_decides() -> None:
    nothing = (0.0, 0.0, 0.0)
    assert LogisticModel(nothing, 0.0, 0.5).of(nothing) == 0.5
    assert LogisticModel(nothing, 2.0, 0.5).of(nothing) == pytest.approx(0.8808, abs=1e-4)


def test_each_signal_has_its_weight() -> None:
    model = LogisticModel((2.0, 1.0, -1.0), 0.5, 0.7)
    assert model.of((0.5, 1.0, 2.5)) == pytest.approx(0.5)  # 1 + 1 - 2.5 + 0.5 = 0
    assert model.of((1.0, 0.0, 0.0)) == pytest.approx(1 / (1 + math.exp(-2.5)))


def test_weights_are_read_by_name_whatever_their_order(tmp_path: Path) -> None:
    path = kept(tmp_path / "weights.json")
    assert LogisticModel.read(path, SIGNALS, what="test") == LogisticModel((2.0, 1.0, -1.0), 0.5, 0.7)
    assert LogisticModel.read(path, SIGNALS[::-1], what="test").weights == (-1.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"weights": {"cosine": 1.0}},
            r"test weights \S+ name \['cosine'\], expected \['cosine', 'co",
        ),
        ({"threshold": None}, "cannot be read"),
        ({"bias": "high"}, "cannot be read"),
        ({"weights": None}, "cannot be read"),
    ],
)
def test_weights_that_are_not_for_this_model_stop_the_start(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason):
        LogisticModel.read(kept(tmp_path / "weights.json", **changes), SIGNALS, what="test")


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.json cannot be read"):
        LogisticModel.read(tmp_path / "nowhere.json", SIGNALS, what="test")
