"""Text to unit vectors, by a sentence-transformers model on the fastest exact runtime at hand."""

import hashlib
import logging
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import EncoderError
from retrieval import embedded_model
from retrieval.adapter import Adapter, merge, read_adapter
from retrieval.contracts import PassageVectors, Span, Vectors
from retrieval.folders import is_complete
from retrieval.openvino_runtime import MEMBERS, OpenVinoRuntime, convert, read_recipe
from retrieval.runtime import Recipe, Runtime, TokenBatch, unit_rows
from retrieval.torch_runtime import TorchRuntime, describe, load_sentence_transformer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding, Tokenizer

RuntimeName = Literal["auto", "openvino", "torch"]

# A few short passages share a pass, and one stream's activations still fit its core's cache.
BATCH_TOKENS = 512
# Questions are short: smaller passes share out evenly among the cores.
QUERY_BATCH_TOKENS = 256
# Passages tokenised and sorted together; bounds memory whatever the size of the corpus.
WINDOW = 1024
# Questions that are answered in one pass; beyond, they are batched as passages are.
SMALL_BATCH = 4

_log = logging.getLogger(__name__)


class SentenceEncoder:
    """An `Encoder` over one sentence-transformers model. Safe to call from several threads."""

    def __init__(self, recipe: Recipe, tokenizer: "Tokenizer", runtime: Runtime) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(recipe.max_tokens)
        self._recipe = recipe
        self._tokenizer = tokenizer
        self._runtime = runtime

    @classmethod
    def load(
        cls,
        name_or_path: str | None = None,
        *,
        models_dir: Path,
        runtime: RuntimeName = "auto",
        threads: int = 0,
        adapter: Path | None = None,
    ) -> Self:
        """Load a model; the first time, the default is unpacked and a BERT-like model converted for OpenVINO.

        A model that OpenVINO cannot run exactly is run by torch, and the log says so.

        Args:
            name_or_path: A sentence-transformers model, by hub name or folder; None or empty is the default.
            models_dir: Where unpacked and converted models are kept.
            runtime: `auto` and `openvino` use OpenVINO where they can, `torch` never does.
            threads: Cores to use; 0 means all this process may run on.
            adapter: Folder of a low-rank adapter to merge into the model; None leaves the model as it is.

        Raises:
            EncoderError: If the model or the adapter cannot be found or loaded by any runtime.
        """
        threads = threads or len(os.sched_getaffinity(0))
        origin = _Origin(name_or_path or "", models_dir, read_adapter(adapter) if adapter else None)
        if runtime != "torch":
            converted = origin.converted
            if is_complete(converted, MEMBERS):
                try:
                    return cls._open(converted, threads)
                except (EncoderError, OSError, ValueError, TypeError) as error:
                    _log.warning("converted model is damaged, converting again: %s", error)
                    shutil.rmtree(converted, ignore_errors=True)
            try:
                _convert_apart(origin, threads)
                return cls._open(converted, threads)
            except (EncoderError, OSError, BrokenExecutor) as error:
                _log.warning("running %s by torch: %s", origin.name, error)
        model = origin.load(threads)
        recipe, tokenizer = describe(model, origin.name)
        return cls(recipe, tokenizer, TorchRuntime(model))

    @classmethod
    def _open(cls, converted: Path, threads: int) -> Self:
        from tokenizers import Tokenizer

        recipe = read_recipe(converted)
        tokenizer = Tokenizer.from_buffer((converted / "tokenizer.json").read_bytes())
        return cls(recipe, tokenizer, OpenVinoRuntime(converted, recipe.pooling, threads))

    @property
    def name(self) -> str:
        return self._recipe.name

    @property
    def dim(self) -> int:
        return self._recipe.dim

    @property
    def fingerprint(self) -> str:
        """Changes with weights, tokenizer, pooling, token limit or prefixes; the runtime does not matter."""
        return self._recipe.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return questions as float32 of shape (n, dim) with unit rows.

        Args:
            texts: n questions; what lies beyond the model's token limit is not read.
        """
        if not 0 < len(texts) <= SMALL_BATCH:
            return self._encode(
                self._recipe.query_prefix, texts, None, None, batch_tokens=QUERY_BATCH_TOKENS
            ).passages
        encodings = self._tokenizer.encode_batch_fast([self._recipe.query_prefix + text for text in texts])
        batch = TokenBatch.padded([encoding.ids for encoding in encodings], self._recipe.pad_id)
        return unit_rows(self._runtime.run(batch).passages)

    def encode_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Return passages as float32 of shape (n, dim) with unit rows.

        Args:
            texts: n passages; what lies beyond the model's token limit is not read.
            on_progress: Called in the calling thread with the number of passages done so far.
        """
        return self._encode(
            self._recipe.passage_prefix, texts, None, on_progress, batch_tokens=BATCH_TOKENS
        ).passages

    def encode_passages_with_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        on_progress: Callable[[int], None] | None = None,
    ) -> PassageVectors:
        """Encode passages and, from the same forward pass, spans inside them.

        This is "late chunking" (Günther et al. 2024): a span's vector is the mean over the tokens that share
        a character with it, so the whole passage is its context. A span without a token, blank or beyond the
        token limit, gets the passage's vector.

        Args:
            texts: n passages.
            spans: For each passage its spans, [start, end) in characters of the passage.
            on_progress: Called in the calling thread with the number of passages done so far.

        Raises:
            ValueError: If there are not as many lists of spans as passages, or a span leaves its passage.
        """
        if len(spans) != len(texts):
            raise ValueError(f"{len(spans)} lists of spans for {len(texts)} passages")
        for index, (text, of_text) in enumerate(zip(texts, spans, strict=True)):
            for start, end in of_text:
                if not 0 <= start <= end <= len(text):
                    raise ValueError(f"span {start}..{end} leaves passage {index} of {len(text)} characters")
        return self._encode(self._recipe.passage_prefix, texts, spans, on_progress, batch_tokens=BATCH_TOKENS)

    def _encode(
        self,
        prefix: str,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]] | None,
        on_progress: Callable[[int], None] | None,
        *,
        batch_tokens: int,
    ) -> PassageVectors:
        passages = np.empty((len(texts), self.dim), np.float32)
        span_vectors = [np.empty((0, self.dim), np.float32) for _ in texts]
        done = 0
        batches = self._forward(prefix, texts, batch_tokens, with_offsets=spans is not None)
        for members, encodings, passage_rows, tokens in batches:
            passages[members] = passage_rows
            for row, (member, encoding) in enumerate(zip(members, encodings, strict=True)):
                if spans is not None and spans[member]:
                    offsets = np.array(encoding.offsets) - len(prefix)
                    means, is_found = average_spans(tokens[row, : len(offsets)], offsets, spans[member])
                    finished = unit_rows(self._runtime.finish(means))
                    span_vectors[member] = np.where(is_found[:, None], finished, passage_rows[row])
            done += len(members)
            if on_progress is not None:
                on_progress(done)
        return PassageVectors(passages, span_vectors)

    def _forward(
        self, prefix: str, texts: Sequence[str], batch_tokens: int, *, with_offsets: bool
    ) -> "Iterator[tuple[list[int], list[Encoding], Vectors, Vectors]]":
        """Yield, batch by batch, positions in `texts`, encodings, unit passage vectors and token vectors."""
        tokenise = self._tokenizer.encode_batch if with_offsets else self._tokenizer.encode_batch_fast
        for start in range(0, len(texts), WINDOW):
            encodings = tokenise([prefix + text for text in texts[start : start + WINDOW]])
            ids = [encoding.ids for encoding in encodings]
            plan = plan_batches([len(text) for text in ids], batch_tokens)
            batches = (TokenBatch.padded([ids[i] for i in batch], self._recipe.pad_id) for batch in plan)
            for batch, vectors in zip(plan, self._runtime.run_many(batches), strict=True):
                members = [start + i for i in batch]
                yield members, [encodings[i] for i in batch], unit_rows(vectors.passages), vectors.tokens


