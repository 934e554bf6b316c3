"""`wenzheng bench`: start, ingest, answers and memory, beside what the encoder alone needs."""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.answer import Answer, Question
from bot.settings import Settings
from eval.cold_start import ColdStart, measure_cold_start
from eval.latency import (
    Batching,
    Latency,
    RuntimeSpeed,
    measure_alone,
    measure_batching,
    measure_runtimes,
    measure_together,
)
from eval.plots import draw_latencies
from eval.reports import Json, Section, Table, save_run, to_json
from knowledge_base.errors import WenzhengError
from knowledge_base.records import Chunk
from knowledge_base.store import Counts, StoredText
from retrieval.batching import BatchingEncoder
from retrieval.contracts import Encoder
from retrieval.hybrid import passage_text
from retrieval.indexing import passage_of

CLIENTS = 20
PASSAGE_CHARS = 130
PASSAGES = 128
QUERIES = 40
ENCODED = 96


class Consultation(Protocol):
    """What answers."""

    def answer(self, question: Question) -> Answer: ...


class Store(Protocol):
    """What holds the texts."""

    def counts(self) -> Counts: ...

    def iter_texts(self) -> Iterable[StoredText]: ...

    def snapshot(self) -> tuple[int, list[Chunk]]: ...


class Service(Protocol):
    """The part of `bot.assembly.Service` a bench needs."""

    @property
    def consultation(self) -> Consultation: ...

    @property
    def store(self) -> Store: ...

    @property
    def encoder(self) -> Encoder: ...

    def ingest(self, path: Path, *, manifest: Path | None = None) -> object: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class IngestSpeed:
    """A folder taken in, against the encoder alone on the same texts.

    Attributes:
        chunks: Chunks with a text of their own; equal ones are encoded once and count once.
        first_open_s: Opening an empty data directory, unpacking and converting the model; not in `ingest_s`.
        ingest_s: Reading, chunking, storing, encoding and indexing; at its end the service answers from it.
        encode_s: The encoder alone on those texts, without their spans.
        ratio: `chunks_per_s` by `raw_chunks_per_s`.
    """

    chunks: int
    first_open_s: float
    ingest_s: float
    encode_s: float
    chunks_per_s: float
    raw_chunks_per_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What one run measured."""

    encoder: str
    fingerprint: str
    counts: Counts
    questions: int
    cold_start: ColdStart
    ingest: IngestSpeed
    alone: Latency
    together: Latency
    runtimes: tuple[RuntimeSpeed, ...]
    batching: tuple[Batching, ...]


class BenchError(WenzhengError):
    """There is nothing to measure, or what was to be measured did not work."""


def run_bench(
    settings: Settings,
    questions: Sequence[Question],
    *,
    open_service: Callable[[Settings], Service],
    load_torch: Callable[[Settings], Encoder],
    corpus: Path,
    manifest: Path | None,
    use_data_dir: bool,
    on_progress: Callable[[str], None],
) -> BenchResult:
    """Measure everything once.

    Args:
        settings: As the service would run; the corpus is always taken into a temporary data directory.
        load_torch: Gives the same model on plain torch, to compare the chosen runtime with.
        use_data_dir: Answer from `settings.data_dir`, else from the temporary one.

    Raises:
        BenchError: If there is no question, or no chunk to answer it from.
        ColdStartError: If a process started for it does not answer.
    """
    if not questions:
        raise BenchError("no question to ask; name an answer set with --questions")
    with tempfile.TemporaryDirectory(prefix="wenzheng-bench-") as folder:
        scratch = settings.model_copy(update={"data_dir": Path(folder) / "data", "database_url": ""})
        on_progress(f"入库 {corpus}")
        ingest = measure_ingest(scratch, open_service, corpus, manifest)
        chosen = settings if use_data_dir else scratch
        service = open_service(chosen)
        encoder = service.encoder
        try:
            counts = service.store.counts()
            if not counts.chunks:
                raise BenchError(f"{chosen.data_dir}: 0 chunks, nothing can be answered from it")
            on_progress(f"逐一回答 {len(questions)} 个问题")
            alone = measure_alone(questions, service.consultation.answer, encoder)
            on_progress(f"{CLIENTS} 人同时提问")
            rounds = -(-10 * CLIENTS // len(questions))
            together = measure_together(
                questions, service.consultation.answer, encoder, clients=CLIENTS, rounds=rounds
            )
            on_progress("合并同时到达的问题")
            plain = encoder.inner if isinstance(encoder, BatchingEncoder) else encoder
            asked = [question.question for question in questions]
            batching = measure_batching(plain, (asked * -(-ENCODED // len(asked)))[:ENCODED])
            on_progress("比较编码器运行方式")
            encoders = {"torch": load_torch(chosen), f"{settings.encoder_runtime} (chosen)": plain}
            runtimes = measure_runtimes(
                encoders,
                asked[:QUERIES],
                sample_passages(service.store.iter_texts()),
            )
        finally:
            service.close()
        on_progress("冷启动")
        cold_start = measure_cold_start(chosen, questions[0].question)
    return BenchResult(
        encoder.name,
        encoder.fingerprint,
        counts,
        len(questions),
        cold_start,
        ingest,
        alone,
        together,
        runtimes,
        batching,
    )


def measure_ingest(
    scratch: Settings, open_service: Callable[[Settings], Service], corpus: Path, manifest: Path | None
) -> IngestSpeed:
    """Take a folder into an empty data directory, then encode the same chunks with the encoder alone."""
    begun = time.perf_counter()
    service = open_service(scratch)
    first_open_s = time.perf_counter() - begun
    try:
        begun = time.perf_counter()
        service.ingest(corpus, manifest=manifest)
        ingest_s = time.perf_counter() - begun
        texts = encoder_texts(service.store)
        if not texts:
            raise BenchError(f"{corpus}: 0 chunks landed")
        begun = time.perf_counter()
        service.encoder.encode_passages(texts)
        encode_s = time.perf_counter() - begun
    finally:
        service.close()
    count = len(texts)
    rate, raw = count / ingest_s, count / encode_s
    return IngestSpeed(count, first_open_s, ingest_s, encode_s, rate, raw, rate / raw)


def encoder_texts(store: Store) -> list[str]:
    """Return what the encoder must read for the index: one text for each chunk, equal ones once."""
    _, chunks = store.snapshot()
    return list(dict.fromkeys(passage_text(passage_of(chunk)) for chunk in chunks))


def sample_passages(texts: Iterable[StoredText]) -> list[str]:
    """Return up to `PASSAGES` stretches of `PASSAGE_CHARS` characters, spread evenly over the texts."""
    stretches = [
        stored.text[start : start + PASSAGE_CHARS]
        for stored in texts
        for start in range(0, max(1, len(stored.text) - PASSAGE_CHARS), PASSAGE_CHARS)
    ]
    return stretches[:: max(1, len(stretches) // PASSAGES)][:PASSAGES]


def speed_table(result: BenchResult) -> Table:
    """Return every figure in one list."""
    cold, ingest = result.cold_start, result.ingest
    return Table(
        ("项目", "数值", "编码器自身", "比值"),
        (
            (
                "冷启动至首个回答（秒）",
                f"{cold.total_s:.2f}",
                "",
                f"打开 {cold.inside.open_s:.2f}，首答 {cold.inside.answer_s:.2f}",
            ),
            (
                "入库（段/秒）",
                f"{ingest.chunks_per_s:.1f}",
                f"{ingest.raw_chunks_per_s:.1f}",
                f"{ingest.ratio:.2f}",
            ),
            *_latency_rows("单独提问", result.alone),
            *_latency_rows(f"{result.together.clients} 人同时提问", result.together),
            (
                "常驻内存（MiB）",
                f"{cold.inside.resident_mib:.0f}",
                "",
                f"峰值 {cold.inside.peak_mib:.0f}",
            ),
        ),
    )


def _latency_rows(label: str, latency: Latency) -> tuple[tuple[str, ...], ...]:
    answer, encoder = latency.answer, latency.encoder
    return (
        (f"{label} p50（毫秒）", f"{answer.p50:.1f}", f"{encoder.p50:.1f}", f"{latency.p50_ratio:.2f}"),
        (f"{label} p95（毫秒）", f"{answer.p95:.1f}", f"{encoder.p95:.1f}", f"{latency.p95_ratio:.2f}"),
        (f"{label}（回答/秒）", f"{latency.answers_per_s:.1f}", "", ""),
    )


def runtimes_table(result: BenchResult) -> Table:
    """Return the encoder's runtimes side by side."""
    return Table(
        ("运行方式", "毫秒/问", "段/秒", "与首行的最低余弦"),
        tuple(
            (one.name, f"{one.ms_per_query:.1f}", f"{one.passages_per_s:.1f}", f"{one.lowest_cosine:.6f}")
            for one in result.runtimes
        ),
    )


