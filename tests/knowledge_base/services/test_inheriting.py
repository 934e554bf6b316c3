"""The nearest region's word on each field, and which version holds on a day."""

from datetime import UTC, date, datetime

import pytest

from knowledge_base.services.inheriting import effective_items, inherit, version_on
from knowledge_base.services.records import ItemVersion, ServiceItem
from tests.knowledge_base.services.samples import (
    ACTIVATE,
    BATCH,
    CITY,
    CITY_REPLACE,
    COUNTY,
    OLD_AGE,
    PROVINCE,
    REPLACE,
    changed,
)

NOON = datetime(2026, 11, 1, 4, tzinfo=UTC)
COUNTY_REPLACE = ServiceItem.model_validate(
    {
        "catalog_code": "C-REPLACE",
        "task_code": "Q-REPLACE",
        "region": COUNTY,
        "is_online": False,
        "link_way": "0999-7",
    }
)


def version(number: int, item: ServiceItem, *, withdrawn: bool = False) -> ItemVersion:
    return ItemVersion(
        item=item, number=number, stored_at=NOON, stored_by="小王", withdrawn_at=NOON if withdrawn else None
    )


def test_the_nearest_word_on_each_field_counts_and_lists_count_as_a_whole() -> None:
    found = effective_items(BATCH.items, COUNTY)["C-REPLACE"]
    item = found.item
    assert [each.task_code for each in found.sources] == ["C-REPLACE-1", "P-REPLACE"]
    assert (item.task_code, item.region) == ("C-REPLACE-1", CITY)
    assert (item.task_name, item.dept_name) == ("社会保障卡补领", "云州市人力资源和社会保障局")
    assert item.fees == ()
    assert item.materials == REPLACE.materials


def test_a_province_sees_its_own_and_another_region_nothing() -> None:
    assert effective_items(BATCH.items, PROVINCE).keys() == {"C-REPLACE"}
    assert effective_items(BATCH.items, PROVINCE)["C-REPLACE"].item.promise_day == 10
    assert effective_items(BATCH.items, "海州省/海州市") == {}
    assert effective_items(BATCH.items, None) == {}


def test_a_time_limit_goes_with_its_unit() -> None:
    nearer = changed(CITY_REPLACE, {"promise_day": 3, "promise_type": None})
    assert inherit([nearer, REPLACE]).item.promise_type is None


def test_where_nothing_is_done_online_a_wider_regions_entries_are_not_inherited() -> None:
    item = inherit([COUNTY_REPLACE, CITY_REPLACE, REPLACE]).item
    assert (item.is_online, item.link_addr, item.mini_program, item.online_handle_depth) == (
        False,
        None,
        None,
        None,
    )
    assert item.link_way == "0999-7"


def test_an_item_is_made_of_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        inherit([])


@pytest.mark.parametrize(
    ("day", "promised"),
    [(date(2026, 12, 31), 10), (date(2027, 1, 1), 5), (date(2027, 6, 30), 5), (date(2027, 7, 1), None)],
)
def test_the_next_version_begins_and_ends_by_the_day_alone(day: date, promised: int | None) -> None:
    following = changed(
        REPLACE, {"promise_day": 5, "plan_effective_date": "2027-01-01", "plan_cancel_date": "2027-07-01"}
    )
    item = version_on([version(2, following), version(1, REPLACE)], day)
    assert (item.promise_day if item else None) == promised


def test_one_stopped_or_withdrawn_or_not_begun_says_nothing() -> None:
    day = date(2026, 11, 25)
    assert version_on([version(1, changed(ACTIVATE, {"task_state": "停用"}))], day) is None
    assert version_on([version(1, ACTIVATE, withdrawn=True)], day) is None
    assert version_on([version(1, OLD_AGE)], date(2026, 10, 31)) is None
    assert version_on([], day) is None
