"""Taking policy documents in: from files on disk to versions and chunks in SQL, one transaction a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from knowledge_base.attachments import Attachment, split_attachments
from knowledge_base.chunking import chunk
from knowledge_base.errors import ClassifiedDocument, LoadError
from knowledge_base.landing import DocumentDraft, LandingStatus
from knowledge_base.legal_effect import with_stated_effect
from knowledge_base.loaders import MAX_BYTES, load
from knowledge_base.manifest import ManifestRow, read_manifest
from knowledge_base.metadata import describe
from knowledge_base.normalising import assemble
from knowledge_base.records import DocumentMeta, Inference
from knowledge_base.regions import Gazetteer, load_gazetteer
from knowledge_base.secrecy import secrecy_marking
from knowledge_base.store import KnowledgeStore

MANIFEST_NAMES = ("manifest.json", "manifest.csv")


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
        review: What is doubtful in its dates, in Chinese; empty for a file that changed nothing.
    """

    file: str
    status: Literal["added", "updated", "unchanged", "refused", "failed"]
    reason: str = ""
    title: str = ""
    chunks: int = 0
    encoded: int = 0
    inferred: tuple[Inference, ...] = ()
    review: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of every file, in the order read."""

    outcomes: tuple[FileOutcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every file landed."""
        return all(outcome.status not in ("refused", "failed") for outcome in self.outcomes)


def ingest_files(
    store: KnowledgeStore,
    path: Path,
    *,
    manifest: Path | None = None,
    region: str | None = None,
    max_bytes: int = MAX_BYTES,
    by: str = "",
    as_draft: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Take in a file, or every file of a folder; one that fails is reported and the rest still lands.

    Args:
        by: Who takes them in. As drafts they answer nothing until they are published.
        manifest: JSON list or CSV; by default a `manifest.json` or `manifest.csv` in the folder itself.
        region: For documents the manifest gives none; a text that names a place within it keeps that place.
        max_bytes: Largest file read.

    Raises:
        ManifestError: If the manifest cannot be read.
        LoadError: If there is nothing at `path`.
    """
    if not path.exists():
        raise LoadError(f"{path}：没有这个文件或文件夹")
    root, files = _files(path, manifest)
    manifest = manifest or _manifest_in(root if path.is_dir() else None)
    rows = read_manifest(manifest) if manifest else {}
    gazetteer = load_gazetteer().with_regions(
        [
            *store.given_regions(),
            *(row.region for row in rows.values() if row.region),
            *([region] if region else []),
        ]
    )
    outcomes: list[FileOutcome] = []
    for done, file in enumerate(files):
        name = file.relative_to(root).as_posix()
        if on_progress is not None:
            on_progress(Progress("read", done, len(files), name))
        read = partial(
            read_drafts,
            file,
            name,
            row=rows.get(name),
            region=region,
            max_bytes=max_bytes,
            gazetteer=gazetteer,
        )
        outcomes.append(_take_in(store, name, read, by=by, as_draft=as_draft))
    if on_progress is not None:
        on_progress(Progress("read", len(files), len(files)))
    if path.is_dir():
        present = {outcome.file for outcome in outcomes}
        reason = f"清单 {manifest} 列有此文件，但文件夹中没有：请核对文件名"
        outcomes += [FileOutcome(name, "failed", reason) for name in rows if name not in present]
    return IngestReport(tuple(_with_review(outcomes, store)))


def _with_review(outcomes: Sequence[FileOutcome], store: KnowledgeStore) -> Iterator[FileOutcome]:
    """Add the notes on dates to what has changed, now that every successor in the folder is known."""
    notes = store.review()
    for outcome in outcomes:
        changed = outcome.status in ("added", "updated")
        yield replace(outcome, review=notes.get(outcome.file, ())) if changed else outcome


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
    name: str,
    read: Callable[[], Sequence[DocumentDraft]],
    *,
    by: str,
    as_draft: bool,
) -> FileOutcome:
    try:
        drafts = read()
    except ClassifiedDocument as refusal:
        return FileOutcome(name, "refused", str(refusal))
    except LoadError as fault:
        return FileOutcome(name, "failed", str(fault))
    landing = store.land(name, drafts, by=by, as_draft=as_draft)
    idle = landing.status in {LandingStatus.UNCHANGED, LandingStatus.WITHHELD}
    return FileOutcome(
        file=name,
        status=_STATUSES[landing.status],
        reason=_WITHHELD if landing.status is LandingStatus.WITHHELD else "",
        title=drafts[0].meta.title,
        chunks=sum(len(draft.chunks) for draft in drafts),
        encoded=landing.new_chunks,
        inferred=() if idle else _inferred(drafts),
    )


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


_WITHHELD = "这份文本已被撤下，仍不公开：要恢复请用 wenzheng document rollback"
_STATUSES: dict[LandingStatus, Literal["added", "updated", "unchanged"]] = {
    LandingStatus.ADDED: "added",
    LandingStatus.UPDATED: "updated",
    LandingStatus.UNCHANGED: "unchanged",
    LandingStatus.WITHHELD: "unchanged",
}


def read_drafts(
    file: Path,
    name: str,
    *,
    row: ManifestRow | None,
    region: str | None,
    max_bytes: int,
    gazetteer: Gazetteer,
) -> Sequence[DocumentDraft]:
    """Read one file into its main document (first) and its 附件, without storing anything.

    Raises:
        LoadError: If it cannot be read, or bears 密级.
    """
    blocks = load(file, max_bytes=max_bytes)
    if marking := secrecy_marking(blocks):
        raise ClassifiedDocument(f"文件标有密级“{marking}”，涉密文件不得导入")
    whole = assemble(blocks)
    parts = split_attachments(whole)
    meta = describe(parts.main, name, row, gazetteer)
    given = row.region if row else ""
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
