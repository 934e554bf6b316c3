"""Drafts: questions an article answers, from its own structure, in words a citizen could use."""

from dataclasses import replace

import pytest

from bot.drafting import MAX_DRAFTS, ArticleText, StructureDrafter, articles_of, topic_of
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqRow
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import CITY, draft_of

RULE = ArticleText("云州市养犬管理条例", "", CITY, "第八条", "", "")


def asks(text: str, *, title: str = RULE.title, heading: str = "") -> list[str]:
    article = replace(RULE, text=text, title=title, heading=heading)
    return [row.question for row in StructureDrafter().draft(article)]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("申请养犬登记，应当提交下列材料：\n（一）身份证明；", "申请养犬登记需要提交哪些材料？"),
        ("领取失业保险金，应当同时具备以下条件：\n（一）缴费满一年；", "领取失业保险金要具备什么条件？"),
        (
            "外来务工人员，同时符合下列条件的，可以申请公租房：\n（一）持证；",
            "外来务工人员，符合什么条件可以申请公租房？",
        ),
        ("职工有下列情形之一的，可以提取住房公积金：\n（一）退休的；", "职工有哪些情形可以提取住房公积金？"),
        ("承租人有下列情形之一的，应当腾退住房：\n（一）转租的；", "承租人有哪些情形应当腾退住房？"),
        ("下列情形属于主动辞职：\n（一）本人提出的；", "哪些情形属于主动辞职？"),
        ("驾驶电动自行车不得有下列行为：\n（一）逆行；", "驾驶电动自行车不得有哪些行为？"),
        ("无房职工租住商品住房的，每人每月提取限额为1500元。", "无房职工租住商品住房，提取限额是多少？"),
        ("养犬登记每年审验一次，首次登记费为一百元。", "养犬的首次登记费是多少？"),
        ("公安机关受理后五个工作日内作出决定。", "公安机关受理后多长时间内作出决定？"),
        (
            "犬只出生满三个月的，养犬人应当在三十日内接种狂犬病疫苗。",
            "犬只出生满三个月的，养犬人应当在多长时间内接种狂犬病疫苗？",
        ),
        ("违反本条例第十七条规定，犬吠扰民的，由公安机关处二百元罚款。", "犬吠扰民会受到什么处罚？"),
        ("税务机关负责失业保险费的征收。", "失业保险费的征收由哪个部门负责？"),
    ],
)  # fmt: skip
def test_each_kind_of_article_has_its_question(text: str, question: str) -> None:
    assert question in asks(text)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("办理材料", "办理居住证需要哪些材料？"),
        ("收费标准", "办理居住证收费吗？"),
        ("办理地点", "居住证在哪里办理？"),
        ("办理时限", "办理居住证需要多长时间？"),
    ],
)
def test_a_guides_heading_says_what_it_answers(heading: str, question: str) -> None:
    assert asks("见下。", title="云州市居住证办理指南", heading=heading) == [question]


@pytest.mark.parametrize(
    "text",
    [
        "为了引导市民文明养犬，结合本市实际，制定本条例。",
        "本条例自2023年1月1日起施行。",
        "养犬人自接到通知之日起十日内不认领的，按照无主犬处理。",
        "逾期不办理的，没收犬只。",
        "",
    ],
)
def test_of_what_answers_nothing_nothing_is_drafted(text: str) -> None:
    assert asks(text) == []


def test_a_draft_quotes_its_article_and_names_it() -> None:
    article = replace(RULE, doc_number="云政发〔2026〕9号", text="公安机关受理后五日内作出决定。")
    assert StructureDrafter().draft(article) == [
        FaqRow(
            "公安机关受理后多长时间内作出决定？",
            "公安机关受理后五日内作出决定。",
            ("《云州市养犬管理条例》（云政发〔2026〕9号）第八条",),
            region=CITY,
        )
    ]


def test_an_article_has_no_more_drafts_than_an_operator_reads() -> None:
    many = "".join(f"第{n}科受理后{n}日内作出第{n}号决定。" for n in range(1, 9))
    assert len(asks(many)) == MAX_DRAFTS


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("云州市住房公积金提取管理办法", "住房公积金提取"),
        ("云州市人民政府关于调整全市高龄津贴标准的通知", "全市高龄津贴标准"),
        ("云州市居住证办理指南", "居住证"),
        ("社会保障卡申领和补换办事指南（示例）", "社会保障卡申领和补换"),
    ],
)
def test_a_title_says_what_a_document_is_about(title: str, topic: str) -> None:
    assert topic_of(title) == topic


def test_articles_are_those_of_the_newest_document_of_the_title(store: KnowledgeStore) -> None:
    store.land("养犬.md", [draft_of("云州市养犬办法\n第一条 养犬应当登记。\n第二条 登记费为一百元。")])
    found = articles_of(store, "《云州市养犬办法》")
    assert [(each.place, each.text) for each in found] == [
        ("第一条", "养犬应当登记。"),
        ("第二条", "登记费为一百元。"),
    ]
    assert articles_of(store, "养犬.md", "第二条") == found[1:]
    with pytest.raises(FaqError, match="没有公开的《养猫办法》"):
        articles_of(store, "养猫办法")
    with pytest.raises(FaqError, match="里没有“第九条”"):
        articles_of(store, "云州市养犬办法", "第九条")
