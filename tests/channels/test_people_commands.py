"""`wenzheng desk`, `wenzheng ticket` and `wenzheng ratings`."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.people import People, open_people
from bot.settings import Settings
from bot.tickets.records import TicketDraft
from channels.cli import app
from knowledge_base.database import open_database
from knowledge_base.errors import DeskError, IllegalTicketStep


@pytest.fixture
def data_dir(tmp_path: Path, empty_database: Path) -> Path:
    shutil.copy(empty_database, tmp_path / "wenzheng.db")
    return tmp_path


@pytest.fixture
def people(data_dir: Path) -> People:
    settings = Settings(data_dir=data_dir)
    return open_people(settings, open_database(settings.sqlalchemy_url))


def run(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data-dir", str(data_dir)], catch_exceptions=False)


def test_an_agent_is_added_and_the_token_signs_on(data_dir: Path, people: People) -> None:
    told = run(
        data_dir,
        "desk",
        "add-agent",
        "小李",
        "--skill",
        "社保",
        "--region",
        "云岭省",
        "--capacity",
        "2",
        "--json",
    )
    on = people.agents.sign_on(json.loads(told.stdout)["token"])
    assert on is not None
    assert (on.agent.skills.departments, on.agent.skills.regions) == (("社保",), ("云岭省",))
    shown = json.loads(run(data_dir, "desk", "status", "--json").stdout)
    assert [(each["name"], each["presence"]) for each in shown["agents"]] == [("小李", "online")]
    assert "小李" in run(data_dir, "desk", "status").stdout
    assert run(data_dir, "desk", "remove-agent", "小李").exit_code == 0
    assert run(data_dir, "desk", "remove-agent", "小李").exit_code == 1


def test_a_ticket_is_listed_shown_and_handled(data_dir: Path, people: People) -> None:
    number = people.tickets.open(
        TicketDraft("投诉", "路灯坏了", contact="13812345678", consented=True)
    ).ticket.number
    listed = json.loads(run(data_dir, "ticket", "list", "--json").stdout)
    assert [each["number"] for each in listed] == [number]
    assert "13812345678" not in json.dumps(listed)
    assert "待受理" in run(data_dir, "ticket", "list", "--status", "open").stdout
    assert "共 0 件" in run(data_dir, "ticket", "list", "--overdue").stdout
    assert "13812345678" not in run(data_dir, "ticket", "show", number).stdout
    assert "13812345678" in run(data_dir, "ticket", "show", number, "--contact", "--by", "张三").stdout
    assert run(data_dir, "ticket", "accept", number).stdout == f"{number}：办理中\n"
    assert (
        run(data_dir, "ticket", "reply", number, "已修好。", "--by", "张三").stdout == f"{number}：已答复\n"
    )
    assert run(data_dir, "ticket", "reopen", number, "又坏了").stdout == f"{number}：待受理\n"
    assert run(data_dir, "ticket", "close", number).stdout == f"{number}：已办结\n"
    with pytest.raises(IllegalTicketStep, match="已办结"):
        run(data_dir, "ticket", "reply", number, "再答")
    with pytest.raises(DeskError, match="没有编号"):
        run(data_dir, "ticket", "accept", "WZ20200101-000001")
    shown = run(data_dir, "ticket", "show", number).stdout
    assert "查看联系方式（张三）" in shown
    assert "答复（张三）：已修好。" in shown
    assert run(data_dir, "ticket", "show", "WZ20200101-000001").exit_code == 1


def test_ratings_are_counted(data_dir: Path) -> None:
    assert "还没有人评价" in run(data_dir, "ratings").stdout
    counts = json.loads(run(data_dir, "ratings", "--since", "2026-01-01", "--json").stdout)
    assert (counts["satisfied"], counts["levels"]["5"]) == (None, 0)
