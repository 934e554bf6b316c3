"""`wenzheng service`: a catalogue taken in, looked at, checked and withdrawn on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels import cli
from knowledge_base.errors import UnknownService
from knowledge_base.services import links
from knowledge_base.services.exporting import write_catalogue
from knowledge_base.services.records import Batch, LinkState
from tests.knowledge_base.services.samples import ACTIVATE, BATCH, CITY, COUNTY, REPLACE, changed


@pytest.fixture
def data(tmp_path: Path, database_url: str) -> Path:
    """A data directory with an empty knowledge base, and a catalogue beside it as `all.json`."""
    assert database_url.endswith(str(tmp_path / "wenzheng.db"))
    write_catalogue(tmp_path / "all.json", BATCH)
    return tmp_path


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["service", *arguments, "--data-dir", str(data)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_taking_in_says_what_changed_and_lists_what_to_mend(data: Path) -> None:
    code, out = run(data, "import", str(data / "all.json"), "--by", "小王")
    assert code == 0
    assert "提醒  all.json “items” 第 1 项（P-REPLACE）“设定依据”：知识库里没有《社会保障卡管理办法》" in out
    assert out.splitlines()[-2:] == ["新增 4", "办理地点新增或修改 2 处"]
    write_catalogue(data / "next.json", Batch(items=(changed(REPLACE, {"promise_day": 5}), ACTIVATE)))
    assert "新增 0，修改 1，未变 1" in run(data, "import", str(data / "next.json"))[1]


def test_a_row_that_is_wrong_is_left_out_and_fails_the_command(data: Path) -> None:
    (data / "bad.csv").write_text(
        f"基本编码,实施编码,地区,承诺办结时限\nC,T,{CITY},三天\nD,U,{CITY},3\n", encoding="utf-8"
    )
    code, out = run(data, "import", str(data / "bad.csv"))
    assert code == 1
    assert "错误  bad.csv 第 2 行（T）“承诺办结时限”：应填整数，读到“三天”" in out
    assert "新增 1，没收的行 1" in out
    assert run(data, "import", str(data / "bad.csv"), "--whole")[0] == 2


def test_the_whole_catalogue_withdraws_what_it_leaves_out(data: Path) -> None:
    run(data, "import", str(data / "all.json"))
    write_catalogue(data / "fewer.json", Batch(items=BATCH.items[:3]))
    code, out = run(data, "import", str(data / "fewer.json"), "--whole", "--json")
    assert code == 0
    assert json.loads(out)["withdrawn"] == ["C-OLD-1"]


def test_what_is_exported_can_be_taken_in_again_and_changes_nothing(data: Path) -> None:
    run(data, "import", str(data / "all.json"))
    assert run(data, "export", str(data / "out.xlsx"))[0] == 0
    assert "新增 0，未变 4" in run(data, "import", str(data / "out.xlsx"))[1]
    assert run(data, "export", str(data / "template.xlsx"), "--template")[0] == 0


def test_a_citizens_view_and_its_sources(data: Path) -> None:
    run(data, "import", str(data / "all.json"))
    listed = json.loads(run(data, "list", "--region", COUNTY, "--as-of", "2026-11-25", "--json")[1])
    assert [each["task_code"] for each in listed] == ["C-REPLACE-1", "C-ACTIVATE-1", "C-OLD-1"]
    assert listed[0]["task_name"] == "社会保障卡补领"
    out = run(data, "list", "--as-of", "2027-01-01", "--dept", "云岭省")[1]
    assert "P-REPLACE" in out
    assert "2027-01-01 可办的事项 1 条" in out
    shown = run(data, "show", "C-REPLACE", "--region", COUNTY)[1]
    assert "由 云岭省/云州市 的 C-REPLACE-1 合成\n由 云岭省 的 P-REPLACE 合成" in shown
    assert "材料：材料名称 居民身份证；材料形式 原件；份数 1" in shown
    with pytest.raises(UnknownService, match="NOPE"):
        run(data, "show", "NOPE", "--region", COUNTY)


def test_versions_and_withdrawing(data: Path) -> None:
    run(data, "import", str(data / "all.json"), "--by", "小王")
    assert run(data, "withdraw", "C-OLD-1", "--by", "老李")[1] == "已撤下 1 项\n"
    shown = run(data, "show", "C-OLD-1")[1]
    assert "事项名称：高龄津贴申领" in shown
    assert "小王" in shown
    assert "撤下" in shown.splitlines()[-1]
    assert "未变而早已撤下 1" in run(data, "import", str(data / "all.json"))[1]
    assert run(data, "withdraw", "C-OLD-1", "--undo")[1] == "已恢复 1 项\n"
    assert json.loads(run(data, "show", "C-OLD-1", "--json")[1])["item"]["task_name"] == "高龄津贴申领"


def test_lint_looks_at_a_file_or_at_what_is_stored(data: Path) -> None:
    code, out = run(data, "lint", str(data / "all.json"))
    assert code == 1
    assert out.splitlines()[-1] == "问题 3 个"
    run(data, "import", str(data / "all.json"))
    findings = json.loads(run(data, "lint", "--json")[1])
    assert {each["column"] for each in findings} == {"设定依据"}
    write_catalogue(data / "clean.json", Batch(items=(ACTIVATE,)))
    assert run(data, "lint", str(data / "clean.json")) == (0, "没有问题\n")


def test_dead_links_are_listed_and_fail_the_command(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: links.LinkChecker, urls: list[str], **_: object) -> list[LinkState]:
        states = [("dead", "应答 HTTP 404"), ("ok", "")]
        return [
            LinkState.model_validate(
                {"url": url, "state": state, "reason": reason, "checked_at": self.clock()}
            )
            for url, (state, reason) in zip(urls, states, strict=True)
        ]

    monkeypatch.setattr(links.LinkChecker, "check", check)
    run(data, "import", str(data / "all.json"))
    code, out = run(data, "check-links")
    assert code == 1
    assert out == "失效  https://zwfw.yunling.example/replace  应答 HTTP 404\n失效 1，不能确定 0，正常 1\n"
    stored = json.loads(run(data, "check-links", "--stored", "--all", "--json")[1])
    assert [each["state"] for each in stored] == ["dead", "ok"]
