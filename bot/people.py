"""People behind the service, put together from the settings: desk, agents, tickets, ratings."""

from dataclasses import dataclass

from sqlalchemy import Engine

from bot.desk.agents import Agents
from bot.desk.desk import Desk
from bot.desk.front import FrontDesk
from bot.desk.hours import OpeningHours, read_spans
from bot.desk.sweeping import Patience, sweep
from bot.ratings import Ratings
from bot.sealing import Seal
from bot.settings import Settings
from bot.tickets.courier import Courier
from bot.tickets.records import TicketRules
from bot.tickets.store import Tickets


@dataclass(frozen=True, slots=True)
class People:
    """All that concerns people, over one database. Safe to share between threads."""

    agents: Agents
    desk: Desk
    front: FrontDesk
    tickets: Tickets
    ratings: Ratings
    patience: Patience
    courier: Courier | None

    def sweep(self) -> tuple[str, ...]:
        """Do what time asks of the queue; returns the conversations in which something happened."""
        return sweep(self.front, self.patience)

    def escalate(self) -> None:
        """Escalate overdue tickets."""
        self.tickets.escalate()

    def deliver(self) -> None:
        """Send the other system what waits for it."""
        if self.courier is not None:
            self.courier.deliver()


def open_people(settings: Settings, engine: Engine) -> People:
    """Return the people's side of the service over an open database.

    Raises:
        SettingsError: If the contact key is none.
    """
    seal = Seal(settings.data_dir, settings.contact_key.get_secret_value())
    desk = Desk(engine, lost_s=settings.desk_lost_s)
    rules = TicketRules(settings.ticket_due_workdays, settings.ticket_departments, settings.ticket_department)
    tickets = Tickets(engine, rules, seal, announce=bool(settings.webhook_url))
    hours = OpeningHours(
        read_spans(settings.desk_hours), settings.desk_every_day, frozenset(settings.desk_closed_on)
    )
    courier = None
    if settings.webhook_url:
        courier = Courier(
            engine,
            url=settings.webhook_url,
            secret=settings.webhook_secret.get_secret_value(),
            seal=seal if settings.webhook_with_contact else None,
        )
    return People(
        agents=Agents(engine, lost_s=settings.desk_lost_s),
        desk=desk,
        front=FrontDesk(desk, hours, settings.desk_max_waiting, rules.categories),
        tickets=tickets,
        ratings=Ratings(engine, tickets),
        patience=Patience(silent_s=settings.desk_silent_s, long_wait_s=settings.desk_long_wait_s),
        courier=courier,
    )
