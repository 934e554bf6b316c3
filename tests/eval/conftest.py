"""A small library held in memory, and an encoder made of hashes, shared by the tests of this folder."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date

import numpy as np
import pytest

from bot.answer import Answer, AnswerStatus, Citation, CitedDocument, QuoteSpan, TurnTrace
from knowledge_base.records import Chunk, ChunkDraft, ChunkKind, Document, DocumentMeta
from knowledge_base.store import Counts, StoredText
from retrieval.contracts import PassageVectors, Span, Vectors


class HashEncoder:
    """Counts characters in 64 buckets: texts that share characters are near each other."""

    name = "hash"
    dim = 64
    fingerprint = "hash-1"

    def __init__(self) -> None:
        self.passages_encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        self.passages_encoded += len(texts)
        return self.encode_queries(texts)

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        cut = [
            np.array([self._vector(text[start:end]) for start, end in places], np.float32).reshape(
                -1, self.dim
            )
            for text, places in zip(texts, spans, strict=True)
        ]
        return PassageVectors(self.encode_passages(texts), cut)

    def _vector(self, text: str) -> Vectors:
        buckets = np.zeros(self.dim, np.float32)
        for character in text:
            buckets[hashlib.md5(character.encode()).digest()[0] % self.dim] += 1
        length = float(np.linalg.norm(buckets))
        return buckets / np.float32(length or 1.0)


class Library:
    """Three rules on dog keeping: the city's old one, its successor, and another city's. Ids count from 1."""

    def __init__(self) -> None:
        self._texts = [
            self._store(
                1, "云州/旧养犬规定.md", "云岭省/云州市", "第三条 养犬登记费每年二百元。", to=date(2024, 1, 1)
            ),
            self._store(
                2, "云州/养犬规定.md", "云岭省/云州市", "第五条 养犬登记应当在三十日内办理，不收费。"
            ),
            self._store(3, "海州/养犬规定.md", "云岭省/海州市", "第五条 养犬登记费每年五百元。"),
        ]

    def _store(self, number: int, file: str, region: str, text: str, *, to: date | None = None) -> StoredText:
        meta = DocumentMeta(title=file.partition("/")[2].removesuffix(".md"), region=region)
        document = Document(number, file, "", None, meta)
        draft = ChunkDraft(ChunkKind.ARTICLE, 0, text.split(maxsplit=1)[0], (), "", 0, len(text), text)
        begun = date(2020, 1, 1)
        chunk = Chunk(number, number, document, draft, begun, to)
        return StoredText(document, number, 1, text, begun, to, (chunk,))

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None:
        return next((one for one in self._texts if one.document.id == document_id), None)

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, Chunk]:
        return {one.version_id: one.chunks[0] for one in self._texts if one.version_id in chunk_ids}

    def iter_texts(self) -> Iterator[StoredText]:
        yield from self._texts

    def snapshot(self) -> tuple[int, list[Chunk]]:
        return 1, [chunk for one in self._texts for chunk in one.chunks]

    def regions(self) -> tuple[str, ...]:
        return tuple(sorted(one.document.meta.region for one in self._texts))

    def counts(self) -> Counts:
        return Counts(len(self._texts), len(self._texts), len(self._texts))

    def cite(self, document_id: int, *, n: int = 1, quote: str | None = None) -> Citation:
        """Cite the whole text of a document, or some of its words at its start."""
        stored = self._texts[document_id - 1]
        words = stored.text if quote is None else quote
        document = stored.document
        return Citation(
            n=n,
            document=CitedDocument(
                id=document.id,
                title=document.meta.title,
                doc_number="",
                issuer="",
                level="",
                region=document.meta.region,
                source_file=document.source_file,
            ),
            version_id=stored.version_id,
            article=stored.chunks[0].draft.article,
            quote=words,
            span=QuoteSpan(start=0, end=len(words)),
            effective_from=stored.effective_from,
            effective_to=stored.effective_to,
            in_force=True,
            url="",
        )

    def answer(
        self, *document_ids: int, text: str = "", status: AnswerStatus = AnswerStatus.ANSWERED
    ) -> Answer:
        """Answer with these citations, in this order."""
        return Answer(
            status=status,
            text=text,
            citations=tuple(self.cite(one, n=n) for n, one in enumerate(document_ids, start=1)),
            trace=TurnTrace(id="t", timings_ms={}),
        )


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def library() -> Library:
    return Library()
