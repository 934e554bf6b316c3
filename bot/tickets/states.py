"""The states of a ticket and the steps between them."""

from collections.abc import Mapping
from enum import StrEnum

from knowledge_base.errors import IllegalTicketStep


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    HANDLING = "handling"
    REPLIED = "replied"
    CLOSED = "closed"

    @property
    def shown(self) -> str:
        """The status as a citizen reads it."""
        return {"open": "待受理", "handling": "办理中", "replied": "已答复", "closed": "已办结"}[self.value]


class TicketStep(StrEnum):
    """What can be done with a ticket."""

    ACCEPT = "accept"
    REPLY = "reply"
    CLOSE = "close"
    REOPEN = "reopen"


UNDONE = frozenset({TicketStatus.OPEN, TicketStatus.HANDLING})
_STEPS: Mapping[TicketStep, tuple[frozenset[TicketStatus], TicketStatus]] = {
    TicketStep.ACCEPT: (frozenset({TicketStatus.OPEN}), TicketStatus.HANDLING),
    TicketStep.REPLY: (UNDONE | {TicketStatus.REPLIED}, TicketStatus.REPLIED),
    TicketStep.CLOSE: (UNDONE | {TicketStatus.REPLIED}, TicketStatus.CLOSED),
    TicketStep.REOPEN: (frozenset({TicketStatus.REPLIED, TicketStatus.CLOSED}), TicketStatus.OPEN),
}


def next_status(status: TicketStatus, step: TicketStep) -> TicketStatus:
    """Return where a step leads.

    Raises:
        IllegalTicketStep: If the step is not possible there.
    """
    from_statuses, to_status = _STEPS[step]
    if status not in from_statuses:
        names = {"accept": "受理", "reply": "答复", "close": "办结", "reopen": "重新打开"}
        raise IllegalTicketStep(f"工单{status.shown}，不能{names[step.value]}")
    return to_status
