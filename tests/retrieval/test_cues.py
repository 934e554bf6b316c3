"""What a question wants, and what a passage holds."""

import pytest

from retrieval.cues import Cue, asked, held


@pytest.mark.parametrize(
    ("question", "cue"),
    [
        ("工伤认定要多久", Cue.DURATION),
        ("几个工作日能办好", Cue.DURATION),
        ("how long is maternity leave", Cue.DURATION),
        ("一年交多少钱", Cue.AMOUNT),
        ("租房能提取几成", Cue.AMOUNT),
        ("how much is the fee", Cue.AMOUNT),
        ("这事归哪个部门管", Cue.AUTHORITY),
        ("去哪办居住证", Cue.AUTHORITY),
        ("要带什么材料", Cue.LIST),
        ("有哪些条件", Cue.LIST),
        ("酒驾会怎么样", Cue.PENALTY),
        ("不戴头盔罚不罚", Cue.PENALTY),
        ("房东能不能随便涨租金", Cue.PERMISSION),
        ("阳台可以养鸡吗", Cue.PERMISSION),
        ("are there any fees", Cue.AMOUNT),
        ("is it illegal to burn leaves", Cue.PERMISSION),
        ("what documents do i need", Cue.LIST),
        ("办visa要多少fee", Cue.AMOUNT),
    ],
)
def test_a_question_is_read_for_the_kind_of_answer_it_wants(question: str, cue: Cue) -> None:
    assert cue in asked(question)


def test_an_amount_is_not_a_number_of_days() -> None:
    assert Cue.AMOUNT not in asked("多少天能办好")
    assert Cue.DURATION not in asked("罚多少钱")


@pytest.mark.parametrize("question", ["the whole coffee separates", "they define and operate a website"])
def test_english_is_read_by_whole_words(question: str) -> None:
    # Inside: who, fee, rate, fine.
    assert asked(question) == Cue(0)


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("应当在十五个工作日内办结。", Cue.DURATION),
        ("年满60周岁的", Cue.DURATION),
        ("处二百元以上二千元以下罚款。", Cue.AMOUNT | Cue.PENALTY),
        ("按照工资的百分之八缴纳。", Cue.AMOUNT),
        ("由县级人民政府教育主管部门负责。", Cue.AUTHORITY),
        ("应当提交下列材料：\n（一）身份证；\n（二）申请书。", Cue.LIST),
        ("1. 身份证原件\n2. 户口簿", Cue.LIST),
        ("责令限期改正；构成犯罪的，依法追究刑事责任。", Cue.PENALTY),
        ("任何单位和个人不得侵占。", Cue.PERMISSION),
    ],
)
def test_a_passage_is_read_for_the_kinds_of_answer_it_holds(text: str, cue: Cue) -> None:
    assert held(text) & cue == cue


def test_words_without_a_cue_have_none() -> None:
    assert asked("你好") == Cue(0)
    assert held("本条例所称养老,是指赡养老人。") == Cue(0)
