"""`wenzheng document …` from the draft to the withdrawal, as an operator types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import assembly
from channels import cli
from channels.terminal import actor
from knowledge_base.database import open_database
from knowledge_base.errors import IllegalTransition, UnknownEdition
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.test_settling import D2020, FILE, rule
from tests.retrieval.fakes import BigramEncoder


@pytest.fixture
def data_dir(tmp_path: Path, store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A first version that is published and a second that is a draft."""
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    store.land(FILE, [rule("登记费二百元。", effective_from=D2020)], by="王")
    store.land(FILE, [rule("登记费一百元。", effective_from=D2020)], by="王", as_draft=True)
    return tmp_path


def run(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        cli.app, ["document", *arguments, "--data-dir", str(data_dir)], env={"COLUMNS": "200"}
    )


def run_json(data_dir: Path, *arguments: str) -> object:
    result = run(data_dir, *arguments, "--json")
    assert result.exit_code == 0, result.output
    value: object = json.loads(result.stdout)
    return value


def in_force(data_dir: Path) -> list[str]:
    engine = open_database(f"sqlite:///{data_dir / 'wenzheng.db'}")
    words = [chunk.draft.text for chunk in KnowledgeStore(engine).snapshot()[1] if chunk.draft.article]
    engine.dispose()
    return words


@pytest.mark.slow
def test_from_draft_to_published_and_back(data_dir: Path) -> None:
    assert run(data_dir, "submit", FILE, "--by", "王").exit_code == 0
    published = run(data_dir, "publish", FILE, "--by", "李", "--note", "同意")
    assert published.exit_code == 0
    assert "公开" in published.output
    assert in_force(data_dir) == ["第一条 登记费一百元。"]
    assert (data_dir / "index" / "CURRENT").exists(), "what is published is indexed when the command returns"
    assert run(data_dir, "rollback", FILE, "--by", "李").exit_code == 0
    assert in_force(data_dir) == ["第一条 登记费二百元。"]
    assert run(data_dir, "withdraw", FILE, "--by", "李").exit_code == 0
    assert in_force(data_dir) == []
    told = run(data_dir, "history", FILE).output
    assert [word in told for word in ("王", "李", "同意", "回退到第 1 版", "审核中")] == [True] * 5


def test_a_return_makes_it_a_draft_again(data_dir: Path) -> None:
    run(data_dir, "submit", FILE)
    returned = run_json(data_dir, "return", FILE, "--note", "缺日期")
    assert run_json(data_dir, "list", FILE, "--state", "draft") == [returned]


def test_the_list_tells_which_edition_answers_today(data_dir: Path) -> None:
    told = run(data_dir, "list").output
    assert ["草稿" in told, "公开" in told, "今天作答" in told] == [True] * 3
    listed = run_json(data_dir, "list", "--state", "published")
    assert isinstance(listed, list)
    assert [(each["number"], each["state"], each["source_file"]) for each in listed] == [
        (1, "published", FILE)
    ]


def test_a_draft_is_shown_to_the_operator(data_dir: Path) -> None:
    assert "登记费一百元" in run(data_dir, "show", FILE).output
    shown = run_json(data_dir, "show", FILE, "--version", "1")
    assert isinstance(shown, dict)
    assert shown["texts"][0]["text"] == "公园办法\n第一条 登记费二百元。"


def test_a_comparison_marks_the_words(data_dir: Path) -> None:
    told = run(data_dir, "compare", FILE).output
    assert "第 1 版 → 第 2 版" in told
    assert "修改 第一条：登记费[-二-]{+一+}百元。" in told
    compared = run_json(data_dir, "compare", FILE)
    assert isinstance(compared, dict)
    assert [change["kind"] for change in compared["parts"][0]["changes"]] == ["same", "changed"]


def test_days_are_given_as_dates(data_dir: Path) -> None:
    run(data_dir, "submit", FILE)
    edition = run_json(data_dir, "publish", FILE, "--on", "2999-01-01", "--until", "2999-02-01")
    assert isinstance(edition, dict)
    assert (edition["publish_on"], edition["leave_on"]) == ("2999-01-01", "2999-02-01")
    refused = run(data_dir, "publish", FILE, "--version", "2", "--on", "2999-01-01", "--until", "2999-01-01")
    assert refused.exit_code == 2
    assert run(data_dir, "publish", FILE, "--on", "明天").exit_code == 2


def test_what_is_not_allowed_ends_with_its_reason(data_dir: Path) -> None:
    assert isinstance(run(data_dir, "publish", FILE).exception, IllegalTransition)
    assert isinstance(run(data_dir, "show", "没有.md").exception, UnknownEdition)
    assert run(data_dir, "list", "--state", "lost").exit_code == 2


def test_without_a_name_the_login_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zhang")
    assert (actor(" 王 "), actor(None), actor(" ")) == ("王", "zhang", "zhang")

    def nobody() -> str:
        raise KeyError("uid 4711")

    monkeypatch.setattr("channels.terminal.getpass.getuser", nobody)
    assert actor(None) == ""
