"""Each rule of a good catalogue, broken once; and a catalogue that keeps them all."""

from collections.abc import Iterable
from datetime import date

import pytest

from knowledge_base.regions import load_gazetteer
from knowledge_base.services.findings import Place
from knowledge_base.services.linting import Surroundings, lint, region_test
from knowledge_base.services.records import LegalBasis, Office, ServiceItem
from tests.knowledge_base.services.samples import (
    ACTIVATE,
    BATCH,
    CITY,
    CITY_REPLACE,
    HALL,
    OLD_AGE,
    REPLACE,
    changed,
)

REGIONS = {each.region for each in BATCH.items} | {each.region for each in BATCH.offices}


def unknown(laws: Iterable[LegalBasis]) -> frozenset[LegalBasis]:
    return frozenset(law for law in laws if law.title == "社会保险法")


def around(*others: ServiceItem) -> Surroundings:
    knows = region_test(load_gazetteer().with_regions(REGIONS), REGIONS)
    return Surroundings({each.id: each for each in BATCH.offices}, others, knows, unknown, date(2026, 11, 25))


def faults(*items: ServiceItem, others: tuple[ServiceItem, ...] = ()) -> list[tuple[str, int, str]]:
    placed = {
        item.task_code: (item, Place("事项.xlsx", "事项", row)) for row, item in enumerate(items, start=2)
    }
    return [(each.column, each.place.row, each.message) for each in lint(placed, {}, around(*others))]


def columns(*items: ServiceItem, others: tuple[ServiceItem, ...] = ()) -> list[str]:
    return [column for column, _, _ in faults(*items, others=others)]


def test_a_law_that_is_not_kept_is_named() -> None:
    ((column, row, message),) = faults(REPLACE, CITY_REPLACE)
    assert (column, row) == ("设定依据", 2)
    assert message.startswith("知识库里没有《社会保险法》")


def test_a_city_s_item_inherits_what_the_rules_ask_for() -> None:
    assert columns(CITY_REPLACE, others=(REPLACE,)) == []
    assert columns(CITY_REPLACE) == ["事项名称"]


@pytest.mark.parametrize(
    ("fields", "column", "words"),
    [
        ({"limit_scene_num": 2}, "到现场次数", "没有写原因"),
        ({"is_online": True, "link_addr": "https://a.example", "online_handle_depth": 4, "limit_scene_num": 1,
          "limit_scene_reason": "核对本人"}, "到现场次数", "全程网办的应为 0"),
        ({"online_handle_depth": 3}, "网办深度", "不能网办"),
        ({"handle_type": ["网上办理"]}, "办理形式", "不能网办"),
        ({"fees": [{"name": "工本费", "stand": "20元"}]}, "收费", "没有写明依据"),
        ({"fees": [{"name": "工本费"}]}, "收费", "没有写明标准和依据"),
        ({"is_online": True}, "网办地址", "没有任何入口"),
        ({"offices": []}, "办理地点", "无处可办"),
        ({"offices": ["nowhere"]}, "办理地点", "没有编号为 nowhere 的办理地点"),
        ({"plan_effective_date": "2027-01-01", "plan_cancel_date": "2027-01-01"}, "计划取消日期",
         "永远用不上"),
        ({"plan_cancel_date": "2026-11-25"}, "计划取消日期", "已于 2026-11-25 取消"),
        ({"region": "火星省/云州市"}, "地区", "没有“火星省/云州市”这个地区"),
        ({"use_level": "省级"}, "行使层级", "地区却是"),
        ({"link_addr": "www.example.gov.cn"}, "网办地址", "不是网址"),
        ({"mini_program": {"appid": "gh_1"}}, "小程序", "wx 加 16 位"),
        ({"materials": [{"name": "户口簿", "waived": True}]}, "申请材料", "没有写理由"),
        ({"promise_day": 9, "promise_type": "工作日", "anticipate_day": 5, "anticipate_type": "工作日"},
         "承诺办结时限", "比法定5日还长"),
    ],
)  # fmt: skip
def test_each_broken_rule_names_its_column_and_its_cure(
    fields: dict[str, object], column: str, words: str
) -> None:
    assert columns(ACTIVATE) == []
    ((found, row, message),) = faults(changed(ACTIVATE, fields))
    assert (found, row) == (column, 2)
    assert words in message


def test_what_comes_by_itself_needs_no_door() -> None:
    assert columns(OLD_AGE) == []
    assert columns(changed(OLD_AGE, {"apply_mode": "依申请"})) == ["办理地点"]


def test_two_items_of_one_kind_in_one_region_are_told() -> None:
    twin = changed(ACTIVATE, {"task_code": "C-ACTIVATE-2"})
    ((column, row, message),) = faults(ACTIVATE, twin)
    assert (column, row) == ("基本编码", 3)
    assert "一地一项" in message


def test_an_office_without_hours_or_of_no_region_is_told() -> None:
    nowhere = Office(id="x", name="中心", region="火星省")
    found = lint(
        {}, {"x": (nowhere, Place("a", "办理地点", 2)), "hall": (HALL, Place("a", "办理地点", 3))}, around()
    )
    assert [(each.column, each.place.row) for each in found] == [("地区", 2), ("服务时间", 2)]
    assert str(found[0]).startswith("a “办理地点” 第 2 行（x）“地区”：")


def test_a_region_is_known_by_the_gazetteer_or_by_what_is_kept() -> None:
    knows = region_test(load_gazetteer(), {CITY})
    assert [knows(each) for each in ("全国", "浙江省/宁波市", CITY, "云岭省")] == [True, True, True, False]
