"""A BERT-like encoder run by OpenVINO, from a folder that holds all it needs: no torch is imported to use it.

model.xml, model.bin   the forward pass, token ids to last-layer vectors, float32
tokenizer.json         the model's tokenizer
recipe.json            a `Recipe`
"""

import importlib
import json
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from knowledge_base.errors import EncoderError
from retrieval.contracts import Vectors
from retrieval.folders import write_folder
from retrieval.runtime import Recipe, TokenBatch, TokenIds, TokenVectors, unit_rows
from retrieval.torch_runtime import TorchRuntime

if TYPE_CHECKING:
    from types import ModuleType

    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

MEMBERS = ("model.xml", "model.bin", "tokenizer.json", "recipe.json")
POOLINGS = ("mean", "cls")
MIN_COSINE = 0.99999

_PROBES = (
    "失业保险金怎么领？",
    "职工连续足额缴存住房公积金满六个月，购买、建造、翻建、大修自住住房的，可以申请提取。" * 6,
    "第三十八条 本办法自2026年1月1日起施行。",
    "How do I register a company?",
)


class _Tensor(Protocol):
    @property
    def data(self) -> Vectors: ...


class _Request(Protocol):
    """The part of `openvino.InferRequest` used here; OpenVINO ships no types."""

    def infer(self, inputs: tuple[TokenIds, TokenIds], *, share_inputs: bool) -> object: ...
    def start_async(self, inputs: tuple[TokenIds, TokenIds], *, share_inputs: bool) -> None: ...
    def wait(self) -> None: ...
    def get_output_tensor(self, index: int) -> _Tensor: ...


class _CompiledModel(Protocol):
    def create_infer_request(self) -> _Request: ...


class OpenVinoRuntime:
    """Runs a converted model; questions and passages each have their own arrangement of threads."""

    def __init__(self, folder: Path, pooling: str, threads: int) -> None:
        """Compile the model for questions; it is compiled for passages when the first come.

        Args:
            folder: Holds `model.xml` and `model.bin`.
            pooling: One of `POOLINGS`.
            threads: Cores to use.

        Raises:
            EncoderError: If the model cannot be read or compiled.
        """
        openvino = import_openvino()
        self._core = openvino.Core()
        self._pooling = pooling
        self._threads = threads
        self._query_lock = threading.Lock()
        self._passage_lock = threading.Lock()
        self._passage_requests: list[_Request] = []
        try:
            self._model = self._core.read_model(folder / "model.xml")
            self._query_request = self._compile("LATENCY").create_infer_request()
        except RuntimeError as error:
            raise EncoderError(f"the converted model in {folder} cannot be run: {error}") from error

    def run(self, batch: TokenBatch) -> TokenVectors:
        # One stream spans all cores, so requests side by side would gain nothing over taking turns.
        with self._query_lock:
            self._query_request.infer((batch.ids, batch.mask), share_inputs=True)
            return self._collect(self._query_request, batch)

    def run_many(self, batches: Iterable[TokenBatch]) -> Iterator[TokenVectors]:
        with self._passage_lock:
            idle = deque(self._prepare_passage_requests())
            running: deque[tuple[_Request, TokenBatch]] = deque()
            try:
                for batch in batches:
                    if not idle:
                        request, done = running.popleft()
                        request.wait()
                        yield self._collect(request, done)
                        idle.append(request)
                    request = idle.popleft()
                    request.start_async((batch.ids, batch.mask), share_inputs=True)
                    running.append((request, batch))
                while running:
                    request, done = running.popleft()
                    request.wait()
                    yield self._collect(request, done)
            finally:
                for request, _ in running:
                    request.wait()

    def finish(self, means: Vectors) -> Vectors:
        return means

    def _compile(self, hint: str) -> _CompiledModel:
        settings: dict[str, str | int | bool] = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": self._threads,
            # Pinned threads of two worker processes would sit on the same core.
            "ENABLE_CPU_PINNING": False,
        }
        if hint == "THROUGHPUT":
            settings["NUM_STREAMS"] = self._threads
        compiled: _CompiledModel = self._core.compile_model(self._model, "CPU", settings)
        return compiled

    def _prepare_passage_requests(self) -> list[_Request]:
        if not self._passage_requests:
            compiled = self._compile("THROUGHPUT")
            # Two for each stream: one runs while the other's result is pooled and its next batch is padded.
            self._passage_requests = [compiled.create_infer_request() for _ in range(2 * self._threads)]
        return self._passage_requests

    def _collect(self, request: _Request, batch: TokenBatch) -> TokenVectors:
        tokens = request.get_output_tensor(0).data.copy()
        if self._pooling == "cls":
            return TokenVectors(tokens, tokens[:, 0].copy())
        weights = batch.mask.astype(np.float32)
        weights /= weights.sum(axis=1, keepdims=True)
        return TokenVectors(tokens, np.einsum("nl,nlh->nh", weights, tokens))


