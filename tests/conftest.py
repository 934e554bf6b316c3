"""Fixtures that tests of every layer share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.store import KnowledgeStore


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
