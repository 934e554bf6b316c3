"""Words that demand, allow, forbid and deny: classes that must not be mixed up."""

import pytest

from bot.grounding.modality import find_modals


def senses(text: str) -> list[str]:
    return [each.sense for each in find_modals(text)]


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("应当提交", "必须"),
        ("必须到场", "必须"),
        ("需要提供", "必须"),
        ("须持证", "必须"),
        ("可以代办", "可以"),
        ("能够代办", "可以"),
        ("不得转让", "禁止"),
        ("禁止燃放", "禁止"),
        ("不能转让", "禁止"),
        ("无需提交", "无需"),
        ("不需要提交", "无需"),
        ("免收登记费", "免"),
        ("仅限本人", "仅"),
        ("身份证或者户口簿", "或"),
        ("除法律另有规定外", "除外"),
        ("未就业", "否定:就"),
        ("没有就业", "否定:就"),
        ("非本市", "否定:本"),
    ],
)
def test_the_class_of_a_word(text: str, sense: str) -> None:
    assert sense in senses(text)


@pytest.mark.parametrize(
    "text",
    ["不动产登记", "许可证", "主要材料", "可能", "应急管理", "期限届满", "所有人", "人均收入", "没收犬只"],
)
def test_a_word_that_only_looks_like_one(text: str) -> None:
    assert not {"可以", "必须", "禁止", "均", "仅"} & set(senses(text))


def test_a_man_who_can_is_not_only() -> None:
    assert senses("男方可享受护理假") == ["可以"]
