"""The FAQ from draft to answer, and out of answers on the day a source is lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqAction, FaqRow, FaqState, Saving
from knowledge_base.faq.store import MAX_ANSWER_CHARS, FaqStore
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import (
    CITY,
    COUNTY,
    OPENS,
    PARK_FILE,
    PARK_LATER,
    TODAY,
    draft_of,
    land,
    published,
)

MONDAY = date(2026, 11, 30)
SUNDAY = MONDAY - timedelta(days=1)


def stands(faq: FaqStore, faq_id: int, day: date) -> bool:
    return faq_id in faq.standing_on([faq_id], day)


def test_a_row_is_kept_as_a_draft_of_its_sources_region(faq: FaqStore) -> None:
    saving = faq.save(OPENS, by="小王", today=TODAY)
    entry = faq.get(saving.faq_id)
    assert saving.outcome == "added"
    assert entry.content == replace(OPENS, region=CITY)
    assert entry.state is FaqState.DRAFT
    assert [(each.by, each.action, each.state) for each in entry.changes] == [
        ("小王", FaqAction.ADD, FaqState.DRAFT)
    ]


def test_saving_the_same_again_changes_nothing(faq: FaqStore) -> None:
    faq_id = published(faq)
    assert faq.save(replace(OPENS, question=" 公园几点开门？ "), by="小张", today=TODAY) == Saving(
        faq_id, "unchanged"
    )
    assert faq.get(faq_id).state is FaqState.PUBLISHED


def test_a_changed_answer_has_to_be_reviewed_again(faq: FaqStore, park: KnowledgeStore) -> None:
    faq_id = published(faq)
    revision = park.revision()
    assert faq.save(replace(OPENS, answer="6点。"), by="小张", today=TODAY) == Saving(faq_id, "changed")
    assert faq.get(faq_id).state is FaqState.DRAFT
    assert not stands(faq, faq_id, TODAY)
    assert park.revision() == revision + 1


def test_only_what_citizens_see_raises_the_revision(faq: FaqStore, park: KnowledgeStore) -> None:
    revision = park.revision()
    faq_id = faq.save(OPENS, by="小王", today=TODAY).faq_id
    faq.step([faq_id], FaqAction.SUBMIT, by="小王", today=TODAY)
    assert park.revision() == revision
    faq.step([faq_id], FaqAction.PUBLISH, by="老李", today=TODAY)
    assert park.revision() == revision + 1
    faq.step([faq_id], FaqAction.WITHDRAW, by="老李", today=TODAY)
    assert park.revision() == revision + 2


def test_the_steps_are_recorded_with_who(faq: FaqStore) -> None:
    faq_id = published(faq)
    assert [(each.by, each.state.value) for each in faq.get(faq_id).changes] == [
        ("小王", "draft"),
        ("老李", "in_review"),
        ("老李", "published"),
    ]


def test_a_step_out_of_turn_is_refused_and_moves_none(faq: FaqStore) -> None:
    one = faq.save(OPENS, by="小王", today=TODAY).faq_id
    two = faq.save(replace(OPENS, question="公园要钱吗？"), by="小王", today=TODAY).faq_id
    faq.step([one], FaqAction.SUBMIT, by="小王", today=TODAY)
    with pytest.raises(FaqError, match=f"问答 {two}“公园要钱吗？”是草稿，待审的才能发布"):
        faq.step([one, two], FaqAction.PUBLISH, by="老李", today=TODAY)
    assert faq.get(one).state is FaqState.IN_REVIEW
    with pytest.raises(FaqError, match="没有编号为 99 的问答"):
        faq.step([99], FaqAction.SUBMIT, by="小王", today=TODAY)


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        (replace(OPENS, question=" "), "问题", "缺少问题"),
        (replace(OPENS, answer=""), "答案", "缺少答案"),
        (replace(OPENS, answer="好" * (MAX_ANSWER_CHARS + 1)), "答案", "有 1001 字，最多 1000 字"),
        (replace(OPENS, sources=()), "依据", "缺少依据"),
        (replace(OPENS, sources=("《云州市公园办法》第八条",)), "依据", "没有“第八条”"),
        (replace(OPENS, variants=tuple(map(str, range(21)))), "相似问", "有 21 个，最多 20 个"),
        (replace(OPENS, region="全国"), "依据", "全国的市民看不到"),
        (
            replace(OPENS, effective_from=MONDAY, effective_to=MONDAY),
            "失效",
            "失效日期 2026-11-30 不晚于生效日期 2026-11-30",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_names_its_column(faq: FaqStore, row: FaqRow, column: str, why: str) -> None:
    with pytest.raises(FaqError, match=why) as refused:
        faq.save(row, by="小王", today=TODAY)
    assert refused.value.column == column
    assert faq.entries() == []


def test_it_is_answered_from_on_its_own_days_only(faq: FaqStore) -> None:
    faq_id = published(faq, replace(OPENS, effective_from=TODAY, effective_to=MONDAY))
    days = (TODAY - timedelta(days=1), TODAY, SUNDAY, MONDAY)
    assert [stands(faq, faq_id, day) for day in days] == [False, True, True, False]
    (doubt,) = faq.review(MONDAY)
    assert (doubt.reference, doubt.reason) == ("", "问答本身已于 2026-11-30 失效")


def test_a_source_that_ends_on_monday_takes_it_out_on_monday(faq: FaqStore, park: KnowledgeStore) -> None:
    faq_id = published(faq)
    park.land(PARK_FILE, [draft_of("云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日6时开门。\n"
                                   "第三条 公园内禁止吸烟。", effective_to=MONDAY)])  # fmt: skip
    assert (stands(faq, faq_id, SUNDAY), stands(faq, faq_id, MONDAY)) == (True, False)
    assert faq.review(SUNDAY) == []
    (doubt,) = faq.review(MONDAY)
    assert doubt.reason == "《云州市公园办法》已于 2026-11-30 失效"
    assert doubt.proposal is None
    assert [(each.text, each.first, each.end) for each in faq.phrasings()[1]] == [
        ("公园几点开门？", date(2024, 1, 1), MONDAY),
        ("公园开门时间", date(2024, 1, 1), MONDAY),
    ]


def test_changed_words_in_a_newer_version_take_it_out_the_same_words_do_not(
    faq: FaqStore, park: KnowledgeStore
) -> None:
    opens = published(faq)
    smoking = published(faq, FaqRow("公园能抽烟吗？", "不能。", ("《云州市公园办法》第三条",)))
    park.land(PARK_FILE, [draft_of(PARK_LATER, effective_from=MONDAY)])
    assert [stands(faq, opens, day) for day in (SUNDAY, MONDAY)] == [True, False]
    assert [stands(faq, smoking, day) for day in (SUNDAY, MONDAY)] == [True, True]
    before, after = (faq.standing_on([smoking], day)[smoking][1].passages[0] for day in (SUNDAY, MONDAY))
    assert before.version_id != after.version_id  # the citation is of the version in force
    (doubt,) = faq.review(MONDAY)
    assert doubt.reason == "《云州市公园办法》“第二条”的文字自 2026-11-30 起已改"
    assert doubt.proposal is not None
    assert (doubt.proposal.reference, doubt.proposal.text) == (
        "《云州市公园办法》第二条",
        "第二条 公园每日5时开门。",
    )


def test_of_a_superseded_source_the_successors_article_is_proposed(
    faq: FaqStore, park: KnowledgeStore
) -> None:
    faq_id = published(faq)
    land(park, "新办法.md", "云州市公园和步道办法\n第一条 步道全天开放。\n第二条 公园每日7时开门。",
         effective_from=MONDAY, doc_number="云政发〔2026〕8号")  # fmt: skip
    park.land(PARK_FILE, [draft_of("云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日6时开门。\n"
                                   "第三条 公园内禁止吸烟。", superseded_by="新办法.md")])  # fmt: skip
    assert (stands(faq, faq_id, SUNDAY), stands(faq, faq_id, MONDAY)) == (True, False)
    (doubt,) = faq.review(MONDAY)
    successor = "《云州市公园和步道办法》（云政发〔2026〕8号）"
    assert doubt.reason == f"《云州市公园办法》已于 2026-11-30 失效，由{successor}接替"
    assert doubt.proposal is not None
    assert doubt.proposal.reference == f"{successor}第二条"


def test_saved_again_after_its_source_changed_it_rests_on_the_new_words(
    faq: FaqStore, park: KnowledgeStore
) -> None:
    faq_id = published(faq)
    park.land(PARK_FILE, [draft_of(PARK_LATER, effective_from=TODAY)])
    assert faq.save(OPENS, by="小王", today=TODAY) == Saving(faq_id, "changed")
    assert faq.get(faq_id).state is FaqState.DRAFT
    assert faq.review(TODAY) == []


def test_what_rests_on_lost_words_cannot_be_published(faq: FaqStore, park: KnowledgeStore) -> None:
    faq_id = faq.save(OPENS, by="小王", today=TODAY).faq_id
    faq.step([faq_id], FaqAction.SUBMIT, by="小王", today=TODAY)
    park.land(PARK_FILE, [draft_of(PARK_LATER, effective_from=TODAY)])
    with pytest.raises(FaqError, match="不能发布：《云州市公园办法》“第二条”的文字自 2026-11-25 起已改"):
        faq.step([faq_id], FaqAction.PUBLISH, by="老李", today=TODAY)


def test_every_source_has_to_hold(faq: FaqStore, park: KnowledgeStore) -> None:
    land(park, "县公园.md", "青岚县公园规定\n第一条 县公园7时开门。", region=COUNTY, effective_to=MONDAY)
    row = replace(OPENS, sources=(*OPENS.sources, "《青岚县公园规定》第一条"))
    faq_id = published(faq, row)
    assert faq.get(faq_id).content.region == COUNTY
    assert len(faq.standing_on([faq_id], SUNDAY)[faq_id][1].passages) == 2
    assert not stands(faq, faq_id, MONDAY)


def test_sources_no_one_sees_together_are_refused(faq: FaqStore, park: KnowledgeStore) -> None:
    land(park, "海州.md", "海州市公园规定\n第一条 公园8时开门。", region="海州省/海州市")
    with pytest.raises(FaqError, match="没有哪里的市民两处都看得到"):
        faq.save(replace(OPENS, sources=(*OPENS.sources, "《海州市公园规定》第一条")), by="小王", today=TODAY)
