"""What a consultation turn returns: an Answer of blocks and citations, never Markdown."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class AnswerStatus(StrEnum):
    """How a turn ended. A refusal is a status, never an exception."""

    ANSWERED = "answered"
    ANSWERED_FROM_SERVICE = "answered_from_service"
    CLARIFY = "clarify"
    NO_ANSWER = "no_answer"
    OUT_OF_SCOPE = "out_of_scope"
    PERSONAL_DATA = "personal_data"
    EMERGENCY = "emergency"
    BLOCKED = "blocked"
    HANDED_TO_HUMAN = "handed_to_human"
    TICKET = "ticket"
    SMALLTALK = "smalltalk"
    BUSY = "busy"
    ERROR = "error"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParagraphBlock(_Frozen):
    """Plain text. `quoted` says the words stand verbatim in the cited document."""

    type: Literal["paragraph"] = "paragraph"
    text: str
    quoted: bool = False
    cites: tuple[int, ...] = ()


class ListBlock(_Frozen):
    """A list kept as a list, with the words that introduce it."""

    type: Literal["list"] = "list"
    lead: str = ""
    items: tuple[str, ...]
    quoted: bool = False
    cites: tuple[int, ...] = ()


class NoticeBlock(_Frozen):
    """Something to heed beside the answer: where it applies, what differs elsewhere, whom to call."""

    type: Literal["notice"] = "notice"
    text: str


class Phone(_Frozen):
    """A telephone number and what it is for."""

    number: str
    label: str = ""


class PhonesBlock(_Frozen):
    """Numbers to call, the first one first; on a screen each can be tapped."""

    type: Literal["phones"] = "phones"
    phones: tuple[Phone, ...]


Block = Annotated[ParagraphBlock | ListBlock | NoticeBlock | PhonesBlock, Field(discriminator="type")]


class CitedDocument(_Frozen):
    """The document a citation points to; `id` opens it at `GET /api/v1/documents/{id}`."""

    id: int
    title: str
    doc_number: str
    issuer: str
    level: str
    region: str
    source_file: str


class QuoteSpan(_Frozen):
    """Where the quotation stands in the stored text: code points, end exclusive."""

    start: int
    end: int


class Citation(_Frozen):
    """A place in a document in force. `quote` is a verbatim substring of the stored text at `span`."""

    n: int
    document: CitedDocument
    version_id: int
    article: str
    heading_path: tuple[str, ...] = ()
    quote: str
    span: QuoteSpan
    effective_from: date | None
    effective_to: date | None
    in_force: bool
    url: str


class Option(_Frozen):
    """A choice a citizen can tap; choosing it asks `question` again with `region`."""

    label: str
    question: str
    region: str | None = None


class ServiceCard(_Frozen):
    """A door to the matching online service (政务服务事项)."""

    name: str
    url: str = ""


class TurnTrace(_Frozen):
    """How the turn went: its id, as found in the log, and milliseconds per step."""

    id: str
    timings_ms: dict[str, float]


class Answer(_Frozen):
    """One reply. `text` is the whole of it as plain text, for a terminal or a screen reader.

    Attributes:
        curated: The answer is a curated one (人工整理的问答): the operators' words, with quotations under it.
    """

    status: AnswerStatus
    text: str
    blocks: tuple[Block, ...] = ()
    citations: tuple[Citation, ...] = ()
    curated: bool = False
    services: tuple[ServiceCard, ...] = ()
    suggestions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    trace: TurnTrace


class Message(_Frozen):
    """An earlier line of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Question(_Frozen):
    """What a citizen asks, with what is known of the circumstances.

    Attributes:
        region: Chosen region as a path such as `云岭省/云州市`; None means none chosen.
        as_of: The day whose law is asked for; None means today in Asia/Shanghai.
    """

    question: str
    history: tuple[Message, ...] = ()
    region: str | None = None
    locale: str | None = None
    as_of: date | None = None
