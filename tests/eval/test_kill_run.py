"""The kill run at a small size: it passes, it kills where there is work, and it would notice a fault."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eval import invented
from eval.kill_run import Model, _after, _in_force, run_kills
from eval.kill_worker import Operation, Site, look


def test_the_model_says_what_an_operator_would(tmp_path: Path) -> None:
    model: Model = {1: []}
    for operation, states in (
        (Operation("ingest", 1, draft=1), ["published"]),
        (Operation("draft", 1, draft=2), ["published", "draft"]),
        (Operation("submit", 1, 2), ["published", "in_review"]),
        (Operation("publish", 1, 2), ["published", "published"]),
        (Operation("rollback", 1, 1), ["published", "withdrawn"]),
        (Operation("reindex"), ["published", "withdrawn"]),
        (Operation("withdraw", 1, 1), ["withdrawn", "withdrawn"]),
    ):
        model = _after(model, operation)
        assert [state for _, state in model[1]] == states
    assert _in_force(model) == {}
    assert _in_force({1: [(1, "published"), (2, "published"), (3, "draft")]}) == {1: 2}


def faults(data_dir: Path, in_force: dict[int, int]) -> list[str]:
    look(data_dir, in_force, data_dir / "report")
    return (data_dir / "report").read_text(encoding="utf-8").split("\n")


@pytest.mark.slow
def test_a_look_notices_what_is_missing_withdrawn_or_untraceable(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.apply(Operation("ingest", 1, draft=1))
    site.close()
    assert faults(tmp_path, {1: 1}) == [""]
    assert "chunk 2 is indexed but not in force" in faults(tmp_path, {})
    assert "draft 1 of document 1 is found" not in faults(tmp_path, {1: 1})
    assert "登记 of document 2, draft 1 is not found" in faults(tmp_path, {1: 1, 2: 1})
    with closing(sqlite3.connect(tmp_path / "wenzheng.db")) as connection:
        connection.execute("UPDATE chunks SET text = '别的话' WHERE id = 2")
        connection.commit()
    assert any("has another vector than the words of chunk 2" in each for each in faults(tmp_path, {1: 1}))


def test_every_line_of_an_invented_text_tells_where_it_is_from() -> None:
    text = invented.text(3, 7)
    assert invented.marks(text) == {(3, 7)}
    assert [line for line in text.split("\n") if "所称" in line and "〔3-7〕" not in line] == []


@pytest.mark.slow
@pytest.mark.server
def test_writers_killed_at_random_lose_and_double_nothing(tmp_path: Path) -> None:
    result = run_kills(tmp_path / "data", rounds=4, seed=1)
    assert result.faults == []
    assert result.killed_in.total() == 4
    assert result.versions > 0
