"""A profile is kept with consent only, sealed, and when it is withdrawn nothing of it is left."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from bot.answer import Answer, AnswerStatus, PolicyBlock, TurnTrace
from bot.conversations import Conversations
from bot.profiles.consent import CONSENT_VERSION, consent_text
from bot.profiles.mentions import FORGOTTEN
from bot.profiles.store import ProfileRow, Profiles, ProfileWithdrawalRow
from bot.sealing import Seal
from knowledge_base.database import open_database
from knowledge_base.eligibility.records import Profile
from knowledge_base.errors import ConsentMissing

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
PERSON = Profile(1944, "云岭省/云州市", frozenset({"残疾人证"}), ((2020, 3),))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def profiles(engine: Engine, tmp_path: Path) -> Profiles:
    return Profiles(engine, Seal(tmp_path))


@pytest.fixture
def somebody(engine: Engine) -> str:
    return Conversations(engine).open()[0].id


def test_nothing_is_kept_without_consent(profiles: Profiles, somebody: str) -> None:
    with pytest.raises(ConsentMissing):
        profiles.save(somebody, PERSON)
    with pytest.raises(ConsentMissing):
        profiles.consent(somebody, "an older text")
    assert profiles.find(somebody) is None


def test_with_consent_it_is_kept_sealed(profiles: Profiles, somebody: str, engine: Engine) -> None:
    profiles.consent(somebody, CONSENT_VERSION, now=NOON)
    profiles.save(somebody, PERSON)
    assert profiles.find(somebody) == PERSON
    with Session(engine) as session:
        row = session.scalars(select(ProfileRow)).one()
    assert (row.consent_version, row.consented_at) == (CONSENT_VERSION, NOON)
    assert "1944" not in row.sealed
    assert "残疾" not in row.sealed


def test_withdrawn_it_is_gone_from_the_file(
    profiles: Profiles, somebody: str, engine: Engine, tmp_path: Path
) -> None:
    profiles.consent(somebody, CONSENT_VERSION)
    profiles.save(somebody, PERSON)
    with Session(engine) as session:
        sealed = session.scalars(select(ProfileRow.sealed)).one().encode()
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(FULL)"))
    assert sealed in _files(tmp_path)
    assert profiles.withdraw(somebody, now=NOON)
    assert sealed not in _files(tmp_path)
    assert not profiles.withdraw(somebody, now=NOON)
    with Session(engine) as session:
        assert session.scalars(select(ProfileRow)).all() == []
        assert [each.count for each in session.scalars(select(ProfileWithdrawalRow))] == [1]


def test_what_is_not_used_expires(profiles: Profiles, somebody: str) -> None:
    profiles.consent(somebody, CONSENT_VERSION, now=NOON)
    assert profiles.expire(365, now=NOON + timedelta(days=365)) == 0
    assert profiles.find(somebody, now=NOON + timedelta(days=300)) == Profile()
    assert profiles.expire(365, now=NOON + timedelta(days=600)) == 0
    assert profiles.expire(365, now=NOON + timedelta(days=666)) == 1
    assert profiles.everyone() == ()


def test_what_was_kept_under_an_older_text_expires(
    profiles: Profiles, somebody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.consent(somebody, CONSENT_VERSION)
    monkeypatch.setattr("bot.profiles.store.CONSENT_VERSION", "a later text")
    assert profiles.find(somebody) is None
    assert profiles.expire(365) == 1


def test_an_answer_that_comes_after_the_withdrawal_says_nothing_either(
    profiles: Profiles, somebody: str, engine: Engine
) -> None:
    conversations = Conversations(engine)
    conversations.record_question(somebody, "c1", "问", answer_id="a1")
    block = PolicyBlock(code="elder", text="您可能符合")
    trace = TurnTrace(id="t", timings_ms={})
    answer = Answer(status=AnswerStatus.ANSWERED, text="您可能符合", blocks=(block,), trace=trace)
    conversations.record_answer(somebody, "a1", answer)
    profiles.consent(somebody, CONSENT_VERSION)
    profiles.forget_if_withdrawn(somebody)
    assert conversations.history(somebody)[-1].text == "您可能符合"
    profiles.withdraw(somebody)
    conversations.record_question(somebody, "c2", "问", answer_id="a2")
    conversations.record_answer(somebody, "a2", answer)
    profiles.forget_if_withdrawn(somebody)
    assert {each.text for each in conversations.history(somebody) if each.role == "assistant"} == {FORGOTTEN}


def test_the_text_says_purpose_content_and_way_out() -> None:
    shown = consent_text(365)
    assert all(words in shown for words in ("单独同意", "只用于匹配政策", "365 天", "撤回"))


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("wenzheng.db*"))
