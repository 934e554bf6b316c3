"""The WebSocket `/ws/v1/desk`: carries out what `channels.desk.session` decides.

All state is in the database: any process serves any agent, and one that dies costs no conversation. The agent
counts as there while their client pings; the queue is looked at when something rings, and every `LOOK_S` for
what other processes did.
"""

import logging
import time
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.answer import Question
from bot.desk.agents import Presence
from bot.desk.agents import SignOn as Signed
from bot.desk.handover import Handover
from bot.desk.notices import BackReason
from bot.routing import wants_person
from channels.desk.protocol import (
    AgentSay,
    AnyAgentMessage,
    AnyDeskMessage,
    EndTalk,
    Join,
    Overview,
    OverviewIs,
    SetPresence,
    SignedOn,
    SignOn,
    Suggest,
    Suggestion,
    TransferTo,
    agent_card,
    handover_card,
)
from channels.desk.session import (
    CLOSE_NORMAL,
    CLOSE_POLICY,
    Admit,
    DeskAction,
    DeskSession,
    Hang,
    Leave,
    Perform,
    Tell,
    refuse,
)
from channels.protocol import ErrorCode
from channels.reception import DESK, NotReadyError, Reception
from channels.web.socket import CLOSE_GOING_AWAY, CLOSE_TRY_LATER, IDLE_S, SEND_TIMEOUT_S, origin_allowed
from knowledge_base.errors import DeskError, QuestionRejected

LOOK_S = 1.0
RENEW_S = 5.0
CHANNEL = "desk"

log = logging.getLogger(__name__)


async def desk(websocket: WebSocket) -> None:
    """Serve one agent's connection until either side ends it."""
    reception: Reception = websocket.app.state.reception
    if not origin_allowed(websocket.headers, reception.settings.allowed_origins):
        await websocket.close(CLOSE_POLICY)
        return
    await websocket.accept()
    await DeskLine(websocket, reception).run()


