"""Reading and writing the knowledge base. Every write is one transaction and raises the revision.

A reader sees a document whole or not at all; derived indexes compare `revision()` with the one
they were built from to know whether they are behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, Integer, String, cast, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, undefer

from knowledge_base.database import ChunkRow, DocumentRow, StateRow, VersionRow, meta_of
from knowledge_base.errors import StoreError
from knowledge_base.landing import DocumentDraft, Landing, LandingStatus, land_parts
from knowledge_base.records import Chunk, ChunkDraft, ChunkKind, Document
from knowledge_base.regions import common_region
from knowledge_base.settling import review, settle

__all__ = [
    "Article",
    "Counts",
    "DocumentDraft",
    "KnowledgeStore",
    "Landing",
    "LandingStatus",
    "StoredText",
]

_REVISION = "revision"


@dataclass(frozen=True, slots=True)
class StoredText:
    """A version of a document with its whole text and its chunks in order."""

    document: Document
    version_id: int
    number: int
    text: str
    effective_from: date | None
    effective_to: date | None
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """A whole 条 (or item) as stored, and where in the version's text it starts."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the knowledge base holds; versions include those no longer in force."""

    documents: int
    versions: int
    chunks: int


class KnowledgeStore:
    """The knowledge base in one SQL database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def revision(self) -> int:
        """Return the number of the last write; 0 for an empty base."""
        with Session(self._engine) as session:
            return current_revision(session)

    def land(self, source_file: str, drafts: Sequence[DocumentDraft]) -> Landing:
        """Store one file's main text (first) and its 附件, all or nothing.

        The same text with the same metadata changes nothing; the same text with other metadata is
        corrected in place; another text becomes the next version.

        Raises:
            StoreError: If the database refuses; nothing of the file is stored then.
        """
        with faults(f"{source_file} could not be stored"), Session(self._engine) as session, session.begin():
            # First, so that two writers settle one after the other and neither misses the other's document.
            raise_revision(session)
            landing = land_parts(session, source_file, drafts)
            if landing.status is LandingStatus.UNCHANGED:
                session.rollback()
            else:
                session.flush()
                settle(session)
            return landing

    def review(self) -> dict[str, tuple[str, ...]]:
        """Return what an operator should look at in the dates of documents, in Chinese, by source file."""
        with Session(self._engine) as session:
            return review(session)

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None:
        """Return a document's text in the given version, else its newest; None if there is none."""
        wanted = select(VersionRow).options(undefer(VersionRow.text)).filter_by(document_id=document_id)
        if version_id is not None:
            wanted = wanted.filter_by(id=version_id)
        with Session(self._engine) as session:
            version = session.scalar(wanted.order_by(VersionRow.number.desc()).limit(1))
            return None if version is None else _stored_text(session, version)

    def iter_texts(self) -> Iterator[StoredText]:
        """Yield the newest version of every document, by source file."""
        newest = (
            select(VersionRow.document_id, func.max(VersionRow.number).label("number"))
            .group_by(VersionRow.document_id)
            .subquery()
        )
        with Session(self._engine) as session:
            rows = session.scalars(
                select(VersionRow)
                .options(undefer(VersionRow.text))
                .join(
                    newest,
                    (VersionRow.document_id == newest.c.document_id) & (VersionRow.number == newest.c.number),
                )
                .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
                .order_by(DocumentRow.source_file, DocumentRow.part)
            ).all()
            for version in rows:
                yield _stored_text(session, version)

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, Chunk]:
        """Return the chunks with these ids; an id that is gone is left out."""
        with Session(self._engine) as session:
            rows = session.execute(
                select(ChunkRow, VersionRow, DocumentRow)
                .join(VersionRow, VersionRow.id == ChunkRow.version_id)
                .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
                .where(ChunkRow.id.in_(chunk_ids))
            ).all()
            return {
                chunk.id: _chunk(chunk, version, _document(document, version))
                for chunk, version, document in rows
            }

    def articles(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Article]:
        """Return whole 条 (or items) by (version_id, group); one that is gone is left out."""
        wanted = set(keys)
        pieces: dict[tuple[int, int], list[tuple[int, int, str]]] = defaultdict(list)
        with Session(self._engine) as session:
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
                key: Article(
                    found[0][0], found[0][2] if len(found) == 1 else _stretch(session, key[0], found)
                )
                for key, found in pieces.items()
            }

    def snapshot(self) -> tuple[int, list[Chunk]]:
        """Return the revision and, as of it, every chunk whose version is in force on some day, by id."""
        with Session(self._engine) as session:
            hold_still(session)
            revision = current_revision(session)
            rows = session.execute(
                select(ChunkRow, VersionRow, DocumentRow)
                .join(VersionRow, VersionRow.id == ChunkRow.version_id)
                .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
                .where(
                    (VersionRow.effective_to.is_(None))
                    | (VersionRow.effective_from.is_(None) & (VersionRow.effective_to > date.min))
                    | (VersionRow.effective_to > VersionRow.effective_from)
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
        """Return every region a document is for, 全国 included, sorted."""
        with Session(self._engine) as session:
            return tuple(sorted(session.scalars(select(VersionRow.region).distinct())))

    def home_region(self) -> str:
        """Return the region the documents are kept for (see `common_region`), empty where there is no one."""
        return common_region(self.regions())

    def given_regions(self) -> tuple[str, ...]:
        """Return the regions that a manifest or an operator gave, not those read from texts, sorted."""
        with Session(self._engine) as session:
            rows = session.execute(select(VersionRow.region, VersionRow.inferred))
            given = {
                region
                for region, inferred in rows
                if not any(each["field"] == "region" and not each["target"] for each in inferred)
            }
            return tuple(sorted(given))

    def counts(self) -> Counts:
        """Count documents, versions and chunks."""
        with Session(self._engine) as session:
            documents, versions, chunks = (
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (DocumentRow, VersionRow, ChunkRow)
            )
            return Counts(documents, versions, chunks)


@contextmanager
def faults(what: str) -> Iterator[None]:
    """Turn what the database raises into a `StoreError` that begins with `what`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{what}: {error}") from error


def _stretch(session: Session, version_id: int, pieces: Sequence[tuple[int, int, str]]) -> str:
    """Return the stored text from the first piece to the last, with what stands between them."""
    start, end = pieces[0][0], pieces[-1][1]
    words = select(func.substr(VersionRow.text, start + 1, end - start)).where(VersionRow.id == version_id)
    return str(session.scalar(words))


def current_revision(session: Session) -> int:
    """Return the revision as the session sees it; 0 for an empty base."""
    row = session.get(StateRow, _REVISION)
    return int(row.value) if row else 0


def hold_still(session: Session) -> None:
    """Let every read of the session see the same moment; by default each sees its own."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("BEGIN")
    else:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def raise_revision(session: Session, *, by: int = 1) -> None:
    """Raise the revision, as the first statement of a write: it takes the lock that writers queue for.

    Args:
        by: 0 takes the lock alone, for a write that leaves what is answered from as it is.
    """
    raised = session.scalar(
        update(StateRow)
        .where(StateRow.key == _REVISION)
        .values(value=cast(cast(StateRow.value, Integer) + by, String))
        .returning(StateRow.value)
    )
    if raised is None:
        session.add(StateRow(key=_REVISION, value=str(by)))
        session.flush()


def _document(document: DocumentRow, version: VersionRow) -> Document:
    return Document(document.id, document.source_file, document.part, document.parent_id, meta_of(version))


def _chunk(chunk: ChunkRow, version: VersionRow, document: Document) -> Chunk:
    draft = ChunkDraft(
        kind=ChunkKind(chunk.kind),
        group=chunk.group_no,
        article=chunk.article,
        heading_path=tuple(chunk.heading_path),
        lead=chunk.lead,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
    )
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
