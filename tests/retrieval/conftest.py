"""Models small enough to make in a test, and a Milvus Lite.

That is the server inside the package milvus-lite, spoken to by the client a cluster takes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.milvus import MilvusBackend
from retrieval.milvus_server import MilvusServer


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
