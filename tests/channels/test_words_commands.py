"""`wenzheng words`: what it changes is said, what does not hold is refused, nothing needs a model."""

import json
from pathlib import Path

import pytest

from knowledge_base.errors import WordsRejected
from tests.channels.test_cli import run


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    return ["--data-dir", str(tmp_path / "data")]


def words(data: list[str], *arguments: str) -> str:
    code, out, _ = run("words", *arguments, *data)
    assert code == 0, out
    return out


def test_a_synonym_is_added_listed_removed_and_restored(data: list[str]) -> None:
    said = words(data, "add", "--kind", "synonym", "甩包袱=解除劳动合同|辞退", "--by", "张三")
    assert "新增  同义词 甩包袱 → 解除劳动合同、辞退" in said
    assert "一两秒内生效" in said
    assert "张三" in words(data, "list")
    assert "没有什么改变" in words(data, "add", "--kind", "synonym", "甩包袱=解除劳动合同|辞退")
    assert "移除  同义词 甩包袱" in words(data, "remove", "--kind", "synonym", "甩包袱", "--by", "李四")
    assert "李四" in words(data, "list", "--removed")
    assert "新增  同义词 甩包袱" in words(data, "restore", "--kind", "synonym", "甩包袱")


def test_what_changes_the_cutting_says_that_an_index_will_be_built(data: list[str]) -> None:
    said = words(data, "add", "--kind", "dictionary", "青岚惠民卡", "--frequency", "90", "--tag", "n")
    assert "新增  词典 青岚惠民卡 90 n" in said
    assert "在后台重建词面索引（不重新编码）" in said
    assert "移除  停用词 请问（停用自带的）" in words(data, "remove", "--kind", "stop", "请问")


def test_json_holds_the_change_and_its_effect(data: list[str]) -> None:
    change = json.loads(words(data, "add", "--kind", "typo", "公鸡金=公积金", "--json"))
    assert change["change"]["added"][0]["terms"] == ["公积金"]
    assert change["effect"]
    (record,) = json.loads(words(data, "list", "--json"))
    assert (record["word"]["word"], record["removed_at"]) == ("公鸡金", None)


def test_a_word_that_does_not_hold_is_refused(data: list[str]) -> None:
    with pytest.raises(WordsRejected, match="第 2 行，口语：“请问”也是停用词"):
        run("words", "add", "--kind", "synonym", "甩包袱=辞退", "请问=咨询服务", *data)
    assert words(data, "list") == "没有\n"


@pytest.mark.parametrize(("kind", "entry"), [("synonym", "甩包袱"), ("stop", "甲=乙")])
def test_a_word_written_for_another_kind_is_a_wrong_call(data: list[str], kind: str, entry: str) -> None:
    code, _, err = run("words", "add", "--kind", kind, entry, *data)
    assert code == 2
    assert entry in err


def test_what_is_exported_can_be_imported_elsewhere(data: list[str], tmp_path: Path) -> None:
    words(data, "add", "--kind", "synonym", "甩包袱=辞退", "--by", "张三")
    words(data, "add", "--kind", "synonym", "房补金=租赁津贴", "--two-way")
    sheet = tmp_path / "同义词.csv"
    assert "写出 2 条" in words(data, "export", str(sheet), "--kind", "synonym")
    other = ["--data-dir", str(tmp_path / "other")]
    assert "房补金 ⇄ 租赁津贴" in words(other, "import", str(sheet), "--kind", "synonym")
    sheet.write_text("口语,公文用语\n甩包袱\n", encoding="gb18030")
    with pytest.raises(WordsRejected, match="第 2 行，公文用语：没有公文用语"):
        run("words", "import", str(sheet), "--kind", "synonym", *other)
