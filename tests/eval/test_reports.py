"""Run folders, what they say of the machine, and how records become JSON."""

import json
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.answer import QuoteSpan
from bot.settings import Settings
from eval.plots import draw_bars, draw_latencies, draw_recall
from eval.reports import (
    Section,
    Table,
    describe_run,
    files_sha256,
    open_run,
    percent,
    save_run,
    to_json,
)


@dataclass(frozen=True, slots=True)
class Pair:
    day: date
    spans: tuple[QuoteSpan, ...]


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = {open_run("answers", tmp_path) for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() and "-answers" in folder.name for folder in folders)


def test_a_run_holds_configuration_results_and_report(tmp_path: Path) -> None:
    table = Table(("类型", "题数"), (("fact|list", "3"),))
    save_run(
        tmp_path,
        title="问答评测",
        config={"limit": None},
        results={"share": 0.5},
        sections=[Section("得分", "说明。", (table,), ("by_type.png",)), Section("空")],
    )
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) == {"limit": None}
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == {"share": 0.5}
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == (
        "# 问答评测\n\n## 得分\n\n说明。\n\n| 类型 | 题数 |\n| --- | --- |\n| fact\\|list | 3 |\n\n"
        "![by_type](by_type.png)\n\n## 空\n"
    )


def test_records_become_json_values() -> None:
    pair = Pair(date(2026, 11, 23), (QuoteSpan(start=0, end=4),))
    assert to_json({"pair": pair, "path": Path("a/b")}) == {
        "pair": {"day": "2026-11-23", "spans": [{"start": 0, "end": 4}]},
        "path": "a/b",
    }


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes has no JSON form"):
        to_json(b"")


def test_a_run_says_what_it_ran_on_and_hides_the_password(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://clerk:s3cret@db/wenzheng")
    config = describe_run(settings, encoder="e5", fingerprint="f1", corpus_sha256="c1", options={"limit": 5})
    text = json.dumps(config, ensure_ascii=False)
    assert "s3cret" not in text
    assert "clerk:***@db" in text
    packages, machine = config["packages"], config["machine"]
    assert isinstance(packages, dict)
    assert isinstance(machine, dict)
    assert "numpy" in packages
    assert machine["cores"]
    assert config["encoder"] == {"name": "e5", "fingerprint": "f1"}


def test_a_run_outside_a_clone_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(subprocess, "run", fail)
    config = describe_run(
        Settings(data_dir=tmp_path), encoder="e5", fingerprint="f1", corpus_sha256="c1", options={}
    )
    assert config["git"] is None


def test_the_checksum_of_files_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("甲", encoding="utf-8")
    before = files_sha256(tmp_path)
    (tmp_path / "a.md").rename(tmp_path / "b.md")
    assert files_sha256(tmp_path) != before
    assert files_sha256(tmp_path / "b.md") == files_sha256(tmp_path / "b.md")


@pytest.mark.parametrize(("share", "text"), [(0.5833, "58.3%"), (0.0, "0.0%"), (None, "–")])
def test_shares_read_as_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_plots_are_png_files_whatever_is_missing_or_equal(tmp_path: Path) -> None:
    draw_bars(tmp_path / "bars.png", title="t", groups=["fact"], series={"a": [None], "b": [0.5]})
    draw_recall(tmp_path / "recall.png", title="t", series={"dense": {1: 0.1, 100: 0.9}})
    draw_latencies(tmp_path / "latency.png", title="t", series={"answer": [5.0, 5.0], "encoder": [0.0]})
    for name in ("bars", "recall", "latency"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
