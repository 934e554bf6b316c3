"""Fixtures that tests of every layer share."""

import hashlib
import inspect
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from knowledge_base.database import open_database
from knowledge_base.store import KnowledgeStore
from retrieval import embedded_model, openvino_runtime
from retrieval import encoder as encoder_module
from tests.postgres import PostgresServer, running_postgres
from tests.retrieval.letters import ALPHABET, letter_tokenizer

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


_ON_A_DATABASE = frozenset(
    {"empty_database", "database_url", "new_database", "store", "engine", "service", "postgres"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open a database, so that those that compute only can be run by themselves."""
    for item in items:
        if isinstance(item, pytest.Function) and _ON_A_DATABASE.intersection(item.fixturenames):
            item.add_marker("database")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables made once; copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a database `empty` that has its tables."""
    with running_postgres() as server:
        server.run("CREATE DATABASE empty")
        open_database(server.url("empty")).dispose()
        yield server


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Make databases of their own: `new_database("postgresql")` returns the URL of one with empty tables.

    With `tables=False` it has none. A module whose tests run on every database of `DATABASES` redefines
    `database_url` with it.
    """
    made: list[str] = []

    def make(backend: str = "sqlite", *, tables: bool = True) -> str:
        name = f"t{secrets.token_hex(6)}"
        if backend == "sqlite":
            path = tmp_path / f"{name}.db"
            if tables:
                shutil.copy(request.getfixturevalue("empty_database"), path)
            return f"sqlite:///{path}"
        server: PostgresServer = request.getfixturevalue("postgres")
        server.run(f"CREATE DATABASE {name} TEMPLATE {'empty' if tables else 'template0'}")
        made.append(name)
        return server.url(name)

    yield make
    for name in made:
        request.getfixturevalue("postgres").run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(tmp_path: Path, empty_database: Path) -> str:
    """The URL of an empty knowledge base of its own for each test: `tmp_path / "wenzheng.db"`."""
    path = tmp_path / "wenzheng.db"
    shutil.copy(empty_database, path)
    return f"sqlite:///{path}"


@pytest.fixture
def store(database_url: str) -> Iterator[KnowledgeStore]:
    """An empty knowledge base of its own for each test."""
    engine = open_database(database_url)
    yield KnowledgeStore(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def models_dir(request: pytest.FixtureRequest) -> Path:
    """Where the real model is unpacked and converted; kept until the code that writes it changes."""
    code = "".join(inspect.getsource(module) for module in (embedded_model, openvino_runtime))
    name = f"models-{hashlib.sha256(code.encode()).hexdigest()[:12]}"
    assert request.config.cache is not None
    folder = request.config.cache.mkdir(name)
    for outdated in folder.parent.glob("models-*"):
        if outdated.name != name:
            shutil.rmtree(outdated)
    return folder


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
