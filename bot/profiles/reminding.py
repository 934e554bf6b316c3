"""Reminding people of what now reaches them: written to an outbox, once for each occasion.

An occasion is a rule that reaches a person now and did not when they last saw their list (a new rule, a new
document's rule, a birthday); the article it rests on in force in a new version since; or a last day that is
near. Channels show the outbox; what a person has dismissed stays, so that it is not said again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.conversations import lock_conversation
from bot.profiles.policies import Policies, place_of, reasons_of
from bot.profiles.store import Consenting, PolicyReminderRow, ProfileRow, Profiles
from bot.sealing import Seal
from knowledge_base.database import database_faults
from knowledge_base.dates import SHANGHAI, utc_now
from knowledge_base.eligibility.judging import Truth, judge
from knowledge_base.eligibility.records import Kind, Profile, Rule
from knowledge_base.eligibility.store import RuleHistory
from knowledge_base.records import Chunk


class Reminder(BaseModel):
    """What a person is reminded of; `occasion` tells one reminder of a rule from another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    occasion: str
    title: str
    text: str


class WrittenReminder(Reminder):
    """One in the outbox that was not dismissed."""

    id: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder for a person, not yet written."""

    who: Consenting
    reminder: Reminder


class Reminders:
    """Finds what is due and keeps the outbox. Safe to share between threads and processes."""

    def __init__(
        self, engine: Engine, profiles: Profiles, policies: Policies, seal: Seal, *, before_days: int
    ) -> None:
        """`before_days` before its last day, a policy that has to be applied for is reminded of."""
        self._engine = engine
        self._profiles = profiles
        self._policies = policies
        self._seal = seal
        self._before = timedelta(days=before_days)

    def due(self) -> tuple[Due, ...]:
        """Return what should be said and was not; writes nothing."""
        found = []
        history, articles = self._policies.rules.everything(), _Articles(self._policies)
        for who in self._profiles.everyone():
            with database_faults("提醒无法读取"), Session(self._engine) as session:
                told = self._told(session, who.conversation_id)
            found += [
                Due(who, each)
                for each in self._occasions(who, history, articles)
                if (each.rule, each.occasion) not in told
            ]
        return tuple(found)

    def write(self) -> tuple[Due, ...]:
        """Put what is due into the outbox; returns what this call has written.

        Looked up again under the lock of the conversation: of several processes one writes it, and who
        withdrew meanwhile gets nothing.
        """
        written = []
        for each in self.due():
            conversation_id = each.who.conversation_id
            with database_faults("提醒无法保存"), Session(self._engine) as session, session.begin():
                lock_conversation(session, conversation_id)
                key = (each.reminder.rule, each.reminder.occasion)
                if session.get(ProfileRow, conversation_id) is None:
                    continue
                if key in self._told(session, conversation_id):
                    continue
                session.add(
                    PolicyReminderRow(
                        conversation_id=conversation_id,
                        sealed=self._seal.seal(each.reminder.model_dump_json()),
                        written_at=utc_now(),
                    )
                )
            written.append(each)
        return tuple(written)

    def waiting(self, conversation_id: str) -> tuple[WrittenReminder, ...]:
        """Return the reminders of a person that they have not dismissed, the earliest first.

        One about a rule that is no longer in force is held back.
        """
        in_force = {rule.code for rule in self._policies.in_force()}
        wanted = (
            select(PolicyReminderRow)
            .filter_by(conversation_id=conversation_id, dismissed_at=None)
            .order_by(PolicyReminderRow.id)
        )
        with database_faults("提醒无法读取"), Session(self._engine) as session:
            opened = [(row, self._opened(row.sealed)) for row in session.scalars(wanted)]
            return tuple(
                WrittenReminder(**each.model_dump(), id=row.id, written_at=row.written_at)
                for row, each in opened
                if each.rule in in_force
            )

    def dismiss(self, conversation_id: str, reminder_id: int) -> bool:
        """Show a reminder no more; False if the conversation has no such one."""
        with database_faults("提醒无法保存"), Session(self._engine) as session, session.begin():
            row = session.get(PolicyReminderRow, reminder_id)
            if row is None or row.conversation_id != conversation_id:
                return False
            row.dismissed_at = row.dismissed_at or utc_now()
        return True

    def _told(self, session: Session, conversation_id: str) -> frozenset[tuple[str, str]]:
        sealed = session.scalars(select(PolicyReminderRow.sealed).filter_by(conversation_id=conversation_id))
        told = map(self._opened, sealed)
        return frozenset((each.rule, each.occasion) for each in told)

    def _opened(self, sealed: str) -> Reminder:
        return Reminder.model_validate(json.loads(self._seal.open(sealed)))

    def _occasions(self, who: Consenting, history: RuleHistory, articles: "_Articles") -> Iterator[Reminder]:
        today, seen = self._policies.today, who.seen_at.astimezone(SHANGHAI).date()
        reached_then = {
            rule.code
            for rule in history.at(who.seen_at)
            if rule.in_force(seen) and judge(rule.when, who.person, seen).truth is Truth.YES
        }
        for rule in self._policies.in_force():
            judgement = judge(rule.when, who.person, today)
            if judgement.truth is not Truth.YES:
                continue
            because = "；".join(reasons_of(judgement))
            if rule.code not in reached_then:
                yield _reminder(rule, "reached", f"您现在可能符合“{rule.title}”（{rule.kind}）：{because}。")
            else:
                chunk = articles.of(rule, who.person)
                begun = chunk.effective_from if chunk else None
                if chunk and begun and seen < begun <= today:
                    text = (
                        f"《{rule.law_title}》自{begun:%Y年%-m月%-d日}起施行，"
                        f"您可能符合其中的“{rule.title}”：{because}。"
                    )
                    yield _reminder(rule, f"version:{chunk.version_id}", text)
            last = rule.effective_until
            if last and rule.kind is Kind.ON_APPLICATION and last - today <= self._before:
                text = f"您可能符合的“{rule.title}”{last:%Y年%-m月%-d日}截止，需要自己申请：{because}。"
                yield _reminder(rule, f"until:{last.isoformat()}", text)


class _Articles:
    """The articles that rules rest on, each looked up once however many people a rule reaches."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._known: dict[tuple[str, str], Chunk | None] = {}

    def of(self, rule: Rule, person: Profile) -> Chunk | None:
        key = (rule.code, place_of(rule) or person.region or "")
        if key not in self._known:
            article = self._policies.article(rule, person)
            self._known[key] = article[0] if article else None
        return self._known[key]


def _reminder(rule: Rule, occasion: str, text: str) -> Reminder:
    return Reminder(rule=rule.code, occasion=occasion, title=rule.title, text=text)
