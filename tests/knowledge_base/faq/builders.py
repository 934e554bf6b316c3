"""A park rule and its neighbours, for the tests of this folder."""

from dataclasses import replace
from datetime import date
from typing import TypedDict, Unpack

from knowledge_base.chunking import chunk
from knowledge_base.faq.records import FaqAction, FaqRow
from knowledge_base.faq.store import FaqStore
from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind, DocumentMeta
from knowledge_base.store import DocumentDraft, KnowledgeStore

TODAY = date(2026, 11, 25)
CITY, COUNTY = "云岭省/云州市", "云岭省/云州市/青岚县"
PARK_FILE = "公园办法.md"
PARK = "云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日6时开门。\n第三条 公园内禁止吸烟。"
PARK_LATER = "云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日5时开门。\n第三条 公园内禁止吸烟。"
OPENS = FaqRow("公园几点开门？", "早上6点。", ("《云州市公园办法》第二条",), ("公园开门时间",))


class Facts(TypedDict, total=False):
    region: str
    doc_number: str
    effective_from: date | None
    effective_to: date | None
    repealed: bool
    superseded_by: str


def draft_of(text: str, part: str = "", title: str = "", **facts: Unpack[Facts]) -> DocumentDraft:
    """Return a document whose title is its first line, in force in the city from 2024 on."""
    title = title or text.split("\n", maxsplit=1)[0]
    meta = replace(DocumentMeta(title, region=CITY, effective_from=date(2024, 1, 1)), **facts)
    source = assemble([Block(BlockKind.PARAGRAPH, line) for line in text.split("\n")])
    return DocumentDraft(part, meta, source.text, chunk(source, title=title))


def land(store: KnowledgeStore, file: str, text: str, **facts: Unpack[Facts]) -> None:
    store.land(file, [draft_of(text, **facts)])


def published(faq: FaqStore, row: FaqRow = OPENS) -> int:
    """Save a row and take it through review; return its number."""
    faq_id = faq.save(row, by="小王", today=TODAY).faq_id
    for action in (FaqAction.SUBMIT, FaqAction.PUBLISH):
        faq.step([faq_id], action, by="老李", today=TODAY)
    return faq_id
