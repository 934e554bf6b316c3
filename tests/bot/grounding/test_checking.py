"""A sentence may say what its source says, in other words; not more, not less, not otherwise."""

import pytest

from bot.grounding.checking import Fault, disagreement
from bot.grounding.statements import SourceText

TIERS = "80周岁至89周岁的，每人每月100元；90周岁至99周岁的，每人每月200元。"
TERMS = "应当在20日内作出决定，10日内送达申请人。"
LEAVE = "女职工怀孕不满四个月流产的，享受产假十五天；怀孕满四个月流产的，享受产假四十二天。"
PAPERS = """\
申请登记，应当提交下列材料：
（一）所有人身份证明；
（二）购车发票或者其他来历证明；
（三）车辆产品合格证。"""
DUTIES = "由派出所受理，由街道办事处审核。"
EXCEPT = "禁止燃放烟花爆竹，但春节期间除外。"
FORBIDDEN = "有下列情形之一的，不得申请：\n（一）已有自有住房的；\n（二）享受过同类补贴的。"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (TIERS, "90至99周岁的，每人每月200元。"),
        (TIERS, "80周岁至89周岁的，每人每月100元；90周岁至99周岁的，每人每月200元。"),
        (TERMS, "应当在二十天内作出决定。"),
        (LEAVE, "怀孕满4个月流产的，享受产假42天。"),
        (PAPERS, "申请登记应当提交所有人身份证明、购车发票或者其他来历证明、车辆产品合格证。"),
        (PAPERS, "需要提交所有人身份证明。"),
        (DUTIES, "由派出所受理，由街道办事处审核。"),
        (EXCEPT, "禁止燃放烟花爆竹，但春节期间除外。"),
        ("配偶生育的，男方享受护理假三十天。", "配偶生育的，男方可享受30天护理假。"),
        ("登记不收取费用。", "登记不收费。"),
    ],
)
def test_said_in_other_words(source: str, sentence: str) -> None:
    assert disagreement(sentence, [SourceText(source)]) is None


@pytest.mark.parametrize(
    ("source", "sentence", "fault"),
    [
        (TIERS, "80周岁至89周岁的，每人每月200元。", Fault.QUANTITY),
        (TIERS, "每人每月100元，90周岁至99周岁的。", Fault.QUANTITY),
        (TIERS, "80元至89元的，每人每月100周岁。", Fault.QUANTITY),
        (TERMS, "应当在10日内作出决定，20日内送达申请人。", None),
        (TERMS, "应当在20日内送达申请人，10日内作出决定。", None),
        (LEAVE, "怀孕满四个月流产的，享受产假十五天。", Fault.QUANTITY),
        (LEAVE, "享受产假十五天。", None),
        (PAPERS, "申请登记无需提交购车发票。", Fault.MODALITY),
        (PAPERS, "申请登记应当提交购车发票和其他来历证明。", None),
        (PAPERS, "申请登记应当提交学历证明。", Fault.NEW_WORDS),
        (DUTIES, "由街道办事处受理，由派出所审核。", None),
        (EXCEPT, "禁止燃放烟花爆竹。", None),
        (FORBIDDEN, "已有自有住房的可以申请。", Fault.MODALITY),
        (FORBIDDEN, "已有自有住房的。", None),
        ("材料（联网核验，不需要提交）。", "材料（联网核验，需要提交）。", None),
        ("首次申领每证20元。", "再次申领每证20元。", Fault.NEW_WORDS),
        (
            "上班前的准备工作、下班后的收尾工作中受伤的。",
            "上班后的准备工作、下班后的收尾工作中受伤的。",
            None,
        ),
        ("费用由财政承担。", "费用由个人承担。", Fault.NEW_WORDS),
        ("低保边缘家庭每月100元。", "低保家庭每月100元。", Fault.NEW_WORDS),
        ("首次登记费为一百元。", "登记费为100元。", Fault.NEW_WORDS),
        ("恶意拖欠累计超过500元的，纳入信用记录。", "恶意拖欠超过500元的，纳入信用记录。", Fault.NEW_WORDS),
        ("应当在本区连续缴纳社会保险。", "应当在本区缴纳社会保险。", Fault.NEW_WORDS),
        ("评价为不满意、非常不满意的，退回重办。", "评价为满意、非常不满意的，退回重办。", Fault.MODALITY),
        ("可以申请。", "您好。", None),
    ],
)
def test_not_what_the_source_says(source: str, sentence: str, fault: Fault | None) -> None:
    found = disagreement(sentence, [SourceText(source)])
    assert found is not None
    assert fault is None or found.fault is fault


def test_of_two_sources_one_must_say_the_whole_of_a_statement() -> None:
    sources = [SourceText("登记费为一百元。"), SourceText("审验费为五十元。")]
    assert disagreement("登记费为100元；审验费为50元。", sources) is None
    assert disagreement("登记费为50元。", sources) is not None


def test_the_words_of_title_and_heading_may_be_used() -> None:
    source = SourceText("每人每月805元。", about="《云州市城市最低生活保障标准》一、城市低保")
    assert disagreement("云州市城市低保标准为每人每月805元。", [source]) is None
