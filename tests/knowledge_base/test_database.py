"""How a database is made, opened again, opened by many at once, and refused."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.dialects import sqlite

import bot.conversations  # its tables belong to the same history
import bot.learning.tables  # and so do these
import bot.profiles.store
import knowledge_base.blocking.store
import knowledge_base.eligibility.store
import knowledge_base.faq.tables
import knowledge_base.holds
import knowledge_base.replies
import knowledge_base.word_store
from knowledge_base.database import (
    BUSY_TIMEOUT_MS,
    Base,
    UtcDateTime,
    connect,
    migrate,
    open_database,
    schema_revisions,
)
from knowledge_base.errors import StoreError
from knowledge_base.store import KnowledgeStore
from tests.databases import DATABASES
from tests.postgres import PostgresServer

OPEN_AND_COUNT = """
import sys
from knowledge_base.database import open_database
from knowledge_base.store import KnowledgeStore
sys.stdin.read(1)
engine = open_database(sys.argv[1])
print(KnowledgeStore(engine).counts().documents)
engine.dispose()
"""


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'wenzheng.db'}"


def pragma(engine: Engine, name: str) -> str | int | None:
    with engine.connect() as connection:
        value: str | int | None = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        return value


def schema(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(
            connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
        )


def test_a_new_database_holds_the_tables_of_every_module(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    tables = set(inspect(engine).get_table_names())
    assert {"documents", "versions", "chunks", "state", bot.conversations.MessageRow.__tablename__} <= tables
    for row in (
        knowledge_base.faq.tables.FaqRecord,
        knowledge_base.word_store.WordRow,
        knowledge_base.blocking.store.BlockWordRow,
        knowledge_base.holds.HoldRow,
        knowledge_base.replies.ReplyRow,
    ):
        assert row.__tablename__ in tables
    engine.dispose()


def test_a_database_of_the_first_release_is_brought_up_to_date_with_what_it_holds(database_url: str) -> None:
    engine = create_engine(database_url)
    migrate(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO state VALUES ('revision', '7')"))
    assert "faqs" not in inspect(engine).get_table_names()
    engine.dispose()
    engine = open_database(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT value FROM state")) == "7"
        assert connection.scalar(text("SELECT count(*) FROM faqs")) == 0
    engine.dispose()


def test_the_folder_is_made(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'data' / 'deep' / 'wenzheng.db'}").dispose()
    assert (tmp_path / "data" / "deep" / "wenzheng.db").is_file()


def test_opening_it_again_changes_nothing(database_url: str) -> None:
    first = open_database(database_url)
    with first.begin() as connection:
        connection.execute(text("INSERT INTO state VALUES ('revision', '7')"))
    before = schema(first)
    first.dispose()
    again = open_database(database_url)
    assert schema(again) == before
    with again.connect() as connection:
        assert connection.scalar(text("SELECT value FROM state")) == "7"
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    again.dispose()


def test_readers_do_not_wait_for_writers_and_references_are_checked(database_url: str) -> None:
    engine = open_database(database_url)
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "busy_timeout") == BUSY_TIMEOUT_MS
    engine.dispose()


def test_an_url_that_means_nothing_is_refused_without_showing_it() -> None:
    with pytest.raises(StoreError, match="cannot be understood") as refused:
        open_database("wenzheng.db?password=geheim")
    assert "geheim" not in str(refused.value)


def test_what_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "wenzheng.db"
    path.write_text("云州市公园办法\n" * 200, encoding="utf-8")
    with pytest.raises(StoreError, match=re.escape(str(path))):
        open_database(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder", encoding="utf-8")
    path = tmp_path / "data" / "wenzheng.db"
    with pytest.raises(StoreError, match=re.escape(str(path))):
        open_database(f"sqlite:///{path}")


def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="9999"):
        open_database(database_url)


def test_a_missing_driver_is_named_and_the_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(StoreError, match="psycopg2") as refused:
        open_database("postgresql+psycopg2://wenzheng:geheim@localhost/wenzheng")
    assert "geheim" not in str(refused.value)


@pytest.mark.server
def test_a_server_that_counts_bytes_is_refused(postgres: PostgresServer) -> None:
    postgres.run("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="stores text as SQL_ASCII, UTF8 is needed"):
        open_database(postgres.url("ascii"))


@pytest.mark.server
def test_a_server_that_is_not_there_is_refused_by_name_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"postgresql\+psycopg://wenzheng:\*\*\*@/wenzheng") as refused:
        open_database(f"postgresql+psycopg://wenzheng:geheim@/wenzheng?host={tmp_path}")
    assert "geheim" not in str(refused.value)


@pytest.mark.server
def test_a_line_that_the_server_has_cut_is_made_anew(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    engine = open_database(new_database("postgresql"))
    store = KnowledgeStore(engine)
    assert store.revision() == 0
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%'")
    assert store.revision() == 0
    engine.dispose()


def test_any_other_database_is_refused() -> None:
    with pytest.raises(StoreError, match="neither SQLite nor PostgreSQL"):
        open_database("mysql://db/wenzheng")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 1), sqlite.dialect())


@pytest.mark.slow
@pytest.mark.parametrize("backend", DATABASES)
def test_processes_that_open_a_new_database_at_once_all_find_it_whole(
    backend: str, new_database: Callable[..., str]
) -> None:
    database_url = new_database(backend, tables=False)
    command = [sys.executable, "-W", "error", "-c", OPEN_AND_COUNT, database_url]
    processes = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go")
        process.stdin.flush()
    results = [process.communicate(timeout=60) for process in processes]
    assert [(out.strip(), err) for out, err in results] == [("0", "")] * 4


@pytest.mark.parametrize("backend", DATABASES)
def test_an_older_database_is_brought_up_to_date_and_all_it_held_is_published(
    backend: str, new_database: Callable[..., str]
) -> None:
    """A 附件 joins the main texts it stood beside: the first is in both of these, the second in the later."""
    url = new_database(backend, tables=False)
    engine = connect(url)
    migrate(engine, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO documents VALUES (1, '甲.md', '', NULL, '2026-01-01 00:00:00'),"
                " (2, '甲.md', '附件1', 1, '2026-01-01 00:00:00')"
            )
        )
        for id_, document, number, made in (
            (1, 1, 1, "2026-01-01 00:00:00.1"),
            (2, 2, 1, "2026-01-01 00:00:00.2"),
            (3, 1, 2, "2026-02-01 00:00:00.1"),
            (4, 2, 2, "2026-03-01 00:00:00.1"),
        ):
            connection.execute(
                text(
                    "INSERT INTO versions (id, document_id, number, sha256, title, level, region, doc_number,"
                    " issuer, url, repealed, superseded_by, inferred, text, created_at)"
                    f" VALUES ({id_}, {document}, {number},"
                    " '', '甲', '', '全国', '', '', '', false, '', '[]',"
                    f" '甲', '{made}')"
                )
            )
    engine.dispose()
    again = open_database(url)
    with again.connect() as connection:
        assert connection.execute(text("SELECT version_id, state FROM editions ORDER BY 1")).all() == [
            (1, "published"),
            (3, "published"),
        ]
        parts = connection.execute(text("SELECT edition_id, version_id FROM edition_parts ORDER BY 1, 2"))
        assert parts.all() == [(1, 2), (3, 2), (3, 4)]
        moves = connection.execute(text("SELECT edition_id, to_state, at FROM transitions ORDER BY 1")).all()
        assert [(edition, state, str(at)[:10]) for edition, state, at in moves] == [
            (1, "published", "2026-01-01"),
            (3, "published", "2026-02-01"),
        ]
    assert schema_revisions(again) == ("0011", "0011")
    again.dispose()
