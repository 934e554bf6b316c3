"""Writing one file into the tables: which of its parts are new, changed, corrected or gone.

A file's main text and its 附件 land as one edition. What lands published is measured against the edition
that answers now and may correct it in place; what lands as a draft touches nothing that answers.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from knowledge_base.database import (
    ChunkRow,
    DocumentRow,
    EditionPartRow,
    EditionRow,
    OcrPageRow,
    TransitionRow,
    VersionRow,
    meta_of,
)
from knowledge_base.holds import hold_suspects
from knowledge_base.records import ChunkDraft, DocumentMeta, EditionState, OcrPage
from knowledge_base.visibility import is_past_review

_PENDING = (EditionState.DRAFT, EditionState.IN_REVIEW)


class LandingStatus(StrEnum):
    """What taking a document in did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WITHHELD = "withheld"  # the text was withdrawn by an operator, and taking it in again does not undo that


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


_UNCHANGED = Landing(LandingStatus.UNCHANGED, 0)


def land_published(
    session: Session,
    source_file: str,
    drafts: Sequence[DocumentDraft],
    by: str,
    ocr_pages: Sequence[OcrPage] = (),
) -> Landing:
    """Write one file's main text (first) and its 附件 to be answered from, without settling.

    The pages OCR read belong to the version of the main text that they became.

    See `KnowledgeStore.land` for what becomes of what is there already.
    """
    main, *attachments = drafts
    live = _newest_edition(session, source_file, EditionState.PUBLISHED)
    before = None if live is None else session.get_one(VersionRow, live.version_id)
    renewed = before is None or before.sha256 != _sha256(main.text)
    if renewed and _is_withheld(session, source_file, live, main):
        return Landing(LandingStatus.WITHHELD, 0)
    known = _newest_parts(session, source_file)
    parent_id = _document_id(session, source_file, "", None)
    if before is None or renewed:
        edition_id = _add_version(session, parent_id, main)
        _add_edition(session, edition_id, EditionState.PUBLISHED, by)
        landings = [Landing(LandingStatus.UPDATED, _count_new(session, before, main))]
    else:
        edition_id = before.id
        landings = [_correct(before, main)]
    kept: set[int] = set()
    for draft in attachments:
        version_id, landing = _land_part(session, parent_id, draft, known.get(draft.part), fresh=renewed)
        kept.add(version_id)
        landings.append(landing)
    landings.append(_join(session, edition_id, kept, source_file, [draft.part for draft in attachments]))
    if all(landing.status is LandingStatus.UNCHANGED for landing in landings):
        return _UNCHANGED
    if not renewed:
        state = EditionState.PUBLISHED
        session.add(_transition(edition_id, by, state, state, "更正"))
    _keep_ocr_pages(session, edition_id, ocr_pages)
    status = LandingStatus.UPDATED if known else LandingStatus.ADDED
    return Landing(status, sum(landing.new_chunks for landing in landings))


def _keep_ocr_pages(session: Session, edition_id: int, pages: Sequence[OcrPage]) -> None:
    session.execute(delete(OcrPageRow).where(OcrPageRow.version_id == edition_id))
    session.add_all(
        OcrPageRow(
            version_id=edition_id,
            number=page.number,
            lines=[(line.text, line.confidence, *line.box) for line in page.lines],
            image=page.image or None,
        )
        for page in pages
    )


def land_draft(
    session: Session,
    source_file: str,
    drafts: Sequence[DocumentDraft],
    by: str,
    ocr_pages: Sequence[OcrPage] = (),
) -> Landing:
    """Write one file's main text (first) and its 附件 as a draft; what is there already changes nothing."""
    main, *attachments = drafts
    newest = _newest_edition(session, source_file, *_PENDING, EditionState.PUBLISHED)
    before = None if newest is None else session.get_one(VersionRow, newest.version_id)
    beside = {} if newest is None else _parts_of(session, newest.version_id)
    if (
        before is not None
        and _is_same(before, main)
        and beside.keys() == {draft.part for draft in attachments}
        and all(_is_same(beside[draft.part], draft) for draft in attachments)
    ):
        return _UNCHANGED
    parent_id = _document_id(session, source_file, "", None)
    edition_id = _add_version(session, parent_id, main)
    _add_edition(session, edition_id, EditionState.DRAFT, by)
    _keep_ocr_pages(session, edition_id, ocr_pages)
    new_chunks = _count_new(session, before, main)
    for draft in attachments:
        version_id, landing = _land_part(session, parent_id, draft, beside.get(draft.part), fresh=True)
        session.add(EditionPartRow(edition_id=edition_id, version_id=version_id))
        new_chunks += landing.new_chunks
    session.flush()
    return Landing(LandingStatus.ADDED if before is None else LandingStatus.UPDATED, new_chunks)


