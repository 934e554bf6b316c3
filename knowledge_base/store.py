"""Reading and writing the knowledge base. Every write is one transaction and raises the revision.

A reader sees a document whole or not at all; derived indexes compare `revision()` with the one
they were built from to know whether they are behind.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, undefer

from knowledge_base.database import (
    ChunkRow,
    DocumentRow,
    EditionRow,
    OcrPageRow,
    VersionRow,
    belongs,
    database_faults,
    meta_of,
)
from knowledge_base.dates import today
from knowledge_base.holds import is_held
from knowledge_base.landing import DocumentDraft, Landing, LandingStatus, land_draft, land_published
from knowledge_base.records import (
    Chunk,
    ChunkDraft,
    ChunkKind,
    Document,
    EditionState,
    OcrLine,
    OcrPage,
)
from knowledge_base.regions import common_region
from knowledge_base.revision import raise_revision, revision_of, take_turn
from knowledge_base.settling import review, settle
from knowledge_base.visibility import is_past_review, may_show, was_shown

__all__ = [
    "Article",
    "Counts",
    "DocumentDraft",
    "KnowledgeStore",
    "Landing",
    "LandingStatus",
    "Reading",
    "StoredText",
    "chunk_draft",
    "hold_still",
]

# SQLite takes 32,766 values in one statement, PostgreSQL 65,535.
_MOST_PARAMETERS = 10_000


@dataclass(frozen=True, slots=True)
class StoredText:
    """A version of a document with its whole text and its chunks in order; of one withdrawn, neither."""

    document: Document
    version_id: int
    number: int
    text: str
    effective_from: date | None
    effective_to: date | None
    chunks: tuple[Chunk, ...]
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """A whole 条 (or item) as stored, and where in the version's text it starts."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Chunks that may be shown and the whole 条 of each, by (version_id, group), all as of one moment."""

    chunks: dict[int, Chunk]
    articles: dict[tuple[int, int], Article]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the knowledge base holds; versions include those no longer in force."""

    documents: int
    versions: int
    chunks: int


class KnowledgeStore:
    """The knowledge base in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine, *, clock: Callable[[], date] = today) -> None:
        self._engine = engine
        self._clock = clock

    def revision(self) -> int:
        """Return the number of the last write that changed what may be answered; 0 for an empty base."""
        with self._reading() as session:
            return revision_of(session)

    def land(
        self,
        source_file: str,
        drafts: Sequence[DocumentDraft],
        ocr_pages: Sequence[OcrPage] = (),
        *,
        by: str = "",
        as_draft: bool = False,
    ) -> Landing:
        """Store one file's main text (first) and its 附件, all or nothing.

        It is published at once: the same text with the same metadata changes nothing; the same text
        with other metadata is corrected in place; another text becomes the next version, unless an
        operator has withdrawn that very text. As a draft it becomes the next version whatever differs,
        and what answers goes on answering.

        Args:
            by: Who takes it in.

        Raises:
            StoreError: If the database refuses; nothing of the file is stored then.
        """
        with (
            database_faults(f"{source_file} could not be stored"),
            Session(self._engine) as session,
            session.begin(),
        ):
            # First, so that two writers settle one after the other and neither misses the other's document.
            take_turn(session)
            land = land_draft if as_draft else land_published
            landing = land(session, source_file, drafts, by, ocr_pages)
            if landing.status in {LandingStatus.UNCHANGED, LandingStatus.WITHHELD}:
                session.rollback()
            elif not as_draft:
                settle(session)
                raise_revision(session)
            return landing

    def review(self) -> dict[str, tuple[str, ...]]:
        """Return what an operator should look at in the dates of documents, in Chinese, by source file."""
        with self._reading() as session:
            return review(session)

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None:
        """Return a document's text in the given version, else its newest, as a citizen may read it.

        A draft, and what is not shown yet, is None, as if it were not there. What was shown until an
        operator withdrew it has no text: only what is known of it.
        """
        wanted = select(VersionRow).options(undefer(VersionRow.text)).filter_by(document_id=document_id)
        if version_id is not None:
            wanted = wanted.filter_by(id=version_id)
        wanted = wanted.order_by(VersionRow.number.desc())
        with self._reading() as session:
            version = session.scalar(wanted.where(may_show(self._clock())).limit(1))
            if version is not None:
                return _stored_text(session, version)
            withdrawn = (each for each in session.scalars(wanted) if was_shown(session, each.id))
            version = next(withdrawn, None)
            return None if version is None else _withdrawn_text(session, version)

    def ocr_pages(self, version_id: int) -> tuple[OcrPage, ...]:
        """Return the pages of a version that OCR read, in order; none for a text that was not scanned."""
        wanted = select(OcrPageRow).options(undefer(OcrPageRow.image)).filter_by(version_id=version_id)
        with self._reading() as session:
            return tuple(
                OcrPage(
                    row.number,
                    tuple(
                        OcrLine(text, confidence, (left, top, right, bottom))
                        for text, confidence, left, top, right, bottom in row.lines
                    ),
                    row.image or b"",
                )
                for row in session.scalars(wanted.order_by(OcrPageRow.number))
            )

    def iter_texts(self) -> Iterator[StoredText]:
        """Yield the newest version of every document, by source file; drafts are left out."""
        newest = (
            select(VersionRow.document_id, func.max(VersionRow.number).label("number"))
            .where(is_past_review())
            .group_by(VersionRow.document_id)
            .subquery()
        )
        with self._reading() as session:
            rows = session.execute(
                select(VersionRow, DocumentRow.source_file, DocumentRow.part)
                .options(undefer(VersionRow.text))
                .join(
                    newest,
                    (VersionRow.document_id == newest.c.document_id) & (VersionRow.number == newest.c.number),
                )
                .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            ).all()
            # Sorted here: a server sorts by its own language, another server by another.
            for version, _, _ in sorted(rows, key=lambda row: (row.source_file, row.part)):
                yield _stored_text(session, version)

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, Chunk]:
        """Return the chunks with these ids; an id that is gone, or may not be shown, is left out."""
        with self._reading() as session:
            return _chunks(session, chunk_ids, self._clock())

    def articles(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Article]:
        """Return whole 条 (or items) by (version_id, group); one that is gone is left out."""
        with self._reading() as session:
            return _articles(session, set(keys))

    def read(self, chunk_ids: Sequence[int]) -> Reading:
        """Return what an answer is made of, all from the same moment, however writers go on meanwhile."""
        with self._reading() as session:
            hold_still(session)
            chunks = _chunks(session, chunk_ids, self._clock())
            keys = {(chunk.version_id, chunk.draft.group) for chunk in chunks.values()}
            return Reading(chunks, _articles(session, keys))

    def snapshot(self) -> tuple[int, list[Chunk]]:
        """Return the revision and, as of it, every chunk whose version is in force on some day, by id."""
        with self._reading() as session:
            hold_still(session)
            revision = revision_of(session)
            rows = session.execute(
                select(ChunkRow, VersionRow, DocumentRow)
                .join(VersionRow, VersionRow.id == ChunkRow.version_id)
                .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
                .where(
                    (VersionRow.effective_to.is_(None))
                    | (VersionRow.effective_from.is_(None) & (VersionRow.effective_to > date.min))
                    | (VersionRow.effective_to > VersionRow.effective_from),
                    ~is_held(),
                )
                .order_by(ChunkRow.id)
            ).all()
            documents: dict[int, Document] = {}
            chunks = []
            for chunk, version, document in rows:
                shared = documents.setdefault(version.id, _document(document, version))
                chunks.append(_chunk(chunk, version, shared))
            return revision, chunks

    def regions(self) -> tuple[str, ...]:
        """Return every region a published document is for, 全国 included, sorted."""
        with self._reading() as session:
            published = belongs(EditionRow.state == EditionState.PUBLISHED)
            return tuple(sorted(session.scalars(select(VersionRow.region).where(published).distinct())))

    def home_region(self) -> str:
        """Return the region the documents are kept for (see `common_region`), empty where there is no one."""
        return common_region(self.regions())

    def given_regions(self) -> tuple[str, ...]:
        """Return the regions that a manifest or an operator gave, not those read from texts, sorted."""
        with self._reading() as session:
            rows = session.execute(select(VersionRow.region, VersionRow.inferred))
            given = {
                region
                for region, inferred in rows
                if not any(each["field"] == "region" and not each["target"] for each in inferred)
            }
            return tuple(sorted(given))

    def counts(self) -> Counts:
        """Count documents, versions and chunks."""
        with self._reading() as session:
            documents, versions, chunks = (
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (DocumentRow, VersionRow, ChunkRow)
            )
            return Counts(documents, versions, chunks)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with database_faults("the knowledge base could not be read"), Session(self._engine) as session:
            yield session


