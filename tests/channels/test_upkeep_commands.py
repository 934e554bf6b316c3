"""`wenzheng doctor`, `backup` and `restore` on a data directory spoiled by hand."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import assembly
from bot.answer import Question
from bot.assembly import open_service
from bot.settings import Settings
from channels import cli
from knowledge_base.store import KnowledgeStore
from tests.knowledge_base.test_settling import CITY, D2020, FILE, rule
from tests.retrieval.fakes import BigramEncoder

ASKED = Question(question="公园登记费多少元？", region=CITY)


@pytest.fixture
def data_dir(tmp_path: Path, store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    monkeypatch.setattr("channels.upkeep_commands._LEAST_FREE_MIB", 0)
    store.land(FILE, [rule("公园登记费二百元。", effective_from=D2020)])
    open_service(Settings(data_dir=tmp_path)).close()
    return tmp_path


def run(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.app, [*arguments, "--data-dir", str(data_dir)], env={"COLUMNS": "200"})


def snapshot(data_dir: Path) -> Path:
    return data_dir / "index" / "snapshots" / (data_dir / "index" / "CURRENT").read_text()


def dump(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        return list(connection.iterdump())


def test_a_sound_directory_is_well(data_dir: Path) -> None:
    result = run(data_dir, "doctor")
    assert (result.exit_code, "有问题" in result.output) == (0, False)
    assert result.output.count("正常") == 12


@pytest.mark.slow
def test_what_is_derived_is_repaired_and_the_truth_left_alone(data_dir: Path) -> None:
    (snapshot(data_dir) / "dense.faiss").write_bytes(b"noise")
    (data_dir / "index" / "snapshots" / "draft-x").mkdir()
    (data_dir / "index" / "vectors.db").write_bytes(b"noise" * 4000)
    before = dump(data_dir)
    told = run(data_dir, "doctor")
    assert told.exit_code == 1
    assert told.output.count("有问题") == 3
    assert "--repair" in told.output
    repaired = run(data_dir, "doctor", "--repair", "--json")
    assert repaired.exit_code == 0
    report = json.loads(repaired.stdout)
    assert [finding["check"] for finding in report["repaired"]] == ["索引快照", "向量缓存", "被中断的写入"]
    assert report["ok"]
    assert dump(data_dir) == before


@pytest.mark.slow
def test_rows_the_index_has_wrong_are_repaired_though_every_checksum_holds(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        connection.execute("UPDATE versions SET effective_to = '2021-01-01'")
        connection.commit()
    told = run(data_dir, "doctor")
    assert "有效期间：1 个版本" in told.output
    assert "索引快照：" in told.output
    assert run(data_dir, "doctor", "--repair").exit_code == 0


def test_damage_to_the_truth_is_told_and_not_touched(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        connection.execute("UPDATE chunks SET text = '公园登记费三百元。' WHERE article != ''")
        connection.commit()
    before = dump(data_dir)
    result = run(data_dir, "doctor", "--repair")
    assert result.exit_code == 1
    assert "条款与正文对不上" in result.output
    assert "wenzheng restore" in result.output
    assert dump(data_dir) == before


def test_a_directory_without_a_base_is_told(tmp_path: Path) -> None:
    result = run(tmp_path, "doctor")
    assert result.exit_code == 1
    assert "没有" in result.output
    assert list(tmp_path.iterdir()) == []


def test_little_space_is_told(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.upkeep_commands._LEAST_FREE_MIB", 10**12)
    assert "磁盘空间：" in run(data_dir, "doctor").output


@pytest.mark.slow
def test_what_is_restored_answers_the_same(data_dir: Path, tmp_path: Path) -> None:
    made = run(data_dir, "backup", str(tmp_path / "backup.zip"))
    assert made.exit_code == 0
    assert "修订号 1" in made.output
    target = tmp_path / "new"
    assert run(target, "restore", str(tmp_path / "backup.zip"), "--json").exit_code == 0
    answers = []
    for folder in (data_dir, target):
        service = open_service(Settings(data_dir=folder))
        turn = service.consultation.consult(ASKED)
        answers.append(service.consultation.answer_of(turn).model_dump(exclude={"trace"}))
        assert turn.evidence
        service.close()
    assert answers[0] == answers[1]
    assert run(target, "doctor").exit_code == 0
