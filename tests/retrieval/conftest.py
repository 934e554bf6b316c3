"""Models small enough to make in a test, and a Milvus Lite.

That is the server inside the package milvus-lite, spoken to by the client a cluster takes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval import encoder as encoder_module
from retrieval.milvus import MilvusBackend
from retrieval.milvus_server import MilvusServer
from tests.retrieval.letters import ALPHABET, letter_tokenizer


@pytest.fixture(scope="session")
def save_tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a sentence-transformers model of two small random BERT layers over the compass letters."""

    def save(name: str, pooling: str = "mean", seed: int = 0, *, dense: int = 0) -> Path:
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
        from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

        folder = tmp_path_factory.mktemp("models") / name
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(ALPHABET),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            pad_token_id=1,
        )
        BertModel(config).save_pretrained(folder / "bert")
        tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_object=letter_tokenizer(), pad_token="<pad>", unk_token="<unk>", model_max_length=32
        )
        tokenizer.save_pretrained(folder / "bert")
        modules: list[torch.nn.Module] = [
            Transformer(str(folder / "bert"), max_seq_length=32),
            Pooling(16, pooling),
        ]
        if dense:
            modules.append(Dense(16, dense))
        SentenceTransformer(modules=[*modules, Normalize()], device="cpu").save(str(folder / name))
        return folder / name

    return save


@pytest.fixture
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for converted models; they are converted right here, a process each would be slow."""
    monkeypatch.setattr(encoder_module, "_convert_apart", encoder_module._convert)
    return tmp_path / "converted"


@pytest.fixture(scope="session")
def milvus_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Milvus for the whole session; it ends with the process."""
    from milvus_lite.server_manager import server_manager_instance

    path = tmp_path_factory.mktemp("milvus") / "milvus.db"
    yield str(path)
    server_manager_instance.release_server(str(path))


@pytest.fixture(scope="session")
def milvus_backend(milvus_uri: str, tmp_path_factory: pytest.TempPathFactory) -> MilvusBackend:
    folder: Path = tmp_path_factory.mktemp("index")
    return MilvusBackend(MilvusServer(milvus_uri), folder)
