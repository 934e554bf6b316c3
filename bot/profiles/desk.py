"""Profiles, policies and reminders, put together from the settings."""

from dataclasses import dataclass

from sqlalchemy import Engine

from bot.profiles.policies import Policies
from bot.profiles.reminding import Reminders
from bot.profiles.store import Profiles
from bot.sealing import Seal
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class ProfileDesk:
    """All that matches people to policies, over one database. Safe to share between threads."""

    profiles: Profiles
    policies: Policies
    reminders: Reminders
    kept_days: int

    def tend(self) -> tuple[str, ...]:
        """Delete what has expired and write what is due; returns the conversations reminded."""
        self.profiles.expire(self.kept_days)
        return tuple(dict.fromkeys(each.who.conversation_id for each in self.reminders.write()))


def open_profile_desk(settings: Settings, engine: Engine) -> ProfileDesk:
    """Return the desk over an open database.

    Raises:
        SettingsError: If the contact key, which seals profiles too, is none.
    """
    seal = Seal(settings.data_dir, settings.contact_key.get_secret_value())
    profiles, policies = Profiles(engine, seal), Policies(engine)
    reminders = Reminders(engine, profiles, policies, seal, before_days=settings.remind_days)
    return ProfileDesk(profiles, policies, reminders, settings.profile_days)