def _newest_edition(session: Session, source_file: str, *states: EditionState) -> EditionRow | None:
    return session.scalar(
        select(EditionRow)
        .join(VersionRow, VersionRow.id == EditionRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(DocumentRow.source_file == source_file, EditionRow.state.in_(states))
        .order_by(VersionRow.number.desc())
        .limit(1)
    )


def _is_withheld(session: Session, source_file: str, live: EditionRow | None, main: DocumentDraft) -> bool:
    """Tell whether this text was answered from after what answers now, until an operator withdrew it."""
    was_published = (
        select(TransitionRow.id)
        .where(
            TransitionRow.edition_id == EditionRow.version_id,
            TransitionRow.to_state == EditionState.PUBLISHED,
        )
        .exists()
    )
    withdrawn = (
        select(EditionRow.version_id)
        .join(VersionRow, VersionRow.id == EditionRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(
            DocumentRow.source_file == source_file,
            VersionRow.sha256 == _sha256(main.text),
            EditionRow.state == EditionState.WITHDRAWN,
            EditionRow.version_id > (0 if live is None else live.version_id),
            was_published,
        )
    )
    return session.scalar(withdrawn.limit(1)) is not None


def _newest_parts(session: Session, source_file: str) -> dict[str, VersionRow]:
    """Return the newest version of each part of a file, by part; those of drafts alone are left out."""
    rows = session.execute(
        select(DocumentRow.part, VersionRow)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(DocumentRow.source_file == source_file, is_past_review())
        .order_by(VersionRow.number)
    )
    return dict(rows.all())


def _parts_of(session: Session, edition_id: int) -> dict[str, VersionRow]:
    """Return the 附件 an edition shows: the newest version of each that belongs to it, by part."""
    rows = session.execute(
        select(DocumentRow.part, VersionRow)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .join(EditionPartRow, EditionPartRow.version_id == VersionRow.id)
        .where(EditionPartRow.edition_id == edition_id)
        .order_by(VersionRow.number)
    )
    return dict(rows.all())


def _document_id(session: Session, source_file: str, part: str, parent_id: int | None) -> int:
    known = session.scalar(select(DocumentRow.id).filter_by(source_file=source_file, part=part))
    if known is not None:
        return known
    document = DocumentRow(source_file=source_file, part=part, parent_id=parent_id)
    session.add(document)
    session.flush()
    return document.id


def _is_same(version: VersionRow, draft: DocumentDraft) -> bool:
    return version.sha256 == _sha256(draft.text) and meta_of(version) == draft.meta


def _correct(version: VersionRow, draft: DocumentDraft) -> Landing:
    """Set the metadata of a text that is the same."""
    if meta_of(version) == draft.meta:
        return _UNCHANGED
    retitled = version.title != draft.meta.title  # the title is part of what is encoded
    _set_meta(version, draft.meta)
    return Landing(LandingStatus.UPDATED, len(draft.chunks) if retitled else 0)


def _land_part(
    session: Session, parent_id: int, draft: DocumentDraft, newest: VersionRow | None, *, fresh: bool
) -> tuple[int, Landing]:
    """Return the version of a 附件 that says what the draft says; a `fresh` edition corrects none."""
    if newest is not None and _is_same(newest, draft):
        return newest.id, _UNCHANGED
    if newest is not None and not fresh and newest.sha256 == _sha256(draft.text):
        return newest.id, _correct(newest, draft)
    new_chunks = _count_new(session, newest, draft)
    source_file = session.get_one(DocumentRow, parent_id).source_file
    document_id = _document_id(session, source_file, draft.part, parent_id)
    return _add_version(session, document_id, draft), Landing(LandingStatus.UPDATED, new_chunks)


def _join(
    session: Session, edition_id: int, kept: set[int], source_file: str, parts: Sequence[str]
) -> Landing:
    """Let these versions belong to the edition, and no version of a 附件 that its file no longer holds."""
    there = set(session.scalars(select(EditionPartRow.version_id).filter_by(edition_id=edition_id)))
    gone = set(
        session.scalars(
            select(VersionRow.id)
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .where(DocumentRow.source_file == source_file, DocumentRow.part.not_in([*parts, ""]))
        )
    )
    if dropped := there & gone:
        session.execute(
            delete(EditionPartRow).where(
                EditionPartRow.edition_id == edition_id, EditionPartRow.version_id.in_(dropped)
            )
        )
    session.add_all(
        EditionPartRow(edition_id=edition_id, version_id=version_id) for version_id in kept - there
    )
    session.flush()
    return Landing(LandingStatus.UPDATED, 0) if dropped or kept - there else _UNCHANGED


def _count_new(session: Session, newest: VersionRow | None, draft: DocumentDraft) -> int:
    """Count the chunks that did not stand under the same title and headings before."""
    if newest is None or newest.title != draft.meta.title:
        return len(draft.chunks)
    before = {
        (tuple(row.heading_path), row.article, row.lead, row.text)
        for row in session.scalars(select(ChunkRow).filter_by(version_id=newest.id))
    }
    return sum((c.heading_path, c.article, c.lead, c.text) not in before for c in draft.chunks)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _add_edition(session: Session, edition_id: int, state: EditionState, by: str) -> None:
    session.add(EditionRow(version_id=edition_id, state=state))
    session.flush()
    session.add(_transition(edition_id, by, None, state, "收入"))


def _transition(
    edition_id: int, by: str, before: EditionState | None, after: EditionState, note: str
) -> TransitionRow:
    return TransitionRow(
        edition_id=edition_id, actor=by, from_state=before or "", to_state=after.value, note=note
    )


def _add_version(session: Session, document_id: int, draft: DocumentDraft) -> int:
    last = session.scalar(select(func.max(VersionRow.number)).filter_by(document_id=document_id)) or 0
    version = VersionRow(
        document_id=document_id, number=last + 1, sha256=_sha256(draft.text), text=draft.text
    )
    _set_meta(version, draft.meta)
    version.effective_from, version.effective_to = None, date.min  # settling says otherwise once it answers
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
    session.flush()
    hold_suspects(session, version)
    return version.id


def _set_meta(version: VersionRow, meta: DocumentMeta) -> None:
    version.title, version.level, version.region = meta.title, meta.level, meta.region
    version.doc_number, version.issuer, version.url = meta.doc_number, meta.issuer, meta.url
    version.published = meta.published
    version.stated_from, version.stated_to = meta.effective_from, meta.effective_to
    version.repealed, version.superseded_by = meta.repealed, meta.superseded_by
    version.inferred = [asdict(inference) for inference in meta.inferred]
