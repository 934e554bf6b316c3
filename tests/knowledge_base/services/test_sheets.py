"""What is exported reads the same from every format, and what is wrong is named by file, row and column."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from knowledge_base.errors import ServicesUnreadable
from knowledge_base.services.cells import read_hours, read_law, write_hours
from knowledge_base.services.exporting import write_catalogue, write_json
from knowledge_base.services.findings import Severity
from knowledge_base.services.records import Batch, Hours, LegalBasis, Office, ServiceItem
from knowledge_base.services.sheets import read_catalogue
from tests.knowledge_base.services.samples import BATCH, CITY

FORMATS = ("a.json", "a.xlsx", "a.zip", "folder")
# Letters that cells are known to trip over: a formula's sign, an apostrophe, digits, separators, brackets.
TEXT = st.text("社保卡补领一二=+-'\"0123,;；、 〔〕()a", min_size=1, max_size=12).filter(str.strip)
LINES = st.none() | st.lists(TEXT, max_size=3)
CODE = st.text("ABC012-", min_size=1, max_size=8)
LAWS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict[str, object],
    title=st.text("社会保险法《》", min_size=1, max_size=6).filter(lambda title: title.strip("《》")),
    doc_number=st.sampled_from(["", "云政发〔2026〕3号"]),
    article=st.sampled_from(["", "第六条", "（一）", "三、（二）"]),
)
MATERIALS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict[str, object],
    name=TEXT,
    type=st.sampled_from([None, "原件", "电子"]),
    copies=st.none() | st.integers(0, 9),
    is_need=st.booleans(),
    waived=st.booleans(),
    waived_reason=st.none() | TEXT,
)
ITEMS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict[str, object],
    catalog_code=CODE,
    task_code=CODE,
    region=st.just(CITY),
    task_name=st.none() | TEXT,
    aliases=LINES,
    accept_condition=LINES,
    by_law=st.none() | st.lists(LAWS, max_size=2),
    plan_effective_date=st.none() | st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    serves=st.none() | st.lists(st.sampled_from(["自然人", "法人"]), max_size=2),
    promise_day=st.none() | st.integers(0, 99),
    is_online=st.none() | st.booleans(),
    mini_program=st.none() | st.builds(dict, appid=st.just("wx01"), path=st.sampled_from(["", "a/b?c=1 2"])),
    materials=st.none() | st.lists(MATERIALS, max_size=3),
    fees=st.none() | st.lists(st.builds(dict, name=TEXT, stand=st.none() | TEXT), max_size=2),
    questions=st.none() | st.lists(st.builds(dict, question=TEXT, answer=st.just("甲。\n乙。")), max_size=2),
)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_exported_reads_the_same(name: str, tmp_path: Path) -> None:
    write_catalogue(tmp_path / name, BATCH)
    reading = read_catalogue(tmp_path / name)
    assert reading.batch == BATCH
    assert reading.findings == ()


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS, min_size=1, max_size=3, unique_by=lambda item: item["task_code"]))
def test_any_catalogue_does(name: str, items: list[dict[str, object]], tmp_path: Path) -> None:
    batch = Batch(items=tuple(ServiceItem.model_validate(each) for each in items))
    write_catalogue(tmp_path / name, batch)
    reading = read_catalogue(tmp_path / name)
    assert reading.findings == ()
    assert reading.batch == batch


def test_a_cell_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    item = ServiceItem(catalog_code="C", task_code="T", region=CITY, task_name='=HYPERLINK("x")')
    write_catalogue(tmp_path / "a.xlsx", Batch(items=(item,)))
    sheet = load_workbook(tmp_path / "a.xlsx")["事项"]
    assert [cell.data_type for cell in sheet[2] if cell.value] == ["s"] * 4


def test_headings_may_be_chinese_or_identifiers_and_values_as_people_write_them(tmp_path: Path) -> None:
    rows = [
        [
            "*基本编码",
            "task_code",
            "地区",
            "事项名称",
            "服务对象",
            "是否网办",
            "计划生效日期",
            "承诺办结时限",
            "收费",
        ],
        ["C", "T", CITY, "养犬登记", "自然人、法人", "Y", "2026年3月1日", "5.0", "无"],
    ]
    with (tmp_path / "事项.csv").open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(rows)
    reading = read_catalogue(tmp_path / "事项.csv")
    assert reading.findings == ()
    (item,) = reading.batch.items
    assert (item.serves, item.is_online, item.promise_day, item.fees) == (("自然人", "法人"), True, 5, ())
    assert item.plan_effective_date == date(2026, 3, 1)


def test_each_fault_names_sheet_row_and_column_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(
        "基本编码,实施编码,地区,到现场次数,行使层级,颜色\n"
        f"C1,T1,{CITY},两次,市级,红\n"
        f"C2,T2,{CITY},1,街道级,\n"
        f"C3,T3,{CITY},0,市级,\n"
        f"C3,T3,{CITY},0,市级,\n"
        f"C4,,{CITY},0,市级,\n"
        f"C5,T5,{CITY},0,市级,\n",
        encoding="utf-8",
    )
    (tmp_path / "materials.csv").write_text(
        "实施编码,材料名称,份数\nT5,身份证,一份\nT9,户口簿,1\n", encoding="utf-8"
    )
    reading = read_catalogue(tmp_path)
    assert reading.items.keys() == {"T3"}
    found = {(each.place.sheet, each.place.row, each.column): each.message for each in reading.findings}
    assert found["items", 1, ""] == "不认识的列“颜色”，没有读：请核对列名"
    assert "应填整数，读到“两次”" in found["items", 2, "到现场次数"]
    assert "国家级" in found["items", 3, "行使层级"]
    assert "重复" in found["items", 5, "实施编码"]
    assert "没有填" in found["items", 6, "实施编码"]
    assert found["items", 7, ""].startswith("分表里属于它的行有错")
    assert "应填整数" in found["materials", 2, "份数"]
    assert "“事项”表里没有实施编码 T9" in found["materials", 3, "实施编码"]
    assert str(reading.findings[0]).startswith("items.csv 第 1 行")


def test_faults_in_json_are_named_by_place_in_the_list(tmp_path: Path) -> None:
    item = {
        "catalog_code": "C",
        "task_code": "T",
        "region": CITY,
        "materials": [{"name": "证"}, {"type": "原件"}],
    }
    (tmp_path / "a.json").write_text(json.dumps({"items": [item]}), encoding="utf-8")
    (finding,) = read_catalogue(tmp_path / "a.json").findings
    assert finding.severity is Severity.ERROR
    assert str(finding) == "a.json “items” 第 1 项（T）“申请材料”：第 2 项的“材料名称”没有填：这一项必须有"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "[]"),
        ("a.json", '{"items": 3}'),
        ("a.txt", "x"),
        ("a.csv", "甲,乙\n1,2\n"),
    ],
)
def test_what_is_no_catalogue_is_said_to_be_none(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ServicesUnreadable, match=name.replace(".", r"\.")):
        read_catalogue(tmp_path / name)


def test_a_file_of_another_kind_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ServicesUnreadable, match=r"\.docx"):
        write_catalogue(tmp_path / "a.docx", BATCH)


def test_what_an_item_does_not_state_is_left_out_of_json() -> None:
    item = ServiceItem(catalog_code="C", task_code="T", region=CITY, fees=())
    stated = json.loads(write_json(Batch(items=(item,))))["items"][0]
    assert stated == {"catalog_code": "C", "task_code": "T", "region": CITY, "fees": []}


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("周一至周五 9:00-12:00", [((1, 2, 3, 4, 5), "09:00", "12:00")]),
        ("每天 08:30—18:00", [((1, 2, 3, 4, 5, 6, 7), "08:30", "18:00")]),
        (
            "星期一、三、五 09:00~11:30；周六 09：00-12：00",
            [((1, 3, 5), "09:00", "11:30"), ((6,), "09:00", "12:00")],
        ),
    ],
)
def test_hours_are_read_as_people_write_them(
    written: str, hours: list[tuple[tuple[int, ...], str, str]]
) -> None:
    expected = [Hours(days=days, open=opens, close=closes) for days, opens, closes in hours]
    assert read_hours(written) == expected
    assert read_hours(write_hours(expected)) == expected


def test_hours_of_no_form_are_refused() -> None:
    with pytest.raises(ValueError, match="周一至周五"):
        read_hours("上午九点")


def test_a_law_is_read_with_its_number_and_article() -> None:
    expected = LegalBasis(
        title="关于印发《办法》的通知", doc_number="云政发〔2026〕3号", article="三、（一）"
    )
    assert read_law("《关于印发《办法》的通知》（云政发〔2026〕3号）三、（一）") == expected
    with pytest.raises(ValueError, match="《标题》"):
        read_law("社会保险法第六条")


def test_offices_have_a_sheet_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "办理地点.csv").write_text(
        f"地点编号,地点名称,地区,服务时间,节假日休息\nhall,中心,{CITY},周一至周五 09:00-17:00,否\n",
        encoding="utf-8",
    )
    (office,) = read_catalogue(tmp_path / "办理地点.csv").batch.offices
    assert office == Office(
        id="hall",
        name="中心",
        region=CITY,
        hours=(Hours(days=(1, 2, 3, 4, 5), open="09:00", close="17:00"),),
        closed_on_holidays=False,
    )
