"""The messages of `/ws/v1/desk`, by which agents work, version 1. No I/O.

There is nothing to resume: whoever signs on again is given every talk in their hands with all that was
said in it. A line sent twice under one `client_id` is said once.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.answer import Advice
from bot.desk.agents import Agent, Presence
from bot.desk.desk import Line
from bot.desk.handover import Handover
from channels.people_protocol import ClientId
from channels.protocol import ErrorCode, parse_message
from channels.wire import Wire

LONGEST_TEXT_CHARS = 2000
HandoverId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class SignOn(Wire):
    """First message of an agent, with the token that `wenzheng desk add-agent` printed."""

    type: Literal["sign_on"] = "sign_on"
    token: str = Field(min_length=1, max_length=200)
    away: bool = Field(default=False, description="Take up what is at hand, and nothing new yet")


class SetPresence(Wire):
    """Take new conversations, or not; what is at hand stays."""

    type: Literal["presence"] = "presence"
    away: bool


class SignOff(Wire):
    """Leave: what is at hand goes back to the head of the queue at once."""

    type: Literal["sign_off"] = "sign_off"


class AgentSay(Wire):
    """Words to the citizen."""

    type: Literal["say"] = "say"
    handover_id: HandoverId
    client_id: ClientId
    text: str = Field(min_length=1, max_length=LONGEST_TEXT_CHARS)


class TransferTo(Wire):
    """Send the conversation to another department; the note is for whoever takes it there."""

    type: Literal["transfer"] = "transfer"
    handover_id: HandoverId
    department: str = Field(min_length=1, max_length=50)
    note: str = Field(default="", max_length=500)


class EndTalk(Wire):
    """End the talk, or give the citizen back to the service."""

    type: Literal["end"] = "end"
    handover_id: HandoverId
    to_bot: bool = False


class Join(Wire):
    """A supervisor joins somebody's talk."""

    type: Literal["join"] = "join"
    handover_id: HandoverId


class Suggest(Wire):
    """What would the service say to this?"""

    type: Literal["suggest"] = "suggest"
    handover_id: HandoverId
    text: str = Field(min_length=1, max_length=LONGEST_TEXT_CHARS)


class Overview(Wire):
    """A supervisor asks who waits and who talks."""

    type: Literal["overview"] = "overview"


class DeskPing(Wire):
    """A sign of life; comes back as pong."""

    type: Literal["ping"] = "ping"


AnyAgentMessage = (
    SignOn | SetPresence | SignOff | AgentSay | TransferTo | EndTalk | Join | Suggest | Overview | DeskPing
)
AgentMessage = Annotated[AnyAgentMessage, Field(discriminator="type")]
AGENT_TYPES = (
    "sign_on",
    "presence",
    "sign_off",
    "say",
    "transfer",
    "end",
    "join",
    "suggest",
    "overview",
    "ping",
)


class AgentCard(Wire):
    """An agent, as shown to themselves and to supervisors."""

    name: str
    departments: tuple[str, ...]
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    capacity: int
    supervisor: bool
    presence: Literal["offline", "away", "online"]


class HandoverCard(Wire):
    """A hand-over, without anything that was said."""

    id: int
    state: Literal["waiting", "talking", "ended"]
    department: str
    region: str
    language: str
    reason: str
    asked_at: datetime
    returned: bool


class PastLine(Wire):
    """A line between citizen and service from before, with what the service found and cited."""

    role: Literal["user", "assistant"]
    text: str
    status: str = Field(description="How the answer ended; empty for a question")
    citations: tuple[str, ...]
    at: datetime


class SpokenLine(Wire):
    """A line said to or by a person."""

    id: int
    role: Literal["citizen", "agent", "supervisor"]
    author: str
    client_id: str
    text: str
    at: datetime


class SignedOn(Wire):
    """The agent is signed on. Their talks follow, each in `assigned`."""

    type: Literal["signed_on"] = "signed_on"
    agent: AgentCard


class Assigned(Wire):
    """A talk is in the agent's hands: all that was said, to whom and by whom. `suggestion` may follow."""

    type: Literal["assigned"] = "assigned"
    handover: HandoverCard
    past: tuple[PastLine, ...]
    lines: tuple[SpokenLine, ...]
    notes: tuple[str, ...] = Field(description="What agents wrote who sent it on")


class LineSaid(Wire):
    """Somebody said something in a talk, the agent themselves included."""

    type: Literal["line"] = "line"
    handover_id: int
    line: SpokenLine


class Suggestion(Wire):
    """What the service would say to `text`, and the passages it found; for the agent to judge."""

    type: Literal["suggestion"] = "suggestion"
    handover_id: int
    text: str
    advice: Advice


class Released(Wire):
    """A talk is not in the agent's hands any longer: ended, transferred, left, or taken back."""

    type: Literal["released"] = "released"
    handover_id: int


class OverviewIs(Wire):
    """Who waits, in order, and who is talked with."""

    type: Literal["overview_is"] = "overview_is"
    waiting: tuple[HandoverCard, ...]
    talking: tuple[HandoverCard, ...]
    agents: tuple[AgentCard, ...]
    overdue_tickets: tuple[str, ...] = Field(description="Numbers of tickets that are overdue")


class PresenceIs(Wire):
    """The agent's presence, told when it changed: by themselves, or because a citizen waited too long."""

    type: Literal["presence_is"] = "presence_is"
    presence: Literal["offline", "away", "online"]


class DeskPong(Wire):
    """Answer to ping."""

    type: Literal["pong"] = "pong"


class DeskRefusal(Wire):
    """Something was not carried out. `message` is Chinese; the line stays open."""

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    client_id: str | None = None


AnyDeskMessage = (
    SignedOn | Assigned | LineSaid | Suggestion | Released | OverviewIs | PresenceIs | DeskPong | DeskRefusal
)
DeskMessage = Annotated[AnyDeskMessage, Field(discriminator="type")]

_AGENT: TypeAdapter[AnyAgentMessage] = TypeAdapter(AgentMessage)


def parse_agent_message(raw: str | bytes) -> AnyAgentMessage:
    """Read one frame of an agent.

    Raises:
        ProtocolFault: With code `too_large`, `bad_json`, `unknown_type` or `invalid_message`.
    """
    return parse_message(raw, _AGENT, AGENT_TYPES)


def agent_card(agent: Agent) -> AgentCard:
    """Return an agent as shown."""
    return AgentCard(
        name=agent.name,
        departments=agent.skills.departments,
        regions=agent.skills.regions,
        languages=agent.skills.languages,
        capacity=agent.capacity,
        supervisor=agent.supervisor,
        presence=Presence(agent.presence).value,
    )


def handover_card(handover: Handover) -> HandoverCard:
    """Return a hand-over as shown."""
    return HandoverCard(
        id=handover.id,
        state=handover.state.value,
        department=handover.need.department,
        region=handover.need.region,
        language=handover.need.language,
        reason=handover.reason,
        asked_at=handover.asked_at,
        returned=handover.returned,
    )


def spoken_line(line: Line) -> SpokenLine:
    """Return a line as shown."""
    return SpokenLine.model_validate(
        {
            "id": line.id,
            "role": line.role,
            "author": line.author,
            "client_id": line.client_id,
            "text": line.text,
            "at": line.at,
        }
    )
