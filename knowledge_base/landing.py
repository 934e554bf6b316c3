"""Writing one file into the tables: which of its parts are new, changed, corrected or withdrawn."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from knowledge_base.database import ChunkRow, DocumentRow, OcrPageRow, VersionRow, meta_of
from knowledge_base.records import ChunkDraft, DocumentMeta, OcrPage
from knowledge_base.settling import begins


class LandingStatus(StrEnum):
    """What taking a document in did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Landing:
    """What taking a file in did, and how many of its chunks were not there before."""

    status: LandingStatus
    new_chunks: int


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document ready to be stored; `part` names a 附件, empty for the main text."""

    part: str
    meta: DocumentMeta
    text: str
    chunks: tuple[ChunkDraft, ...]


def land_parts(
    session: Session, source_file: str, drafts: Sequence[DocumentDraft], ocr_pages: Sequence[OcrPage] = ()
) -> Landing:
    """Write one file's main text (first) and its 附件 in the session's transaction, without settling.

    The pages OCR read belong to the version of the main text that they became.

    See `KnowledgeStore.land` for what becomes of what is there already.
    """
    known = _newest_versions(session, source_file)
    main, *attachments = drafts
    before = known.get("")
    renewed = before is not None and before.sha256 != _sha256(main.text)
    landings = [_land_one(session, source_file, main, before, parent_id=None)]
    parent_id = session.scalars(select(DocumentRow.id).filter_by(source_file=source_file, part="")).one()
    for draft in attachments:
        newest = known.get(draft.part)
        # What a later notice passes on unchanged goes on being in force for the days before it, too.
        prolonged = renewed and newest is not None and _begins_later(draft.meta, meta_of(newest))
        landings.append(
            _land_one(session, source_file, draft, newest, parent_id=parent_id, prolonged=prolonged)
        )
    gone = known.keys() - {draft.part for draft in drafts}
    landings += [Landing(_withdraw(known[part], begins(main.meta)), 0) for part in sorted(gone)]
    if all(landing.status is LandingStatus.UNCHANGED for landing in landings):
        return Landing(LandingStatus.UNCHANGED, 0)
    _keep_ocr_pages(session, source_file, ocr_pages)
    status = LandingStatus.UPDATED if known else LandingStatus.ADDED
    return Landing(status, sum(landing.new_chunks for landing in landings))


def _keep_ocr_pages(session: Session, source_file: str, pages: Sequence[OcrPage]) -> None:
    version_id = _newest_versions(session, source_file)[""].id
    session.execute(delete(OcrPageRow).where(OcrPageRow.version_id == version_id))
    session.add_all(
        OcrPageRow(
            version_id=version_id,
            number=page.number,
            lines=[(line.text, line.confidence, *line.box) for line in page.lines],
            image=page.image or None,
        )
        for page in pages
    )


def _newest_versions(session: Session, source_file: str) -> dict[str, VersionRow]:
    """Return the newest version of each part of a file, by part; withdrawn ones are among them."""
    rows = session.execute(
        select(DocumentRow.part, VersionRow)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(DocumentRow.source_file == source_file)
        .order_by(VersionRow.number)
    )
    return dict(rows.all())


def _land_one(
    session: Session,
    source_file: str,
    draft: DocumentDraft,
    newest: VersionRow | None,
    *,
    parent_id: int | None,
    prolonged: bool = False,
) -> Landing:
    if newest is None:
        document = DocumentRow(source_file=source_file, part=draft.part, parent_id=parent_id)
        session.add(document)
        session.flush()
        _add_version(session, document.id, 1, draft)
        return Landing(LandingStatus.ADDED, len(draft.chunks))
    changed = newest.sha256 != _sha256(draft.text)
    if not changed and meta_of(newest) == draft.meta:
        return Landing(LandingStatus.UNCHANGED, 0)
    new_chunks = _count_new(session, newest, draft)
    if changed or prolonged:
        _add_version(session, newest.document_id, newest.number + 1, draft)
    else:
        _set_meta(newest, draft.meta)
    return Landing(LandingStatus.UPDATED, new_chunks)


def _count_new(session: Session, newest: VersionRow, draft: DocumentDraft) -> int:
    """Count the chunks that did not stand under the same title and headings before."""
    if newest.title != draft.meta.title:
        return len(draft.chunks)
    before = {
        (tuple(row.heading_path), row.article, row.lead, row.text)
        for row in session.scalars(select(ChunkRow).filter_by(version_id=newest.id))
    }
    return sum((c.heading_path, c.article, c.lead, c.text) not in before for c in draft.chunks)


def _begins_later(meta: DocumentMeta, earlier: DocumentMeta) -> bool:
    start, earlier_start = begins(meta), begins(earlier)
    return start is not None and earlier_start is not None and start > earlier_start


def _withdraw(newest: VersionRow, day: date | None) -> LandingStatus:
    """End a 附件 that its file no longer holds on the day the file's text begins; its own text is kept."""
    ends = newest.stated_to
    if newest.repealed or (ends and day and ends <= day):
        return LandingStatus.UNCHANGED
    newest.repealed, newest.stated_to = day is None, day
    return LandingStatus.UPDATED


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _add_version(session: Session, document_id: int, number: int, draft: DocumentDraft) -> None:
    version = VersionRow(document_id=document_id, number=number, sha256=_sha256(draft.text), text=draft.text)
    _set_meta(version, draft.meta)
    version.fetched = draft.meta.fetched
    session.add(version)
    session.flush()
    session.add_all(
        ChunkRow(
            version_id=version.id,
            kind=chunk.kind.value,
            group_no=chunk.group,
            article=chunk.article,
            heading_path=list(chunk.heading_path),
            lead=chunk.lead,
            start=chunk.start,
            end=chunk.end,
            text=chunk.text,
        )
        for chunk in draft.chunks
    )


def _set_meta(version: VersionRow, meta: DocumentMeta) -> None:
    version.title, version.level, version.region = meta.title, meta.level, meta.region
    version.doc_number, version.issuer, version.url = meta.doc_number, meta.issuer, meta.url
    version.published = meta.published
    version.stated_from, version.stated_to = meta.effective_from, meta.effective_to
    version.repealed, version.superseded_by = meta.repealed, meta.superseded_by
    version.inferred = [asdict(inference) for inference in meta.inferred]