class DeskLine:
    """One agent's connection: a reader, and one who looks after the talks at hand."""

    def __init__(self, websocket: WebSocket, reception: Reception) -> None:
        self._websocket = websocket
        self._reception = reception
        self._people = reception.people
        self._session = DeskSession()
        self._address = websocket.client.host if websocket.client else ""
        self._sending = anyio.Lock()
        self._signed: Signed | None = None
        self._heard_s = time.monotonic()

    async def run(self) -> None:
        """Serve until the agent leaves, signs on elsewhere, or the server stops."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._leave_when_closing, tasks)
                await self._read(tasks)
                tasks.cancel_scope.cancel()
        except* (WebSocketDisconnect, TimeoutError) as gone:
            log.debug("desk connection ended", extra={"reason": repr(gone.exceptions[0])})

    async def _read(self, tasks: TaskGroup) -> None:
        while True:
            with anyio.move_on_after(IDLE_S) as idle:
                message = await self._websocket.receive()
            if idle.cancelled_caught:
                await self._close(CLOSE_GOING_AWAY)
                return
            if message["type"] == "websocket.disconnect":
                return
            self._heard_s = time.monotonic()
            for action in self._session.receive(message.get("text") or message.get("bytes") or ""):
                if not await self._carry_out(action, tasks):
                    return

    async def _carry_out(self, action: DeskAction, tasks: TaskGroup) -> bool:
        """Do it; False when the connection is over."""
        match action:
            case Tell(message):
                await self._send(message)
            case Hang(code):
                await self._close(code)
                return False
            case Admit(sign_on):
                return await self._admit(sign_on, tasks)
            case Leave():
                await to_thread.run_sync(self._people.agents.be, self._on, Presence.OFFLINE)
                self._reception.ring_swept(await to_thread.run_sync(self._people.sweep))
                await self._close(CLOSE_NORMAL)
                return False
            case Perform(message):
                try:
                    await self._perform(message, tasks)
                except DeskError as error:
                    client_id = message.client_id if isinstance(message, AgentSay) else None
                    await self._send(refuse(ErrorCode.REFUSED, str(error), client_id))
                except (WebSocketDisconnect, TimeoutError):
                    raise
                except Exception:
                    log.exception("desk message failed", extra={"action": type(message).__name__})
                    await self._send(refuse(ErrorCode.INTERNAL, "系统出错，未能处理，请重试。"))
        return True

    async def _admit(self, message: SignOn, tasks: TaskGroup) -> bool:
        if self._reception.limits.wait_s(address=self._address):
            await self._send(refuse(ErrorCode.RATE_LIMITED, "登录太频繁了，请稍后再试。"))
            await self._close(CLOSE_TRY_LATER)
            return False
        presence = Presence.AWAY if message.away else Presence.ONLINE
        signed = await to_thread.run_sync(self._people.agents.sign_on, message.token, presence)
        if signed is None:
            await self._send(refuse(ErrorCode.REFUSED, "令牌不对，或者已经停用。"))
            await self._close(CLOSE_POLICY)
            return False
        self._signed = signed
        self._session.admitted(presence)
        await self._send(SignedOn(agent=agent_card(signed.agent)))
        log.info("agent signed on", extra={"agent": signed.agent.id})
        tasks.start_soon(self._look_after, tasks)
        return True

    async def _perform(self, message: AnyAgentMessage, tasks: TaskGroup) -> None:
        agent_id, desk_ = self._on.agent.id, self._people.desk
        before = {each.id: each for each in await to_thread.run_sync(desk_.held_by, agent_id)}
        match message:
            case SetPresence(away=away):
                presence = Presence.AWAY if away else Presence.ONLINE
                if await to_thread.run_sync(self._people.agents.be, self._on, presence):
                    for changed in self._session.presence(presence.value):
                        await self._send(changed)
            case AgentSay(handover_id=id_, client_id=client_id, text=text):
                await to_thread.run_sync(desk_.agent_says, agent_id, id_, client_id, text)
            case TransferTo(handover_id=id_, department=department, note=note):
                await to_thread.run_sync(desk_.transfer, agent_id, id_, department, note)
            case EndTalk(handover_id=id_, to_bot=to_bot):
                why: BackReason = "to_bot" if to_bot else "agent_ended"
                await to_thread.run_sync(desk_.end, agent_id, id_, why)
            case Join(handover_id=id_):
                await to_thread.run_sync(desk_.join, agent_id, id_)
            case Suggest(handover_id=id_, text=text):
                if id_ not in before:
                    raise DeskError("这个会话不在您手里")
                tasks.start_soon(self._suggest, before[id_], text)
            case Overview():
                await self._send(await to_thread.run_sync(self._overview))
        after = await to_thread.run_sync(desk_.held_by, agent_id)
        for handover in (*before.values(), *after):
            self._reception.bells.ring(handover.conversation_id)
        self._reception.ring_desk()

    async def _look_after(self, tasks: TaskGroup) -> None:
        """Take conversations on, give them to the agent, and pass on what is said in them."""
        renewed_s = 0.0
        while True:
            with self._reception.desk_bells.listening(DESK) as bell:
                if time.monotonic() - renewed_s >= RENEW_S:
                    if not await self._renew(renewed_s):
                        await self._send(
                            refuse(ErrorCode.REFUSED, "已在别处登录，或者太久没有响应，请重新登录。")
                        )
                        await self._close(CLOSE_POLICY)
                        tasks.cancel_scope.cancel()
                        return
                    renewed_s = time.monotonic()
                await self._take_on()
                await self._tell(tasks)
                with anyio.move_on_after(LOOK_S):
                    await bell.wait()

    async def _renew(self, since_s: float) -> bool:
        """Note a sign of life if there was one; False if the agent is not here any longer."""
        if self._heard_s <= since_s:
            return True  # the client is silent: it is given up when it has been so for long enough
        agent = await to_thread.run_sync(self._people.agents.renew, self._on)
        if agent is None:
            return False
        for message in self._session.presence(agent.presence.value):
            await self._send(message)
        return True

    async def _take_on(self) -> None:
        while await to_thread.run_sync(self._claim):
            pass

    def _claim(self) -> bool:
        taken = self._people.desk.claim(self._on)
        if taken is not None:
            log.info("conversation taken on", extra={"handover": taken.id, "agent": self._on.agent.id})
        return taken is not None

    async def _tell(self, tasks: TaskGroup) -> None:
        held = await to_thread.run_sync(self._people.desk.held_by, self._on.agent.id)
        for message in self._session.released(held):
            await self._send(message)
        for handover in self._session.unknown(held):
            past = await to_thread.run_sync(
                self._reception.conversations.transcript, handover.conversation_id
            )
            lines = await to_thread.run_sync(self._people.desk.lines, handover.id)
            notes = await to_thread.run_sync(self._people.desk.notes, handover.id)
            await self._send(self._session.assigned(handover, past, lines, notes))
            self._reception.bells.ring(handover.conversation_id)
            asked = [line.text for line in past if line.role == "user" and not wants_person(line.text)]
            asked += [line.text for line in lines if line.role == "citizen"]
            if asked:
                tasks.start_soon(self._suggest, handover, asked[-1])
        for handover in held:
            after = self._session.told_up_to(handover.id)
            lines = await to_thread.run_sync(partial(self._people.desk.lines, handover.id, after=after))
            for said in self._session.said(lines):
                await self._send(said)
                if said.line.role == "citizen":
                    tasks.start_soon(self._suggest, handover, said.line.text)

    async def _suggest(self, handover: Handover, text: str) -> None:
        """Send what the service would say; where it cannot, the agent does without."""
        history = await to_thread.run_sync(self._reception.conversations.history, handover.conversation_id)
        # A question from before is not its own context.
        texts = [line.text for line in history]
        history = history[: len(texts) - 1 - texts[::-1].index(text)] if text in texts else history
        region = handover.need.region or None
        try:
            advice = await self._reception.advise(Question(question=text, history=history, region=region))
        except (NotReadyError, QuestionRejected):
            return
        except Exception:
            log.exception("no suggestion", extra={"handover": handover.id})
            return
        await self._send(Suggestion(handover_id=handover.id, text=text, advice=advice))

    def _overview(self) -> OverviewIs:
        if not self._on.agent.supervisor:
            raise DeskError("只有班长可以查看全部会话")
        waiting, talking = self._people.desk.queue().waiting, self._people.desk.talking()
        return OverviewIs(
            waiting=tuple(map(handover_card, waiting)),
            talking=tuple(map(handover_card, talking)),
            agents=tuple(map(agent_card, self._people.agents.all())),
            overdue_tickets=tuple(each.number for each in self._people.tickets.all(overdue=True)),
        )

    async def _leave_when_closing(self, tasks: TaskGroup) -> None:
        await self._reception.closing.wait()
        await self._close(CLOSE_GOING_AWAY)
        tasks.cancel_scope.cancel()

    async def _send(self, message: AnyDeskMessage) -> None:
        with anyio.fail_after(SEND_TIMEOUT_S):
            async with self._sending:
                try:
                    await self._websocket.send_text(message.model_dump_json(exclude_none=True))
                except RuntimeError as error:
                    raise WebSocketDisconnect(CLOSE_GOING_AWAY) from error

    async def _close(self, code: int) -> None:
        async with self._sending:
            await self._websocket.close(code)

    @property
    def _on(self) -> Signed:
        if self._signed is None:
            raise LookupError("the session decided to act before the agent was signed on")
        return self._signed
