"""The SQL tables of the knowledge base, and how a database is opened.

SQLite (WAL) by default, PostgreSQL by URL. The schema is made and moved by Alembic only
(`knowledge_base/migrations`); `open_database` brings an older one up to date.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    event,
    exists,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from knowledge_base.errors import StoreError
from knowledge_base.records import DocumentMeta, Inference

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_S = 10
# Any number will do, so long as nothing else in the same database takes an advisory lock of that number.
_MIGRATION_LOCK = 8_612_345
_CURES = {
    "database is locked": f"数据库被别的程序占用，等了 {BUSY_TIMEOUT_MS // 1000} 秒仍未放开：请稍后再试",
    "disk is full": "磁盘已满，这次没有写入任何内容：请腾出空间后再试",
    "No space left on device": "数据库所在的磁盘已满，这次没有写入任何内容：请腾出空间后再试",
    "readonly database": "数据库文件不可写：请检查权限",
    "malformed": "数据库文件损坏：请用 wenzheng doctor 查看，并从备份恢复",
    "connection to server": "连不上数据库服务器：请检查地址、网络，以及数据库是否在运行",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, given and read back with its zone, in UTC.

    PostgreSQL would give it in the zone of the session, SQLite without any.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of every table of the project, so that one migration history covers them all."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class DocumentRow(Base):
    """A file, or a 附件 inside one (`part` is then its label)."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("source_file", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_file: Mapped[str]
    part: Mapped[str] = mapped_column(default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


class VersionRow(Base):
    """A text a document has had, and what is known of it.

    `stated_*` is what the manifest or the text says; `effective_*` is what follows from it once
    successors and repeals by other documents are taken in (see `knowledge_base.settling`).
    """

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("document_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), index=True)
    number: Mapped[int]
    sha256: Mapped[str]
    title: Mapped[str]
    level: Mapped[str]
    region: Mapped[str]
    doc_number: Mapped[str]
    issuer: Mapped[str]
    url: Mapped[str]
    published: Mapped[date | None] = mapped_column(Date)
    stated_from: Mapped[date | None] = mapped_column(Date)
    stated_to: Mapped[date | None] = mapped_column(Date)
    repealed: Mapped[bool]
    superseded_by: Mapped[str]
    fetched: Mapped[date | None] = mapped_column(Date)
    inferred: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    effective_from: Mapped[date | None] = mapped_column(Date)
    effective_to: Mapped[date | None] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))


def meta_of(version: VersionRow) -> DocumentMeta:
    """Return a version's metadata as stated, before settling."""
    return DocumentMeta(
        title=version.title,
        level=version.level,
        region=version.region,
        doc_number=version.doc_number,
        issuer=version.issuer,
        url=version.url,
        published=version.published,
        effective_from=version.stated_from,
        effective_to=version.stated_to,
        repealed=version.repealed,
        superseded_by=version.superseded_by,
        fetched=version.fetched,
        inferred=tuple(Inference(**inference) for inference in version.inferred),
    )


class ChunkRow(Base):
    """A piece of a version's text; see `knowledge_base.records.ChunkDraft`."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("version_id", "start"),
        Index("ix_chunks_article", "version_id", "group_no"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"))
    kind: Mapped[str]
    group_no: Mapped[int]
    article: Mapped[str]
    heading_path: Mapped[list[str]] = mapped_column(JSON)
    lead: Mapped[str] = mapped_column(Text)
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class EditionRow(Base):
    """A main text's version together with its 附件: drafted, reviewed, published and withdrawn as one.

    `state` is an `EditionState`. `publish_on` is the first day a published one
    is shown, `leave_on` the first day it no longer is; None is open.
    """

    __tablename__ = "editions"

    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    state: Mapped[str]
    publish_on: Mapped[date | None] = mapped_column(Date)
    leave_on: Mapped[date | None] = mapped_column(Date)


class EditionPartRow(Base):
    """A version of a 附件 belongs to an edition; one that a later edition keeps belongs to both."""

    __tablename__ = "edition_parts"

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.version_id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True, index=True)


def belongs(*to: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a version is, or is a 附件 in, an edition of which all of these hold."""
    part = EditionPartRow.edition_id == EditionRow.version_id, EditionPartRow.version_id == VersionRow.id
    return exists().where(EditionRow.version_id == VersionRow.id, *to) | exists().where(*part, *to)


