"""`wenzheng life-event`: events taken in, looked at, checked and withdrawn on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels import cli
from knowledge_base.errors import UnknownLifeEvent
from knowledge_base.life_events.sheets import write_events
from tests.knowledge_base.life_events.samples import EVENT, changed


@pytest.fixture
def data(tmp_path: Path, database_url: str) -> Path:
    """A data directory with an empty knowledge base, and an event beside it as a workbook."""
    assert database_url.endswith(str(tmp_path / "wenzheng.db"))
    write_events(tmp_path / "狗.xlsx", [EVENT])
    return tmp_path


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["life-event", *arguments, "--data-dir", str(data)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_an_event_is_taken_in_listed_shown_and_withdrawn(data: Path) -> None:
    code, out = run(data, "import", str(data / "狗.xlsx"), "--by", "小王")
    assert code == 0
    assert "提醒  狗.xlsx “步骤” 第 2 行（dog）“基本编码”：事项库里没有基本编码 REGISTER" in out
    assert out.splitlines()[-1] == "新增 1"
    assert json.loads(run(data, "list", "--json")[1])[0]["state"] == "在用"
    shown = run(data, "show", "dog")[1]
    assert "问2 领养时交过押金吗？ 交过／没有（“狗是从哪里来的？”选“领养的”时才问）" in shown
    assert "第 1 版" in shown
    assert run(data, "withdraw", "dog") == (0, "已撤下 1 件\n")
    assert "已撤下" in run(data, "list")[1]
    assert "未变而早已撤下 1" in run(data, "import", str(data / "狗.xlsx"))[1]
    assert run(data, "withdraw", "dog", "--undo") == (0, "已恢复 1 件\n")


def test_what_is_exported_can_be_taken_in_again(data: Path) -> None:
    run(data, "import", str(data / "狗.xlsx"))
    assert run(data, "export", str(data / "again.json"), "dog")[0] == 0
    assert "未变 1" in run(data, "import", str(data / "again.json"))[1]
    assert run(data, "export", str(data / "empty.xlsx"), "--template")[0] == 0
    assert run(data, "lint")[0] == 1  # the catalogue has none of its items


def test_a_wrong_event_is_left_out_and_fails_the_command(data: Path) -> None:
    circle = changed(code="circle", steps=[{"catalog_code": "A", "after": ["A"]}])
    write_events(data / "two.json", [EVENT, circle])
    code, out = run(data, "import", str(data / "two.json"), "--json")
    assert code == 1
    assert json.loads(out)["added"] == ["dog"]
    assert run(data, "lint", str(data / "two.json"))[0] == 1
    with pytest.raises(UnknownLifeEvent):
        run(data, "show", "circle")
