"""Life events as files: what is written reads the same, and what is wrong is named with its place."""

from pathlib import Path

import openpyxl
import pytest

import knowledge_base
from knowledge_base.errors import LifeEventsUnreadable
from knowledge_base.life_events.linting import lint
from knowledge_base.life_events.sheets import read_events, write_events
from knowledge_base.services.findings import Severity
from tests.knowledge_base.life_events.samples import EVENT, changed

SAMPLE = Path(knowledge_base.__file__).parent / "sample" / "life-events"
CODES = {"REGISTER", "VACCINE", "REFUND", "SPAY"}


@pytest.mark.parametrize("name", ["all.json", "all.xlsx", "folder"])
def test_the_sample_is_the_same_after_writing_and_reading(tmp_path: Path, name: str) -> None:
    sample = {code: each.event for code, each in read_events(SAMPLE).events.items()}
    assert len(sample) == 8
    write_events(tmp_path / name, sample.values())
    reading = read_events(tmp_path / name)
    assert not reading.findings
    assert {code: each.event for code, each in reading.events.items()} == sample


def edited(path: Path, sheet: str, cell: str, value: str) -> list[str]:
    """Return what is found in the event as a workbook with one cell changed."""
    write_events(path, [EVENT])
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)
    reading = read_events(path)
    return [str(each) for each in (*reading.findings, *lint(reading.events, CODES))]


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "finding"),
    [
        ("步骤", "C4", "from 是 领养", "“步骤” 第 4 行（dog）“什么时候办”：“from 是 领养”读不懂"),
        ("步骤", "C4", "where = shop", "“步骤” 第 4 行（dog）“什么时候办”：没有编号为 where 的问题"),
        ("步骤", "C4", "from = found", "“步骤” 第 4 行（dog）“什么时候办”：问题 from 没有选项值 found"),
        ("步骤", "C4", "from = shop 且 from = adopted", "“什么时候办”：要求同一个问题同时有两个不同的回答"),
        ("步骤", "D3", "REFUND", "“步骤” 第 2 行（dog）“先办”：REGISTER、VACCINE、REFUND 互相等着"),
        ("步骤", "D3", "CHIP", "“步骤” 第 3 行（dog）“先办”：先办 CHIP，这件事里却没有这一步"),
        ("步骤", "B5", "CHIP", "“步骤” 第 5 行（dog）“基本编码”：事项库里没有基本编码 CHIP"),
        ("步骤", "B5", "VACCINE", "“步骤” 第 5 行（dog）“基本编码”：基本编码 VACCINE 有两步"),
        ("问题", "E2", "", "“问题” 第 2 行（dog）“选项”：没有填"),
        ("问题", "E2", "shop = 买的", "“问题” 第 2 行（dog）“选项”：只有一个选项，不用问"),
        ("问题", "F3", "spayed = yes", "“问题” 第 3 行（dog）“什么时候问”：用到了还没有问的问题 spayed"),
        ("问题", "B4", "paid", "“问题” 第 4 行（dog）“问题编号”：编号 paid 用了两次"),
        ("问题", "A4", "cat", "“问题” 第 4 行（cat）“事件编码”：“事件”表里没有编码 cat"),
        ("事件", "D2", "", "“事件” 第 2 行（dog）“地区”：没有填"),
        ("事件", "G2", "三月", "“事件” 第 2 行（dog）“计划生效日期”：应填日期"),
    ],
)
def test_each_fault_of_a_workbook_is_named_with_its_place(
    tmp_path: Path, sheet: str, cell: str, value: str, finding: str
) -> None:
    found = edited(tmp_path / "狗.xlsx", sheet, cell, value)
    assert any(finding in each for each in found), found


def test_a_good_event_has_no_findings(tmp_path: Path) -> None:
    write_events(tmp_path / "all.xlsx", [EVENT])
    assert not lint(read_events(tmp_path / "all.xlsx").events, CODES)


def test_a_question_nothing_depends_on_is_pointed_out(tmp_path: Path) -> None:
    write_events(tmp_path / "a.json", [changed(steps=[{"catalog_code": "VACCINE"}])])
    found = lint(read_events(tmp_path / "a.json").events, CODES)
    assert [each.severity for each in found] == [Severity.WARNING] * 2
    assert "问了 paid，却没有哪一步、哪个问题用到它" in str(found[0])


def test_two_events_of_one_code_are_not_both_kept(tmp_path: Path) -> None:
    write_events(tmp_path / "a.json", [EVENT, EVENT])
    reading = read_events(tmp_path / "a.json")
    assert list(reading.events) == ["dog"]
    assert "编码 dog 与a.json 第 1 项重复" in str(reading.findings[0])


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.json", b"{"), ("a.json", b"[" * 99_999), ("a.txt", b""), ("a.json", b"[]"), ("a.json", b"\xff\xfe")],
)
def test_what_is_no_life_event_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LifeEventsUnreadable):
        read_events(tmp_path / name)


def test_json_that_is_something_else_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"code": "a", "steps": []}, 3]', encoding="utf-8")
    said = [str(each) for each in read_events(tmp_path / "a.json").findings]
    assert "a.json 第 1 项（a）“名称”：没有填：这一项必须有" in said
    assert "a.json 第 1 项（a）“步骤”：没有内容：至少要有 1 项" in said
    assert "a.json 第 2 项“整行”：应为一个对象" in said
