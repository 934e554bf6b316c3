"""What a citizen is told about people, tickets and ratings, as stored among the events of a conversation."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

QueueReason = Literal["asked", "moved", "agent_lost", "agent_silent", "transferred"]
BackReason = Literal["cancelled", "agent_ended", "to_bot", "idle", "left", "ticket"]
OfferReason = Literal["closed", "unstaffed", "full", "long_wait", "in_writing"]


class _Notice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Queued(_Notice):
    """The citizen waits for a person. Told again when the place changes, or after an agent was lost."""

    type: Literal["queued"] = "queued"
    position: int = Field(ge=1, description="1 is next")
    expected_wait_s: int | None = Field(description="None where no agent who could take it is there now")
    reason: QueueReason = "asked"


class AgentJoined(_Notice):
    """A person is there and has read what was said so far."""

    type: Literal["agent_joined"] = "agent_joined"
    name: str
    role: Literal["agent", "supervisor"] = "agent"


class AgentMessage(_Notice):
    """What the person says."""

    type: Literal["agent_message"] = "agent_message"
    id: int
    name: str
    text: str


class Said(_Notice):
    """The citizen's words to the person are recorded, masked as shown here."""

    type: Literal["said"] = "said"
    client_id: str
    text: str


class HandedBack(_Notice):
    """No person is there any longer, and none is waited for; the service answers again."""

    type: Literal["handed_back"] = "handed_back"
    reason: BackReason


class TicketOffered(_Notice):
    """Nobody can take it now, or not soon: a ticket is offered; whoever waits may go on waiting."""

    type: Literal["ticket_offered"] = "ticket_offered"
    reason: OfferReason
    opens_at: datetime | None = Field(description="When people are there next, where that is known")
    categories: tuple[str, ...]


class TicketNotice(_Notice):
    """A ticket is opened. Number and code together show its progress to whoever has them."""

    type: Literal["ticket"] = "ticket"
    client_id: str
    number: str
    code: str
    category: str
    department: str
    due: date


class TicketChanged(_Notice):
    """Something happened to a ticket of this conversation; `text` is the department's reply, if any."""

    type: Literal["ticket_changed"] = "ticket_changed"
    number: str
    status: str
    due: date
    text: str


class RatingSaved(_Notice):
    """The rating is stored; a bad one has opened a work item that is due on `due`."""

    type: Literal["rating_saved"] = "rating_saved"
    about: str
    level: int
    due: date | None


Notice = (
    Queued
    | AgentJoined
    | AgentMessage
    | Said
    | HandedBack
    | TicketOffered
    | TicketNotice
    | TicketChanged
    | RatingSaved
)