def _chunks(session: Session, chunk_ids: Sequence[int], day: date) -> dict[int, Chunk]:
    found: dict[int, Chunk] = {}
    for start in range(0, len(chunk_ids), _MOST_PARAMETERS):
        rows = session.execute(
            select(ChunkRow, VersionRow, DocumentRow)
            .join(VersionRow, VersionRow.id == ChunkRow.version_id)
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .where(ChunkRow.id.in_(chunk_ids[start : start + _MOST_PARAMETERS]), may_show(day), ~is_held())
        )
        for chunk, version, document in rows:
            found[chunk.id] = _chunk(chunk, version, _document(document, version))
    return found


def _articles(session: Session, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], Article]:
    pieces: dict[tuple[int, int], list[tuple[int, int, str]]] = defaultdict(list)
    # Two lists rather than pairs: SQLite finds pairs by reading the whole table.
    rows = session.execute(
        select(ChunkRow.version_id, ChunkRow.group_no, ChunkRow.start, ChunkRow.end, ChunkRow.text)
        .where(
            ChunkRow.version_id.in_({version_id for version_id, _ in wanted}),
            ChunkRow.group_no.in_({group for _, group in wanted}),
        )
        .order_by(ChunkRow.start)
    )
    for version_id, group, start, end, text in rows:
        if (version_id, group) in wanted:
            pieces[version_id, group].append((start, end, text))
    return {
        key: Article(found[0][0], found[0][2] if len(found) == 1 else _stretch(session, key[0], found))
        for key, found in pieces.items()
    }


