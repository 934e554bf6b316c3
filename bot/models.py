"""The models that the settings name, loaded: encoder and adapter, cross-encoder, language model."""

from pathlib import Path

from bot.responders.breaker import GuardedResponder
from bot.responders.contracts import Responder
from bot.responders.local_model import LocalResponder
from bot.responders.openai_endpoint import OpenAIResponder
from bot.settings import Settings
from retrieval.adapter_shelf import PACKAGED, AdapterShelf
from retrieval.encoder import SentenceEncoder, folder_name
from retrieval.rerank import CrossEncoderScorer, Reranker


def adapter_shelf(settings: Settings) -> AdapterShelf:
    """Return the adapters of the encoder that is set."""
    return AdapterShelf(
        settings.models_dir / "adapters" / folder_name(settings.encoder),
        packaged=None if settings.encoder else PACKAGED,
    )


def adapter_of(settings: Settings) -> Path | None:
    """Return the folder of the adapter the encoder wears; None means the model as it is.

    Raises:
        EncoderError: If the one in use is not there.
    """
    if settings.adapter:
        return None if settings.adapter == "none" else Path(settings.adapter)
    return adapter_shelf(settings).in_use()


def load_encoder(settings: Settings, *, adapter: Path | None = None) -> SentenceEncoder:
    """Load the encoder; the first time, its model is unpacked and converted under the data directory.

    Args:
        adapter: What it shall wear instead of the adapter in use.

    Raises:
        EncoderError: If the model cannot be loaded.
    """
    return SentenceEncoder.load(
        settings.encoder or None,
        models_dir=settings.models_dir,
        runtime=settings.encoder_runtime,
        threads=settings.encoder_threads,
        adapter=adapter or adapter_of(settings),
    )


def load_reranker(settings: Settings) -> Reranker | None:
    """Load the cross-encoder that is set; None where none is.

    Raises:
        EncoderError: If it cannot be loaded.
    """
    if not settings.reranker:
        return None
    return Reranker(CrossEncoderScorer.load(settings.reranker), budget_ms=settings.reranker_budget_ms)


def load_responder(settings: Settings) -> Responder | None:
    """Open the language model that is set; None where none is.

    Raises:
        ResponderError: If what it needs is not installed, or a local one cannot be loaded.
    """
    if not settings.llm_model:
        return None
    inner: Responder
    if settings.llm_url:
        inner = OpenAIResponder(
            settings.llm_url,
            settings.llm_model,
            key=settings.llm_key.get_secret_value(),
            timeout_s=settings.llm_timeout_s,
            retries=settings.llm_retries,
        )
    else:
        inner = LocalResponder.load(Path(settings.llm_model), timeout_s=settings.llm_timeout_s)
    return GuardedResponder(inner, at_once=settings.llm_concurrency)
