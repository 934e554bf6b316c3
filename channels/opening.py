"""What the commands work on, opened and closed again: the settings, the database alone, or the whole service.

All is imported when it is needed, so that help is quick.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.assembly import Service
    from bot.settings import Settings


def settings_of(data_dir: Path | None) -> "Settings":
    """Return the settings, those of the environment with the directory given.

    Raises:
        SettingsError: If one of them cannot be understood.
    """
    from bot.settings import read_settings

    return read_settings(data_dir)


@contextmanager
def opened_database(data_dir: Path | None) -> "Iterator[Engine]":
    """Open the database alone: without an encoder, and so at once.

    Raises:
        StoreError: If it cannot be opened.
    """
    from knowledge_base.database import open_database

    engine = open_database(settings_of(data_dir).sqlalchemy_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def opened_service(settings: "Settings") -> "Iterator[Service]":
    """Open the whole service, its index brought up to the database.

    Raises:
        WenzhengError: If it cannot be opened; see `open_service`.
    """
    from bot.assembly import open_service

    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


def catch_up(data_dir: Path | None) -> None:
    """Bring the index up to what was published; running services take it over by themselves."""
    from knowledge_base.store import KnowledgeStore
    from retrieval.snapshots import Snapshots

    settings = settings_of(data_dir)
    snapshots = Snapshots(settings.index_dir)
    current = snapshots.current()
    with opened_database(data_dir) as engine:
        revision = KnowledgeStore(engine).revision()
    if current is None or snapshots.stamp(current).revision != revision:
        with opened_service(settings):
            pass