def plan_batches(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Group texts of similar length, the longest first.

    Args:
        lengths: Tokens of each text.
        max_tokens: Most tokens of a batch, padding included; a longer text gets a batch of its own.

    Returns:
        Positions in `lengths`, each exactly once.
    """
    batches: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        current = batches[-1] if batches else []
        if current and lengths[current[0]] * (len(current) + 1) <= max_tokens:
            current.append(position)
        else:
            batches.append([position])
    return batches


def average_spans(
    tokens: Vectors, offsets: NDArray[np.int64], spans: Sequence[Span]
) -> tuple[Vectors, NDArray[np.bool_]]:
    """Average the token vectors of each span.

    Args:
        tokens: float32 of shape (length, hidden).
        offsets: int64 of shape (length, 2): where each token starts and ends; an empty one is in no span.
        spans: s spans on the same scale, at least one.

    Returns:
        float32 of shape (s, hidden), zeros where a span holds no token; and whether it holds any, shape (s,).
    """
    edges = np.array(spans)
    inside = np.minimum(offsets[:, 1], edges[:, 1:]) > np.maximum(offsets[:, 0], edges[:, :1])
    counts = inside.sum(axis=1)
    weights = inside.astype(np.float32) / np.maximum(counts, 1).astype(np.float32)[:, None]
    return np.einsum("sl,lh->sh", weights, tokens), counts > 0


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a model comes from.

    Attributes:
        name_or_path: A sentence-transformers model; empty is the embedded default.
        adapter: Merged into it, if there is one.
    """

    name_or_path: str
    models_dir: Path
    adapter: Adapter | None

    @property
    def name(self) -> str:
        """Name to show."""
        model = _display_name(self.name_or_path)
        return f"{model}+{self.adapter.name}" if self.adapter else model

    @property
    def converted(self) -> Path:
        """Where it is kept once converted for OpenVINO."""
        adapted = f"-{self.adapter.fingerprint}" if self.adapter else ""
        return self.models_dir / f"{folder_name(self.name_or_path)}{adapted}-openvino-v1"

    def load(self, threads: int) -> "SentenceTransformer":
        """Load it by torch; the default is unpacked first.

        Raises:
            EncoderError: If it cannot be found or loaded, or the adapter does not fit it.
        """
        model = load_model(self.name_or_path, self.models_dir, threads)
        if self.adapter:
            merge(model, self.adapter)
        return model


def load_model(name_or_path: str, models_dir: Path, threads: int = 0) -> "SentenceTransformer":
    """Load a model by torch, without an adapter; empty is the embedded default, which is unpacked first.

    Raises:
        EncoderError: If it cannot be found or loaded.
    """
    source = name_or_path or str(embedded_model.materialise(models_dir))
    return load_sentence_transformer(source, threads or len(os.sched_getaffinity(0)))


def remove_conversions(name_or_path: str, models_dir: Path, *, keep: Iterable[Path | None]) -> None:
    """Remove what was converted of a model with adapters other than those kept; that without one stays."""
    kept = {_Origin(name_or_path, models_dir, read_adapter(adapter)).converted for adapter in keep if adapter}
    for converted in models_dir.glob(f"{folder_name(name_or_path)}-*-openvino-v1"):
        if converted not in kept:
            shutil.rmtree(converted, ignore_errors=True)


def _convert_apart(origin: _Origin, threads: int) -> None:
    """Convert in a process of its own: torch would stay loaded, and the converter mutes the root logger."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        process.submit(_convert, origin, threads).result()


def _convert(origin: _Origin, threads: int) -> None:
    model = origin.load(threads)
    recipe, tokenizer = describe(model, origin.name)
    convert(model, recipe, tokenizer, origin.converted, threads)


def _display_name(name_or_path: str) -> str:
    if not name_or_path:
        return embedded_model.NAME
    return Path(name_or_path).resolve().name if Path(name_or_path).is_dir() else name_or_path


def folder_name(name_or_path: str) -> str:
    """Return the name under which what is made of a model is kept; one whose files change gets another."""
    if not name_or_path:
        return embedded_model.FOLDER
    source = Path(name_or_path)
    if not source.is_dir():
        return name_or_path.replace("/", "--")
    files = sorted(path for path in source.rglob("*") if path.is_file())
    listing = [f"{path.resolve()} {path.stat().st_size} {int(path.stat().st_mtime)}" for path in files]
    return f"{source.resolve().name}-{hashlib.sha256(repr(listing).encode()).hexdigest()[:12]}"
