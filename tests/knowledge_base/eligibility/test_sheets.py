"""Rules in a workbook: what is written reads the same, and a fault names its row and column."""

from pathlib import Path

import pytest

import knowledge_base
from knowledge_base.eligibility.exporting import write_rule_file
from knowledge_base.eligibility.reading import read_rules
from knowledge_base.eligibility.records import Age, AllOf, AnyOf, ChildCount, Has, Kind, Not, Rule, RuleBook
from knowledge_base.eligibility.sheets import read_rule_file
from knowledge_base.errors import RulesUnreadable
from knowledge_base.services.exporting import write_sheets

SAMPLE = Path(knowledge_base.__file__).parent / "sample" / "eligibility.json"
RULES = ("规则编码", "名称", "基本编码", "类型", "告诉市民的话", "依据", "生效日期", "截止日期")
CONDITIONS = ("规则编码", "任选组", "分支", "不", "看什么", "怎么比", "值")


def workbook(path: Path, rule: tuple[str, ...], *conditions: tuple[str, ...]) -> Path:
    marks = [("类别", "标签"), ("身份", "甲"), ("身份", "乙")]
    write_sheets(path, [("规则", [RULES, rule]), ("条件", [CONDITIONS, *conditions]), ("标签", marks)])
    return path


def rule(**changed: str) -> tuple[str, ...]:
    cells = dict(
        zip(RULES, ("r", "津贴", "99", "可申领", "您可能符合津贴", "《办法》第三条", "", ""), strict=True)
    )
    return tuple((cells | changed).values())


@pytest.mark.parametrize("suffix", [".xlsx", ".json"])
def test_the_sample_is_written_and_read_the_same(tmp_path: Path, suffix: str) -> None:
    book = read_rules(SAMPLE)
    write_rule_file(tmp_path / f"rules{suffix}", book)
    reading = read_rule_file(tmp_path / f"rules{suffix}")
    assert reading.findings == ()
    assert reading.book == book


def test_rows_of_one_group_are_alternatives_and_those_of_one_branch_hold_together(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "r.xlsx",
        rule(生效日期="2026-03-01", 截止日期="2026/12/31"),
        ("r", "", "", "是", "身份", "有", "甲、乙"),
        ("r", "A", "1", "", "年龄", "不小于", "60"),
        ("r", "A", "2", "", "身份", "有", "甲"),
        ("r", "A", "2", "", "年龄", "不大于", "40"),
        ("r", "", "", "", "孩子个数", "是", "2、3"),
    )
    reading = read_rule_file(path)
    assert reading.findings == ()
    (read,) = reading.book.rules
    assert (read.kind, str(read.effective_from), str(read.effective_until)) == (
        Kind.ON_APPLICATION,
        "2026-03-01",
        "2026-12-31",
    )
    assert read.when == AllOf(
        (
            Not(Has("tags", ("甲", "乙"))),
            AnyOf((Age(">=", 60), AllOf((Has("tags", ("甲",)), Age("<=", 40))))),
            ChildCount((2, 3)),
        )
    )


@pytest.mark.parametrize(
    ("changed", "condition", "said"),
    [
        ({"类型": "自动"}, (), "r.xlsx “规则” 第 2 行（r）“类型”：应是免申即享或可申领，读到“自动”"),
        ({"依据": "办法第三条"}, (), "r.xlsx “规则” 第 2 行（r）“依据”：“办法第三条”应写作"),
        ({"依据": "《办法》"}, (), "r.xlsx “规则” 第 2 行（r）“依据”：要写明条款"),
        ({"截止日期": "年底"}, (), "r.xlsx “规则” 第 2 行（r）“截止日期”：应填日期"),
        ({"名称": ""}, (), "r.xlsx “规则” 第 2 行（r）“名称”：没有填"),
        ({}, ("r", "", "", "", "收入", "不大于", "3"), "r.xlsx “条件” 第 2 行（r）“看什么”：应是年龄、"),
        ({}, ("r", "", "", "", "年龄", "大于", "3"), "第 2 行（r）“怎么比”：看年龄应是不小于、不大于"),
        ({}, ("r", "", "", "", "年龄", "不小于", "六十"), "第 2 行（r）“值”：应填周岁数，如 60"),
        ({}, ("r", "", "", "否", "年龄", "不小于", "60"), "第 2 行（r）“不”：要排除就填“是”"),
        ({}, ("q", "", "", "", "年龄", "不小于", "60"), "“条件”表里没有它的条件"),
    ],
)
def test_a_fault_names_row_and_column(
    tmp_path: Path, changed: dict[str, str], condition: tuple[str, ...], said: str
) -> None:
    condition = condition or ("r", "", "", "", "年龄", "不小于", "60")
    reading = read_rule_file(workbook(tmp_path / "r.xlsx", rule(**changed), condition))
    assert reading.book.rules == ()
    assert said in "\n".join(map(str, reading.findings))


def test_what_does_not_fit_into_rows_is_not_written_wrongly(tmp_path: Path) -> None:
    deep = AllOf((AnyOf((AllOf((AnyOf((Age(">=", 60), Age("<=", 3))),)),)),))
    held = Rule("r", "津贴", "99", Kind.BY_ITSELF, "您可能符合", "办法", "第三条", deep)
    with pytest.raises(RulesUnreadable, match="套得太深"):
        write_rule_file(tmp_path / "r.xlsx", RuleBook((), (), (held,)))
    with pytest.raises(RulesUnreadable, match="不能写成"):
        write_rule_file(tmp_path / "r.csv", RuleBook((), (), (held,)))
