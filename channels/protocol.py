"""The messages of `/ws/v1/chat`, version 1. No I/O; `docs/protocol.md` tells the story of a conversation.

Messages that belong to the conversation (accepted, block, answer, feedback_saved, and those about people,
see `channels.people_protocol`) take the next `seq` and are kept until the client has seen them. `welcome`,
`pong` and `error` speak of the line itself: they carry the `seq` reached so far, take none, and are not
repeated after a lost line. Nor are those about a citizen's profile (`channels.profile_protocol`), so that
nothing of it stays behind when it is withdrawn.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from bot.answer import Answer, Block
from channels.people_protocol import PEOPLE_TYPES, PeopleMessage, PeopleNews
from channels.profile_protocol import PROFILE_TYPES, ProfileMessage, ProfileNews
from channels.wire import Numbered, Wire
from knowledge_base.errors import WenzhengError

VERSION = 1
MAX_FRAME_BYTES = 1024 * 1024

T = TypeVar("T")


class ErrorCode(StrEnum):
    """Why something sent was not carried out; stable, for programs. The same codes serve REST."""

    BAD_JSON = "bad_json"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_MESSAGE = "invalid_message"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTERS = "control_characters"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    NOT_READY = "not_ready"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    INTERNAL = "internal"


class ProtocolFault(WenzhengError):
    """A frame that is no message; the connection goes on. `str(fault)` is fit for a citizen to read."""

    def __init__(self, code: ErrorCode, message: str, client_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.client_id = client_id


class Hello(Wire):
    """First message of a client. With a `resume_token`, everything after `last_seq` is sent again."""

    type: Literal["hello"] = "hello"
    resume_token: str | None = Field(default=None, max_length=200)
    last_seq: int = Field(default=0, ge=0, description="Highest seq the client holds without a gap")
    region: str | None = Field(default=None, max_length=100, description="Region path such as 云岭省/云州市")
    locale: str | None = Field(default=None, max_length=35, description="BCP 47 tag such as zh-CN")
    client: str | None = Field(default=None, max_length=100, description="Name and version of the client")


class QuestionMessage(Wire):
    """A question. The same `client_id` sent again is answered from the record, not asked again."""

    type: Literal["question"] = "question"
    client_id: str = Field(
        min_length=1, max_length=64, pattern="^[!-~]*$", description="Chosen by the client"
    )
    text: str = Field(description="At most `limits.max_question_chars` of the welcome message")
    region: str | None = Field(default=None, max_length=100, description="Region for this question only")
    as_of: date | None = Field(default=None, description="Day whose law is asked for; default today")
    locale: str | None = Field(default=None, max_length=35)


class FeedbackMessage(Wire):
    """What the citizen thought of an answer; a later word replaces the earlier."""

    type: Literal["feedback"] = "feedback"
    answer_id: str = Field(min_length=1, max_length=64)
    value: Literal["up", "down"]
    reason: str = Field(default="", max_length=500)


class Ping(Wire):
    """Keeps the line open; comes back as pong with the same `t`."""

    type: Literal["ping"] = "ping"
    t: float | None = Field(default=None, description="Anything the client wants back, such as its clock")


AnyClientMessage = Hello | QuestionMessage | FeedbackMessage | Ping | PeopleMessage | ProfileMessage
ClientMessage = Annotated[AnyClientMessage, Field(discriminator="type")]


class Limits(Wire):
    """What the server takes."""

    max_question_chars: int


class Welcome(Numbered):
    """Answer to hello. `resumed` is false when the token was unknown: the client starts from nothing."""

    type: Literal["welcome"] = "welcome"
    conversation_id: str
    resume_token: str
    version: int = VERSION
    resumed: bool
    home_region: str
    regions: tuple[str, ...]
    limits: Limits


class Accepted(Numbered):
    """The question is recorded and will be answered under `answer_id`."""

    type: Literal["accepted"] = "accepted"
    client_id: str
    answer_id: str


class BlockMessage(Numbered):
    """One block of an answer, in order; the whole follows in `answer`."""

    type: Literal["block"] = "block"
    answer_id: str
    index: int = Field(ge=0)
    block: Block


class AnswerMessage(Numbered):
    """The whole answer, blocks included."""

    type: Literal["answer"] = "answer"
    answer_id: str
    client_id: str
    answer: Answer


class FeedbackSaved(Numbered):
    """The feedback is stored."""

    type: Literal["feedback_saved"] = "feedback_saved"
    answer_id: str
    value: Literal["up", "down"]


class Pong(Numbered):
    """Answer to ping."""

    type: Literal["pong"] = "pong"
    t: float | None = None


class ErrorMessage(Numbered):
    """Something was not carried out. `message` is Chinese and says what to do; the line stays open."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    client_id: str | None = None
    retry_after_s: float | None = None


