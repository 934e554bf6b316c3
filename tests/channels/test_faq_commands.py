"""`wenzheng faq`: curated questions on the command line, from a sheet to the reviewers' list."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels import cli, faq_commands
from knowledge_base.errors import FaqError
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import PARK, PARK_FILE, PARK_LATER, TODAY, draft_of

SOURCE = "《云州市公园办法》第二条"
SHEET = (
    "问题,答案,相似问,依据\n"
    f"公园几点开门？,早上6点。,公园开门时间|公园什么时候开,{SOURCE}\n"
    "公园收门票吗？,免费。,,《云州市公园办法》第九条\n"
    "公园能抽烟吗？,不能。,,《云州市公园办法》第三条\n"
)


@pytest.fixture
def data(tmp_path: Path, store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with the park rule; the index is left alone, as no question is asked here."""
    store.land(PARK_FILE, [draft_of(PARK)])
    monkeypatch.setattr(faq_commands, "catch_up", lambda _data_dir: None)
    monkeypatch.setattr("knowledge_base.dates.today", lambda: TODAY)
    monkeypatch.setattr(faq_commands, "require_open_gate", lambda *_: None)
    return tmp_path


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["faq", *arguments, "--data-dir", str(data)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_question_is_added_submitted_published_and_withdrawn(data: Path) -> None:
    code, out = run(
        data, "add", "公园几点开门？", "--answer", "早上6点。", "--source", SOURCE, "--by", "小王"
    )
    assert (code, out) == (0, "新增：1（草稿）公园几点开门？\n")
    for step, state in (("submit", "待审"), ("publish", "已发布"), ("withdraw", "已撤回")):
        assert run(data, step, "1", "--by", "老李") == (0, f"   1  {state}  公园几点开门？\n")
    shown = run(data, "show", "1")[1]
    assert f"依据：{SOURCE}" in shown
    assert "小王  新建 → 草稿" in shown
    assert "老李  撤回 → 已撤回" in shown


def test_a_closed_gate_keeps_an_entry_from_being_published(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_context: object, faq_ids: list[int], _data_dir: Path) -> None:
        raise FaqError(f"没有发布：{faq_ids}")

    run(data, "add", "公园几点开门？", "--answer", "早上6点。", "--source", SOURCE, "--by", "小王")
    run(data, "submit", "1", "--by", "小王")
    monkeypatch.setattr(faq_commands, "require_open_gate", closed)
    with pytest.raises(FaqError, match=r"没有发布：\[1\]"):
        run(data, "publish", "1", "--by", "老李")
    assert run(data, "list", "--state", "published")[1] == "没有问答\n"
    assert run(data, "publish", "1", "--no-gate", "--by", "老李")[0] == 2
    assert run(data, "publish", "1", "--no-gate", "--reason", "防汛急用", "--by", "老李")[0] == 0
    assert "老李  发布 → 已发布（未经评测：防汛急用）" in run(data, "show", "1")[1]


def test_a_step_out_of_turn_is_refused(data: Path) -> None:
    run(data, "add", "公园几点开门？", "--answer", "6点。", "--source", SOURCE, "--by", "小王")
    with pytest.raises(FaqError, match="是草稿，待审的才能发布"):
        run(data, "publish", "1", "--by", "老李")


def test_a_sheet_lands_but_for_its_bad_rows_and_again_changes_nothing(data: Path) -> None:
    sheet = data / "faq.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    code, out = run(data, "import", str(sheet), "--publish", "--by", "小王")
    assert code == 1
    assert "第 2 行“依据”：依据“《云州市公园办法》第九条”：《云州市公园办法》里没有“第九条”" in out
    assert out.endswith("新增 2，拒收 1\n")
    assert run(data, "import", str(sheet), "--publish")[1].endswith("未变 2，拒收 1\n")
    sheet.write_text(SHEET.replace("不能。", "不可以。"), encoding="utf-8")
    code, out = run(data, "import", str(sheet), "--json", "--by", "小王")
    rows = json.loads(out)["rows"]
    assert [row["outcome"] for row in rows] == ["unchanged", "refused", "changed"]
    listed = json.loads(run(data, "list", "--json")[1])
    assert [(each["question"], each["state"]) for each in listed] == [
        ("公园几点开门？", "published"),
        ("公园能抽烟吗？", "draft"),
    ]
    assert run(data, "list", "--state", "draft")[1] == "   2  草稿  云岭省/云州市  公园能抽烟吗？\n草稿 1\n"
    assert run(data, "list", "--state", "lost")[0] == 2


@pytest.mark.parametrize("name", ["out.csv", "out.json"])
def test_what_is_exported_comes_back_unchanged(data: Path, name: str) -> None:
    (data / "faq.csv").write_text(SHEET, encoding="utf-8")
    run(data, "import", str(data / "faq.csv"), "--by", "小王")
    assert run(data, "export", str(data / name))[0] == 0
    assert run(data, "import", str(data / name), "--by", "小王") == (0, "未变 2\n")


def test_the_reviewers_list_says_why_and_proposes(data: Path, store: KnowledgeStore) -> None:
    run(data, "add", "公园几点开门？", "--answer", "6点。", "--source", SOURCE, "--by", "小王")
    run(data, "submit", "1", "--by", "小王")
    run(data, "publish", "1", "--by", "老李")
    assert run(data, "review") == (0, "需要处理 0 条\n")
    store.land(PARK_FILE, [draft_of(PARK_LATER, effective_from=TODAY)])
    assert run(data, "review")[1] == (
        "   1  已发布  公园几点开门？\n"
        f"      依据 {SOURCE}：《云州市公园办法》“第二条”的文字自 2026-11-25 起已改\n"
        "      可改为 《云州市公园办法》第二条：第二条 公园每日5时开门。\n"
        "需要处理 1 条\n"
    )
    assert run(data, "review", "--as-of", "2026-11-24")[1] == "需要处理 0 条\n"
    (doubt,) = json.loads(run(data, "review", "--json")[1])
    assert doubt["proposal"] == {"reference": "《云州市公园办法》第二条", "text": "第二条 公园每日5时开门。"}


def test_drafts_are_shown_and_kept_as_drafts_only(data: Path, store: KnowledgeStore) -> None:
    store.land("养犬.md", [draft_of("云州市养犬办法\n第一条 养犬登记受理后五日内作出决定。")])
    code, out = run(data, "suggest", "云州市养犬办法", "--save", "--by", "小王")
    assert (code, out) == (
        0,
        "问：养犬登记受理后多长时间内作出决定？\n"
        "    依据 《云州市养犬办法》第一条：养犬登记受理后五日内作出决定。\n草拟 1 条，存为草稿 1 条\n",
    )
    (entry,) = json.loads(run(data, "list", "--json")[1])
    assert (entry["state"], entry["answer"]) == ("draft", "养犬登记受理后五日内作出决定。")
    assert json.loads(run(data, "suggest", "云州市养犬办法", "--article", "第一条", "--json")[1])[0][
        "sources"
    ] == ["《云州市养犬办法》第一条"]
