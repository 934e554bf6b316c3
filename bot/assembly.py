"""Everything one process needs, put together from the settings."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from bot.consultation import Consultation
from bot.emergencies import emergency_of
from bot.grounding.likeness import SupportLikeness
from bot.life_events.desk import LifeEventDesk
from bot.life_events.likeness import EventLikeness
from bot.models import adapter_of, load_encoder, load_reranker, load_responder
from bot.people import open_people
from bot.pipeline import Step
from bot.profiles.policies import Policies
from bot.responders.contracts import Responder
from bot.routing import wants_person
from bot.service_confidence import ServiceConfidence
from bot.service_desk import ServiceDesk
from bot.settings import Settings
from bot.steps.rephrase import rephrase
from bot.thread_confidence import ThreadConfidence
from knowledge_base import ingest
from knowledge_base.blocking.store import BlockStore, LiveBlockList
from knowledge_base.database import open_database
from knowledge_base.dates import today
from knowledge_base.eligibility.linting import lint_rules
from knowledge_base.eligibility.reading import read_rules
from knowledge_base.eligibility.store import EligibilityStore, RuleChange
from knowledge_base.errors import IndexUnavailable, IndexUnwritable, RulesUnreadable, StoreError
from knowledge_base.faq.store import FaqStore
from knowledge_base.fetching import Fetcher
from knowledge_base.ingest import IngestReport, Progress
from knowledge_base.injection import find_injections
from knowledge_base.life_events.sheets import read_events
from knowledge_base.life_events.store import EventsReport, LifeEventStore
from knowledge_base.replies import LiveReplies, ReplyStore
from knowledge_base.services.citing import LegalSources
from knowledge_base.services.links import LinkChecker
from knowledge_base.services.sheets import read_catalogue
from knowledge_base.services.store import ImportReport, ServiceStore
from knowledge_base.services.watching import LinkWatch
from knowledge_base.store import Counts, KnowledgeStore
from knowledge_base.word_store import WordStore
from retrieval import indexing
from retrieval.backends import FaissBackend
from retrieval.batching import BatchingEncoder
from retrieval.contracts import Encoder, VectorBackend
from retrieval.following import Follower
from retrieval.indexing import Indexer
from retrieval.lexicon import load_lists
from retrieval.life_events import LiveLifeEvents
from retrieval.live_index import LiveIndex
from retrieval.milvus import MilvusBackend
from retrieval.milvus_server import MilvusServer
from retrieval.ranking import Ranking
from retrieval.rebuilding import BackgroundBuild
from retrieval.rerank import Reranker
from retrieval.services import LiveServices

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be answered, and from what.

    Attributes:
        reason: Why not; or, where they can, what hinders it. Empty when all is well.
    """

    ready: bool
    reason: str
    revision: int
    documents: int
    chunks: int
    encoder: str


