"""Carries out what a citizen asks of people, of tickets and about ratings; any channel may come to it.

What comes of it is among the events of the conversation, except what is returned here: a refusal, or how a
ticket stands. Synchronous; called in a thread.
"""

from dataclasses import dataclass
from typing import assert_never

from bot.desk.notices import BackReason
from bot.people import People
from bot.question_text import check_question_text
from bot.ratings import Rating
from bot.steps.call_person import need_of
from bot.tickets.records import TicketDraft, TicketProgress, progress_of
from bot.tickets.states import TicketStep
from channels.limiting import LookUpLimits
from channels.people_protocol import (
    CallPerson,
    FindTicket,
    LeavePerson,
    OpenTicket,
    PeopleMessage,
    Rate,
    ReopenTicket,
    Say,
)
from channels.protocol import ErrorCode
from knowledge_base.dates import today
from knowledge_base.errors import DeskError, QuestionRejected

NO_TICKET = "没有找到工单：请核对编号和查询码。"


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who asks: the conversation, where from, in which language; the address counts look-ups only."""

    conversation_id: str
    region: str | None = None
    locale: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not carried out, fit for a citizen to read."""

    code: ErrorCode
    message: str
    retry_after_s: float | None = None


Outcome = Refusal | TicketProgress | None


class PeopleCounter:
    """The counter at which citizens ask for people and tickets. Safe to share between threads."""

    def __init__(self, people: People, lookups: LookUpLimits, *, max_chars: int) -> None:
        self._people = people
        self._lookups = lookups
        self._max_chars = max_chars

    def attend(self, citizen: Citizen, message: PeopleMessage) -> Outcome:
        """Carry a message out."""
        try:
            return self._attend(citizen, message)
        except QuestionRejected as rejected:
            return Refusal(ErrorCode(rejected.code), str(rejected))
        except DeskError as error:
            return Refusal(ErrorCode.REFUSED, str(error))

    def call(self, citizen: Citizen, department: str = "") -> None:
        """Put a citizen into the queue, or offer a ticket."""
        need = need_of(citizen.region, citizen.locale, department)
        self._people.front.call(citizen.conversation_id, need, reason="asked")

    def offer_ticket(self, citizen: Citizen) -> None:
        """Offer a ticket at once: nobody is there, or it is a matter that a department answers in writing."""
        self._people.front.offer_ticket(citizen.conversation_id, need_of(citizen.region, citizen.locale))

    def find(self, number: str, code: str, address: str) -> TicketProgress | Refusal:
        """Look a ticket up. Unknown numbers and wrong codes are not told apart, nor tried quickly."""
        if wait_s := self._lookups.wait_s(number=number, address=address):
            return Refusal(ErrorCode.RATE_LIMITED, f"查询太快了，请 {wait_s:.0f} 秒后再试。", wait_s)
        ticket = self._people.tickets.find(number, code)
        return Refusal(ErrorCode.NOT_FOUND, NO_TICKET) if ticket is None else progress_of(ticket, today())

    def _attend(self, citizen: Citizen, message: PeopleMessage) -> Outcome:  # noqa: PLR0911
        match message:
            case CallPerson(department=department):
                self.call(citizen, department)
                return None
            case LeavePerson():
                return self._leave(citizen)
            case Say():
                return self._say(citizen, message)
            case OpenTicket():
                return self._open_ticket(citizen, message)
            case FindTicket(number=number, code=code):
                return self.find(number, code, citizen.address)
            case ReopenTicket():
                return self._reopen(citizen, message)
            case Rate():
                rating = Rating(message.about, message.level, message.reasons, message.text)
                self._people.ratings.rate(citizen.conversation_id, rating)
                return None
            case _:
                assert_never(message)

    def _leave(self, citizen: Citizen, why: BackReason = "cancelled") -> Refusal | None:
        if self._people.desk.end_for_citizen(citizen.conversation_id, why):
            return None
        return Refusal(ErrorCode.NOT_FOUND, "现在没有在排队，也没有人工客服在线。")

    def _say(self, citizen: Citizen, message: Say) -> Refusal | None:
        self._check(message.text)
        if self._people.desk.citizen_says(citizen.conversation_id, message.client_id, message.text):
            return None
        return Refusal(ErrorCode.NOT_FOUND, "人工会话已经结束，请直接提问，或者重新转人工。")

    def _open_ticket(self, citizen: Citizen, message: OpenTicket) -> Outcome:
        check_question_text(message.text, self._max_chars)
        self._people.tickets.open(
            TicketDraft(
                category=message.category,
                text=message.text,
                conversation_id=citizen.conversation_id,
                client_id=message.client_id,
                region=citizen.region or "",
                contact=message.contact,
                consented=message.consent,
            )
        )
        # Who leaves a ticket waits no longer.
        self._people.desk.end_for_citizen(citizen.conversation_id, "ticket")
        return None

    def _reopen(self, citizen: Citizen, message: ReopenTicket) -> Outcome:
        found = self.find(message.number, message.code, citizen.address)
        if isinstance(found, Refusal):
            return found
        ticket = self._people.tickets.take(message.number, TicketStep.REOPEN, actor="市民", text=message.text)
        return progress_of(ticket, today())

    def _check(self, text: str) -> None:
        """Refuse what cannot be said; to a person, a mark of punctuation can say something."""
        try:
            check_question_text(text, self._max_chars)
        except QuestionRejected as rejected:
            if rejected.code != "empty" or not text.strip():
                raise
