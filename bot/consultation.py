"""One consultation turn from question to Answer."""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.answer import Answer, AnswerStatus, Block, Question, TurnTrace
from bot.confidence import Confidence
from bot.pipeline import Step, run
from bot.settings import Settings
from bot.steps.check import check
from bot.steps.guard import guard
from bot.steps.hand_off import hand_off
from bot.steps.judge import judge
from bot.steps.locate import locate
from bot.steps.respond import respond
from bot.steps.retrieve import retrieve
from bot.steps.rewrite import rewrite
from bot.turn import Turn
from knowledge_base.regions import Gazetteer, load_gazetteer
from knowledge_base.store import KnowledgeStore
from retrieval.indexing import LiveIndex
from retrieval.query import QueryReader
from retrieval.rerank import Reranker

SHANGHAI = ZoneInfo("Asia/Shanghai")

_log = logging.getLogger(__name__)


def today() -> date:
    """Return the day it is where the law applies."""
    return datetime.now(SHANGHAI).date()


class Consultation:
    """Answers questions. Synchronous and safe to share between threads."""

    def __init__(
        self,
        store: KnowledgeStore,
        index: LiveIndex,
        reader: QueryReader,
        settings: Settings,
        *,
        confidence: Confidence | None = None,
        reranker: Reranker | None = None,
        clock: Callable[[], date] = today,
    ) -> None:
        self._clock = clock
        regions = _Regions(store, index)
        self._steps: list[tuple[str, Step]] = [
            ("guard", guard(settings.max_question_chars)),
            ("locate", locate(regions.gazetteer, regions.served)),
            ("rewrite", rewrite(reader)),
            ("retrieve", retrieve(store, index.get, regions.served, reranker)),
            ("judge", judge(confidence or Confidence.load())),
            ("respond", respond),
            ("check", check),
            ("hand_off", hand_off(settings.hotline)),
        ]

    def answer(self, question: Question) -> Answer:
        """Answer one question.

        Raises:
            QuestionRejected: If the text cannot be a question.
            IndexDamaged: If there is no index to search.
        """
        return self.answer_of(self.consult(question))

    def consult(self, question: Question) -> Turn:
        """Run the steps and return the finished turn, for those who want to see how it went."""
        turn = Turn(id=uuid.uuid4().hex, asked=question, day=question.as_of or self._clock())
        turn = run(turn, self._steps)
        _log.info(
            "turn answered",
            extra={"turn": turn.id, "status": turn.status, "confidence": round(turn.confidence, 3)},
        )
        return turn

    @staticmethod
    def answer_of(turn: Turn) -> Answer:
        """Return the finished turn as the citizen gets it."""
        return Answer(
            status=turn.status or AnswerStatus.NO_ANSWER,
            text="\n".join(_plain(block) for block in turn.blocks),
            blocks=turn.blocks,
            citations=turn.citations,
            suggestions=turn.suggestions,
            options=turn.options,
            trace=TurnTrace(id=turn.id, timings_ms=turn.timings_ms),
        )


def _plain(block: Block) -> str:
    if block.type == "list":
        return "\n".join(part for part in (block.lead, *block.items) if part)
    return block.text


class _Regions:
    """The places the knowledge base serves, read again when the index in use changes."""

    def __init__(self, store: KnowledgeStore, index: LiveIndex) -> None:
        self._store = store
        self._index = index
        self._lock = threading.Lock()
        self._revision = -1
        self._served: frozenset[str] = frozenset()
        self._gazetteer = load_gazetteer()

    def served(self) -> frozenset[str]:
        self._refresh()
        return self._served

    def gazetteer(self) -> Gazetteer:
        self._refresh()
        return self._gazetteer

    def _refresh(self) -> None:
        self._index.get()
        with self._lock:
            if self._revision != self._index.revision:
                self._served = frozenset(self._store.regions())
                self._gazetteer = load_gazetteer().with_regions(self._served)
                self._revision = self._index.revision
