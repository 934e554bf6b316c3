"""Any sentence-transformers model, run by torch: the reference every other runtime is held to."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import EncoderError
from retrieval.contracts import Vectors
from retrieval.runtime import Recipe, TokenBatch, TokenVectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

# Families that need prefixes but often leave them out of their settings: name, question's, passage's.
_FAMILY_PREFIXES = (
    (re.compile(r"(^|[-_/])e5-(?!.*instruct)", re.I), "query: ", "passage: "),
    (re.compile(r"(^|[-_/])bge-(small|base|large)-zh", re.I), "为这个句子生成表示以用于检索相关文章：", ""),
)


class TorchRuntime:
    """Runs a sentence-transformers model as it is."""

    def __init__(self, model: "SentenceTransformer") -> None:
        """Take a loaded model.

        Raises:
            EncoderError: If it has no pooling over token vectors, or leaves the prompt out of its pooling.
        """
        from sentence_transformers.sentence_transformer.modules import Pooling

        modules = list(model)
        at = next((i for i, module in enumerate(modules) if isinstance(module, Pooling)), None)
        if at is None:
            raise EncoderError(f"the model has no pooling among its {len(modules)} modules: {_kinds(model)}")
        pooling = modules[at]
        if not pooling.include_prompt:
            raise EncoderError("the model leaves its prompt out of the pooling, which is not supported")
        self.pooling = str(pooling.pooling_mode)
        self._model = model
        self._after_pooling = modules[at + 1 :]

    @property
    def is_plain(self) -> bool:
        """Whether nothing but normalising follows the pooling."""
        return all(type(module).__name__ == "Normalize" for module in self._after_pooling)

    def run(self, batch: TokenBatch) -> TokenVectors:
        import torch

        with torch.inference_mode():
            features = self._model(
                {"input_ids": torch.from_numpy(batch.ids), "attention_mask": torch.from_numpy(batch.mask)}
            )
        return TokenVectors(features["token_embeddings"].numpy(), features["sentence_embedding"].numpy())

    def run_many(self, batches: Iterable[TokenBatch]) -> Iterator[TokenVectors]:
        return map(self.run, batches)

    def finish(self, means: Vectors) -> Vectors:
        import torch

        features = {"sentence_embedding": torch.from_numpy(means)}
        with torch.inference_mode():
            for module in self._after_pooling:
                features = module(features)
        finished: Vectors = features["sentence_embedding"].numpy()
        return finished


def load_sentence_transformer(name_or_path: str, threads: int) -> "SentenceTransformer":
    """Load a model by name or path, on the CPU, in float32.

    Args:
        name_or_path: A folder, or a name the model hub knows; only a name may reach for the network.
        threads: Threads torch may use; it keeps one count for the whole process.

    Raises:
        EncoderError: If the model cannot be found or loaded.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    try:
        model = SentenceTransformer(name_or_path, device="cpu", local_files_only=Path(name_or_path).is_dir())
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise EncoderError(f"the encoder {name_or_path!r} cannot be loaded: {error}") from error
    model.float().eval()
    return model


def describe(model: "SentenceTransformer", name: str) -> tuple[Recipe, "Tokenizer"]:
    """Return how a loaded model turns text into vectors, and its tokenizer.

    Raises:
        EncoderError: If the tokenizer cannot tell where in the text a token stands.
    """
    from tokenizers import Tokenizer

    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise EncoderError(f"the encoder {name!r} has no fast tokenizer, and spans could not be found")
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    query_prefix, passage_prefix = choose_prefixes(name, model.prompts)
    dim = model.get_embedding_dimension()
    if dim is None:
        raise EncoderError(f"the encoder {name!r} does not say how many dimensions its vectors have")
    recipe = Recipe(
        name=name,
        dim=dim,
        max_tokens=int(model.get_max_seq_length() or 512),
        pooling=TorchRuntime(model).pooling,
        pad_id=int(model.tokenizer.pad_token_id or 0),
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
    )
    return replace(recipe, fingerprint=_fingerprint(model, recipe, tokenizer)), tokenizer


def choose_prefixes(name: str, prompts: Mapping[str, str | None]) -> tuple[str, str]:
    """Return the prefixes of questions and passages: the model's own, else its family's, else none."""
    query = prompts.get("query") or ""
    passage = prompts.get("passage") or prompts.get("document") or ""
    if query or passage:
        return query, passage
    for family, family_query, family_passage in _FAMILY_PREFIXES:
        if family.search(name):
            return family_query, family_passage
    return "", ""


def _fingerprint(model: "SentenceTransformer", recipe: Recipe, tokenizer: "Tokenizer") -> str:
    digest = hashlib.sha256(json.dumps([asdict(recipe), _kinds(model)]).encode())
    digest.update(tokenizer.to_str().encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy())
    return digest.hexdigest()[:16]


def _kinds(model: "SentenceTransformer") -> list[str]:
    return [type(module).__name__ for module in model]
