"""A stored text as it is given out: what is known of it, its outline, and the span asked for."""

from datetime import date

from pydantic import BaseModel, Field

from bot.answer import CitedDocument
from knowledge_base.store import StoredText


class OutlineEntry(BaseModel):
    """A 条, item or paragraph of a text: code points into `text`, end exclusive."""

    article: str
    heading_path: tuple[str, ...]
    start: int
    end: int


class TextSpan(BaseModel):
    """The span that was asked for, with its words."""

    start: int
    end: int
    text: str


class DocumentDetail(CitedDocument):
    """What is known of a document."""

    url: str
    published: date | None
    superseded_by: str


class DocumentText(BaseModel):
    """A stored text. Offsets are Unicode code points, end exclusive."""

    document: DocumentDetail
    version_id: int
    version: int = Field(description="第几个版本，从 1 起")
    effective_from: date | None = Field(description="施行的第一天")
    effective_to: date | None = Field(description="失效的第一天；为空表示一直有效")
    in_force: bool = Field(description="今天是否有效")
    withdrawn: bool = Field(description="已由发布单位撤下：只余标题等信息，不再提供正文")
    text: str
    outline: tuple[OutlineEntry, ...]
    span: TextSpan | None


def describe(stored: StoredText, span: tuple[int, int] | None, today: date) -> DocumentText:
    """Describe a stored text for a reader of `today`; `span` must lie inside it."""
    document, meta = stored.document, stored.document.meta
    begun = stored.effective_from is None or stored.effective_from <= today
    ended = stored.effective_to is not None and stored.effective_to <= today
    return DocumentText(
        document=DocumentDetail(
            id=document.id,
            title=meta.title,
            doc_number=meta.doc_number,
            issuer=meta.issuer,
            level=meta.level,
            region=meta.region,
            source_file=document.source_file,
            url=meta.url,
            published=meta.published,
            superseded_by=meta.superseded_by,
        ),
        version_id=stored.version_id,
        version=stored.number,
        effective_from=stored.effective_from,
        effective_to=None if stored.withdrawn else stored.effective_to,
        withdrawn=stored.withdrawn,
        in_force=begun
        and not ended
        and not stored.withdrawn
        and not (meta.repealed and stored.effective_to is None),
        text=stored.text,
        outline=tuple(
            OutlineEntry(
                article=chunk.draft.article,
                heading_path=chunk.draft.heading_path,
                start=chunk.draft.start,
                end=chunk.draft.end,
            )
            for chunk in stored.chunks
        ),
        span=span and TextSpan(start=span[0], end=span[1], text=stored.text[slice(*span)]),
    )
