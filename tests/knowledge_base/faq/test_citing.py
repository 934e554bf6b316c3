"""Sources: how they are written, what they mean, and why one is refused."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from knowledge_base.errors import FaqError
from knowledge_base.faq.citing import Library, Reference, read_reference
from knowledge_base.faq.store import FaqStore
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import CITY, COUNTY, TODAY, draft_of, land

NOTICE = (
    "云州市人民政府关于公园夜间开放的通知\n一、开放范围\n市属公园夜间开放。\n二、开放时间\n"
    "（一）夏季开放至23时。\n（二）冬季开放至21时。"
)
FORM = "附件1\n入园登记表\n一、姓名填写全称。"


@pytest.mark.parametrize(
    ("written", "title", "number", "part", "place"),
    [
        ("《公园办法》第二条", "公园办法", "", "", "第二条"),
        (" 《公园办法》（云政发〔2026〕3号）第二条 ", "公园办法", "云政发〔2026〕3号", "", "第二条"),
        ("《关于印发《公园办法》的通知》三、（一）", "关于印发《公园办法》的通知", "", "", "三、（一）"),
        ("《社保卡指南（示例）》“办理材料”", "社保卡指南（示例）", "", "", "办理材料"),
        ("《公园通知》附件1", "公园通知", "", "附件1", ""),
    ],
)
def test_a_reference_is_taken_apart(written: str, title: str, number: str, part: str, place: str) -> None:
    assert read_reference(written) == Reference(written.strip(), title, number, part, place)


@pytest.mark.parametrize(
    ("written", "why"),
    [("公园办法第二条", "应写作《标题》第X条"), ("《公园办法》", "没有写明条款"), ("", "应写作")],
)
def test_what_names_no_place_is_refused(written: str, why: str) -> None:
    with pytest.raises(FaqError, match=why):
        read_reference(written)


def words(faq: FaqStore, written: str, region: str = CITY) -> str:
    """Return the stored words a reference leads to."""
    with Session(faq._engine) as session:
        library = Library(session)
        source, _ = library.resolve(written, region=region, day=TODAY)
        (span,) = library.spans(source, region=region)
        return span.passage.text


def test_a_source_is_an_article_an_item_a_heading_a_section_or_an_attachment(
    faq: FaqStore, park: KnowledgeStore
) -> None:
    park.land("通知.md", [draft_of(NOTICE), draft_of(FORM, part="附件1", title="通知 附件1：入园登记表")])
    title = "《云州市人民政府关于公园夜间开放的通知》"
    assert words(faq, "《云州市公园办法》第二条") == "第二条 公园每日6时开门。"
    assert words(faq, "《云州市公园办法》第2条") == "第二条 公园每日6时开门。"
    assert words(faq, f"{title}二、（一）") == "（一）夏季开放至23时。"
    assert words(faq, f"{title}开放时间") == "（一）夏季开放至23时。\n（二）冬季开放至21时。"
    assert words(faq, f"{title}二、") == words(faq, f"{title}开放时间")
    assert words(faq, f"{title}附件1") == "一、姓名填写全称。"
    assert words(faq, "《云州市公园办法》第二条", region=COUNTY) == "第二条 公园每日6时开门。"


@pytest.mark.parametrize(
    ("written", "region", "why"),
    [
        ("《云州市花园办法》第二条", CITY, "没有《云州市花园办法》，相近的有：《云州市公园办法》"),
        ("《云州市公园办法》第九条", CITY, "里没有“第九条”，有的是：第一条，第二条，第三条"),
        ("《云州市公园办法》（云政发〔2020〕1号）第二条", CITY, "没有《云州市公园办法》云政发〔2020〕1号"),
        ("《云州市公园办法》第二条", "海州省/海州市", "海州省/海州市的市民看不到"),
        ("《云州市公园办法》附件2", CITY, "附件2"),
        ("《旧办法》第一条", CITY, "已于 2025-01-01 失效"),
        ("《废办法》第一条", CITY, "已废止或被替代"),
    ],
)
def test_a_source_that_cannot_be_found_says_why(
    faq: FaqStore, park: KnowledgeStore, written: str, region: str, why: str
) -> None:
    land(park, "旧.md", "旧办法\n第一条 旧。", effective_to=date(2025, 1, 1))
    land(park, "废.md", "废办法\n第一条 废。", repealed=True)
    with pytest.raises(FaqError, match=why):
        words(faq, written, region)


def test_of_two_of_one_title_the_one_in_force_is_meant_else_the_coming_one(
    faq: FaqStore, park: KnowledgeStore
) -> None:
    land(
        park, "旧.md", "步道办法\n第一条 旧。", effective_to=date(2025, 1, 1), doc_number="云政发〔2024〕1号"
    )
    land(
        park,
        "新.md",
        "步道办法\n第一条 新。",
        effective_from=date(2027, 1, 1),
        doc_number="云政发〔2026〕8号",
    )
    assert words(faq, "《步道办法》第一条") == "第一条 新。"
    land(park, "今.md", "步道办法\n第一条 今。", doc_number="云政发〔2025〕2号")
    assert words(faq, "《步道办法》第一条") == "第一条 今。"
    assert words(faq, "《步道办法》(云政发[2026]8号)第一条") == "第一条 新。"


def test_a_place_that_stands_twice_is_not_guessed(faq: FaqStore, park: KnowledgeStore) -> None:
    land(
        park,
        "双.md",
        "双办法\n第一章 甲\n第一条 甲一。\n第二条 甲二。\n第二章 乙\n第一条 乙一。\n第二条 乙二。",
    )
    with pytest.raises(FaqError, match="里没有“第一条”"):
        words(faq, "《双办法》第一条")