class TransitionRow(Base):
    """Who moved an edition from which state to which, and when; `from_state` is empty for one that landed."""

    __tablename__ = "transitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.version_id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(UTC))
    actor: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    note: Mapped[str] = mapped_column(Text)


class OcrPageRow(Base):
    """A page of a version that was read by OCR; see `knowledge_base.records.OcrPage`.

    `lines` holds `[text, confidence, left, top, right, bottom]` each; `image` is null where no line of
    the page was in doubt.
    """

    __tablename__ = "ocr_pages"

    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lines: Mapped[list[tuple[str, float, float, float, float, float]]] = mapped_column(JSON)
    image: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class StateRow(Base):
    """Small facts about the knowledge base itself, such as its revision."""

    __tablename__ = "state"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def _tune_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def connect(url: str) -> Engine:
    """Return an engine for the database at `url`, its schema as it is.

    Raises:
        StoreError: If it is of a kind not supported, or its driver is not installed; names the database
            without its password.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        # The reason is left out: it would show the address, and with it a password.
        raise StoreError("database URL cannot be understood; it looks like sqlite:////path/to.db") from None
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"database {shown} is neither SQLite nor PostgreSQL; those two are supported")
    try:
        engine = _engine(address)
    except ImportError as error:
        raise StoreError(
            f"database {shown} needs a driver that is not installed: {error};"
            " for PostgreSQL: pip install 'wenzheng[postgres]'"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"database {shown} cannot be opened: {error}") from error
    return engine


def schema_revisions(engine: Engine) -> tuple[str, str]:
    """Return the schema's revision and the newest this program knows; the first is empty where none is."""
    with engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_revision() or ""
    return there, _newest_revision()


@cache
def _newest_revision() -> str:
    """Return the newest revision this program knows; to find it, every one of them is compiled."""
    return ScriptDirectory.from_config(_alembic()).get_current_head() or ""


def open_database(url: str) -> Engine:
    """Open the database at `url`, making or migrating its schema.

    Raises:
        StoreError: If it cannot be reached or migrated, or stores text in anything but UTF-8; names the
            database without its password.
    """
    engine = connect(url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        _require_utf8(engine, shown)
        migrate(engine)
    except (SQLAlchemyError, CommandError) as error:
        engine.dispose()
        raise StoreError(f"database {shown} cannot be opened: {explained(error)}") from error
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def database_faults(what: str) -> Iterator[None]:
    """Turn what the database says into a StoreError with its cure."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{what}: {explained(error)}") from error


def explained(error: Exception) -> str:
    """Return a database error with what an operator can do about the common ones, in Chinese."""
    said = str(error)
    for sign, cure in _CURES.items():
        if sign in said:
            return f"{cure}（{said}）"
    return said


def _engine(address: URL) -> Engine:
    if address.get_backend_name() == "sqlite":
        if address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address)
        event.listen(engine, "connect", _tune_sqlite)
        return engine
    # The server may have been restarted, or may be gone: ask before use, and do not wait for minutes.
    asked = {"connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8"}
    asked = {name: value for name, value in asked.items() if name not in address.query}
    return create_engine(address, pool_pre_ping=True, connect_args=asked)


def _require_utf8(engine: Engine, shown: str) -> None:
    """Refuse a server that counts bytes where offsets into a text count characters."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise StoreError(
            f"database {shown} stores text as {encoding}, UTF8 is needed;"
            " make it with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision, the newest by default; nothing happens when it is there already."""
    if revision == "head":
        there, newest = schema_revisions(engine)
        if there == newest:  # as nearly always: no lock to wait for, nothing to compile
            return
    config = _alembic()
    with engine.begin() as connection:
        # Alembic looks first and creates after: two workers starting at once must take turns.
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
