"""One consultation turn from question to Answer."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime

from bot.answer import Advice, Answer, AnswerStatus, Passage, Question, TurnTrace, plain_text
from bot.confidence import Confidence
from bot.desk.front import Reach
from bot.desk.handover import Need
from bot.life_events.desk import LifeEventDesk
from bot.likeness import Likeness
from bot.pipeline import Step, run
from bot.replying import Replier, packaged_text
from bot.routing import Router
from bot.service_desk import ServiceDesk
from bot.settings import Settings
from bot.steps.call_person import call_person, calling
from bot.steps.check import check
from bot.steps.conclude import conclude
from bot.steps.follow_event import EventDialogue, follow_event
from bot.steps.guard import guard
from bot.steps.hand_off import hand_off
from bot.steps.judge import judge
from bot.steps.keep_event import keep_event
from bot.steps.locate import locate
from bot.steps.match import candidates_of, match
from bot.steps.mention import mention
from bot.steps.offer import offer
from bot.steps.offer_person import offer_person
from bot.steps.open_event import open_event
from bot.steps.remember import remember
from bot.steps.resolve import Resolver, resolve
from bot.steps.respond import respond
from bot.steps.retrieve import retrieve
from bot.steps.rewrite import rewrite
from bot.steps.route import route, route_at_once
from bot.steps.screen import screen
from bot.steps.serve import serve
from bot.steps.tell import tell
from bot.thread_confidence import ThreadConfidence
from bot.turn import Turn
from bot.wording import GENERATED, model_name, source_name
from knowledge_base.blocking.matching import BlockMatcher
from knowledge_base.blocking.sheets import packaged_block_words
from knowledge_base.dates import SHANGHAI, today
from knowledge_base.eligibility.records import Rule
from knowledge_base.faq.store import FaqStore
from knowledge_base.languages import Language
from knowledge_base.regions import Gazetteer, load_gazetteer
from knowledge_base.services.catalogue import Catalogue
from knowledge_base.store import KnowledgeStore
from retrieval.hybrid import HybridIndex
from retrieval.live_index import LiveIndex
from retrieval.rerank import Reranker

_log = logging.getLogger(__name__)


class Consultation:
    """Answers questions. Synchronous and safe to share between threads."""

    def __init__(
        self,
        store: KnowledgeStore,
        index: LiveIndex,
        settings: Settings,
        *,
        faq: FaqStore,
        confidence: Confidence | None = None,
        likeness: Likeness | None = None,
        reranker: Reranker | None = None,
        rephrasing: Step | None = None,
        router: Router | None = None,
        block_list: Callable[[], BlockMatcher] | None = None,
        replies: Callable[[str, Language], str] = packaged_text,
        clock: Callable[[], date] = today,
        services: ServiceDesk | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(SHANGHAI),
        reach: Callable[[Need], Reach] = lambda _: Reach.UNSTAFFED,
        life_events: LifeEventDesk | None = None,
        thread_confidence: ThreadConfidence | None = None,
        policies: Callable[[], tuple[Rule, ...]] = tuple,
    ) -> None:
        """Open a consultation.

        Args:
            reach: Tells whether a person can be reached; without it nobody can.
            policies: The eligibility rules in force.
        """
        self._clock = clock
        self.confidence = confidence or Confidence.load()
        regions = _Regions(store, index, services)
        self.likeness = likeness or Likeness.load()
        self.candidates = candidates_of(store, faq, self.likeness)
        resolving: list[tuple[str, Step]] = []
        from_services: list[tuple[str, Step]] = []
        doors: list[tuple[str, Step]] = []
        if services is not None:
            from_services = [
                ("serve", serve(services.of, services.confidence)),
                ("tell", tell(services, store, self.confidence.threshold, now)),
            ]
            doors = [("offer", offer(services.of, now))]
            thread_confidence = thread_confidence or ThreadConfidence.load()
            resolver = Resolver(index.get, services, thread_confidence, regions.gazetteer)
            resolving = [("resolve", resolve(resolver))]
        follow: list[tuple[str, Step]] = []
        begin: list[tuple[str, Step]] = []
        if life_events is not None:
            dialogue = EventDialogue(life_events, now, settings.hotline)
            follow = [("follow_event", follow_event(dialogue))]
            begin = [("open_event", open_event(dialogue))]
            doors = [*doors, ("keep_event", keep_event(dialogue))]
        # What the steps match and say may change under way; without operators' lists it is the project's.
        block_list = block_list or _packaged_block_list()
        reply = Replier(replies, settings.hotline)
        router = router or Router.load()
        call = calling(reach, reply)
        self._steps: list[tuple[str, Step]] = [
            ("guard", guard(settings.max_question_chars, block_list)),
            ("route_at_once", route_at_once(reply)),
            ("locate", locate(regions.gazetteer, regions.served)),
            ("call_person", call_person(call)),
            *follow,
            *resolving,
            ("rewrite", rewrite(index.get)),
            ("retrieve", retrieve(store, regions.served, reranker)),
            *begin,
            ("route", route(router)),
            ("match", match(self.candidates, self.likeness.threshold)),
            ("judge", judge(self.confidence)),
            *from_services,
            ("respond", respond),
            ("check", check),
            *([("rephrase", rephrasing)] if rephrasing else []),
            ("screen", screen(block_list)),
            ("conclude", conclude(reply, call)),
            ("hand_off", hand_off(settings.hotline)),
            *doors,
            ("mention", mention(policies, self._clock)),
            ("offer_person", offer_person(settings.offer_person_after, settings.offer_person_words)),
            ("remember", remember),
        ]

    def answer(self, question: Question) -> Answer:
        """Answer one question.

        Raises:
            QuestionRejected: If the text cannot be a question.
            IndexDamaged: If there is no index to search.
        """
        return self.answer_of(self.consult(question))

    def advise(self, question: Question, *, most: int = 5) -> Advice:
        """Answer a question for an agent: with the passages it was answered from, and those passed over."""
        turn = self.consult(question)
        evidence = sorted((*turn.evidence, *turn.elsewhere), key=lambda each: -each.hit.score)
        passages = tuple(
            Passage(source=source_name(each.chunk), region=each.chunk.document.meta.region, text=each.text)
            for each in evidence[:most]
        )
        return Advice(answer=self.answer_of(turn), confidence=turn.confidence, passages=passages)

    def consult(self, question: Question, *, index: HybridIndex | None = None) -> Turn:
        """Run the steps and return the finished turn, for those who want to see how it went.

        Args:
            index: What to ask in place of the index in use.
        """
        turn = run(self._open(question, index), self._steps)
        _log.info(
            "turn answered",
            extra={
                "turn": turn.id,
                "status": turn.status,
                "confidence": round(turn.confidence, 3),
                "faq": turn.curated.entry.id if turn.curated else None,
                "route": turn.route.route.value if turn.route else None,
            },
        )
        for alert in turn.alerts:
            _log.warning("turn %s: %s in %s", turn.id, alert.kind, alert.place.value, extra=asdict(alert))
        return turn

    def read(self, question: Question, *, index: HybridIndex | None = None, before: str = "retrieve") -> Turn:
        """Run the steps before the one named: as a rule, before anything is searched for.

        Raises:
            ValueError: If there is no such step.
        """
        names = [name for name, _ in self._steps]
        return run(self._open(question, index), self._steps[: names.index(before)])

    def _open(self, question: Question, index: HybridIndex | None) -> Turn:
        return Turn(
            id=uuid.uuid4().hex,
            asked=question,
            day=question.as_of or self._clock(),
            index=index,
            state=question.state,
        )

    @staticmethod
    def answer_of(turn: Turn) -> Answer:
        """Return the finished turn as the citizen gets it."""
        return Answer(
            status=turn.status or AnswerStatus.NO_ANSWER,
            text="\n".join((*_label(turn), *(plain_text(block) for block in turn.blocks))),
            blocks=turn.blocks,
            citations=turn.citations,
            curated=turn.curated is not None,
            services=turn.cards,
            suggestions=turn.suggestions,
            options=turn.options,
            trace=TurnTrace(id=turn.id, timings_ms=turn.timings_ms, rephrasing=turn.rephrasing),
            generated_by=turn.generated_by,
            state=turn.state,
        )


def _label(turn: Turn) -> tuple[str, ...]:
    """Return the line that marks generated text as such wherever only the plain text goes."""
    if turn.generated_by is None:
        return ()
    return (GENERATED.format(model=model_name(turn.generated_by.name, turn.generated_by.filing)),)


def _packaged_block_list() -> Callable[[], BlockMatcher]:
    matcher = BlockMatcher(packaged_block_words())
    return lambda: matcher


class _Regions:
    """The places that are served or have an office, read again when the index or the catalogue changes."""

    def __init__(self, store: KnowledgeStore, index: LiveIndex, services: ServiceDesk | None) -> None:
        self._store = store
        self._index = index
        self._services = services
        self._lock = threading.Lock()
        self._read_of: tuple[int, Catalogue | None] = (-1, None)
        self._served: frozenset[str] = frozenset()
        self._gazetteer = load_gazetteer()

    def served(self) -> frozenset[str]:
        self._refresh()
        return self._served

    def gazetteer(self) -> Gazetteer:
        self._refresh()
        return self._gazetteer

    def _refresh(self) -> None:
        index = self._index.get()
        catalogue = self._services.live.get(index.reader, index.encoder).catalogue if self._services else None
        with self._lock:
            if self._read_of != (self._index.revision, catalogue):
                self._served = frozenset(self._store.regions())
                places = self._served | (catalogue.places() if catalogue else frozenset())
                self._gazetteer = load_gazetteer().with_regions(places)
                self._read_of = (self._index.revision, catalogue)