def import_openvino() -> "ModuleType":
    """Import OpenVINO with its usage reporting left out.

    Importing it would start a process that calls an analytics service; where that module cannot be imported
    OpenVINO uses an empty stand-in of its own.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def convert(
    model: "SentenceTransformer", recipe: Recipe, tokenizer: "Tokenizer", target: Path, threads: int
) -> Path:
    """Convert a loaded model once and prove the copy exact.

    Args:
        target: The folder to write, whole or not at all.

    Returns:
        `target`.

    Raises:
        EncoderError: If this kind of model cannot be converted, or the copy differs from the original.
    """
    reference = TorchRuntime(model)
    if recipe.pooling not in POOLINGS or not reference.is_plain:
        raise EncoderError(f"pooling {recipe.pooling} cannot be converted, plain {' or '.join(POOLINGS)} can")

    probes = [encoding.ids[: recipe.max_tokens] for encoding in tokenizer.encode_batch(list(_PROBES))]
    batch = TokenBatch.padded(probes, recipe.pad_id)

    def fill(folder: Path) -> None:
        _save_forward(model, batch, folder)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")
        copy = OpenVinoRuntime(folder, recipe.pooling, threads)
        found = lowest_cosine(copy.run(batch), reference.run(batch), batch)
        if found < MIN_COSINE:
            raise EncoderError(f"the converted model agrees at cosine {found:.6f}, {MIN_COSINE} is needed")

    return write_folder(target, MEMBERS, fill)


def read_recipe(folder: Path) -> Recipe:
    """Return the recipe of a converted model."""
    return Recipe(**json.loads((folder / "recipe.json").read_text(encoding="utf-8")))


def lowest_cosine(one: TokenVectors, other: TokenVectors, batch: TokenBatch) -> float:
    """Return the lowest cosine between two runs of a batch, over its sentence vectors and all its tokens."""
    kept = batch.mask.astype(bool)
    pairs = ((one.passages, other.passages), (one.tokens[kept], other.tokens[kept]))
    return min(float((unit_rows(a) * unit_rows(b)).sum(axis=1).min()) for a, b in pairs)


def _save_forward(model: "SentenceTransformer", example: TokenBatch, folder: Path) -> None:
    import torch

    openvino = import_openvino()

    class Forward(torch.nn.Module):
        def __init__(self, transformer: torch.nn.Module) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state
            return hidden

    try:
        # Tracing warns of Python values it treats as constants; the probes show whether that did harm.
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            transformer = cast("torch.nn.Module", model[0].auto_model)
            # Tracing reads every property; that of the loss, which an encoder has none of, would warn.
            transformer.loss_function = None  # type: ignore[assignment]
            converted = openvino.convert_model(
                Forward(transformer).eval(),
                example_input=(torch.from_numpy(example.ids), torch.from_numpy(example.mask)),
            )
        openvino.save_model(converted, folder / "model.xml", compress_to_fp16=False)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise EncoderError(f"the model cannot be converted for OpenVINO: {error}") from error
