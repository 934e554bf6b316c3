"""The sheets and columns of a workbook of rules, and what a row of conditions stands for."""

from collections.abc import Mapping

READABLE = (".json", ".xlsx")
RULES, CONDITIONS, MARKS = "规则", "条件", "标签"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    RULES: ("规则编码", "名称", "基本编码", "类型", "告诉市民的话", "依据", "生效日期", "截止日期"),
    CONDITIONS: ("规则编码", "任选组", "分支", "不", "看什么", "怎么比", "值"),
    MARKS: ("类别", "标签"),
}
OPTIONAL = frozenset({"生效日期", "截止日期", "任选组", "分支", "不"})
SHEET_COLUMNS: Mapping[str, str] = {
    "code": "规则编码",
    "catalog_code": "基本编码",
    "reason": "告诉市民的话",
    "when": "条件",
    "effective_until": "截止日期",
}
"""The heading under which a workbook has a field that lint finds a fault with."""

# What a row of 条件 may look at, how, and the leaf that this is in JSON.
LEAVES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("年龄", "不小于"): ("age", ">="),
    ("年龄", "不大于"): ("age", "<="),
    ("地区", "在"): ("region", "within"),
    ("身份", "有"): ("tags", "in"),
    ("企业", "有"): ("enterprise", "in"),
    ("孩子个数", "是"): ("children", "in"),
    ("孩子年龄", "不满"): ("children", "within"),
}
OF_LEAF = {leaf: words for words, leaf in LEAVES.items()} | {
    ("tags", "has"): ("身份", "有"),
    ("enterprise", "has"): ("企业", "有"),
}
FACTS = {"身份": "tags", "企业": "enterprise"}
SEPARATOR = "、"
