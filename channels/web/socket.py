"""The WebSocket `/ws/v1/chat`: carries out what `channels.session` decides.

Nothing queues up for a slow client: events wait in the database, and a connection reads on only when the
client has taken what was sent. A question in hand is finished and recorded even when its client is gone.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from pydantic import JsonValue
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.answer import Answer, AnswerStatus, Question
from bot.conversations import Conversation
from bot.tickets.records import TicketProgress
from channels.people_counter import Citizen, Refusal
from channels.people_protocol import PeopleMessage, TicketProgressMessage
from channels.profile_protocol import ProfileMessage
from channels.protocol import (
    Accepted,
    AnswerMessage,
    BlockMessage,
    ErrorCode,
    ErrorMessage,
    FeedbackMessage,
    FeedbackSaved,
    Hello,
    Limits,
    QuestionMessage,
    Welcome,
)
from channels.reception import NotReadyError, Reception
from channels.session import Action, Ask, Attend, Close, FindPolicies, Open, Rate, Say, ServerSession
from channels.web.policies import ProfileLine, told_with_consent
from knowledge_base.errors import QuestionRejected

log = logging.getLogger(__name__)

CHANNEL = "websocket"
IDLE_S = 600.0
SEND_TIMEOUT_S = 20.0
# Another worker may record an answer this one was not rung for.
POLL_S = 5.0
QUESTIONS_IN_HAND = 8
SIGN_OF_LIFE_S = 60.0
NOT_READY_RETRY_S = 3.0

CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_TRY_LATER = 1013


async def chat(websocket: WebSocket) -> None:
    """Serve one connection until either side ends it."""
    reception: Reception = websocket.app.state.reception
    if not origin_allowed(websocket.headers, reception.settings.allowed_origins):
        await websocket.close(CLOSE_POLICY)
        return
    await websocket.accept()
    reception.metrics.open_sockets.inc()
    try:
        await Line(websocket, reception).run()
    finally:
        reception.metrics.open_sockets.dec()


def origin_allowed(headers: Mapping[str, str], allowed: Sequence[str]) -> bool:
    """Tell whether a page may connect: one of this host, one that is allowed, or no page at all."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host") or origin in allowed


