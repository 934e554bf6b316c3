"""`wenzheng adapt` says what it needs; what it does is tested in `tests/bot/test_adapting.py`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli import app

RUN = CliRunner()


def test_there_is_nothing_to_undo_at_first(tmp_path: Path) -> None:
    ended = RUN.invoke(app, ["adapt", "--undo", "--data-dir", str(tmp_path)])
    assert ended.exit_code == 1
    assert "没有换过适配器" in ended.output


def test_it_wants_either_questions_or_undo(tmp_path: Path) -> None:
    ended = RUN.invoke(app, ["adapt", "--data-dir", str(tmp_path)])
    assert ended.exit_code == 2
    assert "--undo" in ended.output


def test_an_adapter_that_is_set_is_not_changed_behind_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENZHENG_ADAPTER", "none")
    ended = RUN.invoke(app, ["adapt", "--undo", "--data-dir", str(tmp_path)])
    assert ended.exit_code == 2
    assert "WENZHENG_ADAPTER" in ended.output