ServerMessage = Annotated[
    Welcome
    | Accepted
    | BlockMessage
    | AnswerMessage
    | FeedbackSaved
    | Pong
    | ErrorMessage
    | PeopleNews
    | ProfileNews,
    Field(discriminator="type"),
]

_CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
_CLIENT_TYPES = ("hello", "question", "feedback", "ping", *PEOPLE_TYPES, *PROFILE_TYPES)


def parse_client_message(raw: str | bytes) -> AnyClientMessage:
    """Read one frame.

    Raises:
        ProtocolFault: With code `too_large`, `bad_json`, `unknown_type` or `invalid_message`.
    """
    return parse_message(raw, _CLIENT, _CLIENT_TYPES)


def parse_message(raw: str | bytes, messages: TypeAdapter[T], kinds: tuple[str, ...]) -> T:
    """Read one frame that is one of these messages, whose types are `kinds`.

    Raises:
        ProtocolFault: As `parse_client_message`.
    """
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "replace"))
    if size > MAX_FRAME_BYTES:
        raise ProtocolFault(ErrorCode.TOO_LARGE, f"消息有 {size} 字节，最多 {MAX_FRAME_BYTES} 字节。")
    try:
        message = from_json(raw)
    except ValueError:
        raise ProtocolFault(ErrorCode.BAD_JSON, "消息不是有效的 JSON，请按接口说明发送。") from None
    if not isinstance(message, dict):
        raise ProtocolFault(ErrorCode.INVALID_MESSAGE, "消息应为一个 JSON 对象，请按接口说明发送。")
    client_id = message.get("client_id")
    known_id = client_id if isinstance(client_id, str) else None
    if message.get("type") not in kinds:
        known = "、".join(kinds)
        raise ProtocolFault(ErrorCode.UNKNOWN_TYPE, f"不认识的消息类型，可用的有：{known}。", known_id)
    try:
        return messages.validate_python(message)
    except ValidationError as error:
        faults = describe_faults(error.errors(include_url=False, include_input=False))
        raise ProtocolFault(ErrorCode.INVALID_MESSAGE, faults, known_id) from None


def describe_faults(errors: list[ErrorDetails]) -> str:
    """Say in Chinese what is wrong with each field, never repeating what was sent."""
    return "；".join(map(_describe, errors)) + "。请按接口说明修改后再发。"


_FAULTS = {
    "missing": "缺少字段 {field}",
    "extra_forbidden": "不认识的字段 {field}",
    "string_type": "字段 {field} 应为字符串",
    "string_too_long": "字段 {field} 最长 {max_length} 个字",
    "string_too_short": "字段 {field} 最短 {min_length} 个字",
    "too_long": "字段 {field} 有 {actual_length} 项，最多 {max_length} 项",
    "literal_error": "字段 {field} 应为 {expected}",
    "greater_than_equal": "字段 {field} 应不小于 {ge}",
    "less_than_equal": "字段 {field} 应不大于 {le}",
    "string_pattern_mismatch": "字段 {field} 含有不能用的字符",
    "int_parsing": "字段 {field} 应为整数",
    "int_type": "字段 {field} 应为整数",
    "tuple_type": "字段 {field} 应为列表",
    "list_type": "字段 {field} 应为列表",
    "date_from_datetime_parsing": "字段 {field} 应为日期，例如 2026-01-31",
    "date_parsing": "字段 {field} 应为日期，例如 2026-01-31",
    "date_type": "字段 {field} 应为日期，例如 2026-01-31",
    "model_attributes_type": "内容应为一个 JSON 对象",
}
_NOT_FIELDS = frozenset({"body", "query", "path", *_CLIENT_TYPES})


def _describe(error: ErrorDetails) -> str:
    location = [str(part) for part in error["loc"]]
    field = ".".join(location[1:] if location[:1] and location[0] in _NOT_FIELDS else location)
    template = _FAULTS.get(error["type"], "字段 {field} 的值不对")
    return template.format_map({"field": field} | error.get("ctx", {}))
