"""Taking documents in: from files and web pages to versions and chunks in SQL, one transaction a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from knowledge_base.attachments import Attachment, split_attachments
from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.sheets import LEVEL_NAMES
from knowledge_base.chunking import chunk
from knowledge_base.errors import ClassifiedDocument, LoadError
from knowledge_base.fetching import Fetcher
from knowledge_base.holds import reason_to_hold
from knowledge_base.landing import DocumentDraft, LandingStatus
from knowledge_base.legal_effect import with_stated_effect
from knowledge_base.loaders import MAX_BYTES
from knowledge_base.manifest import doubts, read_manifest
from knowledge_base.metadata import describe
from knowledge_base.normalising import assemble
from knowledge_base.records import DocumentMeta, Inference, OcrPage, Reading
from knowledge_base.regions import Gazetteer, load_gazetteer
from knowledge_base.secrecy import secrecy_marking
from knowledge_base.sources import MANIFEST_NAMES, Source, source_of_url, sources_of_file
from knowledge_base.store import KnowledgeStore

OCR_REVIEW_BELOW = 0.85


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is; `file` is what is being read, empty in the other stages."""

    stage: Literal["read", "encode", "index"]
    done: int
    total: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        reason: Why it was refused, failed, or stays withdrawn, in Chinese; empty otherwise.
        chunks: Chunks it has now, those of its 附件 included.
        encoded: How many of them are new, so that they have to be encoded.
        inferred: What was read from the text rather than given, for review.
        review: What is doubtful in its dates, its block-listed words, what in it speaks to a machine, and in
            the manifest for the first file that has it; in Chinese, empty for a file that changed nothing.
        notes: What to know of how it was read, in Chinese.
        ocr: The pages OCR read with lines it was unsure of, only those lines; the whole is stored beside.
    """

    file: str
    status: Literal["added", "updated", "unchanged", "refused", "failed"]
    reason: str = ""
    title: str = ""
    chunks: int = 0
    encoded: int = 0
    inferred: tuple[Inference, ...] = ()
    review: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ocr: tuple[OcrPage, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of every file, in the order read."""

    outcomes: tuple[FileOutcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every file landed."""
        return all(outcome.status not in ("refused", "failed") for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class _Terms:
    """On what terms files are taken in; see `ingest_files`.

    Attributes:
        gazetteer: Every place, those the operator names here included.
        known: Those known before.
    """

    region: str | None
    gazetteer: Gazetteer
    known: Gazetteer
    by: str
    as_draft: bool
    ocr_review_below: float
    block_list: BlockMatcher | None


def ingest_files(
    store: KnowledgeStore,
    path: Path,
    *,
    manifest: Path | None = None,
    region: str | None = None,
    max_bytes: int = MAX_BYTES,
    by: str = "",
    as_draft: bool = False,
    ocr_review_below: float = OCR_REVIEW_BELOW,
    block_list: BlockMatcher | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Take in a file, or every file of a folder; one that fails is reported and the rest still lands.

    An archive counts as a folder: each file in it is reported by its own name.

    Args:
        by: Who takes them in. As drafts they answer nothing until they are published.
        manifest: JSON list or CSV; by default a `manifest.json` or `manifest.csv` in the folder itself.
        region: For documents the manifest gives none; a text that names a place within it keeps that place.
        max_bytes: Largest file read.
        ocr_review_below: Lines that OCR read with less confidence, in [0, 1], are listed for review.
        block_list: Words that are listed for review where they occur.

    Raises:
        ManifestError: If the manifest cannot be read.
        LoadError: If there is nothing at `path`.
    """
    if not path.exists():
        raise LoadError(f"{path}：没有这个文件或文件夹")
    root, files = _files(path, manifest)
    manifest = manifest or _manifest_in(root if path.is_dir() else None)
    rows = read_manifest(manifest) if manifest else {}
    known = load_gazetteer().with_regions(store.given_regions())
    gazetteer = known.with_regions(
        [*(row.region for row in rows.values() if row.region), *([region] if region else [])]
    )
    terms = _Terms(region, gazetteer, known, by, as_draft, ocr_review_below, block_list)
    outcomes: list[FileOutcome] = []
    for done, file in enumerate(files):
        name = file.relative_to(root).as_posix()
        for source in sources_of_file(file, name, rows, max_bytes=max_bytes):
            if on_progress is not None:
                on_progress(Progress("read", done, len(files), source.name))
            outcomes.append(_take_in(store, source, terms))
    if on_progress is not None:
        on_progress(Progress("read", len(files), len(files)))
    if path.is_dir():
        present = {outcome.file for outcome in outcomes}
        reason = f"清单 {manifest} 列有此文件，但文件夹中没有：请核对文件名"
        outcomes += [FileOutcome(name, "failed", reason) for name in rows if name not in present]
    return IngestReport(tuple(_with_review(outcomes, store)))


def ingest_page(
    store: KnowledgeStore,
    url: str,
    *,
    today: date,
    region: str | None = None,
    fetcher: Fetcher | None = None,
    ocr_review_below: float = OCR_REVIEW_BELOW,
    block_list: BlockMatcher | None = None,
    by: str = "",
    as_draft: bool = False,
) -> IngestReport:
    """Take in the main text of a web page, or a file that an address gives; its link is kept.

    Args:
        today: The day recorded as that of fetching.
        fetcher: How it is fetched; by default from public addresses only.
    """
    known = load_gazetteer().with_regions(store.given_regions())
    gazetteer = known.with_regions([region] if region else [])
    try:
        source = source_of_url(url, fetcher or Fetcher(), today=today)
    except LoadError as fault:
        return IngestReport((FileOutcome(url, "failed", str(fault)),))
    terms = _Terms(region, gazetteer, known, by, as_draft, ocr_review_below, block_list)
    outcome = _take_in(store, source, terms)
    return IngestReport(tuple(_with_review([outcome], store)))


def _with_review(outcomes: Sequence[FileOutcome], store: KnowledgeStore) -> Iterator[FileOutcome]:
    """Add the notes on dates to what has changed, now that every successor in the folder is known.

    A doubt about the manifest is told once, not for every file of a region.
    """
    notes = store.review()
    told: set[str] = set()
    for outcome in outcomes:
        changed = outcome.status in ("added", "updated")
        new = tuple(note for note in outcome.review if note not in told)
        told.update(new)
        yield replace(outcome, review=(*new, *notes.get(outcome.file, ()))) if changed else outcome


def _files(path: Path, manifest: Path | None) -> tuple[Path, list[Path]]:
    """Return the folder names are relative to, and the files; hidden ones and manifests are no documents."""
    if path.is_file():
        # A single file keeps the name its manifest knows it by, so that it is not taken for another document.
        within = manifest is not None and path.resolve().is_relative_to(manifest.resolve().parent)
        return (manifest.resolve().parent, [path.resolve()]) if manifest and within else (path.parent, [path])
    skipped = {manifest.resolve()} if manifest else set()
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and not any(part.startswith((".", "~$")) for part in file.relative_to(path).parts)
        and file.name not in MANIFEST_NAMES
        and file.resolve() not in skipped
    ]
    return path, files


