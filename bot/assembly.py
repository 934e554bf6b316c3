"""Everything one process needs, put together from the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from bot.consultation import Consultation
from bot.settings import Settings
from knowledge_base import ingest
from knowledge_base.database import open_database
from knowledge_base.ingest import IngestReport, Progress
from knowledge_base.store import KnowledgeStore
from retrieval import indexing
from retrieval.batching import BatchingEncoder
from retrieval.contracts import Encoder
from retrieval.encoder import SentenceEncoder
from retrieval.indexing import Indexer, LiveIndex
from retrieval.ranking import Ranking
from retrieval.rerank import CrossEncoderScorer, Reranker


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be answered, and from what."""

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
        self.indexer = Indexer(self.store, encoder, settings.index_dir, ranking=ranking)
        self.index = LiveIndex(self.indexer)
        self.consultation = Consultation(
            self.store, self.index, self.indexer.reader, settings, reranker=reranker
        )

    def ingest(
        self,
        path: Path,
        *,
        manifest: Path | None = None,
        region: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Take documents in and bring the index up to them; see `knowledge_base.ingest.ingest_files`."""
        report = ingest.ingest_files(
            self.store,
            path,
            manifest=manifest,
            region=region,
            max_bytes=self.settings.max_file_mb * 1024 * 1024,
            on_progress=on_progress,
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

    def ready(self) -> Readiness:
        """Tell whether questions can be answered now."""
        counts = self.store.counts()
        try:
            self.index.get()
            reason = "" if counts.documents else "知识库是空的：请先用 wenzheng ingest 导入文件"
        except Exception as error:  # readiness must be told, whatever it is that fails
            reason = f"索引不可用：{error}"
        return Readiness(
            not reason, reason, self.index.revision, counts.documents, counts.chunks, self.encoder.name
        )

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def _encoding(on_progress: Callable[[Progress], None] | None) -> Callable[[indexing.Progress], None] | None:
    if on_progress is None:
        return None
    return lambda progress: on_progress(Progress("encode", progress.done, progress.total))


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
    )


def load_reranker(settings: Settings) -> Reranker | None:
    """Load the cross-encoder that is set; None where none is.

    Raises:
        EncoderError: If it cannot be loaded.
    """
    if not settings.reranker:
        return None
    return Reranker(CrossEncoderScorer.load(settings.reranker), budget_ms=settings.reranker_budget_ms)


def open_service(settings: Settings, *, ranking: Ranking | None = None, catch_up: bool = True) -> Service:
    """Open the data directory: migrate the database, load the encoder, bring the index up to date.

    Args:
        ranking: Weights to rank by; the calibrated ones by default.
        catch_up: False leaves the index as it is.

    Raises:
        StoreError: If the database cannot be opened.
        EncoderError: If a model cannot be loaded.
    """
    engine = open_database(settings.sqlalchemy_url)
    encoder = BatchingEncoder(load_encoder(settings))
    service = Service(settings, engine, encoder, ranking=ranking, reranker=load_reranker(settings))
    if catch_up:
        service.catch_up()
    # The dictionaries load on first use, those of sounds where something is misspelt; better now than under
    # the first citizen's question.
    service.indexer.reader.read("公级金提取 gongjijin")
    return service
