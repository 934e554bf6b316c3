"""Ordinary typing errors are mended; what makes sense as it stands is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexicon import load_lexicon
from retrieval.spelling import Mending, Speller
from retrieval.tokenize import Tokenizer

LEXICON = load_lexicon()
SPELLER = Speller(LEXICON.cutting, Tokenizer(LEXICON.cutting))
TERMS = [each.word for each in LEXICON.cutting.dictionary]

ORDINARY_QUESTIONS = """
公积金断缴三个月还能贷款买房吗
外地户口的孩子怎么在本市上小学
退休金什么时候发,今年涨了多少
办居住证要带什么材料,去哪里办
身份证过期了还能坐高铁吗
新生儿上户口需要父母双方都到场吗
结婚登记可以在女方户籍所在地办吗
离婚冷静期到底是多少天
领失业金期间找到工作了怎么办
试用期公司不给交社保合法吗
公司拖欠工资两个月,向哪个部门投诉
工伤认定申请的期限是多久
生二胎的产假有几天,工资谁发
异地就医备案后报销比例会降低吗
医保卡丢了,补办期间怎么看病
灵活就业人员自己交养老保险一个月多少钱
老人八十岁以上有高龄补贴吗
残疾人证怎么申请,多长时间能办下来
低保户的孩子上大学有补助吗
申请公租房对收入有什么要求
房产证加名字要交哪些税
二手房过户当天能拿到不动产权证书吗
开一家小餐馆要办哪些证
个体户注销营业执照的流程
小规模纳税人季度销售额不超过多少免税
驾驶证到期换证要提前几天
电动自行车不上牌上路罚多少
在小区里放烟花会不会被拘留
养狗不拴绳咬了人,主人要负什么责任
楼上装修太吵,几点以后不许施工
物业费一直没交会影响孩子入学吗
房东不退押金我能去法院起诉吗
宅基地可以卖给城里人吗
农民工讨薪有没有免费的律师
大学毕业生落户有购房补贴吗
护照办理加急最快几天
父母给我的房子需要缴纳契税吗
快递丢了,按什么标准赔
对行政处罚不服,多少日内可以申请复议
献血以后家里人用血能不能报销
""".strip().splitlines()


def mendings(text: str) -> dict[str, tuple[str, ...]]:
    return {mending.typed: mending.meant for mending in SPELLER.mend(text)[1]}


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        ("公级金怎么提取", "公积金怎么提取"),
        ("身份正丢了怎么办", "身份证丢了怎么办"),
        ("居驻证到期续签", "居住证到期续签"),
        ("工伤认锭要几天", "工伤认定要几天"),
        ("怎么考jiashizheng", "怎么考驾驶证"),
        ("shebaoka丢了", "社保卡丢了"),
        ("dibao怎么申请", "低保怎么申请"),
        ("gongjijin提取后公级金还剩多少", "公积金提取后公积金还剩多少"),
    ],
)
def test_a_homophone_or_pinyin_is_put_right(typed: str, mended: str) -> None:
    assert SPELLER.mend(typed)[0] == mended


def test_two_characters_are_too_little_to_be_certain_of() -> None:
    text, noticed = SPELLER.mend("试佣多久")
    assert text == "试佣多久"
    assert noticed == (Mending(0, "试佣", ("试用",), certain=False),)


def test_only_the_place_where_it_was_typed_is_changed() -> None:
    # The letters of 低保 stand inside those of another word, which is left alone.
    assert SPELLER.mend("dibaos和dibao") == ("dibaos和低保", (Mending(7, "dibao", ("低保",), certain=True),))


@pytest.mark.parametrize(
    "text",
    [
        "逾期不缴的后果",  # sounds like 补缴, and means the opposite
        "需要向政府申请",  # 乡政府
        "他自公司成立起持股",  # 子公司
        "先说明使用其他车辆",  # 试用期
        "申请时用什么材料",  # 试用
        "how long can I stay on a visa",
    ],
)
def test_words_that_only_sound_alike_are_left_alone(text: str) -> None:
    assert SPELLER.mend(text) == (text, ())


def test_forty_ordinary_questions_are_left_alone() -> None:
    assert len(ORDINARY_QUESTIONS) == 40
    assert {question: found for question in ORDINARY_QUESTIONS if (found := mendings(question))} == {}


def test_every_term_is_left_alone() -> None:
    assert {term: found for term in TERMS if (found := mendings(term))} == {}


@given(st.lists(st.sampled_from(TERMS), max_size=6), st.sampled_from(["", "、", "的", " "]))
def test_text_made_of_terms_is_never_changed(terms: list[str], between: str) -> None:
    text = between.join(terms)
    assert SPELLER.mend(text)[0] == text


PIECES = ["公级金", "gongjijin", "dibao", "试佣", "身份正", "什么", "怎么办", "，", " ", "a", "𠀀"]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=10).map("".join)))
def test_what_was_noticed_stands_where_it_says(text: str) -> None:
    mended, noticed = SPELLER.mend(text)
    end = 0
    for mending in noticed:
        assert end <= mending.start
        end = mending.start + len(mending.typed)
        assert text[mending.start : end] == mending.typed
        assert 1 <= len(mending.meant) <= 3
    if not any(mending.certain for mending in noticed):
        assert mended == text


def test_terms_come_from_the_dictionary() -> None:
    assert {"公积金", "驾驶证", "试用"} <= set(TERMS)
