"""Everything one process needs, put together from the settings."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from bot.consultation import Consultation
from bot.emergencies import emergency_of
from bot.routing import wants_person
from bot.settings import Settings
from knowledge_base import ingest
from knowledge_base.blocking.store import BlockStore, LiveBlockList
from knowledge_base.database import open_database
from knowledge_base.dates import today
from knowledge_base.errors import IndexUnavailable, IndexUnwritable, StoreError
from knowledge_base.faq.store import FaqStore
from knowledge_base.fetching import Fetcher
from knowledge_base.holds import Holds
from knowledge_base.ingest import IngestReport, Progress
from knowledge_base.injection import find_injections
from knowledge_base.replies import LiveReplies, ReplyStore
from knowledge_base.store import Counts, KnowledgeStore
from knowledge_base.word_store import WordStore
from retrieval import indexing
from retrieval.backends import FaissBackend
from retrieval.batching import BatchingEncoder
from retrieval.contracts import Encoder, VectorBackend
from retrieval.encoder import SentenceEncoder
from retrieval.following import Follower
from retrieval.indexing import Indexer, LiveIndex
from retrieval.lexicon import load_lists
from retrieval.milvus import MilvusBackend
from retrieval.milvus_server import MilvusServer
from retrieval.ranking import Ranking
from retrieval.rebuilding import BackgroundBuild
from retrieval.rerank import CrossEncoderScorer, Reranker

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
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.encoder = encoder
        self.store = KnowledgeStore(engine)
        self.faq = FaqStore(engine)
        self.words = WordStore(engine, load_lists().packaged)
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
        self.follower = Follower(self.indexer, self.building)
        self.index = LiveIndex(self.indexer, on_outdated=self.building.start)
        self.consultation = Consultation(
            self.store,
            self.index,
            settings,
            faq=self.faq,
            reranker=reranker,
            block_list=self.block_list.get,
            replies=self.replies.text,
        )

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
        """From now on, build this machine's index whenever another machine has changed the database."""
        self.follower.start()

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


@contextmanager
def open_curation(settings: Settings) -> Iterator[tuple[BlockStore, ReplyStore, Holds]]:
    """Open the block list, the canned replies and what is held back, likewise at once.

    Raises:
        StoreError: If the database cannot be opened.
    """
    engine = open_database(settings.sqlalchemy_url)
    try:
        yield BlockStore(engine), ReplyStore(engine), Holds(engine)
    finally:
        engine.dispose()


def load_encoder(settings: Settings) -> SentenceEncoder:
    """Load the encoder; the first time, its model is unpacked and converted under the data directory.

    Raises:
        EncoderError: If the model cannot be loaded.
    """
    return SentenceEncoder.load(
        settings.encoder or None,
        models_dir=settings.models_dir,
        runtime=settings.encoder_runtime,
        threads=settings.encoder_threads,
        adapter=settings.adapter,
    )


def load_reranker(settings: Settings) -> Reranker | None:
    """Load the cross-encoder that is set; None where none is.

    Raises:
        EncoderError: If it cannot be loaded.
    """
    if not settings.reranker:
        return None
    return Reranker(CrossEncoderScorer.load(settings.reranker), budget_ms=settings.reranker_budget_ms)


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
    """
    engine = open_database(settings.sqlalchemy_url)
    encoder = BatchingEncoder(load_encoder(settings))
    service = Service(settings, engine, encoder, ranking=ranking, reranker=load_reranker(settings))
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
    for question in ("预热", "warm up"):
        emergency_of(question)
        wants_person(question)
        find_injections(question)
    service.block_list.get().find("预热")
    return service
