"""Tickets as the layers above see them, and the rules they follow. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from bot.tickets.states import UNDONE, TicketStatus
from knowledge_base.errors import DeskError
from knowledge_base.workdays import add_workdays, workdays_after

RATING_CATEGORY = "差评整改"
LONGEST_CONTACT_CHARS = 100
# Workdays after the due day at which a ticket is escalated, each time one level up.
ESCALATE_AFTER_WORKDAYS = (1, 3, 5)
_NUMBER = re.compile(r"WZ(\d{8})-(\d{6,12})")
_REACHABLE = re.compile(r"(?:\D*\d){5}|[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class TicketRules:
    """Which categories there are, when they are due, and whose they are.

    Attributes:
        due_workdays: By category.
        departments: By category; the others are `department`'s.
    """

    due_workdays: Mapping[str, int]
    departments: Mapping[str, str]
    department: str

    @property
    def categories(self) -> tuple[str, ...]:
        """What a citizen can choose from."""
        return tuple(name for name in self.due_workdays if name != RATING_CATEGORY)

    def due(self, category: str, day: date) -> date:
        """Return the day a ticket opened (again) on a day is due.

        Raises:
            DeskError: If there is no such category; names those there are.
        """
        if category not in self.due_workdays:
            raise DeskError(f"没有“{category}”这一类，可以选：{'、'.join(self.categories)}。")
        return add_workdays(day, self.due_workdays[category])

    def department_of(self, category: str) -> str:
        """Return whose tickets of a category are."""
        return self.departments.get(category, self.department)


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What a ticket is to be opened with.

    Attributes:
        origin: `citizen`, `rating` or `operator`.
        client_id: The same of one conversation and origin opens one ticket, however often it is sent.
        contact: Kept, sealed, only if `consented`.
        department: Empty means the category's.
    """

    category: str
    text: str
    origin: str = "citizen"
    conversation_id: str | None = None
    client_id: str | None = None
    department: str = ""
    region: str = ""
    contact: str = ""
    consented: bool = False


def check_contact(contact: str, *, consented: bool) -> str:
    """Return a contact worth keeping; empty for none.

    Raises:
        DeskError: If it is given without consent, or nobody could be reached by it; never shows it.
    """
    contact = contact.strip()
    if not contact:
        return ""
    if not consented:
        raise DeskError("留下联系方式需要您同意：请勾选同意，或者不填联系方式，凭编号和查询码查看进度。")
    if len(contact) > LONGEST_CONTACT_CHARS:
        raise DeskError(f"联系方式有 {len(contact)} 个字，最多 {LONGEST_CONTACT_CHARS} 个字。")
    if _REACHABLE.search(contact) is None:
        raise DeskError("联系方式里没有看到电话号码或邮箱，请检查后再填。")
    return contact


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of a ticket. `shown` says that `text` is meant for the citizen, too."""

    at: datetime
    actor: str
    step: str
    status: TicketStatus
    text: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket without its contact, which is opened only where it is needed."""

    id: int
    number: str
    conversation_id: str | None
    origin: str
    category: str
    department: str
    region: str
    text: str
    has_contact: bool
    status: TicketStatus
    opened_on: date
    due_on: date
    escalations: int
    external_id: str
    history: tuple[HistoryEntry, ...]

    def overdue_workdays(self, day: date) -> int:
        """Return by how many workdays it is overdue on a day; 0 if it is done or in time."""
        return workdays_after(self.due_on, day) if self.status in UNDONE else 0


class ProgressStep(BaseModel):
    """A step of a ticket as its citizen sees it."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    status: TicketStatus
    text: str


class TicketProgress(BaseModel):
    """A ticket as whoever has its number and code sees it; no contact, no names of those who handle it."""

    model_config = ConfigDict(frozen=True)

    number: str
    category: str
    department: str
    text: str
    status: TicketStatus
    status_name: str
    opened_on: date
    due_on: date
    overdue: bool
    history: tuple[ProgressStep, ...]


def progress_of(ticket: Ticket, day: date) -> TicketProgress:
    """Return what a citizen may see of a ticket on a day."""
    return TicketProgress(
        number=ticket.number,
        category=ticket.category,
        department=ticket.department,
        text=ticket.text,
        status=ticket.status,
        status_name=ticket.status.shown,
        opened_on=ticket.opened_on,
        due_on=ticket.due_on,
        overdue=ticket.overdue_workdays(day) > 0,
        history=tuple(
            ProgressStep(at=each.at, status=each.status, text=each.text)
            for each in ticket.history
            if each.shown
        ),
    )


def number_of(opened_on: date, id_: int) -> str:
    """Return a ticket's number, such as `WZ20261125-000123`."""
    return f"WZ{opened_on:%Y%m%d}-{id_:06d}"


def read_number(number: str) -> tuple[date, int] | None:
    """Return the day and the id in a ticket's number; None if it is none."""
    found = _NUMBER.fullmatch(number.strip().upper())
    if found is None:
        return None
    try:
        day = datetime.strptime(found[1], "%Y%m%d").date()
    except ValueError:
        return None
    return day, int(found[2])