def _manifest_in(folder: Path | None) -> Path | None:
    if folder is None:
        return None
    return next((folder / name for name in MANIFEST_NAMES if (folder / name).is_file()), None)


def _take_in(
    store: KnowledgeStore,
    source: Source,
    terms: _Terms,
) -> FileOutcome:
    name = source.name
    try:
        reading = source.read()
        drafts = draft(reading, source, region=terms.region, gazetteer=terms.gazetteer)
    except ClassifiedDocument as refusal:
        return FileOutcome(name, "refused", str(refusal))
    except LoadError as fault:
        return FileOutcome(name, "failed", str(fault))
    landing = store.land(
        name, drafts, _for_review(reading.pages, terms.ocr_review_below), by=terms.by, as_draft=terms.as_draft
    )
    idle = landing.status in {LandingStatus.UNCHANGED, LandingStatus.WITHHELD}
    unsure = ((page, page.doubtful(terms.ocr_review_below)) for page in reading.pages)
    return FileOutcome(
        file=name,
        status=_STATUSES[landing.status],
        reason=_WITHHELD if landing.status is LandingStatus.WITHHELD else "",
        title=drafts[0].meta.title,
        chunks=sum(len(each.chunks) for each in drafts),
        encoded=landing.new_chunks,
        inferred=() if idle else _inferred(drafts),
        review=() if idle else (*_doubts(source, terms), *_suspicions(drafts, terms.block_list)),
        notes=reading.notes,
        ocr=tuple(OcrPage(page.number, lines) for page, lines in unsure if lines),
    )


