"""What a consultation turn returns: an Answer of blocks and citations, never Markdown."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from bot.dialogue_state import DialogueState
from knowledge_base.eligibility.records import Profile


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
    """Plain text: the cited document's own words if `quoted`, a language model's if `generated`."""

    type: Literal["paragraph"] = "paragraph"
    text: str
    quoted: bool = False
    cites: tuple[int, ...] = ()
    generated: bool = False


class Check(_Frozen):
    """A box beside an item of a list: ticked as `done`; ticking it asks `question`, or nobody where empty."""

    done: bool = False
    question: str = ""


class ListBlock(_Frozen):
    """A list kept as a list, with the words that introduce it; with checks, an item each, to tick off."""

    type: Literal["list"] = "list"
    lead: str = ""
    items: tuple[str, ...]
    quoted: bool = False
    cites: tuple[int, ...] = ()
    checks: tuple[Check, ...] = ()


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


class PolicyBlock(_Frozen):
    """A policy that the citizen, by the profile they consented to, may fit; `code` is the rule's.

    Where consent is withdrawn, the text is taken out of what is stored.
    """

    type: Literal["policy"] = "policy"
    code: str
    text: str


Block = Annotated[
    ParagraphBlock | ListBlock | NoticeBlock | PhonesBlock | PolicyBlock, Field(discriminator="type")
]


def plain_text(block: Block) -> str:
    """Return a block as plain text, line by line; boxes that are ticked have a mark."""
    if block.type == "list" and block.checks:
        ticked = ("✓ " if check.done else "" for check in block.checks)
        lines = (mark + item for mark, item in zip(ticked, block.items, strict=True))
        return "\n".join((block.lead, *lines) if block.lead else lines)
    if block.type == "list":
        return "\n".join(part for part in (block.lead, *block.items) if part)
    if block.type == "paragraph" and block.generated:
        return block.text + "".join(f"[{n}]" for n in block.cites)
    if block.type == "phones":
        return "\n".join(f"{phone.number} {phone.label}".strip() for phone in block.phones)
    return block.text


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


class CardMaterial(_Frozen):
    """A material on a card; one `waived` the government has. `form` and `example` are web addresses."""

    name: str
    needed: bool
    waived: bool = False
    note: str = ""
    form: str = ""
    example: str = ""


class CardOffice(_Frozen):
    """The nearest office of an item; `opening` says in words whether it is open now or when it opens next."""

    name: str
    address: str = ""
    phone: str = ""
    hours: str = ""
    open_now: bool | None = None
    next_open: datetime | None = None
    opening: str = ""


class CardMiniProgram(_Frozen):
    """A page of a WeChat mini-program to jump to."""

    appid: str
    path: str = ""


class ServiceCard(_Frozen):
    """A door to the matching service (政务服务事项). Every link is the registry's, checked; empty for none.

    Attributes:
        name: 事项名称.
        url: Web entry.
        code: 实施编码.
        online: Whether it can be handled online; None where that is not stated.
        related: Offered beside an answer, as resting on the document quoted; not what the question named.
    """

    name: str
    url: str = ""
    code: str = ""
    department: str = ""
    region: str = ""
    mobile_url: str = ""
    mini_program: CardMiniProgram | None = None
    app_link: str = ""
    phone: str = ""
    online: bool | None = None
    time_limit: str = ""
    visits: int | None = None
    office: CardOffice | None = None
    materials: tuple[CardMaterial, ...] = ()
    related: bool = False


class ModelCredit(_Frozen):
    """The language model that wrote: its name and its number in the register of filed models (备案号)."""

    name: str
    filing: str = ""


class RephrasingTrace(_Frozen):
    """What became of a language model's answer.

    Attributes:
        outcome: `shown`, or why the quotation stands instead (`bot.grounding.reviewing.Outcome`).
        dropped: Sentences not shown, by reason (`bot.grounding.checking.Fault`).
    """

    outcome: str
    dropped: dict[str, int] = Field(default_factory=dict)


class TurnTrace(_Frozen):
    """How the turn went: its id, as found in the log, and milliseconds per step."""

    id: str
    timings_ms: dict[str, float]
    rephrasing: RephrasingTrace | None = None


class Answer(_Frozen):
    """One reply. `text` is the whole of it as plain text, for a terminal or a screen reader.

    Attributes:
        curated: The answer is a curated one (人工整理的问答): the operators' words, with quotations under it.
        generated_by: The model that wrote the blocks marked `generated`; None where none did.
        state: Where the conversation stands now; kept with it, never sent.
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
    generated_by: ModelCredit | None = None
    state: SkipJsonSchema[DialogueState | None] = Field(default=None, exclude=True)


class Passage(_Frozen):
    """A whole 条 or item that came near a question, with where it stands and where it applies."""

    source: str
    region: str
    text: str


class Advice(_Frozen):
    """What the service would say, for an agent to judge: its answer, how sure, and what it found on the way.

    Attributes:
        confidence: Probability, in [0, 1], that the first of `passages` answers.
    """

    answer: Answer
    confidence: float
    passages: tuple[Passage, ...]


class Message(_Frozen):
    """An earlier line of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Question(_Frozen):
    """What a citizen asks, with what is known of the circumstances.

    Attributes:
        region: Chosen region as a path such as `云岭省/云州市`; None means none chosen.
        as_of: The day whose law is asked for; None means today in Asia/Shanghai.
        can_wait: The channel keeps the conversation open, so that a person can take it over.
        unanswered_before: How many questions in a row just before this one found no answer.
        state: Where the conversation stands; None where the channel keeps none.
        person: What the citizen told with consent; None without. Never stored or sent with the question.
    """

    question: str
    history: tuple[Message, ...] = ()
    region: str | None = None
    locale: str | None = None
    as_of: date | None = None
    can_wait: bool = False
    unanswered_before: int = 0
    state: DialogueState | None = None
    person: SkipJsonSchema[Profile | None] = Field(default=None, exclude=True, repr=False)
