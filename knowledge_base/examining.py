"""What is wrong with the database: its file, its schema, rows without owners, texts and days.

Looking changes nothing. Of what is found only the settled days are derived, and only they are repaired.
"""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Engine, func, select, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, undefer

from knowledge_base.database import (
    ChunkRow,
    DocumentRow,
    EditionPartRow,
    EditionRow,
    VersionRow,
    belongs,
    database_faults,
    explained,
    schema_revisions,
)
from knowledge_base.records import Finding
from knowledge_base.revision import raise_revision, take_turn
from knowledge_base.settling import settle

_RESTORE = "这是真相的损坏，不会自动改动：请从备份恢复（wenzheng restore）"
_SHOWN = 3


def examine_database(engine: Engine) -> list[Finding]:
    """Return a finding for every check; those after a fatal one are left out."""
    findings: list[Finding] = []
    try:
        for finding in _findings(engine):
            findings.append(finding)
    except SQLAlchemyError as error:
        findings.append(Finding("数据库", f"读不下去：{explained(error)}", _RESTORE))
    return findings


def settle_again(engine: Engine) -> None:
    """Derive the days of every version anew from what is stored."""
    with database_faults("the days could not be settled"), Session(engine) as session, session.begin():
        take_turn(session)
        settle(session)
        raise_revision(session)


def _findings(engine: Engine) -> Iterator[Finding]:
    if engine.dialect.name == "sqlite":
        yield from _sqlite_findings(engine)
    there, newest = schema_revisions(engine)
    if there != newest:
        trouble = f"数据库结构是 {there or '空'}，程序需要 {newest}"
        cure = "启动服务或运行任一命令时会自动升级；数据库比程序新时，请升级程序"
        yield Finding("数据库结构", trouble, cure)
        return
    yield Finding("数据库结构")
    with Session(engine) as session:
        yield _orphans(session)
        yield _damaged_texts(session)
        yield _stale_days(session)


def _sqlite_findings(engine: Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    trouble = "" if said == ["ok"] else "；".join(said)
    yield Finding("数据库文件", trouble, _RESTORE if trouble else "")
    trouble = f"{len(broken)} 行指向不存在的行，如表 {broken[0][0]} 第 {broken[0][1]} 行" if broken else ""
    yield Finding("数据库引用", trouble, _RESTORE if trouble else "")


def _orphans(session: Session) -> Finding:
    """Rows that nothing leads to, foreign keys aside: they would never be seen again."""
    no_version = ~select(VersionRow.id).where(VersionRow.document_id == DocumentRow.id).exists()
    no_edition = ~select(EditionRow.version_id).where(EditionRow.version_id == VersionRow.id).exists()
    no_chunk = ~select(ChunkRow.id).where(ChunkRow.version_id == VersionRow.id).exists()
    main = (
        select(func.count()).select_from(VersionRow).join(DocumentRow).where(DocumentRow.parent_id.is_(None))
    )
    part_of_part = (
        select(func.count())
        .select_from(EditionPartRow)
        .join(VersionRow, VersionRow.id == EditionPartRow.version_id)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(DocumentRow.parent_id.is_(None))
    )
    counts = {
        "份文件没有任何版本": select(func.count()).select_from(DocumentRow).where(no_version),
        "个版本没有状态": main.where(no_edition),
        "个版本没有条款": select(func.count()).select_from(VersionRow).where(no_chunk, belongs(true())),
        "个正文被当成附件": part_of_part,
    }
    found = {words: session.scalar(count) or 0 for words, count in counts.items()}
    trouble = "；".join(f"{count} {words}" for words, count in found.items() if count)
    return Finding("无主的行", trouble, _RESTORE if trouble else "")


def _damaged_texts(session: Session) -> Finding:
    """Every text has its checksum, and every chunk stands in it where it says."""
    wrong: list[str] = []
    versions = select(VersionRow).options(undefer(VersionRow.text)).execution_options(yield_per=100)
    for version in session.scalars(versions):
        chunks = session.execute(
            select(ChunkRow.start, ChunkRow.end, ChunkRow.text).where(ChunkRow.version_id == version.id)
        )
        if hashlib.sha256(version.text.encode()).hexdigest() != version.sha256:
            wrong.append(f"版本 {version.id}《{version.title}》的正文与校验和不符")
        elif any(version.text[start:end] != text for start, end, text in chunks):
            wrong.append(f"版本 {version.id}《{version.title}》的条款与正文对不上")
    more = f" 等 {len(wrong)} 处" if len(wrong) > _SHOWN else ""
    return Finding("正文和条款", "；".join(wrong[:_SHOWN]) + more, _RESTORE if wrong else "")


def _stale_days(session: Session) -> Finding:
    """The days in the database are those that follow from what is stored."""
    with session.no_autoflush:  # what is written to be compared must stay in the session
        settle(session)
    changed = [row for row in session.dirty if isinstance(row, VersionRow) and session.is_modified(row)]
    stale = [row.title for row in sorted(changed, key=lambda row: row.id)]
    session.rollback()
    trouble = f"{len(stale)} 个版本的有效期间与规则算出的不同，如《{stale[0]}》" if stale else ""
    return Finding("有效期间", trouble, "重新推算（不改动正文和元数据）" if stale else "", bool(stale))
