"""Life events in SQL: versions, who and when, days of effect, withdrawal."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import UnknownLifeEvent
from knowledge_base.life_events.store import LifeEventStore
from tests.databases import DATABASES
from tests.knowledge_base.life_events.samples import EVENT, changed

TODAY = date(2026, 11, 25)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = open_database(new_database(request.param))
    yield engine
    engine.dispose()


def test_only_what_changed_becomes_a_version(engine: Engine) -> None:
    store = LifeEventStore(engine)
    assert store.revision() == 0
    assert store.take_in([EVENT], by="小王").added == ("dog",)
    assert store.take_in([EVENT], by="小李").unchanged == ("dog",)
    assert store.take_in([changed(intro="新的")], by="小李").changed == ("dog",)
    assert [(each.number, each.stored_by) for each in store.history("dog")] == [(1, "小王"), (2, "小李")]
    assert store.revision() == 2
    assert store.snapshot().on(TODAY) == {"dog": changed(intro="新的")}


def test_a_version_holds_from_its_day_to_its_end(engine: Engine) -> None:
    store = LifeEventStore(engine)
    store.take_in([EVENT], by="")
    later = changed(plan_effective_date="2027-01-01", plan_cancel_date="2028-01-01")
    store.take_in([later], by="")
    snapshot = store.snapshot()
    assert snapshot.on(TODAY) == {"dog": EVENT}
    assert snapshot.on(date(2027, 1, 1)) == {"dog": later}
    assert snapshot.on(date(2028, 1, 1)) == {}


def test_what_is_withdrawn_is_gone_until_it_says_something_else(engine: Engine) -> None:
    store = LifeEventStore(engine)
    store.take_in([EVENT], by="")
    store.withdraw(["dog"], by="小王")
    assert store.snapshot().on(TODAY) == {}
    assert store.take_in([EVENT], by="").still_withdrawn == ("dog",)
    store.withdraw(["dog"], by="小王", undo=True)
    assert store.snapshot().on(TODAY) == {"dog": EVENT}
    store.withdraw(["dog"], by="小王")
    store.take_in([changed(name="养狗一件事")], by="")
    assert store.snapshot().on(TODAY)["dog"].name == "养狗一件事"


def test_an_event_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownLifeEvent, match="没有编码为 cat 的一件事"):
        LifeEventStore(engine).withdraw(["cat"], by="")
