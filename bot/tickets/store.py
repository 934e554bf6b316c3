"""Tickets in SQL: opened, handled, looked up, escalated; each step told to citizen and other system."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import JsonValue
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversations import add_events, storable
from bot.desk.notices import Notice, TicketChanged, TicketNotice
from bot.personal_data import mask
from bot.sealing import Seal
from bot.tickets.records import (
    ESCALATE_AFTER_WORKDAYS,
    HistoryEntry,
    Ticket,
    TicketDraft,
    TicketRules,
    check_contact,
    number_of,
    read_number,
)
from bot.tickets.states import TicketStatus, TicketStep, next_status
from bot.tickets.tables import TicketRow, TicketStepRow, WebhookInRow, WebhookOutRow
from knowledge_base.dates import today, utc_now
from knowledge_base.errors import DeskError

CODE_CHARS = 8
# Without letters and digits that are taken for one another.
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_UNDONE = (TicketStatus.OPEN, TicketStatus.HANDLING)
_EVENTS = {"accept": "accepted", "reply": "replied", "close": "closed", "reopen": "reopened"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """A ticket and the code that shows its progress. The code is empty for one that was there already."""

    ticket: Ticket
    code: str


class Tickets:
    """All tickets in one SQL database. Safe to share between threads and processes."""

    def __init__(
        self,
        engine: Engine,
        rules: TicketRules,
        seal: Seal,
        *,
        announce: bool = False,
        day: Callable[[], date] = today,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`announce` puts every step into the outbox for the other system (`bot.tickets.courier`)."""
        self.rules = rules
        self._engine = engine
        self._seal = seal
        self._announce = announce
        self._day = day
        self._clock = clock

    def open(self, draft: TicketDraft) -> OpenedTicket:
        """Open a ticket; a citizen's own is told to them with its code, which is not kept.

        Raises:
            DeskError: If category or contact are not acceptable; fit for a citizen to read.
        """
        day = self._day()
        due = self.rules.due(draft.category, day)
        contact = check_contact(draft.contact, consented=draft.consented)
        code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(CODE_CHARS))
        row = TicketRow(
            opened_on=day,
            code_sha256=_digest(code),
            conversation_id=draft.conversation_id,
            client_id=draft.client_id,
            origin=draft.origin,
            category=draft.category,
            department=draft.department or self.rules.department_of(draft.category),
            region=draft.region,
            text=storable(mask(draft.text).text),
            contact=self._seal.seal(contact) if contact else None,
            consented_at=self._clock() if contact else None,
            status=TicketStatus.OPEN,
            due_on=due,
            escalations=0,
            external_id="",
        )
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                session.add(row)
                session.flush()
                self._note(session, row, "open", "市民" if draft.origin == "citizen" else "系统", shown=True)
                self._tell_other_system(session, row, "opened", row.text)
                if draft.origin == "citizen":
                    notice = TicketNotice(
                        client_id=draft.client_id or "",
                        number=number_of(day, row.id),
                        code=code,
                        category=row.category,
                        department=row.department,
                        due=due,
                    )
                    _tell(session, row, notice)
        except IntegrityError:
            there = self._opened_before(draft)
            if there is None:
                raise
            return OpenedTicket(there, "")
        _log.info("ticket opened", extra={"ticket": row.id, "category": row.category, "origin": row.origin})
        return OpenedTicket(self._require(row.id), code)

    def find(self, number: str, code: str) -> Ticket | None:
        """Return the ticket that number and code belong to; takes as long whether or not there is one."""
        row_id, expected = 0, _digest("")
        parsed = read_number(number)
        with Session(self._engine) as session:
            row = None if parsed is None else session.get(TicketRow, parsed[1])
            if row is not None and parsed is not None and row.opened_on == parsed[0]:
                row_id, expected = row.id, row.code_sha256
        matches = hmac.compare_digest(expected, _digest(code.strip().upper()))
        return self._require(row_id) if matches and row_id else None

    def get(self, number: str) -> Ticket | None:
        """Return the ticket of this number."""
        parsed = read_number(number)
        if parsed is None:
            return None
        with Session(self._engine) as session:
            row = session.get(TicketRow, parsed[1])
            return _ticket(session, row) if row is not None and row.opened_on == parsed[0] else None

    def all(
        self, *, status: TicketStatus | None = None, overdue: bool = False, limit: int = 200
    ) -> tuple[Ticket, ...]:
        """Return tickets, those due first in front."""
        wanted = select(TicketRow).order_by(TicketRow.due_on, TicketRow.id).limit(limit)
        if status is not None:
            wanted = wanted.where(TicketRow.status == status)
        if overdue:
            wanted = wanted.where(TicketRow.status.in_(_UNDONE), TicketRow.due_on < self._day())
        with Session(self._engine) as session:
            return tuple(_ticket(session, row) for row in session.scalars(wanted))

    def take(
        self,
        number: str,
        step: TicketStep,
        *,
        actor: str,
        text: str = "",
        from_outside: bool = False,
        external_id: str = "",
        delivery_id: str = "",
    ) -> Ticket:
        """Carry out a step; the citizen hears of it in their conversation.

        Args:
            text: What the citizen is told, masked. A reply needs one.
            from_outside: The other system did it, and is not told.
            delivery_id: Of the other system's; one that was carried out changes nothing.

        Raises:
            DeskError: If there is no such ticket, or a reply says nothing.
            IllegalTicketStep: If the step is not possible now.
        """
        parsed = read_number(number)
        words = storable(mask(text.strip()).text)
        if step is TicketStep.REPLY and not words:
            raise DeskError("答复不能是空的")
        with Session(self._engine) as session, session.begin():
            row = None if parsed is None else _locked(session, parsed[1])
            if row is None or parsed is None or row.opened_on != parsed[0]:
                raise DeskError(f"没有编号为 {number} 的工单")
            # The ticket's lock makes deliveries about it take turns.
            if delivery_id and session.get(WebhookInRow, delivery_id) is not None:
                return _ticket(session, row)
            row.status = next_status(TicketStatus(row.status), step)
            if step is TicketStep.REOPEN:
                row.due_on, row.escalations = self.rules.due(row.category, self._day()), 0
            row.external_id = external_id or row.external_id
            if delivery_id:
                session.add(WebhookInRow(delivery_id=delivery_id))
            self._note(session, row, step.value, actor, text=words, shown=True)
            if not from_outside:
                self._tell_other_system(session, row, _EVENTS[step.value], words)
            if row.origin == "citizen":
                notice = TicketChanged(
                    number=number_of(row.opened_on, row.id), status=row.status, due=row.due_on, text=words
                )
                _tell(session, row, notice)
            session.flush()
            return _ticket(session, row)

    def contact(self, number: str, *, actor: str) -> str:
        """Return the contact and note who looked; empty if there is none.

        Raises:
            DeskError: If there is no such ticket.
            SealBroken: If it was sealed with another key.
        """
        parsed = read_number(number)
        with Session(self._engine) as session, session.begin():
            row = None if parsed is None else _locked(session, parsed[1])
            if row is None:
                raise DeskError(f"没有编号为 {number} 的工单")
            if row.contact is None:
                return ""
            self._note(session, row, "contact_read", actor)
            return self._seal.open(row.contact)

    def escalate(self) -> tuple[Ticket, ...]:
        """Escalate what is overdue, once at each of `ESCALATE_AFTER_WORKDAYS`; returns what was escalated."""
        day = self._day()
        escalated = []
        for ticket in self.all(overdue=True, limit=10_000):
            late = ticket.overdue_workdays(day)
            due_level = sum(late >= after for after in ESCALATE_AFTER_WORKDAYS)
            if due_level <= ticket.escalations:
                continue
            with Session(self._engine) as session, session.begin():
                row = _locked(session, ticket.id)
                # Another process may have been here, or the ticket been answered, since it was listed.
                if row is None or row.escalations >= due_level or row.status not in _UNDONE:
                    continue
                row.escalations = due_level
                self._note(
                    session, row, "escalated", "系统", text=f"超期 {late} 个工作日，第 {due_level} 级督办"
                )
                self._tell_other_system(session, row, "overdue", f"超期 {late} 个工作日")
            escalated.append(ticket)
            _log.warning(
                "ticket overdue", extra={"ticket": ticket.number, "workdays": late, "level": due_level}
            )
        return tuple(escalated)

    def _require(self, ticket_id: int) -> Ticket:
        with Session(self._engine) as session:
            return _ticket(session, session.get_one(TicketRow, ticket_id))

    def _opened_before(self, draft: TicketDraft) -> Ticket | None:
        with Session(self._engine) as session:
            row = session.scalar(
                select(TicketRow).filter_by(
                    conversation_id=draft.conversation_id, origin=draft.origin, client_id=draft.client_id
                )
            )
            return None if row is None else _ticket(session, row)

    def _note(
        self, session: Session, row: TicketRow, step: str, actor: str, *, text: str = "", shown: bool = False
    ) -> None:
        session.add(
            TicketStepRow(
                ticket_id=row.id,
                at=self._clock(),
                actor=actor,
                step=step,
                status=row.status,
                text=text,
                shown=shown,
            )
        )

    def _tell_other_system(self, session: Session, row: TicketRow, event: str, text: str) -> None:
        if not self._announce:
            return
        payload: dict[str, JsonValue] = {
            "event": f"ticket.{event}",
            "number": number_of(row.opened_on, row.id),
            "status": row.status,
            "category": row.category,
            "department": row.department,
            "region": row.region,
            "due_on": row.due_on.isoformat(),
            "external_id": row.external_id,
            "text": text,
            "at": self._clock().isoformat(timespec="seconds"),
        }
        session.add(
            WebhookOutRow(
                ticket_id=row.id, event=event, payload=payload, attempts=0, next_at=self._clock(), error=""
            )
        )


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _locked(session: Session, ticket_id: int) -> TicketRow | None:
    """Return a ticket that nobody else writes to until the transaction ends."""
    return session.scalar(
        update(TicketRow)
        .where(TicketRow.id == ticket_id)
        .values(escalations=TicketRow.escalations)
        .returning(TicketRow)
    )


def _tell(session: Session, row: TicketRow, notice: Notice) -> None:
    if row.conversation_id is not None:
        add_events(session, row.conversation_id, "", [notice.model_dump(mode="json")])


def _ticket(session: Session, row: TicketRow) -> Ticket:
    steps = session.scalars(select(TicketStepRow).filter_by(ticket_id=row.id).order_by(TicketStepRow.id))
    return Ticket(
        id=row.id,
        number=number_of(row.opened_on, row.id),
        conversation_id=row.conversation_id,
        origin=row.origin,
        category=row.category,
        department=row.department,
        region=row.region,
        text=row.text,
        has_contact=row.contact is not None,
        status=TicketStatus(row.status),
        opened_on=row.opened_on,
        due_on=row.due_on,
        escalations=row.escalations,
        external_id=row.external_id,
        history=tuple(
            HistoryEntry(each.at, each.actor, each.step, TicketStatus(each.status), each.text, each.shown)
            for each in steps
        ),
    )