class Service:
    """The knowledge base, its index and the consultation over them. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        encoder: Encoder,
        *,
        ranking: Ranking | None = None,
        reranker: Reranker | None = None,
        responder: Responder | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.store = KnowledgeStore(engine)
        self.faq = FaqStore(engine)
        self.words = WordStore(engine, load_lists().packaged)
        self._adapter = adapter_of(settings)
        self.block_list = LiveBlockList(BlockStore(engine))
        self.replies = LiveReplies(ReplyStore(engine))
        self.indexer = Indexer(
            self.store,
            encoder,
            settings.index_dir,
            words=self.words,
            ranking=ranking,
            faq=self.faq,
            backend=vector_backend(settings),
        )
        self.building = BackgroundBuild(self.indexer)
        self.follower = Follower(self.indexer, self.building, before_look=self.follow_adapter)
        self.index = LiveIndex(self.indexer, on_outdated=self.building.start)
        self.services = ServiceStore(engine)
        self.link_watch = (
            LinkWatch(self.services, LinkChecker(), every=timedelta(hours=settings.link_check_hours))
            if settings.link_check_hours
            else None
        )
        self.service_desk = ServiceDesk(
            LiveServices(self.services, settings.index_dir),
            LegalSources(engine),
            ServiceConfidence.load(),
        )
        self.life_events = LifeEventStore(engine)
        self.life_event_desk = LifeEventDesk(
            LiveLifeEvents(self.life_events), self.service_desk, EventLikeness.load(), self.index.get
        )
        self.people = open_people(settings, engine)
        self.policies = Policies(engine)
        self._reranker = reranker
        self.consultation = self.consultation_over(
            self.faq, rephrasing=None if responder is None else self._rephrasing(responder, encoder)
        )

    def consultation_over(
        self,
        faq: FaqStore,
        *,
        rephrasing: Step | None = None,
        thread_confidence: ThreadConfidence | None = None,
    ) -> Consultation:
        """Return a consultation that answers from these curated questions, without a model unless given."""
        return Consultation(
            self.store,
            self.index,
            self.settings,
            faq=faq,
            reranker=self._reranker,
            rephrasing=rephrasing,
            services=self.service_desk,
            life_events=self.life_event_desk,
            policies=self.policies.in_force,
            reach=self.people.front.reach,
            block_list=self.block_list.get,
            replies=self.replies.text,
            thread_confidence=thread_confidence,
        )

    def _rephrasing(self, responder: Responder, encoder: Encoder) -> Step:
        return rephrase(
            responder,
            SupportLikeness.load(encoder),
            filing=self.settings.llm_filing,
            is_blocked=lambda text: self.block_list.get().forbids(text),
        )

    @property
    def encoder(self) -> Encoder:
        """The encoder that what is built from now on is encoded with."""
        return self.indexer.encoder

    def ingest(
        self,
        path: Path,
        *,
        manifest: Path | None = None,
        region: str | None = None,
        by: str = "",
        as_draft: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Take documents in and bring the index up to them; see `knowledge_base.ingest.ingest_files`."""
        report = ingest.ingest_files(
            self.store,
            path,
            manifest=manifest,
            region=region,
            max_bytes=self.settings.max_file_mb * 1024 * 1024,
            by=by,
            as_draft=as_draft,
            ocr_review_below=self.settings.ocr_review_below,
            block_list=self.block_list.get(),
            on_progress=on_progress,
        )
        self.catch_up(on_progress)
        return report

    def ingest_page(
        self,
        url: str,
        *,
        region: str | None = None,
        by: str = "",
        as_draft: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Take a web page in and bring the index up to it; see `knowledge_base.ingest.ingest_page`."""
        report = ingest.ingest_page(
            self.store,
            url,
            today=today(),
            region=region,
            fetcher=Fetcher(max_bytes=self.settings.max_file_mb * 1024 * 1024),
            ocr_review_below=self.settings.ocr_review_below,
            block_list=self.block_list.get(),
            by=by,
            as_draft=as_draft,
        )
        self.catch_up(on_progress)
        return report

    def take_in_services(self, path: Path, *, by: str = "") -> ImportReport:
        """Take a service catalogue in and make it ready to be matched; rows that are wrong are left out.

        Raises:
            ServicesUnreadable: If it cannot be read, or holds nothing of a catalogue.
        """
        report = self.services.take_in(read_catalogue(path).batch, by=by)
        self.service_desk.live.catch_up(self.indexer.reader(), self.encoder)
        return report

    def take_in_life_events(self, path: Path, *, by: str = "") -> EventsReport:
        """Take life events in; those that are wrong are left out.

        Raises:
            LifeEventsUnreadable: If there is no event in it.
        """
        return self.life_events.take_in((each.event for each in read_events(path).events.values()), by=by)

    def take_in_rules(self, path: Path, *, by: str = "") -> RuleChange:
        """Take in the rules of whom a policy reaches; rules with a fault are none of them taken in.

        Raises:
            RulesUnreadable: If they cannot be read, or lint finds a fault; names each.
        """
        book = read_rules(path)
        codes = {each[-1].item.catalog_code for each in self.services.snapshot().versions.values()}
        if findings := lint_rules(book, path.name, codes):
            raise RulesUnreadable("\n".join(map(str, findings)))
        return EligibilityStore(self.engine).take_in(book, by=by)

    def catch_up(self, on_progress: Callable[[Progress], None] | None = None) -> bool:
        """Bring the index up to the knowledge base; return whether there was anything to do."""
        built = self.indexer.catch_up(_encoding(on_progress))
        if built and on_progress is not None:
            on_progress(Progress("index", 1, 1))
        return built

    def reindex(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Build the index anew, whatever there is; until it is done the one there is goes on serving."""
        self.indexer.rebuild(_encoding(on_progress))
        if on_progress is not None:
            on_progress(Progress("index", 1, 1))

    def follow(self) -> None:
        """From now on build the index when the database or the adapter changes; check links, if set."""
        self.follower.start()
        if self.link_watch is not None:
            self.link_watch.start()

    def follow_adapter(self) -> None:
        """Take the adapter that `wenzheng adapt` has put to use since; its index follows in the background.

        Raises:
            EncoderError: If it cannot be loaded; what there is goes on serving.
        """
        adapter = adapter_of(self.settings)
        if adapter != self._adapter:
            encoder = BatchingEncoder(load_encoder(self.settings))
            self.service_desk.live.encode_ahead(self.indexer.reader(), encoder)
            self.indexer.encoder = encoder
            self._adapter = adapter
            _log.info("encoding with %s from now on", self.encoder.name)

    def ready(self) -> Readiness:
        """Tell whether questions can be answered now."""
        counts = Counts(0, 0, 0)
        fault = ""
        try:
            counts = self.store.counts()
            self.index.get()
            if not counts.documents:
                fault = "知识库是空的：请先用 wenzheng ingest 导入文件"
        except StoreError as error:
            fault = f"数据库不可用：{error}"
        except Exception as error:  # readiness must be told, whatever it is that fails
            fault = f"索引不可用：{error}"
        hindrance = "；".join(
            filter(None, (self.indexer.backend.trouble, self.follower.trouble, self.building.trouble))
        )
        return Readiness(
            ready=not fault,
            reason=fault or hindrance,
            revision=self.index.revision,
            documents=counts.documents,
            chunks=counts.chunks,
            encoder=self.encoder.name,
        )

    def close(self) -> None:
        """Let go of the database; an index that is being built is broken off while it is encoded."""
        self.follower.stop()
        if self.link_watch is not None:
            self.link_watch.stop()
        self.building.stop()
        self.engine.dispose()


def _encoding(on_progress: Callable[[Progress], None] | None) -> Callable[[indexing.Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(Progress("encode", progress.done, progress.total))


def vector_backend(settings: Settings) -> VectorBackend:
    """Return where vectors are indexed: Milvus where one is set, else FAISS in this process."""
    if not settings.milvus_uri:
        return FaissBackend()
    return MilvusBackend(
        MilvusServer(settings.milvus_uri, settings.milvus_token.get_secret_value()),
        settings.index_dir,
        prefix=settings.milvus_prefix,
        index_type=settings.milvus_index,
    )


@contextmanager
def open_words(settings: Settings) -> Iterator[WordStore]:
    """Open the operators' words alone: without an encoder, and so at once.

    Raises:
        StoreError: If the database cannot be opened.
    """
    engine = open_database(settings.sqlalchemy_url)
    try:
        yield WordStore(engine, load_lists().packaged)
    finally:
        engine.dispose()


def open_service(
    settings: Settings, *, ranking: Ranking | None = None, catch_up: bool = True, follow: bool = False
) -> Service:
    """Open the data directory: migrate the database, load the encoder, bring the index up to date.

    Args:
        ranking: Weights to rank by; the calibrated ones by default.
        catch_up: False leaves the index as it is.
        follow: Go on catching up in the background, for a process that stays.

    Raises:
        StoreError: If the database cannot be opened.
        IndexUnavailable: If the vector store cannot be reached and there is no index yet.
        IndexUnwritable: If there is no index and none can be written.
        EncoderError: If a model cannot be loaded.
        ResponderError: If the language model cannot be.
    """
    engine = open_database(settings.sqlalchemy_url)
    encoder = BatchingEncoder(load_encoder(settings))
    service = Service(
        settings,
        engine,
        encoder,
        ranking=ranking,
        reranker=load_reranker(settings),
        responder=load_responder(settings),
    )
    if catch_up:
        try:
            service.catch_up()
        except (IndexUnavailable, IndexUnwritable) as error:
            if service.indexer.current() is None:
                raise
            _log.error("serving from the last good index: %s", error)
    if follow:
        service.follow()
    # The dictionaries load on first use; better now than under the first citizen's question.
    service.indexer.reader().warm_up()
    if service.indexer.current() is not None:
        index = service.index.get()
        service.service_desk.live.get(index.reader, index.encoder)
        service.life_event_desk.events(index)
    for question in ("预热", "warm up"):
        emergency_of(question)
        wants_person(question)
        find_injections(question)
    service.block_list.get().find("预热")
    return service
