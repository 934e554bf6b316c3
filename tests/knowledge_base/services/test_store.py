"""Taking a catalogue in again changes only what changed; what is withdrawn stays so until it changes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from knowledge_base.database import open_database
from knowledge_base.errors import UnknownService
from knowledge_base.services.records import Batch, LinkState
from knowledge_base.services.store import ImportReport, ServiceStore
from tests.databases import DATABASES
from tests.knowledge_base.services.samples import (
    ACTIVATE,
    BATCH,
    CITY_REPLACE,
    HALL,
    OLD_AGE,
    REPLACE,
    changed,
)

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


@pytest.fixture(params=DATABASES)
def services(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> Iterator[ServiceStore]:
    engine = open_database(new_database(request.param))
    yield ServiceStore(engine)
    engine.dispose()


def test_what_is_stored_is_what_was_given(services: ServiceStore) -> None:
    report = services.take_in(BATCH, by="小王")
    assert report == ImportReport(added=tuple(each.task_code for each in BATCH.items), offices=2)
    snapshot = services.snapshot()
    assert [versions[-1].item for versions in snapshot.versions.values()] == list(BATCH.items)
    assert tuple(snapshot.offices.values()) == BATCH.offices
    assert snapshot.revision == services.revision() == 1


def test_the_same_again_changes_nothing(services: ServiceStore) -> None:
    services.take_in(BATCH, by="小王")
    assert services.take_in(BATCH, by="小王") == ImportReport(
        unchanged=tuple(each.task_code for each in BATCH.items)
    )
    assert services.revision() == 1


def test_only_the_changed_get_a_version(services: ServiceStore) -> None:
    services.take_in(BATCH, by="小王")
    cheaper = changed(REPLACE, {"fees": []})
    moved = HALL.model_copy(update={"address": "滨河大道1号"})
    report = services.take_in(Batch(items=(cheaper, ACTIVATE), offices=(moved,)), by="老李")
    assert report == ImportReport(changed=("P-REPLACE",), unchanged=("C-ACTIVATE-1",), offices=1)
    history = services.history("P-REPLACE")
    assert [(each.number, each.item.fees, each.stored_by) for each in history] == [
        (1, REPLACE.fees, "小王"),
        (2, (), "老李"),
    ]
    assert len(services.history("C-ACTIVATE-1")) == 1
    assert services.snapshot().offices["hall"].address == "滨河大道1号"


def test_one_an_operator_withdrew_comes_back_with_another_content_only(services: ServiceStore) -> None:
    services.take_in(BATCH, by="小王")
    services.withdraw(["C-OLD-1"], by="老李")
    assert services.take_in(BATCH, by="小王").still_withdrawn == ("C-OLD-1",)
    assert services.history("C-OLD-1")[-1].withdrawn_at is not None
    services.withdraw(["C-OLD-1"], by="老李", undo=True)
    assert services.history("C-OLD-1")[-1].withdrawn_at is None
    services.withdraw(["C-OLD-1"], by="老李")
    report = services.take_in(Batch(items=(changed(OLD_AGE, {"promise_day": 3}),)), by="小王")
    assert report.changed == ("C-OLD-1",)
    assert services.history("C-OLD-1")[-1].withdrawn_at is None


def test_one_stated_to_be_stopped_or_missing_from_the_whole_is_withdrawn(services: ServiceStore) -> None:
    services.take_in(BATCH, by="小王")
    stopped = changed(ACTIVATE, {"task_state": "停用"})
    report = services.take_in(Batch(items=(stopped, REPLACE, CITY_REPLACE)), by="小王", is_whole=True)
    assert report.withdrawn == ("C-ACTIVATE-1", "C-OLD-1")
    assert report.unchanged == ("P-REPLACE", "C-REPLACE-1")


def test_an_unknown_code_is_named_and_nothing_is_withdrawn(services: ServiceStore) -> None:
    services.take_in(BATCH, by="小王")
    with pytest.raises(UnknownService, match="NOPE"):
        services.withdraw(["C-OLD-1", "NOPE"], by="老李")
    assert services.history("C-OLD-1")[-1].withdrawn_at is None
    with pytest.raises(UnknownService, match="NOPE"):
        services.history("NOPE")


def test_a_link_that_dies_or_comes_back_changes_the_catalogue_one_still_well_does_not(
    services: ServiceStore,
) -> None:
    url = "https://zwfw.yunling.example/replace"
    for state, revision in (("ok", 0), ("dead", 1), ("dead", 1), ("ok", 2)):
        services.record_links([LinkState.model_validate({"url": url, "state": state, "checked_at": NOON})])
        assert services.revision() == revision
    services.forget_links([])
    assert services.snapshot().links == {}


def test_one_process_checks_the_links_for_all(services: ServiceStore) -> None:
    day = timedelta(hours=24)
    assert services.claim_link_check(NOON, day)
    assert not services.claim_link_check(NOON + timedelta(hours=23), day)
    assert services.claim_link_check(NOON + timedelta(hours=24), day)
