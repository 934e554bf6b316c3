"""Profiles in SQL, one a conversation. What a person told is one sealed text; none of it is ever logged.

What follows from a profile goes with it: reminders, and what answers said of it (`bot.profiles.mentions`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import CursorResult, Engine, ForeignKey, Text, delete, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversations import lock_conversation
from bot.profiles.consent import CONSENT_VERSION
from bot.profiles.mentions import forget_mentions
from bot.sealing import Seal
from knowledge_base.database import Base, UtcDateTime, database_faults
from knowledge_base.dates import SHANGHAI
from knowledge_base.eligibility.reading import json_of_profile, profile_of
from knowledge_base.eligibility.records import Profile
from knowledge_base.errors import ConsentMissing
from knowledge_base.revision import take_turn

# Used again so soon, it is not written down: that would be a write for every question.
USED_WITHIN = timedelta(hours=12)


class ProfileRow(Base):
    """Who consented to what when; `sealed` holds the profile."""

    __tablename__ = "profiles"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    consent_version: Mapped[str]
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PolicyReminderRow(Base):
    """A reminder for a consenting citizen, to be shown by whatever channel they use; gone with the profile.

    It stays when it is dismissed, so that nobody is told the same twice.
    """

    __tablename__ = "policy_reminders"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("profiles.conversation_id", ondelete="CASCADE"), index=True
    )
    sealed: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dismissed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ProfileWithdrawalRow(Base):
    """How many withdrew on a day in China: all that is left of them."""

    __tablename__ = "profile_withdrawals"

    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Consenting:
    """A person under consent, and when they last saw their list of policies."""

    conversation_id: str
    person: Profile
    seen_at: datetime


class Profiles:
    """All profiles in one SQL database. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal

    def consent(self, conversation_id: str, version: str, *, now: datetime | None = None) -> None:
        """Record consent to the text of that version, with an empty profile if there is none yet.

        Raises:
            ConsentMissing: If it is not the version in force.
        """
        if version != CONSENT_VERSION:
            raise ConsentMissing("同意书已更新，请看过新的一版再同意")
        at = now or datetime.now(UTC)
        with database_faults("同意无法保存"), Session(self._engine) as session, session.begin():
            lock_conversation(session, conversation_id)
            row = session.get(ProfileRow, conversation_id)
            if row is None:
                row = ProfileRow(conversation_id=conversation_id, sealed=self._sealed(Profile()))
                session.add(row)
            row.consent_version, row.consented_at, row.used_at, row.seen_at = version, at, at, at

    def save(self, conversation_id: str, person: Profile, *, now: datetime | None = None) -> None:
        """Put what a person told in the place of what they told before.

        They see their list anew now; reminders that rest on what they told before are dismissed.

        Raises:
            ConsentMissing: Without consent.
        """
        with database_faults("资料无法保存"), Session(self._engine) as session, session.begin():
            _overwrite_deleted(session)
            lock_conversation(session, conversation_id)
            row = session.get(ProfileRow, conversation_id)
            if row is None or row.consent_version != CONSENT_VERSION:
                raise ConsentMissing("还没有同意保存资料：先同意，再填写")
            at = now or datetime.now(UTC)
            row.sealed, row.used_at, row.seen_at = self._sealed(person), at, at
            waiting = update(PolicyReminderRow).filter_by(conversation_id=conversation_id, dismissed_at=None)
            session.execute(waiting.values(dismissed_at=at))

    def find(
        self, conversation_id: str, *, seen: bool = False, now: datetime | None = None
    ) -> Profile | None:
        """Return what a person told, and count it as used; None without consent to the text in force.

        Args:
            seen: They are shown their list of policies now.
        """
        at = now or datetime.now(UTC)
        with database_faults("资料无法读取"), Session(self._engine) as session, session.begin():
            row = session.get(ProfileRow, conversation_id)
            if row is None or row.consent_version != CONSENT_VERSION:
                return None
            if at - row.used_at > USED_WITHIN:
                row.used_at = at
            if seen:
                row.seen_at = at
            return self._opened(row.sealed)

    def withdraw(self, conversation_id: str, *, now: datetime | None = None) -> bool:
        """Delete a profile at once, overwritten in the file; only that one more withdrew is kept."""
        day = (now or datetime.now(UTC)).astimezone(SHANGHAI).date()
        with database_faults("资料无法删除"), Session(self._engine) as session, session.begin():
            _overwrite_deleted(session)
            take_turn(session)
            if not _deleted(session, [conversation_id]):
                return False
            count = session.get(ProfileWithdrawalRow, day)
            if count is None:
                session.add(ProfileWithdrawalRow(day=day, count=1))
            else:
                count.count += 1
        self._empty_log()
        return True

    def forget_if_withdrawn(self, conversation_id: str) -> None:
        """Take out what an answer said of a profile that was withdrawn while the answer was being made."""
        with database_faults("资料无法删除"), Session(self._engine) as session, session.begin():
            lock_conversation(session, conversation_id)
            if session.get(ProfileRow, conversation_id) is None:
                forget_mentions(session, [conversation_id])

    def expire(self, unused_days: int, *, now: datetime | None = None) -> int:
        """Delete profiles unused for longer, or kept under an older text; returns how many."""
        before = (now or datetime.now(UTC)) - timedelta(days=unused_days)
        with database_faults("资料无法删除"), Session(self._engine) as session, session.begin():
            _overwrite_deleted(session)
            take_turn(session)
            is_over = or_(ProfileRow.used_at < before, ProfileRow.consent_version != CONSENT_VERSION)
            old = select(ProfileRow.conversation_id).where(is_over)
            count = _deleted(session, session.scalars(old).all())
        if count:
            self._empty_log()
        return count

    def everyone(self) -> tuple[Consenting, ...]:
        """Return all under consent to the text in force, the earliest first."""
        wanted = select(ProfileRow).filter_by(consent_version=CONSENT_VERSION)
        with database_faults("资料无法读取"), Session(self._engine) as session:
            rows = session.scalars(wanted.order_by(ProfileRow.consented_at, ProfileRow.conversation_id))
            return tuple(
                Consenting(row.conversation_id, self._opened(row.sealed), row.seen_at) for row in rows
            )

    def _sealed(self, person: Profile) -> str:
        return self._seal.seal(json.dumps(json_of_profile(person), ensure_ascii=False))

    def _opened(self, sealed: str) -> Profile:
        return profile_of(json.loads(self._seal.open(sealed)), "资料")

    def _empty_log(self) -> None:
        """Empty SQLite's write-ahead log, which still holds the page as it was before."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def _overwrite_deleted(session: Session) -> None:
    """Have SQLite overwrite what this transaction deletes, which it otherwise leaves in the file."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete = ON"))


def _deleted(session: Session, conversation_ids: Sequence[str]) -> int:
    """Delete profiles and what follows from them; returns how many there were."""
    session.execute(delete(PolicyReminderRow).where(PolicyReminderRow.conversation_id.in_(conversation_ids)))
    forget_mentions(session, conversation_ids)
    gone = session.execute(delete(ProfileRow).where(ProfileRow.conversation_id.in_(conversation_ids)))
    assert isinstance(gone, CursorResult)
    return gone.rowcount