class Line:
    """One connection: a reader, a teller of events, and one question at a time in hand."""

    def __init__(self, websocket: WebSocket, reception: Reception) -> None:
        self._websocket = websocket
        self._reception = reception
        self._conversations = reception.conversations
        self._session = ServerSession(max_question_chars=reception.settings.max_question_chars)
        self._id = uuid4().hex
        self._address = websocket.client.host if websocket.client else ""
        self._sending = anyio.Lock()
        self._in_hand, self._next_question = anyio.create_memory_object_stream[tuple[str, QuestionMessage]](
            QUESTIONS_IN_HAND
        )
        self._region: str | None = None
        self._locale: str | None = None
        self._profile = ProfileLine(
            reception, self._session, wait_s=self._wait_s, send=self._send, refuse=self._refuse_message
        )

    async def run(self) -> None:
        """Serve until the client leaves, is idle or too slow, or the server stops."""
        try:
            async with anyio.create_task_group() as tasks, self._in_hand, self._next_question:
                tasks.start_soon(self._answer_questions)
                tasks.start_soon(self._leave_when_closing, tasks)
                await self._read(tasks)
                tasks.cancel_scope.cancel()
        except* (WebSocketDisconnect, TimeoutError) as gone:
            log.debug("connection ended", extra={"reason": repr(gone.exceptions[0])})

    async def _read(self, tasks: TaskGroup) -> None:
        while True:
            with anyio.move_on_after(IDLE_S) as idle:
                message = await self._websocket.receive()
            if idle.cancelled_caught:
                await self._close(CLOSE_GOING_AWAY)
                return
            if message["type"] == "websocket.disconnect":
                return
            frame: str | bytes = message.get("text") or message.get("bytes") or ""
            for action in self._session.receive(frame):
                if isinstance(action, Close):
                    await self._close(action.code)
                    return
                try:
                    await self._carry_out(action, tasks)
                except (WebSocketDisconnect, TimeoutError):
                    raise
                except Exception:
                    log.exception("message failed", extra={"action": type(action).__name__})
                    question = action.question if isinstance(action, Ask) else None
                    await self._refuse(ErrorCode.INTERNAL, self._apology, question)
                    if isinstance(action, Open):
                        return

    async def _carry_out(self, action: Action, tasks: TaskGroup) -> None:
        match action:
            case Open(hello):
                await self._open(hello)
                tasks.start_soon(self._tell_events)
                tasks.start_soon(self._stay_in_queue)
                tasks.start_soon(self._profile.tell_reminders)
            case Ask(question):
                await self._take(question)
            case Rate(feedback):
                await self._rate(feedback)
            case Attend(wanted):
                await self._attend(wanted)
            case FindPolicies(of_profile):
                await self._profile.take(of_profile)
            case Say(message):
                if message.type == "error":
                    message = self._counted(message)
                    self._reception.metrics.reject(CHANNEL, message.code)
                await self._send(message.model_dump(mode="json", exclude_none=True))

    def _counted(self, fault: ErrorMessage) -> ErrorMessage:
        """Count a frame that asks for nothing like a question: a flood of them is limited as well."""
        wait_s = self._wait_s()
        if not wait_s:
            return fault
        reason = f"发送太快了，请 {wait_s:.0f} 秒后再试。"
        return fault.model_copy(
            update={"code": ErrorCode.RATE_LIMITED, "message": reason, "retry_after_s": wait_s}
        )

    async def _open(self, hello: Hello) -> None:
        if wait_s := self._reception.limits.wait_s(address=self._address):
            reason = f"连接太频繁了，请 {wait_s:.0f} 秒后再试。"
            await self._refuse(ErrorCode.RATE_LIMITED, reason, None, wait_s)
            await self._close(CLOSE_TRY_LATER)
            raise WebSocketDisconnect(CLOSE_TRY_LATER)
        conversation, token, cursor = await to_thread.run_sync(self._open_or_resume, hello)
        self._region = hello.region or conversation.region
        self._locale = hello.locale or conversation.locale
        self._session.opened(conversation.id, cursor)
        welcome = Welcome(
            seq=cursor,
            conversation_id=conversation.id,
            resume_token=token,
            resumed=token == hello.resume_token,
            home_region=await self._reception.home_region(),
            regions=await to_thread.run_sync(self._reception.library.regions),
            limits=Limits(max_question_chars=self._reception.settings.max_question_chars),
        )
        await self._send(welcome.model_dump(mode="json"))

    def _open_or_resume(self, hello: Hello) -> tuple[Conversation, str, int]:
        if hello.resume_token and (known := self._conversations.resume(hello.resume_token)):
            return known, hello.resume_token, min(hello.last_seq, known.last_seq)
        conversation, token = self._conversations.open(region=hello.region, locale=hello.locale)
        return conversation, token, 0

    async def _take(self, message: QuestionMessage) -> None:
        if self._reception.backend is None:
            await self._refuse(ErrorCode.NOT_READY, f"{self._reception.waiting_for}，请稍候再问。", message)
            return
        wait_s = self._wait_s()
        if wait_s:
            await self._refuse(
                ErrorCode.RATE_LIMITED, f"提问太快了，请 {wait_s:.0f} 秒后再试。", message, wait_s
            )
            return
        if self._in_hand.statistics().current_buffer_used >= QUESTIONS_IN_HAND:
            reason = f"还有 {QUESTIONS_IN_HAND} 个问题在处理，请等回答后再问。"
            await self._refuse(ErrorCode.RATE_LIMITED, reason, message, 1.0)
            return
        conversation_id, answer_id = self._conversation_id, uuid4().hex
        accepted = Accepted(seq=0, client_id=message.client_id, answer_id=answer_id)
        recorded = await to_thread.run_sync(
            lambda: self._conversations.record_question(
                conversation_id,
                message.client_id,
                message.text,
                answer_id=answer_id,
                events=[accepted.model_dump(mode="json", exclude={"seq"})],
            )
        )
        if recorded.new:
            self._reception.bells.ring(conversation_id)
        else:
            events = await to_thread.run_sync(
                self._conversations.events_of, conversation_id, recorded.answer_id
            )
            for wire in self._session.again(events):
                await self._send(wire)
        if not recorded.answered:
            self._in_hand.send_nowait((recorded.answer_id, message))

    async def _answer_questions(self) -> None:
        async for answer_id, message in self._next_question:
            with anyio.CancelScope(shield=True):
                refusal = await self._answer(answer_id, message)
            if refusal:
                code, reason, retry_after_s = refusal
                await self._refuse(code, reason, message, retry_after_s)

    async def _answer(
        self, answer_id: str, message: QuestionMessage
    ) -> tuple[ErrorCode, str, float | None] | None:
        """Answer and record; returns why not where that failed. The client may then ask the same again."""
        conversation_id = self._conversation_id
        try:
            history = await to_thread.run_sync(
                lambda: self._conversations.history(conversation_id, before_answer=answer_id)
            )
            question = Question(
                question=message.text,
                history=history,
                region=message.region or self._region,
                locale=message.locale or self._locale,
                as_of=message.as_of,
                can_wait=True,
                unanswered_before=await to_thread.run_sync(
                    self._conversations.unanswered_streak, conversation_id
                ),
                state=await to_thread.run_sync(self._conversations.dialogue_state, conversation_id),
                person=await to_thread.run_sync(told_with_consent, self._reception.profiles, conversation_id),
            )
            answer = await self._reception.answer(question, channel=CHANNEL)
            events = _answer_events(answer_id, message.client_id, answer)
            await to_thread.run_sync(
                lambda: self._conversations.record_answer(conversation_id, answer_id, answer, events=events)
            )
            if any(block.type == "policy" for block in answer.blocks):
                await to_thread.run_sync(
                    self._reception.profiles.profiles.forget_if_withdrawn, conversation_id
                )
            citizen = self._citizen(message.region)
            if answer.status is AnswerStatus.HANDED_TO_HUMAN:
                await to_thread.run_sync(self._reception.counter.call, citizen)
                self._reception.ring_desk()
            elif answer.status is AnswerStatus.TICKET:
                await to_thread.run_sync(self._reception.counter.offer_ticket, citizen)
        except QuestionRejected as rejected:
            return ErrorCode(rejected.code), str(rejected), None
        except NotReadyError as waiting:
            return ErrorCode.NOT_READY, f"{waiting}，请稍候再问。", NOT_READY_RETRY_S
        except Exception:
            log.exception("question failed", extra={"trace_id": answer_id})
            return ErrorCode.INTERNAL, self._apology, None
        self._reception.bells.ring(conversation_id)
        return None

    async def _rate(self, feedback: FeedbackMessage) -> None:
        conversation_id = self._conversation_id
        wait_s = self._wait_s()
        if wait_s:
            await self._refuse(
                ErrorCode.RATE_LIMITED, f"操作太快了，请 {wait_s:.0f} 秒后再试。", None, wait_s
            )
            return
        saved = FeedbackSaved(seq=0, answer_id=feedback.answer_id, value=feedback.value)

        def store() -> bool:
            found = self._conversations.feedback(
                conversation_id, feedback.answer_id, feedback.value, feedback.reason
            )
            if found:
                self._conversations.append_event(
                    conversation_id, saved.model_dump(mode="json", exclude={"seq"})
                )
            return found

        if await to_thread.run_sync(store):
            self._reception.bells.ring(conversation_id)
        else:
            await self._refuse(ErrorCode.NOT_FOUND, "没有找到要评价的回答，请在收到回答后再评价。", None)

    async def _attend(self, message: PeopleMessage) -> None:
        """Have a message about people carried out; what comes of it is told with the other events."""
        wait_s = self._wait_s()
        if wait_s:
            reason = f"操作太快了，请 {wait_s:.0f} 秒后再试。"
            await self._refuse_message(Refusal(ErrorCode.RATE_LIMITED, reason, wait_s), message)
            return
        citizen = self._citizen()
        outcome = await to_thread.run_sync(self._reception.counter.attend, citizen, message)
        self._reception.bells.ring(citizen.conversation_id)
        self._reception.ring_desk()
        if isinstance(outcome, TicketProgress):
            progress = TicketProgressMessage(seq=self._session.cursor, ticket=outcome)
            await self._send(progress.model_dump(mode="json"))
        elif outcome is not None:
            await self._refuse_message(outcome, message)

    def _wait_s(self) -> float:
        return self._reception.limits.wait_s(address=self._address, connection=self._id)

    def _citizen(self, region: str | None = None) -> Citizen:
        return Citizen(self._conversation_id, region or self._region, self._locale, self._address)

    async def _refuse_message(self, refusal: Refusal, message: PeopleMessage | ProfileMessage) -> None:
        self._reception.metrics.reject(CHANNEL, refusal.code)
        client_id = getattr(message, "client_id", None)
        said = self._session.refuse(refusal.code, refusal.message, client_id, refusal.retry_after_s)
        await self._send(said.message.model_dump(mode="json", exclude_none=True))

    async def _stay_in_queue(self) -> None:
        """Give signs of life while the line is open: who has left the queue loses their place."""
        while True:
            await to_thread.run_sync(self._reception.people.desk.citizen_is_here, self._conversation_id)
            await anyio.sleep(SIGN_OF_LIFE_S)

    async def _tell_events(self) -> None:
        conversation_id = self._conversation_id
        while True:
            with self._reception.bells.listening(conversation_id) as bell:
                events = await to_thread.run_sync(
                    self._conversations.events_after, conversation_id, self._session.cursor
                )
                for wire in self._session.due(events):
                    await self._send(wire)
                if not events:
                    with anyio.move_on_after(POLL_S):
                        await bell.wait()

    async def _leave_when_closing(self, tasks: TaskGroup) -> None:
        await self._reception.closing.wait()
        await self._close(CLOSE_GOING_AWAY)
        tasks.cancel_scope.cancel()

    async def _refuse(
        self,
        code: ErrorCode,
        reason: str,
        message: QuestionMessage | None,
        retry_after_s: float | None = None,
    ) -> None:
        if code is ErrorCode.NOT_READY:
            retry_after_s = NOT_READY_RETRY_S
        self._reception.metrics.reject(CHANNEL, code)
        refusal = self._session.refuse(code, reason, message.client_id if message else None, retry_after_s)
        await self._send(refusal.message.model_dump(mode="json", exclude_none=True))

    async def _send(self, message: Mapping[str, JsonValue]) -> None:
        with anyio.fail_after(SEND_TIMEOUT_S):
            async with self._sending:
                try:
                    await self._websocket.send_text(json.dumps(message, ensure_ascii=False))
                except RuntimeError as error:
                    # How Starlette says that the client left, or was sent away, between two messages.
                    raise WebSocketDisconnect(CLOSE_GOING_AWAY) from error

    async def _close(self, code: int) -> None:
        async with self._sending:
            await self._websocket.close(code)

    @property
    def _apology(self) -> str:
        return f"系统出错，未能处理。请稍后再试，或拨打 {self._reception.settings.hotline}。"

    @property
    def _conversation_id(self) -> str:
        conversation_id = self._session.conversation_id
        if conversation_id is None:
            raise LookupError("the session decided to act before its conversation was open")
        return conversation_id


def _answer_events(answer_id: str, client_id: str, answer: Answer) -> list[dict[str, JsonValue]]:
    blocks = [
        BlockMessage(seq=0, answer_id=answer_id, index=index, block=block)
        for index, block in enumerate(answer.blocks)
    ]
    whole = AnswerMessage(seq=0, answer_id=answer_id, client_id=client_id, answer=answer)
    return [message.model_dump(mode="json", exclude={"seq"}) for message in (*blocks, whole)]
