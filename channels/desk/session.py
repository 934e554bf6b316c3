"""What an agent's line does with what it receives and what is due to it: decided here, done elsewhere.

A session knows which talks its agent was given and up to which line each was told. The socket asks the desk
and reports; nothing here waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.conversations import TranscriptLine
from bot.desk.desk import Line
from bot.desk.handover import Handover
from channels.desk.protocol import (
    AgentSay,
    AnyAgentMessage,
    AnyDeskMessage,
    Assigned,
    DeskPing,
    DeskPong,
    DeskRefusal,
    LineSaid,
    PastLine,
    PresenceIs,
    Released,
    SignOff,
    SignOn,
    handover_card,
    parse_agent_message,
    spoken_line,
)
from channels.protocol import ErrorCode, ProtocolFault

CLOSE_NORMAL = 1000
CLOSE_POLICY = 1008
CLOSE_TOO_LARGE = 1009


@dataclass(frozen=True, slots=True)
class Admit:
    """Sign the agent on, then call `DeskSession.admitted`."""

    sign_on: SignOn


@dataclass(frozen=True, slots=True)
class Perform:
    """Carry out what the agent wants."""

    message: AnyAgentMessage


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a message."""

    message: AnyDeskMessage


@dataclass(frozen=True, slots=True)
class Leave:
    """Sign the agent off and close."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Close the connection with this WebSocket code."""

    code: int


DeskAction = Admit | Perform | Tell | Leave | Hang


class DeskSession:
    """The server's side of an agent's line."""

    def __init__(self) -> None:
        self._admitted = False
        self._presence = ""
        self._told: dict[int, int] = {}

    def receive(self, frame: str | bytes) -> tuple[DeskAction, ...]:  # noqa: PLR0911
        """Decide what to do about a frame; whatever it holds, this never raises."""
        try:
            message = parse_agent_message(frame)
        except ProtocolFault as fault:
            refusal = Tell(refuse(fault.code, str(fault), fault.client_id))
            return (refusal, Hang(CLOSE_TOO_LARGE)) if fault.code is ErrorCode.TOO_LARGE else (refusal,)
        match message:
            case SignOn():
                if self._admitted:
                    return (Tell(refuse(ErrorCode.INVALID_MESSAGE, "本次连接已经登录。")),)
                return (Admit(message),)
            case DeskPing():
                return (Tell(DeskPong()),)
            case _ if not self._admitted:
                return (Tell(refuse(ErrorCode.REFUSED, "请先登录：sign_on。")), Hang(CLOSE_POLICY))
            case SignOff():
                return (Leave(),)
            case _:
                client_id = message.client_id if isinstance(message, AgentSay) else None
                if isinstance(message, AgentSay) and not message.text.strip():
                    return (Tell(refuse(ErrorCode.EMPTY, "没有写内容。", client_id)),)
                return (Perform(message),)

    def admitted(self, presence: str) -> None:
        """Take note that the agent is signed on."""
        self._admitted = True
        self._presence = presence

    def unknown(self, held: Sequence[Handover]) -> tuple[Handover, ...]:
        """Return the talks the agent has not been given yet."""
        return tuple(each for each in held if each.id not in self._told)

    def told_up_to(self, handover_id: int) -> int:
        """Return the last line of a talk that the agent was told; 0 for none."""
        return self._told.get(handover_id, 0)

    def assigned(
        self, handover: Handover, past: Sequence[TranscriptLine], lines: Sequence[Line], notes: Sequence[str]
    ) -> Assigned:
        """Return the message that gives the agent a talk with all that was said in it."""
        self._told[handover.id] = lines[-1].id if lines else 0
        return Assigned(
            handover=handover_card(handover),
            past=tuple(
                PastLine(
                    role=each.role, text=each.text, status=each.status, citations=each.citations, at=each.at
                )
                for each in past
            ),
            lines=tuple(map(spoken_line, lines)),
            notes=tuple(notes),
        )

    def said(self, lines: Sequence[Line]) -> tuple[LineSaid, ...]:
        """Return the messages of lines the agent has not been told, each once and in order."""
        due = []
        for line in lines:
            if line.id > self._told.get(line.handover_id, line.id):
                self._told[line.handover_id] = line.id
                due.append(LineSaid(handover_id=line.handover_id, line=spoken_line(line)))
        return tuple(due)

    def released(self, held: Sequence[Handover]) -> tuple[Released, ...]:
        """Return the messages of talks that are not in the agent's hands any longer."""
        gone = sorted(self._told.keys() - {each.id for each in held})
        for handover_id in gone:
            del self._told[handover_id]
        return tuple(Released(handover_id=handover_id) for handover_id in gone)

    def presence(self, presence: Literal["offline", "away", "online"]) -> tuple[PresenceIs, ...]:
        """Return the message of a presence that has changed."""
        if presence == self._presence:
            return ()
        self._presence = presence
        return (PresenceIs(presence=presence),)


def refuse(code: ErrorCode, message: str, client_id: str | None = None) -> DeskRefusal:
    """Return the refusal to send."""
    return DeskRefusal(code=code, message=message, client_id=client_id)
