"""A citation: where quoted words stand in a stored text, and whether that text is in force."""

from datetime import date

from bot.answer import Citation, CitedDocument, QuoteSpan
from knowledge_base.records import Chunk


def cite(n: int, chunk: Chunk, quote: str, start: int, *, day: date) -> Citation:
    """Return the n-th citation: of words that begin at `start`, in code points, in the text of the chunk."""
    document, meta = chunk.document, chunk.document.meta
    return Citation(
        n=n,
        document=CitedDocument(
            id=document.id,
            title=meta.title,
            doc_number=meta.doc_number,
            issuer=meta.issuer,
            level=meta.level,
            region=meta.region,
            source_file=document.source_file,
        ),
        version_id=chunk.version_id,
        article=chunk.draft.article,
        heading_path=chunk.draft.heading_path,
        quote=quote,
        span=QuoteSpan(start=start, end=start + len(quote)),
        effective_from=chunk.effective_from,
        effective_to=chunk.effective_to,
        in_force=chunk.in_force(day),
        url=meta.url,
    )
