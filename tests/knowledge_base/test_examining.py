"""What is said of a database with damage made by hand; looking changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from knowledge_base.database import connect
from knowledge_base.examining import examine_database, settle_again
from knowledge_base.store import KnowledgeStore
from tests.databases import DATABASES
from tests.knowledge_base.test_settling import D2020, D2026, FILE, citable, form, rule

SQLITE_ONLY = ["数据库文件", "数据库引用"]


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(store: KnowledgeStore, database_url: str) -> Iterator[Engine]:
    store.land(FILE, [rule("免费。", effective_from=D2020), form("填写姓名。", effective_from=D2020)])
    engine = connect(database_url)
    yield engine
    engine.dispose()


def troubles(engine: Engine) -> dict[str, str]:
    return {finding.check: finding.trouble for finding in examine_database(engine) if finding.trouble}


def spoil(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        unchecked = "PRAGMA foreign_keys = OFF"
        if engine.dialect.name == "postgresql":
            unchecked = "SET session_replication_role = replica"
        connection.exec_driver_sql(unchecked)
        connection.execute(text(statement))
        connection.commit()


def test_a_sound_base_has_nothing_wrong(engine: Engine) -> None:
    of_any_database = ["数据库结构", "无主的行", "正文和条款", "有效期间"]
    checks = of_any_database if engine.dialect.name == "postgresql" else SQLITE_ONLY + of_any_database
    assert [finding.check for finding in examine_database(engine)] == checks
    assert troubles(engine) == {}


@pytest.mark.parametrize(
    ("statement", "check", "said"),
    [
        ("UPDATE chunks SET version_id = 77 WHERE id = 1", "数据库引用", "指向不存在的行"),
        ("DELETE FROM editions", "无主的行", "1 个版本没有状态"),
        ("DELETE FROM versions WHERE id = 2", "无主的行", "1 份文件没有任何版本"),
        ("DELETE FROM chunks WHERE version_id = 2", "无主的行", "1 个版本没有条款"),
        ("UPDATE versions SET text = text || '。' WHERE id = 1", "正文和条款", "与校验和不符"),
        ("UPDATE chunks SET start = 1 WHERE id = 2", "正文和条款", "的条款与正文对不上"),
        ("UPDATE alembic_version SET version_num = '0001'", "数据库结构", "数据库结构是 0001"),
        ("UPDATE versions SET effective_to = '2021-01-01' WHERE id = 1", "有效期间", "如《公园办法》"),
    ],
)
def test_damage_is_found_and_left_as_it_is(engine: Engine, statement: str, check: str, said: str) -> None:
    if check in SQLITE_ONLY and engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL checks its references itself")
    spoil(engine, statement)
    found = troubles(engine)
    assert said in found[check]
    assert troubles(engine) == found


def test_the_days_are_derived_and_can_be_derived_again(engine: Engine, store: KnowledgeStore) -> None:
    spoil(engine, "UPDATE versions SET effective_to = '2021-01-01'")
    assert citable(store, D2026) == []
    assert [each.check for each in examine_database(engine) if each.repairable] == ["有效期间"]
    settle_again(engine)
    assert troubles(engine) == {}
    assert "免费。" in citable(store, D2026)
    assert store.revision() == 2, "the index hears of it"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "noise.db"
    path.write_text("云州市公园办法\n" * 200, encoding="utf-8")
    engine = connect(f"sqlite:///{path}")
    (finding,) = examine_database(engine)
    assert finding.check == "数据库"
    assert "not a database" in finding.trouble
    assert "备份" in finding.cure
    engine.dispose()
