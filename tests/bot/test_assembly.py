"""One process put together: what it takes in can be asked about at once."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import assembly
from bot.answer import AnswerStatus, Question
from bot.assembly import Service, open_service, open_words
from bot.models import load_reranker, load_responder
from bot.responders.breaker import GuardedResponder
from bot.settings import Settings
from knowledge_base.database import open_database
from knowledge_base.errors import EncoderError, IndexDamaged, IndexUnavailable, ResponderError
from knowledge_base.ingest import Progress, ingest_files
from knowledge_base.words import Word, WordDraft, WordKind
from retrieval import following
from retrieval.batching import BatchingEncoder
from retrieval.milvus_server import MilvusServer
from tests.bot.conftest import BY_WORDS
from tests.databases import DATABASES
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


@pytest.mark.slow
def test_a_dictionary_word_gets_its_index_in_the_background(
    empty: Service, rule: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.live_index._LOOK_EVERY_S", 0.0)
    empty.ingest(rule)
    assert "养犬登记费" not in empty.index.get().reader.read("养犬登记费").words
    assert isinstance(empty.encoder, BigramEncoder)
    empty.encoder.encoded.clear()
    empty.words.add([WordDraft(1, Word(WordKind.DICTIONARY, "养犬登记费", frequency=900))], by="张三")
    until = time.monotonic() + 30
    while "养犬登记费" not in empty.index.get().reader.read("养犬登记费").words:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert empty.encoder.encoded == []
    assert empty.consultation.answer(Question(question="养犬登记费多少？")).trace


def test_words_alone_are_opened_without_an_encoder(tmp_path: Path) -> None:
    with open_words(Settings(data_dir=tmp_path / "data")) as words:
        assert words.in_use() == ()
    assert not (tmp_path / "data" / "models").exists()


def found(service: Service) -> list[str]:
    """Return what the index in use finds, best first, as the database has it."""
    hits = service.index.get().search(["养犬登记费每年多少？"])[0]
    chunks = service.store.chunks([hit.passage_id for hit in hits])
    return [chunks[hit.passage_id].draft.text for hit in hits]


@pytest.mark.parametrize("database", DATABASES)
def test_a_machine_that_only_reads_answers_from_what_another_took_in(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    rule: Path,
    database: str,
    new_database: Callable[..., str],
) -> None:
    """Two data directories over one database; nothing but the database is shared."""
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.05)
    url = new_database(database)
    here, there = (
        open_service(Settings(data_dir=tmp_path / name, database_url=url), follow=name == "there")
        for name in ("here", "there")
    )
    try:
        assert here.ingest(rule).ok
        until = time.monotonic() + 60
        while there.ready().revision != here.store.revision() and time.monotonic() < until:
            time.sleep(0.05)
        assert [found(service) for service in (here, there)] == [[RULE.replace("　", " ")]] * 2
    finally:
        here.close()
        there.close()


def test_a_database_that_is_gone_is_the_reason_given(empty: Service, rule: Path) -> None:
    empty.ingest(rule)
    with empty.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE chunks RENAME TO elsewhere")
    state = empty.ready()
    assert not state.ready
    assert state.reason.startswith("数据库不可用")


@pytest.mark.server
def test_without_milvus_the_last_good_index_goes_on_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: Path
) -> None:
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    settings = Settings(data_dir=tmp_path / "data", milvus_uri=str(tmp_path / "milvus.db"))
    before = open_service(settings)
    before.ingest(rule)
    there = found(before)
    assert len(there) == 1
    assert before.ready().reason == ""
    before.close()

    def refuse(_server: MilvusServer) -> None:
        from pymilvus.exceptions import MilvusException  # slow to import

        raise MilvusException(message="connection refused")

    monkeypatch.setattr(MilvusServer, "_connected", refuse)
    ingest_files(before.store, rule.rename(tmp_path / "另一份.md"))
    after = open_service(settings)
    try:
        assert found(after) == there
        state = after.ready()
        assert state.ready
        assert state.revision == 1
        assert "connection refused；暂用本机的向量逐条检索" in state.reason
    finally:
        after.close()


@pytest.mark.server
def test_without_milvus_and_without_an_index_it_does_not_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: Path
) -> None:
    monkeypatch.setattr(assembly, "load_encoder", lambda _settings: BigramEncoder())
    settings = Settings(data_dir=tmp_path / "data")
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder())
    ingest_files(service.store, rule)
    service.close()
    with pytest.raises(IndexUnavailable, match=r"http://127\.0\.0\.1:9"):
        open_service(settings.model_copy(update={"milvus_uri": "http://127.0.0.1:9"}))


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


@pytest.mark.model
def test_a_reranker_that_is_not_there_is_named_at_start(empty: Service, tmp_path: Path) -> None:
    settings = empty.settings.model_copy(update={"reranker": str(tmp_path / "nowhere")})
    with pytest.raises(EncoderError, match="nowhere cannot be loaded"):
        load_reranker(settings)


def test_a_language_model_is_opened_only_where_one_is_set(tmp_path: Path) -> None:
    assert load_responder(Settings(data_dir=tmp_path)) is None
    settings = Settings(data_dir=tmp_path, llm_url="http://127.0.0.1:9/v1", llm_model="qwen-gov")
    responder = load_responder(settings)
    assert isinstance(responder, GuardedResponder)
    assert responder.name == "qwen-gov"
    with pytest.raises(ResponderError, match="WENZHENG_LLM_MODEL"):
        load_responder(Settings(data_dir=tmp_path, llm_model=str(tmp_path / "nothing")))
