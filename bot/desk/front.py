"""The front desk: whether a person can be reached now, and if not, a ticket instead."""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from sqlalchemy.orm import Session

from bot.conversations import add_events
from bot.desk.desk import Desk
from bot.desk.handover import Handover, Need
from bot.desk.hours import OpeningHours
from bot.desk.notices import OfferReason, TicketOffered


class Reach(StrEnum):
    """Whether a person can be reached; all but `OPEN` are reasons for a ticket."""

    OPEN = "open"
    CLOSED = "closed"
    UNSTAFFED = "unstaffed"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """Sends a citizen to the queue; offers a ticket where nobody is there (hours, holidays, no capacity)."""

    desk: Desk
    hours: OpeningHours
    max_waiting: int
    categories: tuple[str, ...]

    def reach(self, need: Need) -> Reach:
        """Tell whether a person can be reached who could take on this need."""
        if not self.hours.is_open(self.desk.clock()):
            return Reach.CLOSED
        queue = self.desk.queue()
        if not any(each.skills.match(need) for each in queue.staff):
            return Reach.UNSTAFFED
        return Reach.FULL if len(queue.waiting) >= self.max_waiting else Reach.OPEN

    def call(self, conversation_id: str, need: Need, *, reason: str) -> Handover | None:
        """Put the conversation into the queue, or offer a ticket; whichever it is, the citizen is told."""
        there = self.desk.open_of(conversation_id)
        if there is not None:
            return there
        reach = self.reach(need)
        if reach is Reach.OPEN:
            return self.desk.ask(conversation_id, need, reason=reason)
        self._tell(conversation_id, self.offer(_REASONS[reach]))
        return None

    def offer_ticket(self, conversation_id: str, need: Need) -> None:
        """Offer a ticket, whether or not a person could be reached."""
        self._tell(conversation_id, self.offer(_REASONS.get(self.reach(need), "in_writing")))

    def offer(self, reason: OfferReason) -> TicketOffered:
        """Return the offer of a ticket, with the next opening where the desk is closed."""
        now = self.desk.clock()
        opens_at = None if self.hours.is_open(now) else self.hours.next_opening(now)
        return TicketOffered(reason=reason, opens_at=opens_at, categories=self.categories)

    def _tell(self, conversation_id: str, offer: TicketOffered) -> None:
        with Session(self.desk.engine) as session, session.begin():
            add_events(session, conversation_id, "", [offer.model_dump(mode="json")])


_REASONS: dict[str, OfferReason] = {reason: reason for reason in get_args(OfferReason)}
