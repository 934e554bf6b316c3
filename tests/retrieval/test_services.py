"""The index of service items: nearest by meaning and words, of what may be seen; followed as it changes."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.database import open_database
from knowledge_base.services.records import Batch
from knowledge_base.services.store import ServiceStore
from retrieval.lexicon import load_lexicon
from retrieval.query import QueryReader
from retrieval.services import LiveServices, ServiceHit, Services
from retrieval.vector_cache import VectorCache
from tests.knowledge_base.services.samples import ACTIVATE, BATCH, CITY, COUNTY, OLD_AGE, changed
from tests.retrieval.fakes import BigramEncoder

DAY = date(2026, 11, 25)
READER = QueryReader(load_lexicon())
ENCODER = BigramEncoder(dim=256)


@pytest.fixture
def encoder() -> BigramEncoder:
    return BigramEncoder(dim=256)


@pytest.fixture
def store(database_url: str) -> Iterator[ServiceStore]:
    engine = open_database(database_url)
    store = ServiceStore(engine)
    store.take_in(BATCH, by="小王")
    yield store
    engine.dispose()


@pytest.fixture
def live(store: ServiceStore, tmp_path: Path) -> LiveServices:
    return LiveServices(store, tmp_path / "index", monotonic_s=lambda: 0.0)


def search(services: Services, question: str, region: str = CITY, k: int = 5) -> list[ServiceHit]:
    query = READER.read(question)
    vectors = BigramEncoder(dim=256).encode_queries([query.text, query.text])
    allowed = services.catalogue.effective(region, DAY).keys()
    return services.index.search(
        query, vectors, allowed=allowed, regions={region, "云岭省", CITY, "全国"}, k=k
    )


def test_the_item_that_is_called_so_comes_first(live: LiveServices) -> None:
    hits = search(live.get(READER, ENCODER), "社会保障卡补领")
    best = hits[0]
    assert best.catalog_code == "C-REPLACE"
    assert best.cosine == pytest.approx(1.0, abs=1e-5)
    assert (best.lexical, best.of_name, best.unsaid, best.terms_unsaid) == (1.0, 1.0, 0.0, 0)
    assert best.second_cosine < best.cosine
    assert best.lift > 0


def test_an_alias_counts_as_a_name_and_a_condition_by_its_words(live: LiveServices) -> None:
    assert search(live.get(READER, ENCODER), "激活社保卡")[0].catalog_code == "C-ACTIVATE"
    by_words = {
        hit.catalog_code: hit.lexical for hit in search(live.get(READER, ENCODER), "年满80周岁本市户籍")
    }
    assert by_words["C-OLD"] == 1.0


def test_what_no_wording_says_is_left_unsaid(live: LiveServices) -> None:
    (hit,) = (
        each for each in search(live.get(READER, ENCODER), "摩托车补领") if each.catalog_code == "C-REPLACE"
    )
    assert 0.3 < hit.unsaid < 1.0


def test_only_what_may_be_seen_is_found(live: LiveServices) -> None:
    services = live.get(READER, ENCODER)
    assert {hit.catalog_code for hit in search(services, "社会保障卡", region="云岭省")} == {"C-REPLACE"}
    assert search(services, "社会保障卡", region="海州省") == []
    assert len(search(services, "社会保障卡", region=COUNTY, k=1)) == 1


def test_an_empty_catalogue_has_nothing(database_url: str, encoder: BigramEncoder, tmp_path: Path) -> None:
    engine = open_database(database_url)
    services = LiveServices(ServiceStore(engine), tmp_path).get(READER, encoder)
    assert len(services.index) == 0
    assert search(services, "社会保障卡") == []
    engine.dispose()


def test_a_change_is_followed_without_a_restart_and_only_new_wordings_are_encoded(
    store: ServiceStore, encoder: BigramEncoder, tmp_path: Path
) -> None:
    now = [0.0]
    live = LiveServices(store, tmp_path / "index", monotonic_s=lambda: now[0])
    before = live.get(READER, encoder)
    told = len(encoder.encoded)
    store.take_in(Batch(items=(changed(ACTIVATE, {"aliases": ["开通社保卡"]}),)), by="小王")
    assert live.get(READER, encoder) is before  # looked for at most once a second
    now[0] = 2.0
    live.get(READER, encoder)
    for _ in range(500):
        if live.get(READER, encoder) is not before:
            break
        time.sleep(0.01)
    assert search(live.get(READER, encoder), "开通社保卡")[0].catalog_code == "C-ACTIVATE"
    assert len(encoder.encoded) == told + 1  # the item told whole; its unchanged names were kept
    again = LiveServices(store, tmp_path / "index")
    again.get(READER, encoder)
    assert len(encoder.encoded) == told + 1


def test_catching_up_waits(live: LiveServices, store: ServiceStore) -> None:
    live.get(READER, ENCODER)
    store.withdraw(["C-OLD-1"], by="小王")
    live.catch_up(READER, ENCODER)
    assert "C-OLD" not in live.get(READER, ENCODER).catalogue.effective(CITY, DAY)


def test_another_encoder_gets_vectors_of_its_own_at_once(live: LiveServices) -> None:
    """Its questions cannot be compared with what the one before encoded."""
    live.get(READER, ENCODER)
    other = BigramEncoder(dim=128)
    live.encode_ahead(READER, other)
    told = len(other.encoded)
    services = live.get(READER, other)
    query = READER.read("社会保障卡补领")
    vectors = other.encode_queries([query.text, query.text])
    (best,) = services.index.search(query, vectors, allowed={"C-REPLACE"}, regions={CITY, "云岭省"}, k=1)
    assert best.cosine == pytest.approx(1.0, abs=1e-5)
    assert len(other.encoded) == told > 0  # ahead, once


def test_a_disk_that_takes_no_vectors_costs_time_only(
    live: LiveServices, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(VectorCache, "put", full)
    assert search(live.get(READER, ENCODER), "社会保障卡补领")[0].catalog_code == "C-REPLACE"
    assert "were not kept" in caplog.text


def test_a_catalogue_is_what_each_region_states(live: LiveServices) -> None:
    catalogue = live.get(READER, ENCODER).catalogue
    assert catalogue.regions_of("C-REPLACE", DAY) == ("云岭省", CITY)
    assert catalogue.widest(DAY)["C-REPLACE"].item.region == "云岭省"
    assert [office.id for office in catalogue.offices_of(BATCH.items[1], COUNTY)] == ["county-hall", "hall"]
    assert [office.id for office in catalogue.offices_of(BATCH.items[1], CITY)] == ["hall", "county-hall"]
    resting = catalogue.resting_on("云州市高龄津贴办法（2024年修订）", CITY, DAY)
    assert [each.item for each in resting] == [OLD_AGE]