def _stretch(session: Session, version_id: int, pieces: Sequence[tuple[int, int, str]]) -> str:
    """Return the stored text from the first piece to the last, with what stands between them."""
    start, end = pieces[0][0], pieces[-1][1]
    words = select(func.substr(VersionRow.text, start + 1, end - start)).where(VersionRow.id == version_id)
    return str(session.scalar(words))


def hold_still(session: Session) -> None:
    """Let every read of the session see the same moment; by default each sees its own."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN")
    else:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _document(document: DocumentRow, version: VersionRow) -> Document:
    return Document(document.id, document.source_file, document.part, document.parent_id, meta_of(version))


def chunk_draft(chunk: ChunkRow) -> ChunkDraft:
    """Return what a stored chunk says, without its identity."""
    return ChunkDraft(
        kind=ChunkKind(chunk.kind),
        group=chunk.group_no,
        article=chunk.article,
        heading_path=tuple(chunk.heading_path),
        lead=chunk.lead,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
    )


def _chunk(chunk: ChunkRow, version: VersionRow, document: Document) -> Chunk:
    draft = chunk_draft(chunk)
    return Chunk(chunk.id, version.id, document, draft, version.effective_from, version.effective_to)


def _stored_text(session: Session, version: VersionRow) -> StoredText:
    row = session.get_one(DocumentRow, version.document_id)
    document = _document(row, version)
    chunks = session.scalars(select(ChunkRow).filter_by(version_id=version.id).order_by(ChunkRow.start))
    return StoredText(
        document=document,
        version_id=version.id,
        number=version.number,
        text=version.text,
        effective_from=version.effective_from,
        effective_to=version.effective_to,
        chunks=tuple(_chunk(chunk, version, document) for chunk in chunks),
    )


def _withdrawn_text(session: Session, version: VersionRow) -> StoredText:
    row = session.get_one(DocumentRow, version.document_id)
    document = _document(row, version)
    days = version.effective_from, version.effective_to
    return StoredText(document, version.id, version.number, "", *days, chunks=(), withdrawn=True)