def _for_review(pages: Sequence[OcrPage], below: float) -> tuple[OcrPage, ...]:
    """Keep the picture of the pages somebody has to look at; the lines of all."""
    return tuple(page if page.doubtful(below) else replace(page, image=b"") for page in pages)


def _inferred(drafts: Sequence[DocumentDraft]) -> tuple[Inference, ...]:
    """Return what was read from a file; what a 附件 says of itself has the 附件 as its target."""
    main, *attachments = drafts
    said = main.meta.inferred
    own = (
        replace(each, target=each.target or draft.meta.title)
        for draft in attachments
        for each in draft.meta.inferred
        if each not in said
    )
    return (*said, *own)


def _doubts(source: Source, terms: _Terms) -> tuple[str, ...]:
    return () if source.row is None else doubts(source.row, terms.known)


def _suspicions(drafts: Sequence[DocumentDraft], block_list: BlockMatcher | None) -> Iterator[str]:
    """Yield what a reviewer should look at in the words themselves, each passage once."""
    for each in drafts:
        for passage in each.chunks:
            headings = passage.heading_path
            place = passage.article or (headings[-1] if headings else "") or each.meta.title
            if reason := reason_to_hold((each.meta.title, *headings, passage.lead, passage.text)):
                yield f"{place}：{reason}。暂不引用，核对后用 wenzheng document release 放行"
            for found in block_list.find(passage.text) if block_list else ():
                level = LEVEL_NAMES[found.word.level]
                yield f"{place}：含有屏蔽词“{found.written}”（{level}），请核对"


_WITHHELD = "这份文本已被撤下，仍不公开：要恢复请用 wenzheng document rollback"
_STATUSES: dict[LandingStatus, Literal["added", "updated", "unchanged"]] = {
    LandingStatus.ADDED: "added",
    LandingStatus.UPDATED: "updated",
    LandingStatus.UNCHANGED: "unchanged",
    LandingStatus.WITHHELD: "unchanged",
}


def draft(
    reading: Reading, source: Source, *, region: str | None, gazetteer: Gazetteer
) -> Sequence[DocumentDraft]:
    """Make of what was read the main document (first) and its 附件, without storing anything.

    Raises:
        ClassifiedDocument: If it bears 密级.
    """
    blocks = reading.blocks
    if marking := secrecy_marking(blocks):
        raise ClassifiedDocument(f"文件标有密级“{marking}”，涉密文件不得导入")
    whole = assemble(blocks)
    parts = split_attachments(whole)
    meta = describe(parts.main, source.name, source.row, gazetteer)
    meta = replace(meta, url=meta.url or source.url, fetched=source.fetched)
    given = source.row.region if source.row else ""
    if region and not given and not meta.region.startswith(f"{region}/"):
        meta = replace(meta, region=region, inferred=tuple(i for i in meta.inferred if i.field != "region"))
    drafts = [DocumentDraft("", meta, parts.main.text, chunk(parts.main, title=meta.title))]
    for attachment in parts.attachments:
        own = _of_attachment(meta, attachment)
        drafts.append(
            DocumentDraft(
                attachment.label, own, attachment.source.text, chunk(attachment.source, title=own.title)
            )
        )
    return drafts


def _of_attachment(meta: DocumentMeta, attachment: Attachment) -> DocumentMeta:
    """What its main text holds goes for a 附件; what a notice passes on speaks for itself of its effect."""
    if attachment.passed_on and attachment.title:
        read = {inference.field for inference in meta.inferred if not inference.target}
        bare = replace(
            meta,
            title=attachment.title,
            effective_from=None if "effective_from" in read else meta.effective_from,
            effective_to=None if "effective_to" in read else meta.effective_to,
            inferred=(),
        )
        return with_stated_effect(bare, attachment.source.text)
    title = f"{meta.title} {attachment.label}" + (f"：{attachment.title}" if attachment.title else "")
    # Only the main text ends other documents; said twice, it would be listed for review twice.
    return replace(meta, title=title, inferred=tuple(each for each in meta.inferred if not each.target))
