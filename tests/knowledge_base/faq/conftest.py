"""A knowledge base with the park rule, and its FAQ."""

from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.faq.store import FaqStore
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.faq.builders import PARK, PARK_FILE, land


@pytest.fixture
def park(store: KnowledgeStore) -> KnowledgeStore:
    land(store, PARK_FILE, PARK)
    return store


@pytest.fixture
def faq(park: KnowledgeStore, tmp_path: Path) -> FaqStore:
    return FaqStore(open_database(f"sqlite:///{tmp_path / 'wenzheng.db'}"))
