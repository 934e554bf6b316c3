"""One process put together: what it takes in can be asked about at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import assembly
from bot.answer import AnswerStatus, Question
from bot.assembly import Service, load_reranker, open_service
from bot.settings import Settings
from knowledge_base.database import open_database
from knowledge_base.errors import EncoderError, IndexDamaged
from knowledge_base.ingest import Progress, ingest_files
from retrieval.batching import BatchingEncoder
from tests.bot.conftest import BY_WORDS
from tests.retrieval.cross_encoders import save_cross_encoder
from tests.retrieval.fakes import BigramEncoder

RULE = "第五条　养犬登记费每年二百元。"


@pytest.fixture
def empty(tmp_path: Path, empty_database: Path) -> Iterator[Service]:
    settings = Settings(data_dir=tmp_path / "data", max_file_mb=1)
    settings.data_dir.mkdir()
    shutil.copy(empty_database, settings.data_dir / "wenzheng.db")
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    yield service
    service.close()


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "养犬管理办法.md"
    path.write_text(RULE, encoding="utf-8")
    return path


def test_without_an_index_nothing_can_be_answered(empty: Service) -> None:
    state = empty.ready()
    assert not state.ready
    assert state.reason.startswith("索引不可用")
    with pytest.raises(IndexDamaged, match="wenzheng reindex"):
        empty.consultation.answer(Question(question="养犬登记费多少？"))


def test_an_empty_knowledge_base_says_what_to_do(empty: Service) -> None:
    assert empty.catch_up()
    assert empty.ready().reason == "知识库是空的：请先用 wenzheng ingest 导入文件"
    assert empty.consultation.answer(Question(question="登记费？")).status is AnswerStatus.NO_ANSWER


def test_what_was_taken_in_is_indexed_with_its_progress(empty: Service, rule: Path) -> None:
    seen: list[Progress] = []
    assert empty.ingest(rule, on_progress=seen.append).ok
    assert [progress.stage for progress in seen] == ["read", "read", "encode", "index"]
    assert seen[2] == Progress("encode", 1, 1)
    state = empty.ready()
    assert (state.ready, state.reason, state.documents, state.chunks) == (True, "", 1, 1)
    assert (state.revision, state.encoder) == (empty.store.revision(), "bigram")


def test_there_is_nothing_to_do_twice(empty: Service, rule: Path) -> None:
    empty.ingest(rule)
    assert not empty.catch_up()


def test_the_index_is_built_anew_on_demand(empty: Service, rule: Path) -> None:
    empty.ingest(rule)
    seen: list[Progress] = []
    empty.reindex(seen.append)
    assert seen == [Progress("index", 1, 1)]
    assert empty.ready().ready


def test_a_file_larger_than_allowed_is_refused_by_both_numbers(empty: Service, tmp_path: Path) -> None:
    large = tmp_path / "large.md"
    large.write_text("养" * 400_000, encoding="utf-8")
    (outcome,) = empty.ingest(large).outcomes
    assert outcome.status == "failed"
    assert "文件有 1.1 MiB，上限 1 MiB" in outcome.reason


def test_a_service_opened_again_knows_what_was_there(
    monkeypatch: pytest.MonkeyPatch, empty: Service, rule: Path
) -> None:
    empty.ingest(rule)
    encoder = BigramEncoder()
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: encoder)
    again = open_service(empty.settings)
    assert again.ready().ready
    assert encoder.encoded == []
    again.close()


def test_an_index_may_be_left_behind_for_now(
    monkeypatch: pytest.MonkeyPatch, empty: Service, rule: Path
) -> None:
    ingest_files(empty.store, rule)
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    again = open_service(empty.settings, catch_up=False)
    assert not again.ready().ready
    again.close()


def test_questions_are_joined_and_no_second_look_is_taken_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch, empty: Service
) -> None:
    plain = BigramEncoder()
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: plain)
    service = open_service(empty.settings)
    assert isinstance(service.encoder, BatchingEncoder)
    assert service.encoder.inner is plain
    service.close()
    assert load_reranker(empty.settings) is None


@pytest.mark.slow
def test_a_service_with_a_reranker_answers(
    monkeypatch: pytest.MonkeyPatch, empty: Service, rule: Path, tmp_path: Path
) -> None:
    empty.ingest(rule)
    settings = empty.settings.model_copy(update={"reranker": str(save_cross_encoder(tmp_path / "model"))})
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    service = open_service(settings, ranking=BY_WORDS)
    turn = service.consultation.consult(Question(question="养犬登记费每年多少元？"))
    assert [each.text for each in turn.evidence] == [RULE.replace("\u3000", " ")]
    service.close()


def test_a_reranker_that_is_not_there_is_named_at_start(empty: Service, tmp_path: Path) -> None:
    settings = empty.settings.model_copy(update={"reranker": str(tmp_path / "nowhere")})
    with pytest.raises(EncoderError, match="nowhere cannot be loaded"):
        load_reranker(settings)
