"""The records that travel between layers: documents, versions, chunks.

All are frozen. Offsets are in Unicode code points into `Version.text`, end exclusive, and
`version.text[chunk.start:chunk.end] == chunk.text` always holds: a quotation from a chunk is
therefore a quotation from the stored text.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

NATIONAL = "全国"


class EditionState(StrEnum):
    """How far an edition is on its way to the citizen; only a published one may answer."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ChunkKind(StrEnum):
    """What a chunk is made of."""

    ARTICLE = "article"  # a 条, or a piece of an over-long one
    ITEM = "item"  # the lowest numbered item of a circular
    PARAGRAPH = "paragraph"
    TABLE_ROW = "table_row"
    PREAMBLE = "preamble"  # title, 发文字号, adoption history, signature: kept, hardly ever an answer


class BlockKind(StrEnum):
    """What a loader found."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE_ROW = "table_row"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading or table row, as a loader found it.

    Attributes:
        kind: What it is in the file.
        text: Its text on one line; cells of a table row are joined by ` | `.
        level: Heading depth from 1; 0 for anything else.
        header: For a table row, the header row in the same form, else empty.
    """

    kind: BlockKind
    text: str
    level: int = 0
    header: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What `wenzheng doctor` found in one place, in Chinese.

    Attributes:
        check: What was looked at.
        trouble: What is wrong; empty for nothing.
        cure: What to do about it.
        repairable: Whether `wenzheng doctor --repair` does it: only what is derived is ever repaired.
    """

    check: str
    trouble: str = ""
    cure: str = ""
    repairable: bool = False


@dataclass(frozen=True, slots=True)
class OcrLine:
    """A line of print as OCR read it.

    Attributes:
        confidence: The recogniser's own, in [0, 1].
        box: Left, top, right and bottom as shares of the page image's width and height.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OcrPage:
    """A page that was read by OCR, kept so that a person can compare the two.

    Attributes:
        number: From 1, as the file counts its pages (a long picture is cut into several).
        lines: In the order found, page furniture included.
        image: The page as a JPEG of modest size; empty where it was not kept.
    """

    number: int
    lines: tuple[OcrLine, ...]
    image: bytes = field(default=b"", repr=False)

    def doubtful(self, review_below: float) -> tuple[OcrLine, ...]:
        """Return the lines whose confidence is under `review_below`, the least certain first."""
        found = [line for line in self.lines if line.confidence < review_below]
        return tuple(sorted(found, key=lambda line: line.confidence))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file was read into.

    Attributes:
        blocks: In reading order.
        pages: Those read by OCR.
        notes: What the operator should know of the reading, such as a hidden sheet left out, in Chinese.
    """

    blocks: tuple[Block, ...]
    pages: tuple[OcrPage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inference:
    """Something a text said of itself or of another document, listed for review.

    Attributes:
        field: Name of the metadata field it sets, such as `effective_from`.
        value: The value, dates as YYYY-MM-DD.
        evidence: The words it was read from.
        target: Title of the document it speaks of; empty means the document itself.
    """

    field: str
    value: str
    evidence: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class DocumentMeta:
    """What is known of a document beside its text; None means unknown.

    Attributes:
        region: A path such as `浙江省/宁波市`, or `全国`.
        published: 发布日期 (or 成文日期 where only that is known).
        effective_from: First day in force.
        effective_to: First day no longer in force (exclusive end).
        repealed: True when the manifest says the text is repealed, whatever the dates.
        superseded_by: source_file of the successor.
        fetched: The day this text was fetched from `url`; fetching the same text again changes nothing.
        inferred: What was read from the text rather than given by the manifest.
    """

    title: str
    level: str = ""
    region: str = NATIONAL
    doc_number: str = ""
    issuer: str = ""
    url: str = ""
    published: date | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    repealed: bool = False
    superseded_by: str = ""
    fetched: date | None = field(default=None, compare=False)
    inferred: tuple[Inference, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A chunk before it has an identity; offsets as in the module's first lines.

    Attributes:
        group: Ordinal of the unit it belongs to (all pieces of one 条 share it), from 0.
        article: Label as the text writes it, such as `第十五条` or `二、（一）`; empty for none.
        heading_path: From the outermost heading to the innermost, title not included.
        lead: Words that govern the chunk but stand elsewhere: the opening of a split 条, a table's header.
    """

    kind: ChunkKind
    group: int
    article: str
    heading_path: tuple[str, ...]
    lead: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as stored, with the metadata of its newest version."""

    id: int
    source_file: str
    part: str  # empty, or the label of the 附件 this child document is, such as 附件1
    parent_id: int | None
    meta: DocumentMeta = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk with what is needed to judge, filter and cite it.

    `effective_from`/`effective_to` are the resolved days of its version: known from the manifest,
    the text or a successor; None is open-ended.
    """

    id: int
    version_id: int
    document: Document
    draft: ChunkDraft
    effective_from: date | None
    effective_to: date | None

    def in_force(self, day: date) -> bool:
        """Tell whether its version is in force on a day."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day < self.effective_to
        )
