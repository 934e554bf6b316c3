"""What one connection does with what it receives and what is due to it: decided here, done elsewhere.

A session is a cursor over the conversation's stored events. It says what to do next; the socket does the
I/O and reports back with `opened`. Nothing here waits, so every order of events can be tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bot.conversations import Event
from bot.question_text import check_question_text
from channels.people_protocol import PeopleMessage
from channels.profile_protocol import ProfileMessage
from channels.protocol import (
    ErrorCode,
    ErrorMessage,
    FeedbackMessage,
    Hello,
    Ping,
    Pong,
    ProtocolFault,
    QuestionMessage,
    parse_client_message,
)
from knowledge_base.errors import QuestionRejected

CLOSE_TOO_LARGE = 1009


@dataclass(frozen=True, slots=True)
class Open:
    """Open or resume a conversation, then call `ServerSession.opened`."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Ask:
    """Record the question and answer it."""

    question: QuestionMessage


@dataclass(frozen=True, slots=True)
class Rate:
    """Store feedback on an answer."""

    feedback: FeedbackMessage


@dataclass(frozen=True, slots=True)
class Attend:
    """Carry out what is asked of people, of a ticket, or about a rating."""

    message: PeopleMessage


@dataclass(frozen=True, slots=True)
class FindPolicies:
    """Carry out what is asked of the citizen's profile, and show what comes of it."""

    message: ProfileMessage


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message that is not part of the conversation."""

    message: Pong | ErrorMessage


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with this WebSocket code."""

    code: int


Action = Open | Ask | Rate | Attend | FindPolicies | Say | Close


class ServerSession:
    """The server's side of one connection."""

    def __init__(self, *, max_question_chars: int) -> None:
        self._max_question_chars = max_question_chars
        self._greeted = False
        self.conversation_id: str | None = None
        self.cursor = 0

    def receive(self, frame: str | bytes) -> tuple[Action, ...]:
        """Decide what to do about a frame; whatever it holds, this never raises."""
        try:
            message = parse_client_message(frame)
        except ProtocolFault as fault:
            say = self.refuse(fault.code, str(fault), fault.client_id)
            return (say, Close(CLOSE_TOO_LARGE)) if fault.code is ErrorCode.TOO_LARGE else (say,)
        match message:
            case Ping():
                return (Say(Pong(seq=self.cursor, t=message.t)),)
            case Hello():
                return self._hello(message)
            case QuestionMessage():
                return self._question(message)
            case FeedbackMessage():
                return (*self._greeting(), Rate(message))
            case _:
                action = FindPolicies(message) if isinstance(message, ProfileMessage) else Attend(message)
                return (*self._greeting(), action)

    def opened(self, conversation_id: str, cursor: int) -> None:
        """Take note that the conversation is open and the client holds everything up to `cursor`."""
        self.conversation_id = conversation_id
        self.cursor = cursor

    def due(self, events: Sequence[Event]) -> list[dict[str, JsonValue]]:
        """Return the wire messages of events the client has not been sent, and move the cursor past them."""
        messages = []
        for event in events:
            if event.seq == self.cursor + 1:
                messages.append(wire_form(event))
                self.cursor = event.seq
        return messages

    def again(self, events: Sequence[Event]) -> list[dict[str, JsonValue]]:
        """Return the wire messages of events already sent, for a question that was repeated."""
        return [wire_form(event) for event in events if event.seq <= self.cursor]

    def refuse(
        self, code: ErrorCode, message: str, client_id: str | None = None, retry_after_s: float | None = None
    ) -> Say:
        """Return the error to send."""
        return Say(
            ErrorMessage(
                seq=self.cursor, code=code, message=message, client_id=client_id, retry_after_s=retry_after_s
            )
        )

    def _hello(self, hello: Hello) -> tuple[Action, ...]:
        if self._greeted:
            return (self.refuse(ErrorCode.INVALID_MESSAGE, "本次连接已经打过招呼，请直接提问。"),)
        self._greeted = True
        return (Open(hello),)

    def _greeting(self) -> tuple[Action, ...]:
        """A client that skips hello gets a new conversation."""
        return () if self._greeted else self._hello(Hello())

    def _question(self, message: QuestionMessage) -> tuple[Action, ...]:
        try:
            check_question_text(message.text, self._max_question_chars)
        except QuestionRejected as rejected:
            return (self.refuse(ErrorCode(rejected.code), str(rejected), message.client_id),)
        return (*self._greeting(), Ask(message))


def wire_form(event: Event) -> dict[str, JsonValue]:
    """Return an event as the client sees it."""
    return event.payload | {"seq": event.seq}
