"""A knowledge base with the park rule, and its FAQ."""

from collections.abc import Callable, Iterator

import pytest

from knowledge_base.database import open_database
from knowledge_base.faq.store import FaqStore
from knowledge_base.store import KnowledgeStore
from tests.databases import DATABASES
from tests.knowledge_base.faq.builders import PARK, PARK_FILE, land


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def park(store: KnowledgeStore) -> KnowledgeStore:
    land(store, PARK_FILE, PARK)
    return store


@pytest.fixture
def faq(park: KnowledgeStore, database_url: str) -> Iterator[FaqStore]:
    engine = open_database(database_url)
    yield FaqStore(engine)
    engine.dispose()
