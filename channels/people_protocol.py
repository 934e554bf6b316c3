"""The messages of `/ws/v1/chat` that concern people, tickets and ratings. No I/O.

What a citizen is told takes the next `seq` and is kept, as everything of a conversation is; only
`ticket_progress`, the answer to a look-up, speaks of the line itself and is not repeated.
"""

from typing import Annotated, Literal

from pydantic import Field

from bot.desk import notices
from bot.tickets.records import LONGEST_CONTACT_CHARS, TicketProgress
from channels.wire import Numbered, Wire

ClientId = Annotated[
    str, Field(min_length=1, max_length=64, pattern="^[!-~]*$", description="Chosen by the client")
]
TicketNumber = Annotated[str, Field(min_length=1, max_length=32, description="Such as WZ20261125-000123")]
TicketCode = Annotated[
    str, Field(min_length=1, max_length=16, description="Given when the ticket was opened")
]
Reason = Annotated[str, Field(min_length=1, max_length=30)]


class CallPerson(Wire):
    """Ask for a person. Answered by `queued`, or by `ticket_offered` where nobody can be reached."""

    type: Literal["call_person"] = "call_person"
    department: str = Field(default="", max_length=50, description="Empty for whoever is there")


class LeavePerson(Wire):
    """Wait no longer, or end the talk: the service answers again."""

    type: Literal["leave_person"] = "leave_person"


class Say(Wire):
    """Words to the person, also while waiting. The same `client_id` sent again is not said twice."""

    type: Literal["say"] = "say"
    client_id: ClientId
    text: str = Field(description="At most `limits.max_question_chars` of the welcome message")


class OpenTicket(Wire):
    """Leave a ticket. The same `client_id` sent again opens no other."""

    type: Literal["open_ticket"] = "open_ticket"
    client_id: ClientId
    category: str = Field(min_length=1, max_length=30, description="One of those offered")
    text: str = Field(description="What it is about")
    contact: str = Field(
        default="",
        max_length=LONGEST_CONTACT_CHARS,
        description="Telephone or e-mail, kept encrypted; refused without `consent`",
    )
    consent: bool = Field(default=False, description="To keep the contact for this ticket")


class FindTicket(Wire):
    """Look a ticket up; answered by `ticket_progress`."""

    type: Literal["find_ticket"] = "find_ticket"
    number: TicketNumber
    code: TicketCode


class ReopenTicket(Wire):
    """The reply did not settle it: the ticket is open again, with a new due day."""

    type: Literal["reopen_ticket"] = "reopen_ticket"
    number: TicketNumber
    code: TicketCode
    text: str = Field(default="", max_length=500, description="Why")


class Rate(Wire):
    """好差评, once something has ended; a later word replaces the earlier."""

    type: Literal["rate"] = "rate"
    about: str = Field(max_length=32, description="conversation, person, or the number of a ticket")
    level: int = Field(ge=1, le=5, description="5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意")
    reasons: tuple[Reason, ...] = Field(default=(), max_length=10)
    text: str = Field(default="", max_length=500)


PeopleMessage = CallPerson | LeavePerson | Say | OpenTicket | FindTicket | ReopenTicket | Rate
PEOPLE_TYPES = ("call_person", "leave_person", "say", "open_ticket", "find_ticket", "reopen_ticket", "rate")


class QueuedMessage(Numbered, notices.Queued):
    """The citizen waits for a person at this place; told again when it changes."""


class AgentJoinedMessage(Numbered, notices.AgentJoined):
    """A person is there and has read what was said so far."""


class AgentSaidMessage(Numbered, notices.AgentMessage):
    """What the person says."""


class SaidMessage(Numbered, notices.Said):
    """The citizen's words to the person are recorded, masked as shown here."""


class HandedBackMessage(Numbered, notices.HandedBack):
    """No person is there any longer, and none is waited for; the service answers again."""


class TicketOfferedMessage(Numbered, notices.TicketOffered):
    """Nobody can take it now, or not soon: a ticket is offered. Whoever waits may go on waiting."""


class TicketMessage(Numbered, notices.TicketNotice):
    """The ticket is opened. Number and code together show its progress."""


class TicketChangedMessage(Numbered, notices.TicketChanged):
    """Something happened to a ticket of this conversation; `text` is the department's reply, if any."""


class RatingSavedMessage(Numbered, notices.RatingSaved):
    """The rating is stored; a bad one has opened a work item that is due on `due`."""


class TicketProgressMessage(Numbered):
    """How a ticket stands."""

    type: Literal["ticket_progress"] = "ticket_progress"
    ticket: TicketProgress


PeopleNews = (
    QueuedMessage
    | AgentJoinedMessage
    | AgentSaidMessage
    | SaidMessage
    | HandedBackMessage
    | TicketOfferedMessage
    | TicketMessage
    | TicketChangedMessage
    | RatingSavedMessage
    | TicketProgressMessage
)
