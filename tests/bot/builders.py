"""Turns and evidence made by hand, for testing one step at a time."""

from datetime import date

from bot.answer import Message, Question
from bot.turn import Evidence, Turn
from knowledge_base.records import NATIONAL, Chunk, ChunkDraft, ChunkKind, Document, DocumentMeta
from knowledge_base.sentences import sentence_spans
from retrieval.contracts import Hit
from retrieval.lexicon import load_lexicon
from retrieval.query import Query, QueryReader
from retrieval.ranking import FEATURES

DAY = date(2026, 11, 23)
STARTS_AT = 1000
READER = QueryReader(load_lexicon())


def query_of(question: str, context: str = "") -> Query:
    return READER.read(question, context=context)


def chunk_of(
    text: str,
    *,
    version: int = 1,
    group: int = 0,
    kind: ChunkKind = ChunkKind.ARTICLE,
    article: str = "",
    headings: tuple[str, ...] = (),
    lead: str = "",
    start: int = STARTS_AT,
    title: str = "云州市养犬管理条例",
    number: str = "",
    region: str = NATIONAL,
    begins: date | None = None,
    ends: date | None = None,
) -> Chunk:
    """Return a chunk of a document of its own; `version` is its identity too."""
    meta = DocumentMeta(title=title, region=region, doc_number=number)
    document = Document(version, f"{title}.md", "", None, meta)
    draft = ChunkDraft(kind, group, article, headings, lead, start, start + len(text), text)
    return Chunk(version * 100 + group, version, document, draft, begins, ends)


def evidence_of(
    chunk: Chunk,
    *,
    whole: str | None = None,
    score: float = 0.0,
    best: str = "",
    likeness: float = 1.0,
    features: dict[str, float] | None = None,
) -> Evidence:
    """Return evidence whose 条 is `whole`, by default the chunk; its best sentence begins with `best`."""
    text = chunk.draft.text
    whole = text if whole is None else whole
    cosines = tuple(
        0.9 if best and text[start:end].startswith(best) else 0.8 for start, end in sentence_spans(text)
    )
    given = features or {}
    return Evidence(
        chunk=chunk,
        hit=Hit(chunk.id, score, 0.8, 1.0, 0.5, cosines, likeness),
        text=whole,
        start=chunk.draft.start - whole.index(text),
        features=tuple(given.get(name, 0.0) for name in FEATURES),
    )


def turn_of(
    question: str = "养犬登记要多久？",
    *evidence: Evidence,
    region: str | None = None,
    history: tuple[Message, ...] = (),
    elsewhere: tuple[Evidence, ...] = (),
    unserved: str = "",
) -> Turn:
    """Return a turn that has been through `retrieve`."""
    return Turn(
        id="turn",
        asked=Question(question=question, region=region, history=history),
        day=DAY,
        text=question,
        region=region,
        query=query_of(question),
        evidence=evidence,
        elsewhere=elsewhere,
        unserved=unserved,
    )
