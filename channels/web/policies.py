"""What a citizen asks of their profile on a line, and the reminders that wait for them."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import assert_never

import anyio
from anyio import to_thread
from pydantic import JsonValue

from bot.profiles.consent import CONSENT_VERSION, consent_text
from bot.profiles.desk import ProfileDesk
from channels.people_counter import Refusal
from channels.profile_protocol import (
    Consent,
    ConsentToProfile,
    DismissReminder,
    OpenProfile,
    PoliciesMessage,
    PolicyRemindersMessage,
    ProfileForm,
    ProfileMessage,
    SaveProfile,
    Told,
    WithdrawProfile,
)
from channels.protocol import ErrorCode
from channels.reception import Library, Reception
from channels.session import ServerSession
from knowledge_base.eligibility.asking import places_to_choose
from knowledge_base.eligibility.records import Profile
from knowledge_base.errors import ConsentMissing, DeskError, StoreError

_log = logging.getLogger(__name__)

REMINDERS_S = 60.0
NO_REMINDER = "没有找到这条提醒，可能已经删除。"


class ProfileLine:
    """What one connection does about the profile of its citizen and the reminders that wait for them."""

    def __init__(
        self,
        reception: Reception,
        session: ServerSession,
        *,
        wait_s: Callable[[], float],
        send: Callable[[Mapping[str, JsonValue]], Awaitable[None]],
        refuse: Callable[[Refusal, ProfileMessage], Awaitable[None]],
    ) -> None:
        """`wait_s` is how long the limits make this client wait; 0 for not at all."""
        self._reception = reception
        self._session = session
        self._wait_s = wait_s
        self._send = send
        self._refuse = refuse

    async def take(self, message: ProfileMessage) -> None:
        """Carry a message out and tell what comes of it."""
        if wait_s := self._wait_s():
            reason = f"操作太快了，请 {wait_s:.0f} 秒后再试。"
            await self._refuse(Refusal(ErrorCode.RATE_LIMITED, reason, wait_s), message)
            return
        outcome = await to_thread.run_sync(
            carry_out, self._reception, self._conversation_id, message, self._session.cursor
        )
        if isinstance(outcome, Refusal):
            await self._refuse(outcome, message)
        elif outcome is not None:
            await self._send(outcome.model_dump(mode="json"))

    async def tell_reminders(self) -> None:
        """Tell what waits in the outbox, each reminder once a line; work on until cancelled."""
        told: set[int] = set()
        while True:
            with self._reception.bells.listening(self._conversation_id) as bell:
                news = await to_thread.run_sync(
                    new_reminders, self._reception.profiles, self._conversation_id, self._session.cursor, told
                )
                if news is not None:
                    told.update(each.id for each in news.reminders)
                    await self._send(news.model_dump(mode="json"))
                with anyio.move_on_after(REMINDERS_S):
                    await bell.wait()

    @property
    def _conversation_id(self) -> str:
        conversation_id = self._session.conversation_id
        if conversation_id is None:
            raise LookupError("a profile is asked for before the conversation is open")
        return conversation_id


def carry_out(
    reception: Reception, conversation_id: str, message: ProfileMessage, seq: int
) -> PoliciesMessage | Refusal | None:
    """Carry a message out; returns how it stands then, or why it was refused. Called in a thread."""
    desk, deleted = reception.profiles, False
    try:
        match message:
            case OpenProfile():
                pass
            case ConsentToProfile(version=version):
                desk.profiles.consent(conversation_id, version)
            case SaveProfile(told=told):
                desk.profiles.save(conversation_id, _asked_only(told, _form(desk, reception.library)).profile)
            case WithdrawProfile():
                deleted = desk.profiles.withdraw(conversation_id)
            case DismissReminder(id=reminder_id):
                found = desk.reminders.dismiss(conversation_id, reminder_id)
                return None if found else Refusal(ErrorCode.NOT_FOUND, NO_REMINDER)
            case _:
                assert_never(message)
    except ConsentMissing as missing:
        return Refusal(ErrorCode.REFUSED, f"{missing}。")
    person = desk.profiles.find(conversation_id, seen=True)
    return PoliciesMessage(
        seq=seq,
        consent=Consent(version=CONSENT_VERSION, text=consent_text(desk.kept_days), given=person is not None),
        form=_form(desk, reception.library),
        told=None if person is None else Told.of(person),
        found=None if person is None else desk.policies.found(person),
        deleted=deleted,
    )


def told_with_consent(desk: ProfileDesk, conversation_id: str) -> Profile | None:
    """Return what a citizen told with consent; None also where it cannot be read: a question is answered."""
    try:
        return desk.profiles.find(conversation_id)
    except (StoreError, DeskError):
        _log.exception("a profile cannot be read")
        return None


def new_reminders(
    desk: ProfileDesk, conversation_id: str, seq: int, told: Collection[int]
) -> PolicyRemindersMessage | None:
    """Return the reminders that wait and were not told on this line; None where there is none."""
    try:
        waiting = desk.reminders.waiting(conversation_id)
    except (StoreError, DeskError):
        _log.exception("reminders cannot be read")
        return None
    new = tuple(each for each in waiting if each.id not in told)
    return PolicyRemindersMessage(seq=seq, reminders=new) if new else None


def _form(desk: ProfileDesk, library: Library) -> ProfileForm:
    asked = desk.policies.asked()
    return ProfileForm(
        birth_year=asked.birth_year,
        children=asked.children,
        regions=places_to_choose((*asked.regions, *library.regions(), *desk.policies.places()))
        if asked.regions
        else (),
        tags=asked.tags,
        enterprise=asked.enterprise,
    )


def _asked_only(told: Told, form: ProfileForm) -> Told:
    """Return what was asked for, and nothing else that a client may send."""
    marks = {*form.tags, *form.enterprise}
    return told.model_copy(
        update={
            "birth_year": told.birth_year if form.birth_year else None,
            "region": told.region if told.region in form.regions else None,
            "children": told.children if form.children else None,
            "tags": tuple(mark for mark in told.tags if mark in form.tags),
            "enterprise": tuple(mark for mark in told.enterprise if mark in form.enterprise),
            "without": tuple(mark for mark in told.without if mark in marks),
        }
    )
