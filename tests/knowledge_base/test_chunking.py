"""Chunking, shown on invented texts in the forms real documents have."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.chunking import chunk
from knowledge_base.coverage import article_coverage
from knowledge_base.loaders import load
from knowledge_base.normalising import SourceText, assemble
from knowledge_base.records import Block, BlockKind, ChunkDraft, ChunkKind
from knowledge_base.structure import tidy_heading

HEADER = "项目 | 标准"


def written(text: str) -> SourceText:
    """Build a source: `#` lines are headings, `|` lines table rows, all others paragraphs."""
    blocks: list[Block] = []
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            blocks.append(Block(BlockKind.HEADING, heading[2], len(heading[1])))
        elif line.startswith("|"):
            blocks.append(Block(BlockKind.TABLE_ROW, line.strip("| "), 0, HEADER))
        else:
            blocks.append(Block(BlockKind.PARAGRAPH, line))
    return assemble(blocks)


def cut(text: str, *, title: str = "", max_chars: int = 400) -> tuple[ChunkDraft, ...]:
    source = written(text)
    drafts = chunk(source, title=title, max_chars=max_chars)
    assert_nothing_lost(source, drafts)
    return drafts


def assert_nothing_lost(source: SourceText, drafts: Sequence[ChunkDraft]) -> None:
    position, group = 0, -1
    inside: set[int] = set()
    for draft in drafts:
        assert source.text[draft.start : draft.end] == draft.text
        assert draft.text.strip()
        assert draft.start >= position
        assert draft.group in {group, group + 1}
        position, group = draft.end, draft.group
        inside.update(range(draft.start, draft.end))
    carried = "\n".join(heading for draft in drafts for heading in draft.heading_path)
    for placed in source.blocks:
        outside = [
            n for n in range(placed.start, placed.end) if n not in inside and not source.text[n].isspace()
        ]
        assert not outside or tidy_heading(placed.block.text) in carried


LAW = """
# 云州市公园管理条例
2020年5月1日 云州市第九届人民代表大会常务委员会第三次会议通过
2023年6月2日 云州市第十届人民代表大会常务委员会第八次会议修正
## 第一章　总　则
第一条 为了加强公园管理，制定本条例。
第二条 游客应当遵守下列规定：
（一）不得攀折花木；
（二）不得营火。
第一条规定的目的应当得到尊重。
## 第二章
法律责任
第三条 违反本条例第二条的，处五十元罚款。
第三条之一 公园管理人员不履行职责的，给予处分。
第四条 本条例自2023年7月1日起施行。
"""


def test_a_law_is_cut_at_its_articles() -> None:
    drafts = cut(LAW, title="云州市公园管理条例")
    articles = [draft for draft in drafts if draft.kind is ChunkKind.ARTICLE]
    assert [draft.article for draft in articles] == ["第一条", "第二条", "第三条", "第三条之一", "第四条"]
    assert articles[0].heading_path == ("第一章 总则",)
    assert articles[1].text.endswith("第一条规定的目的应当得到尊重。")
    assert articles[2].heading_path == ("第二章 法律责任",)


def test_title_and_adoption_history_are_the_preamble() -> None:
    preamble = cut(LAW, title="云州市公园管理条例")[0]
    assert preamble.kind is ChunkKind.PREAMBLE
    assert preamble.text.startswith("云州市公园管理条例\n2020年5月1日")


def test_every_article_is_in_exactly_one_group() -> None:
    source = written(LAW)
    coverage = article_coverage(source.text, chunk(source, title=""))
    assert (coverage.found, coverage.in_exactly_one_group) == (5, 5)


def test_coverage_names_what_is_missing_or_doubled() -> None:
    source = written("第一条 甲。\n第二条 乙。\n第三条 丙。")
    whole = ChunkDraft(ChunkKind.ARTICLE, 0, "第一条", (), "", 0, len(source.text), source.text)
    second = ChunkDraft(ChunkKind.ARTICLE, 0, "第二条", (), "", 7, 13, source.text[7:13])
    coverage = article_coverage(source.text, [whole, second])
    assert coverage.missing == ("第三条",)
    assert coverage.doubled == ("第一条", "第二条")
    assert (coverage.found, coverage.in_exactly_one_group) == (3, 0)


def test_an_over_long_article_is_cut_between_items_with_its_introduction_as_lead() -> None:
    items = "\n".join(f"（{n}）{'材料说明' * 8}；" for n in "一二三四五六")
    drafts = cut(f"第一条 申请人应当到窗口办理。申请时应当提交下列材料：\n{items}", max_chars=150)
    assert len(drafts) == 2
    assert {draft.group for draft in drafts} == {0}
    assert {draft.article for draft in drafts} == {"第一条"}
    assert [draft.lead for draft in drafts] == ["", "申请时应当提交下列材料："]
    assert drafts[1].text.startswith("（四）")


def test_an_item_is_never_cut_and_keeps_what_is_numbered_below_it() -> None:
    text = "第一条 分为下列各类：\n（一）甲类：\n1. 小型；\n2. 大型；\n（二）乙类。" + "长" * 100
    drafts = cut(text, max_chars=40)
    assert drafts[0].text.endswith("（一）甲类：\n1. 小型；\n2. 大型；")
    assert drafts[1].text == "（二）乙类。" + "长" * 100


def test_a_long_paragraph_of_an_article_is_cut_at_sentence_ends() -> None:
    drafts = cut("第一条 " + "申请人可以网上办理，也可以到窗口办理。" * 4, max_chars=45)
    assert [len(draft.text) for draft in drafts] == [42, 38]
    assert all(draft.text.endswith("。") for draft in drafts)


def test_numbering_may_begin_anew() -> None:
    drafts = cut("第一条 甲。\n第二条 乙。\n附件1 收费规则\n第一条 丙。\n第二条 丁。")
    assert [(draft.article, draft.heading_path) for draft in drafts] == [
        ("第一条", ()),
        ("第二条", ()),
        ("第一条", ("附件1 收费规则",)),
        ("第二条", ("附件1 收费规则",)),
    ]


CIRCULAR = """
云州市人民政府文件
云政发〔2026〕3号
云州市人民政府关于调整高龄津贴
有关事项的通知
各县区人民政府，市政府各部门：
经市政府同意，现将有关事项通知如下：
一、总体要求
坚持以人民为中心。
二、发放对象和标准
（一）发放对象。具有本市户籍且年满80周岁的老年人。
（二）发放标准。80周岁以上每人每月100元。
（三）申请材料。申请人应当提交下列材料：
1. 居民身份证；
2. 银行账户。
代办的还应当提交代办人身份证。
三、停发情形
（一）死亡；
（二）迁出。
本通知自2026年4月1日起施行，有效期5年。
附件：1. 申请表
2. 流程图
云州市人民政府
2026年3月5日
（此件公开发布）
抄送：市委各部门。
"""


def test_a_circular_is_cut_at_its_lowest_items() -> None:
    drafts = cut(CIRCULAR, title="云州市人民政府关于调整高龄津贴有关事项的通知")
    content = [draft for draft in drafts if draft.kind is not ChunkKind.PREAMBLE]
    assert [draft.article for draft in content] == [
        "",
        "一、",
        "二、（一）",
        "二、（二）",
        "二、（三）",
        "三、",
        "",
    ]
    assert content[2].heading_path == ("二、发放对象和标准",)


def test_a_list_of_materials_stays_with_the_words_that_introduce_it() -> None:
    materials = next(draft for draft in cut(CIRCULAR) if draft.article == "二、（三）")
    assert materials.text.startswith("（三）申请材料。")
    assert materials.text.endswith("代办的还应当提交代办人身份证。")


def test_the_closing_words_stand_under_no_heading() -> None:
    closing = next(draft for draft in cut(CIRCULAR) if "有效期5年" in draft.text)
    assert (closing.heading_path, closing.article) == ((), "")


def test_header_signature_and_imprint_are_preamble() -> None:
    head, *_, tail = cut(CIRCULAR)
    assert head.kind is tail.kind is ChunkKind.PREAMBLE
    assert head.text.endswith("各县区人民政府，市政府各部门：")
    assert tail.text.startswith("附件：1. 申请表\n2. 流程图\n云州市人民政府\n2026年3月5日")


GUIDE = """
云州市居民身份证办理指南
申请条件：
年满十六周岁的本市户籍居民。
办理材料：
1. 居民户口簿
2. 相片回执
【办理时限】
自受理之日起20日。
收费标准：
| 首次申领 | 免费
| 换领 | 20元
"""


def test_the_headings_of_a_guide_are_found_by_their_words() -> None:
    drafts = cut(GUIDE)
    assert [(draft.kind, draft.heading_path) for draft in drafts[1:]] == [
        (ChunkKind.PARAGRAPH, ("申请条件",)),
        (ChunkKind.ITEM, ("办理材料",)),
        (ChunkKind.PARAGRAPH, ("办理时限",)),
        (ChunkKind.TABLE_ROW, ("收费标准",)),
        (ChunkKind.TABLE_ROW, ("收费标准",)),
    ]
    assert drafts[2].text == "1. 居民户口簿\n2. 相片回执"


def test_a_table_is_cut_at_its_rows_under_its_header() -> None:
    rows = cut(GUIDE)[-2:]
    assert [row.text for row in rows] == ["首次申领 | 免费", "换领 | 20元"]
    assert {row.lead for row in rows} == {HEADER}
    assert len({row.group for row in rows}) == 1


def test_two_tables_one_below_the_other_are_two_groups() -> None:
    rows = [
        Block(BlockKind.TABLE_ROW, "换领 | 20元", 0, "情形 | 费用"),
        Block(BlockKind.TABLE_ROW, "一级 | 80元", 0, "等级 | 补贴"),
    ]
    source = assemble([Block(BlockKind.HEADING, "收费和补贴", 1), *rows])
    drafts = chunk(source, title="收费和补贴")
    assert_nothing_lost(source, drafts)
    assert [(draft.group, draft.lead) for draft in drafts[-2:]] == [(1, "情形 | 费用"), (2, "等级 | 补贴")]


def test_a_long_list_without_introduction_is_one_group_of_balanced_pieces() -> None:
    items = "\n".join(f"{n}. {'证明材料' * 5}；" for n in range(1, 21))
    drafts = cut(f"# 指南\n## 办理材料\n{items}", max_chars=200)[1:]
    assert {draft.group for draft in drafts} == {1}
    assert max(len(draft.text) for draft in drafts) <= 200
    assert len(drafts) == 3


def test_a_table_of_contents_is_kept_apart() -> None:
    drafts = cut("甲办法\n目录\n第一章 总则\n第二章 附则\n第一章 总则\n第一条 甲。\n第二章 附则\n第二条 乙。")
    assert drafts[0].text == "甲办法\n目录\n第一章 总则\n第二章 附则"
    assert [draft.heading_path for draft in drafts[1:]] == [("第一章 总则",), ("第二章 附则",)]


def test_a_regulation_passed_on_by_a_notice_is_still_cut_at_its_articles() -> None:
    drafts = cut(
        "关于印发养犬办法的通知\n各区县人民政府：\n现将办法印发给你们。\n云州市公安局\n2025年6月1日\n"
        "云州市养犬办法\n第一章 总则\n第一条 甲。\n第二条 乙。"
    )
    assert [draft.article for draft in drafts if draft.article] == ["第一条", "第二条"]


def test_a_size_too_small_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"19.*20"):
        chunk(written("甲。"), title="", max_chars=19)


def test_nothing_gives_nothing() -> None:
    assert chunk(assemble([]), title="") == ()


LINES = st.one_of(
    st.sampled_from(
        [
            "第一章　总则",
            "第二节 申请",
            "第一条 为了便民。",
            "第二条 应当提交下列材料：",
            "第三条规定的情形除外。",
            "一、总体要求",
            "二、补贴标准。每人每月一百元。",
            "（一）身份证；",
            "（二）户口簿。",
            "1. 原件",
            "（1）复印件；",
            "申请条件：",
            "【办理时限】",
            "云州市民政局",
            "2026年3月5日",
            "附件1",
            "附件：1.申请表",
            "各县区人民政府：",
            "本办法自2026年1月1日起施行。",
            "目录",
            "抄送：市委办公室。",
            "应当提交：",
        ]
    ),
    st.text(alphabet="申请人应当提交材料。；：，（）第一条二", min_size=1, max_size=90),
)
BLOCKS = st.builds(
    lambda kind, text, level: Block(
        kind,
        text,
        level if kind is BlockKind.HEADING else 0,
        HEADER if kind is BlockKind.TABLE_ROW else "",
    ),
    st.sampled_from([BlockKind.PARAGRAPH] * 6 + [BlockKind.HEADING, BlockKind.TABLE_ROW]),
    LINES,
    st.integers(1, 4),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BLOCKS, max_size=30), st.integers(20, 200))
@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whatever_the_text(blocks: list[Block], max_chars: int) -> None:
    source = assemble(blocks)
    assert_nothing_lost(source, chunk(source, title="", max_chars=max_chars))


CORPORA = Path(os.environ.get("TEST_CORPORA", Path(__file__).parents[3] / "shared" / "corpora"))


@pytest.mark.slow
@pytest.mark.skipif(not (CORPORA / "laws").is_dir(), reason=f"no real laws at {CORPORA / 'laws'}")
def test_no_article_of_the_real_laws_is_lost() -> None:
    found = held = 0
    for path in sorted((CORPORA / "laws").rglob("*.md")):
        source = assemble(load(path))
        drafts = chunk(source, title=path.stem)
        assert_nothing_lost(source, drafts)
        coverage = article_coverage(path.read_text(encoding="utf-8"), ())
        counted = article_coverage(source.text, drafts)
        assert counted.found == coverage.found, path.name
        found, held = found + counted.found, held + counted.in_exactly_one_group
    assert found == held > 16_000


@pytest.mark.parametrize(
    "unit", ["甲。", "（", "第一条 ", "2026年1月1日\n", "1. 甲；\n", "附件1\n", "《甲", "局 "]
)
@pytest.mark.slow
def test_a_monstrous_text_is_cut_without_loss(unit: str) -> None:
    source = written(unit * 3_000)
    assert_nothing_lost(source, chunk(source, title=""))
