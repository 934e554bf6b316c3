"""Which field is asked for, and what of the question is left once that is taken away."""

import pytest

from bot.aspects import Aspect, asks_cost, aspect_of, matter_of, pays
from tests.bot.builders import query_of


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("补办社保卡要带什么材料", Aspect.MATERIALS),
        ("驾照夹在钱包里丢了 补要什么", Aspect.MATERIALS),
        ("换新的身份证要带照片吗", Aspect.MATERIALS),
        ("居住证几天能办好", Aspect.TIME),
        ("出生医学证明当天能拿到手不", Aspect.TIME),
        ("养犬登记收费吗", Aspect.FEE),
        ("补身份证要花多少", Aspect.FEE),
        ("协议离要交多少手续费", Aspect.FEE),
        ("社保卡在哪里补", Aspect.PLACE),
        ("产假工资自己去哪交材料", Aspect.PLACE),
        ("政务中心几点上班", Aspect.HOURS),
        ("派出所礼拜六给小孩报户口不", Aspect.HOURS),
        ("居住证网上能办吗", Aspect.ONLINE),
        ("办离婚要跑几趟", Aspect.VISITS),
        ("谁能申请高龄津贴", Aspect.WHO),
        ("老人瘫痪在床 政府给不给钱", Aspect.WHO),
        ("怎么注销公司", Aspect.HOW),
        ("公积金咨询电话", Aspect.PHONE),
    ],
)
def test_a_field_is_asked_for(question: str, aspect: Aspect) -> None:
    assert aspect_of(query_of(question)) is aspect


@pytest.mark.parametrize(
    "question",
    [
        "社保卡丢了",
        "高龄津贴一个月多少钱",  # what it pays, not what it costs
        "居住证有效期多久",
        "出生后多久要上户口",
        "失业金能领多久",
        "没牌上路被抓要交多少钱",
        "手机号码变更",
    ],
)
def test_none_is(question: str) -> None:
    found = aspect_of(query_of(question))
    assert found not in (Aspect.FEE, Aspect.TIME, Aspect.PHONE, Aspect.MATERIALS)


def test_the_matter_is_what_is_left() -> None:
    assert matter_of("请问社保卡补办要带什么材料？").strip() == "社保卡补办"
    assert matter_of("多少钱") == "多少钱"


@pytest.mark.parametrize(
    ("name", "is_paid"), [("高龄津贴", True), ("失业保险金申领", True), ("普通护照申领", False)]
)
def test_an_item_that_pays_something_out(name: str, is_paid: bool) -> None:
    assert pays(name) is is_paid


@pytest.mark.parametrize(
    ("text", "is_cost"), [("办这个收费吗", True), ("要手续费吗", True), ("一个月多少钱", False)]
)
def test_how_much_there_is_is_not_what_it_costs(text: str, is_cost: bool) -> None:
    assert asks_cost(text) is is_cost
