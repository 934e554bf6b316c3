"""The choice among threads: a probability for each, weights that can be trusted to fit the signals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.thread_confidence import SIGNALS, ThreadConfidence
from knowledge_base.errors import SettingsError

FLAT = ThreadConfidence((0.0,) * len(SIGNALS))
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=len(SIGNALS), max_size=len(SIGNALS))


def test_without_weights_every_choice_is_as_likely() -> None:
    row = (1.0,) * len(SIGNALS)
    assert FLAT.of([row, row]) == [0.5, 0.5]


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_the_probabilities_are_one_together(choices: list[list[float]]) -> None:
    chances = ThreadConfidence.load().of(choices)
    assert sum(chances) == pytest.approx(1.0)
    assert all(0 <= each <= 1 for each in chances)


def test_the_packaged_weights_are_of_these_signals() -> None:
    assert len(ThreadConfidence.load().weights) == len(SIGNALS)


@pytest.mark.parametrize("kept", ["", "{}", '{"weights": {"latest": 1}}', '{"weights": 3}'])
def test_weights_of_other_signals_are_refused(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "threads.json"
    path.write_text(kept, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"threads\.json"):
        ThreadConfidence.load(path)
