"""What a citizen is answered while texts are drafted, published by the day, withdrawn and rolled back."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.answer import Answer, AnswerStatus, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.settings import Settings
from knowledge_base.database import open_database
from knowledge_base.dates import today
from knowledge_base.lifecycle import Lifecycle
from tests.bot.conftest import BY_WORDS, COVERED
from tests.retrieval.fakes import BigramEncoder

NAME = "养犬管理办法.md"
ASKED = "养犬登记费每年多少？"
TOMORROW = today() + timedelta(days=1)


class Site:
    """A service as one worker has it, and a second worker on the same data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.settings = Settings(data_dir=data_dir)
        self.service = self._worker()
        self.other = self._worker()
        self.lifecycle = Lifecycle(self.service.engine)
        self._folder = data_dir / "incoming"
        self._folder.mkdir()

    def _worker(self) -> Service:
        engine = open_database(self.settings.sqlalchemy_url)
        return Service(self.settings, engine, BigramEncoder(), ranking=BY_WORDS)

    def ingest(self, fee: str, *, draft: bool = False) -> None:
        text = f"第五条　养犬登记费每年{fee}。\n第六条　本办法自2024年1月1日起施行。\n"
        (self._folder / NAME).write_text(text, encoding="utf-8")
        assert self.service.ingest(self._folder, by="王", as_draft=draft).ok

    def ask(self, day: date | None = None, *, other: bool = False, clock: date | None = None) -> Answer:
        service = self.other if other else self.service
        consultation = Consultation(
            service.store,
            service.index,
            self.settings,
            faq=service.faq,
            confidence=COVERED,
            clock=lambda: clock or today(),
        )
        return consultation.answer(Question(question=ASKED, as_of=day))

    def close(self) -> None:
        self.service.close()
        self.other.close()


@pytest.fixture
def site(tmp_path: Path, empty_database: Path) -> Iterator[Site]:
    (tmp_path / "data").mkdir()
    shutil.copy(empty_database, tmp_path / "data" / "wenzheng.db")
    site = Site(tmp_path / "data")
    yield site
    site.close()


def test_a_draft_answers_nobody_and_builds_no_index(site: Site) -> None:
    site.ingest("二百元")
    before = site.service.indexer.current()
    site.ingest("一百元", draft=True)
    assert site.service.indexer.current() == before
    assert "二百元" in site.ask().text


def test_a_withdrawn_text_is_gone_from_every_worker_with_the_commit(site: Site) -> None:
    """No index is built: SQL alone must see to it."""
    site.ingest("二百元")
    assert "二百元" in site.ask(other=True).text
    site.lifecycle.withdraw(NAME, by="王")
    for other in (False, True):
        answer = site.ask(other=other)
        assert (answer.status, answer.citations) == (AnswerStatus.NO_ANSWER, ())
        assert "二百元" not in answer.text


@pytest.mark.slow
def test_what_is_published_is_found_by_every_worker_once_the_index_is_built(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.live_index._LOOK_EVERY_S", 0.0)  # a second passes
    site.ingest("二百元")
    site.ingest("一百元", draft=True)
    assert "二百元" in site.ask(other=True).text
    site.lifecycle.submit(NAME, by="王")
    site.lifecycle.publish(NAME, by="李")
    site.service.catch_up()
    for other in (False, True):
        assert "一百元" in site.ask(other=other).text
        assert "二百元" not in site.ask(other=other).text
    site.lifecycle.roll_back(NAME, by="李")
    site.service.catch_up()
    assert "二百元" in site.ask(other=True).text


def test_a_dated_publish_takes_effect_at_its_day_without_a_new_index_and_leaves_by_itself(site: Site) -> None:
    site.ingest("二百元")
    site.ingest("一百元", draft=True)
    site.lifecycle.submit(NAME, by="王")
    until = TOMORROW + timedelta(days=30)
    site.lifecycle.publish(NAME, by="李", on=TOMORROW, until=until)
    site.service.catch_up()
    assert "二百元" in site.ask().text
    assert "一百元" not in site.ask(TOMORROW).text, "asking as of tomorrow shows nobody the text today"
    site.service.store._clock = lambda: TOMORROW
    assert "一百元" in site.ask(clock=TOMORROW).text
    assert "二百元" not in site.ask(clock=TOMORROW).text
    assert site.ask(clock=until).status is AnswerStatus.NO_ANSWER
