"""Fixtures that tests of every layer share."""

import hashlib
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.store import KnowledgeStore
from retrieval import embedded_model, openvino_runtime


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables made once; copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[KnowledgeStore]:
    """An empty knowledge base of its own for each test, in `tmp_path / "wenzheng.db"`."""
    path = tmp_path / "wenzheng.db"
    shutil.copy(empty_database, path)
    engine = open_database(f"sqlite:///{path}")
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
