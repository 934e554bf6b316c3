"""A conversation's way to a person and back, decided without I/O.

    (asked) -> WAITING -> TALKING -> ENDED
                  ^----------'            lost or silent agent: to the head; transferred: by when it was asked
    WAITING -> ENDED                      cancelled, left, or a ticket instead

`decide` returns the next state, what is noted about it, and what the citizen is told.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.desk.notices import AgentJoined, BackReason, HandedBack, Notice, QueueReason
from knowledge_base.errors import IllegalHandover
from knowledge_base.records import NATIONAL


class HandoverState(StrEnum):
    """Where a hand-over stands."""

    WAITING = "waiting"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Need:
    """What a conversation asks of an agent. Empty means anyone's: no department, no region."""

    department: str = ""
    region: str = ""
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Skills:
    """What an agent can take on. No departments or no regions means all; a region covers what lies in it."""

    departments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("zh",)

    def match(self, need: Need) -> bool:
        """Tell whether the agent can take on a conversation with this need."""
        return (
            (not self.departments or need.department in ("", *self.departments))
            and (
                not self.regions
                or need.region in ("", NATIONAL)
                or any(f"{need.region}/".startswith(f"{region}/") for region in self.regions)
            )
            and need.language in self.languages
        )


@dataclass(frozen=True, slots=True)
class Handover:
    """One asking for a person, from when it was asked to its end.

    Attributes:
        asked_at: Decides the place in the queue, through every transfer.
        returned: An agent was lost: it goes before all that were not.
        owed_since: Since when the citizen waits for the agent's word; None while the citizen has it.
    """

    id: int
    conversation_id: str
    state: HandoverState
    need: Need
    reason: str
    asked_at: datetime
    returned: bool = False
    agent_id: int | None = None
    claimed_at: datetime | None = None
    owed_since: datetime | None = None
    ended_at: datetime | None = None
    ending: BackReason | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An agent takes it on."""

    agent_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Return:
    """The agent is gone or silent: back to the head of the queue."""

    why: QueueReason


@dataclass(frozen=True, slots=True)
class Transfer:
    """The agent sends it to another department."""

    department: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """It is over."""

    why: BackReason


@dataclass(frozen=True, slots=True)
class CitizenSpoke:
    """The citizen said something to the person."""


@dataclass(frozen=True, slots=True)
class AgentSpoke:
    """The agent, or a supervisor who joined, said something."""


Act = Claim | Return | Transfer | End | CitizenSpoke | AgentSpoke


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an act.

    Attributes:
        step: How the act is noted; empty where it is not.
        notice: What the citizen is told.
        queued: Why the citizen is told a new place in the queue; None for no new place.
    """

    handover: Handover
    step: str = ""
    note: str = ""
    notice: Notice | None = None
    queued: QueueReason | None = None


def decide(handover: Handover, act: Act, now: datetime) -> Decision:  # noqa: PLR0911
    """Decide what an act makes of a hand-over.

    Raises:
        IllegalHandover: If the act does not fit the state; names both.
    """
    state = handover.state
    waiting = replace(handover, state=HandoverState.WAITING, agent_id=None, claimed_at=None, owed_since=None)
    match act:
        case Claim(agent_id, name) if state is HandoverState.WAITING:
            talking = replace(
                handover,
                state=HandoverState.TALKING,
                returned=False,
                agent_id=agent_id,
                claimed_at=now,
                owed_since=now,
            )
            return Decision(talking, "claimed", notice=AgentJoined(name=name))
        case Return(why) if state is HandoverState.TALKING:
            return Decision(replace(waiting, returned=True), "returned", why, queued=why)
        case Transfer(department, note) if state is HandoverState.TALKING:
            need = replace(handover.need, department=department)
            words = f"{department}：{note}" if note else department
            return Decision(replace(waiting, need=need), "transferred", words, queued="transferred")
        case End(why) if state is not HandoverState.ENDED:
            ended = replace(handover, state=HandoverState.ENDED, ended_at=now, ending=why, owed_since=None)
            return Decision(ended, "ended", why, notice=HandedBack(reason=why))
        case CitizenSpoke() if state is HandoverState.TALKING:
            return Decision(replace(handover, owed_since=handover.owed_since or now))
        case CitizenSpoke() if state is HandoverState.WAITING:
            return Decision(handover)
        case AgentSpoke() if state is HandoverState.TALKING:
            return Decision(replace(handover, owed_since=None))
        case _:
            raise IllegalHandover(
                f"hand-over {handover.id} is {state.value}: {type(act).__name__} is not possible"
            )
