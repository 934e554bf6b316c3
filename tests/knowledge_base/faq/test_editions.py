"""Sources go by what is before the citizens: no draft, nothing withdrawn, nothing before its day."""

from collections.abc import Iterator
from datetime import date

import pytest

from knowledge_base.database import open_database
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqRow
from knowledge_base.faq.store import FaqStore
from knowledge_base.lifecycle import Lifecycle
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import PARK_FILE, PARK_LATER, TODAY, draft_of, published

TOMORROW = date(2026, 11, 26)
POND = "云州市池塘办法\n第一条 禁止游泳。"
SWIMS = FaqRow("池塘能游泳吗？", "不能。", ("《云州市池塘办法》第一条",))


@pytest.fixture
def lifecycle(park: KnowledgeStore, database_url: str) -> Iterator[Lifecycle]:
    engine = open_database(database_url)
    yield Lifecycle(engine, clock=lambda: TODAY)
    engine.dispose()


def stands(faq: FaqStore, faq_id: int, day: date = TODAY) -> bool:
    return faq_id in faq.standing_on([faq_id], day)


def test_a_draft_is_no_source_until_it_is_published(
    faq: FaqStore, park: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    park.land("池塘.md", [draft_of(POND)], as_draft=True)
    with pytest.raises(FaqError, match=r"“《云州市池塘办法》第一条”没有公开，或者已经撤下"):
        faq.save(SWIMS, by="小王", today=TODAY)
    lifecycle.submit("池塘.md", by="小王")
    with pytest.raises(FaqError, match="没有公开"):
        faq.save(SWIMS, by="小王", today=TODAY)
    lifecycle.publish("池塘.md", by="老李")
    assert stands(faq, published(faq, SWIMS))


def test_a_source_published_for_a_later_day_holds_from_that_day(
    faq: FaqStore, park: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    park.land("池塘.md", [draft_of(POND)], as_draft=True)
    lifecycle.submit("池塘.md", by="小王")
    lifecycle.publish("池塘.md", by="老李", on=TOMORROW)
    faq_id = published(faq, SWIMS)
    assert [stands(faq, faq_id, day) for day in (TODAY, TOMORROW)] == [False, True]


def test_a_draft_of_new_words_leaves_the_answer_alone(
    faq: FaqStore, park: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    faq_id = published(faq)
    park.land(PARK_FILE, [draft_of(PARK_LATER)], as_draft=True)
    assert stands(faq, faq_id)
    assert faq.review(TODAY) == []
    lifecycle.submit(PARK_FILE, by="小王")
    lifecycle.publish(PARK_FILE, by="老李", on=TOMORROW)
    assert [stands(faq, faq_id, day) for day in (TODAY, TOMORROW)] == [True, False]
    (doubt,) = faq.review(TOMORROW)
    assert doubt.proposal is not None
    assert doubt.proposal.text == "第二条 公园每日5时开门。"


def test_a_withdrawn_source_takes_its_answer_along_and_brings_it_back(
    faq: FaqStore, park: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    faq_id = published(faq)
    revision, phrasings = faq.phrasings()
    assert {each.faq_id for each in phrasings} == {faq_id}
    lifecycle.withdraw(PARK_FILE, by="老李")
    assert not stands(faq, faq_id)
    later, phrasings = faq.phrasings()
    assert (later > revision, phrasings) == (True, [])
    (doubt,) = faq.review(TODAY)
    assert doubt.reason == "《云州市公园办法》没有公开，或者已经撤下"
    with pytest.raises(FaqError, match="没有公开，或者已经撤下"):
        faq.save(FaqRow("公园收费吗？", "免费。", ("《云州市公园办法》第一条",)), by="小王", today=TODAY)
    lifecycle.roll_back(PARK_FILE, 1, by="老李")
    assert stands(faq, faq_id)


def test_rolling_back_changed_words_brings_the_answer_back(
    faq: FaqStore, park: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    faq_id = published(faq)
    park.land(PARK_FILE, [draft_of(PARK_LATER)])
    assert not stands(faq, faq_id)
    lifecycle.roll_back(PARK_FILE, by="老李")
    assert stands(faq, faq_id)
