"""A draft read as if it were published, and nothing written."""

from sqlalchemy import Engine

from knowledge_base.faq.preview import FaqPreview
from knowledge_base.faq.records import FaqState
from knowledge_base.faq.store import FaqStore
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import OPENS, PARK, PARK_FILE, TODAY, land


def test_a_draft_is_seen_in_the_preview_only(store: KnowledgeStore) -> None:
    land(store, PARK_FILE, PARK)
    engine: Engine = store._engine
    faq = FaqStore(engine)
    faq_id = faq.save(OPENS, by="小王", today=TODAY).faq_id
    revision = store.revision()
    preview = FaqPreview(engine, [faq_id])
    assert [each.text for each in preview.phrasings()[1]] == ["公园几点开门？", "公园开门时间"]
    assert list(preview.standing_on([faq_id], TODAY)) == [faq_id]
    assert (faq.phrasings()[1], faq.standing_on([faq_id], TODAY)) == ([], {})
    assert faq.get(faq_id).state is FaqState.DRAFT
    assert store.revision() == revision
