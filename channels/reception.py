"""What a channel needs of the service behind it, and what one server process holds while it runs."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from anyio import to_thread

from bot.answer import Advice, Answer, Question
from bot.conversations import Conversations
from bot.people import People
from bot.personal_data import mask
from bot.profiles.desk import ProfileDesk
from bot.settings import Settings
from channels.limiting import RateLimits
from channels.metrics import Metrics
from channels.people_counter import PeopleCounter
from knowledge_base.errors import WenzhengError
from knowledge_base.store import StoredText

log = logging.getLogger(__name__)

# What agents' lines listen for: one bell for all, as any of them may be the one to take a conversation.
DESK = "desk"


class Consultant(Protocol):
    """Answers questions; called from several threads at once."""

    def answer(self, question: Question) -> Answer: ...

    def advise(self, question: Question) -> Advice: ...


class Library(Protocol):
    """Gives out stored texts."""

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None: ...

    def regions(self) -> tuple[str, ...]: ...

    def home_region(self) -> str: ...


class Readiness(Protocol):
    """Whether questions can be answered, and if not, or not as well as usual, why."""

    @property
    def ready(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def documents(self) -> int: ...
    @property
    def chunks(self) -> int: ...
    @property
    def encoder(self) -> str: ...


class Backend(Protocol):
    """The service a channel speaks for; `bot.assembly.Service` is one."""

    @property
    def consultation(self) -> Consultant: ...

    def ready(self) -> Readiness: ...

    def close(self) -> None: ...


class NotReadyError(WenzhengError):
    """The index is still loading, or could not be loaded."""


class Bells:
    """Wakes the connections of a conversation, within this process, when it has new events."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[anyio.Event]] = {}

    def ring(self, conversation_id: str) -> None:
        """Wake whoever waits for this conversation now."""
        for event in self._waiting.pop(conversation_id, set()):
            event.set()

    @contextmanager
    def listening(self, conversation_id: str) -> Iterator[anyio.Event]:
        """Give the event the next ring sets. Listen before looking, or a ring in between is missed."""
        event = anyio.Event()
        self._waiting.setdefault(conversation_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting.get(conversation_id, set())
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(conversation_id, None)


@dataclass(slots=True)
class Reception:
    """What all connections and requests of one process share.

    The database is there from the start; `backend` comes when its index is loaded, until then `waiting_for`
    says what is being done or what went wrong.
    """

    settings: Settings
    conversations: Conversations
    people: People
    counter: PeopleCounter
    profiles: ProfileDesk
    library: Library
    limits: RateLimits
    metrics: Metrics
    answering: anyio.CapacityLimiter
    open_backend: Callable[[], Backend]
    backend: Backend | None = None
    waiting_for: str = "正在加载知识库索引"
    bells: Bells = field(default_factory=Bells)
    desk_bells: Bells = field(default_factory=Bells)
    closing: anyio.Event = field(default_factory=anyio.Event)

    async def load(self) -> None:
        """Open the backend without keeping anybody else waiting."""
        if self.backend is not None:
            return
        try:
            # Abandoned when the server stops first: whoever stops it should not wait for an index.
            self.backend = await to_thread.run_sync(self.open_backend, abandon_on_cancel=True)
        except WenzhengError as error:
            self.waiting_for = f"知识库索引加载失败：{error}"
            log.error("index not loaded", extra={"reason": str(error)})  # noqa: TRY400
        except Exception as error:
            self.waiting_for = f"知识库索引加载失败：{type(error).__name__}"
            log.exception("index not loaded")

    async def home_region(self) -> str:
        """Return the region a page preselects: the one set, else the one the documents are kept for."""
        return self.settings.home_region or await to_thread.run_sync(self.library.home_region)

    def ring_desk(self) -> None:
        """Wake every agent's line of this process: something may be for them."""
        self.desk_bells.ring(DESK)

    def ring_swept(self, conversation_ids: Sequence[str]) -> None:
        """Wake the citizens for whom something was done, and the agents who may take them on."""
        for conversation_id in conversation_ids:
            self.bells.ring(conversation_id)
        if conversation_ids:
            self.ring_desk()

    async def advise(self, question: Question) -> Advice:
        """Answer a question for an agent, in a thread.

        Raises:
            NotReadyError: If the index is not loaded.
            QuestionRejected: If the text cannot be a question.
        """
        backend = self.backend
        if backend is None:
            raise NotReadyError(self.waiting_for)
        return await to_thread.run_sync(
            lambda: backend.consultation.advise(_masked(question)), limiter=self.answering
        )

    async def answer(self, question: Question, *, channel: str) -> Answer:
        """Answer a question with its personal data masked, in a thread, counted and logged.

        Raises:
            NotReadyError: If the index is not loaded.
            QuestionRejected: If the text cannot be a question.
        """
        backend = self.backend
        if backend is None:
            raise NotReadyError(self.waiting_for)
        with self.metrics.timing(channel):
            answer = await to_thread.run_sync(
                lambda: backend.consultation.answer(_masked(question)), limiter=self.answering
            )
        self.metrics.count(channel, answer)
        log.info(
            "answered",
            extra={
                "trace_id": answer.trace.id,
                "channel": channel,
                "status": answer.status.value,
                "chars": len(question.question),
                "timings_ms": answer.trace.timings_ms,
            },
        )
        return answer


def _masked(question: Question) -> Question:
    history = tuple(line.model_copy(update={"text": mask(line.text).text}) for line in question.history)
    return question.model_copy(update={"question": mask(question.question).text, "history": history})
