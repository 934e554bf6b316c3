"""The race proof at a small size, on both databases; `wenzheng eval desk` runs it at full size."""

from collections.abc import Callable

import pytest

from bot.desk.handover import Need
from eval.desk_run import DEPARTMENTS, REGIONS, run_desk, skills_of
from tests.databases import DATABASES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("backend", DATABASES)
def test_two_processes_serve_everybody_once_and_in_turn(
    backend: str, new_database: Callable[..., str]
) -> None:
    result = run_desk(new_database(backend), agents=6, citizens=30, workers=2, talk_s=0.1, timeout_s=120)
    assert result.faults == []
    assert (result.steps["asked"], result.steps["ended"]) == (30, 30)
    assert result.steps["claimed"] >= 30


def test_nothing_is_nobodys() -> None:
    for department in DEPARTMENTS:
        for region in REGIONS:
            assert any(skills_of(n).match(Need(department, region)) for n in range(6))