def batching_table(result: BenchResult) -> Table:
    """Return questions encoded a second, each for itself and joined."""
    return Table(
        ("同时提问", "逐个编码（问/秒）", "合并编码（问/秒）", "比值"),
        tuple(
            (str(one.clients), f"{one.alone_per_s:.1f}", f"{one.joined_per_s:.1f}", f"{one.ratio:.2f}")
            for one in result.batching
        ),
    )


def report_bench(folder: Path, result: BenchResult, config: Json) -> None:
    """Save the run: configuration, every timing, report and histograms."""
    plots = []
    for name, latency in (("alone", result.alone), ("together", result.together)):
        plots.append(f"latency_{name}.png")
        draw_latencies(
            folder / plots[-1],
            title=f"{latency.clients} client(s), {len(latency.answer.calls_ms)} questions",
            series={"answer": latency.answer.calls_ms, "encoder alone": latency.encoder.calls_ms},
        )
    counts = result.counts
    intro = (
        f"知识库：{counts.documents} 份文件、{counts.chunks} 段；问题 {result.questions} 个。"
        f"首次打开空数据目录（含解包和转换模型）{result.ingest.first_open_s:.1f} 秒。"
    )
    save_run(
        folder,
        title="性能测试",
        config=config,
        results=to_json(result),
        sections=[
            Section("结果", intro, (speed_table(result),)),
            Section(
                "编码器运行方式",
                f"每段 {PASSAGE_CHARS} 字。",
                (runtimes_table(result),),
            ),
            Section("合并同时到达的问题", tables=(batching_table(result),)),
            Section("延迟分布", plots=tuple(plots)),
        ],
    )
