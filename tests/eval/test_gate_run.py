"""The gate: closed by losses that chance does not explain, and as good on few questions as on all."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.answer import AnswerStatus
from bot.assembly import Service
from bot.settings import Settings
from eval.datasets import ExpectedArticle, LabelledQuestion
from eval.faq_run import FaqQuestion
from eval.gate_run import Change, Gate, GateResult, SetComparison, Verdict, by_chance
from eval.hash_encoder import HashEncoder
from knowledge_base.database import open_database
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqAction, FaqRow
from knowledge_base.regions import visible
from tests.knowledge_base.faq.builders import CITY, PARK, PARK_FILE, TODAY, land

POOL_FILE = "游泳馆办法.md"
POOL = "云州市游泳馆办法\n第一条 游泳馆每日9时开门。\n第二条 游泳馆门票三十元。\n第三条 游泳馆内禁止饮食。"


@pytest.mark.parametrize(
    ("lost", "gained", "chance"),
    [(0, 0, 1.0), (1, 0, 0.5), (4, 0, 0.0625), (5, 0, 0.03125), (1, 1, 0.75), (0, 3, 1.0), (7, 1, 9 / 256)],
)
def test_the_sign_test_is_exact(lost: int, gained: int, chance: float) -> None:
    assert by_chance(lost, gained) == pytest.approx(chance)


def change(number: int) -> Change:
    return Change("回答", f"s{number}", "问", Verdict(True, "对"), Verdict(False, "错"))


def compared(lost: int, gained: int = 0, unsafe: int = 0) -> GateResult:
    changes = [change(number) for number in range(10)]
    one = SetComparison(
        "回答", 100, 20, tuple(changes[:lost]), tuple(changes[:gained]), tuple(changes[:unsafe])
    )
    return GateResult((1,), date(2026, 11, 25), (one,))


def test_four_losses_may_be_chance_and_five_are_not() -> None:
    assert compared(lost=4).is_open
    assert compared(lost=5).reasons == ("回答：5 题由对变错、0 题由错变对，不像是碰巧（p=0.031，界线 0.05）",)
    assert compared(lost=5, gained=4).is_open


def test_a_single_unsafe_citation_closes_it() -> None:
    result = compared(lost=0, unsafe=1)
    assert not result.is_open
    assert result.tables()[1].rows == (("s0 问", "对", "错"),)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Service]:
    """Two rules and a published entry; the drafts of the tests stay drafts."""
    folder = tmp_path_factory.mktemp("gate")
    shutil.copy(empty_database, folder / "wenzheng.db")
    settings = Settings(data_dir=folder)
    service = Service(settings, open_database(settings.sqlalchemy_url), HashEncoder(dim=512))
    land(service.store, PARK_FILE, PARK)
    land(service.store, POOL_FILE, POOL)
    row = FaqRow("公园几点开门？", "早上6点。", ("《云州市公园办法》第二条",), ("公园开门时间",))
    faq_id = service.faq.save(row, by="甲", today=TODAY).faq_id
    for step in (FaqAction.SUBMIT, FaqAction.PUBLISH):
        service.faq.step([faq_id], step, by="甲", today=TODAY)
    service.catch_up()
    yield service
    service.close()


ASKED = [
    *((f"{place}{ask}", file, article)
      for place, file in (("公园", PARK_FILE), ("游泳馆", POOL_FILE))
      for ask, article in (
          ("几点开门", "第二条"), ("开门时间", "第二条"), ("门票多少钱", "第二条"), ("要收门票吗", "第一条"),
          ("能抽烟吗", "第三条"), ("里面能吃东西吗", "第三条"),
      )),
]  # fmt: skip
ANSWERS = [
    LabelledQuestion(
        id=f"a{number}",
        type="短",
        question=question,
        region=CITY,
        status=AnswerStatus.ANSWERED,
        expected=(ExpectedArticle(file=file, article=article),),
    )
    for number, (question, file, article) in enumerate(ASKED)
]
FAQ = [
    FaqQuestion(
        id=f"f{number}",
        question=question,
        region=CITY,
        near="公园几点开门？",
        expected="公园几点开门？" if question in ("公园几点开门", "公园开门时间") else "",
    )
    for number, (question, _, _) in enumerate(ASKED)
]
DRAFTS = [
    FaqRow("游泳馆几点开门？", "9点。", ("《云州市游泳馆办法》第一条",)),
    FaqRow("公园门票多少钱？", "免费。", ("《云州市公园办法》第一条",), ("公园要收门票吗",)),
    FaqRow("公园能抽烟吗？", "不能。", ("《云州市公园办法》第三条",)),
    FaqRow(
        "公园开门时间是什么时候", "9点。", ("《云州市游泳馆办法》第一条",), ("公园几点开门", "公园开门时间")
    ),
]


def gate(service: Service, faq_id: int, *, everything: bool = False) -> Gate:
    return Gate(
        service,
        [faq_id],
        TODAY,
        visible=lambda labelled: visible(labelled.region),
        everything=everything,
    )


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda row: row.question)
def test_asking_what_a_draft_touches_is_as_good_as_asking_everything(service: Service, draft: FaqRow) -> None:
    faq_id = service.faq.save(draft, by="甲", today=TODAY).faq_id
    revision = service.store.revision()
    few = gate(service, faq_id).run(ANSWERS, FAQ)
    every = gate(service, faq_id, everything=True).run(ANSWERS, FAQ)
    assert [each.touched for each in every.sets] == [len(ANSWERS), len(FAQ)]
    assert all(a.touched <= b.touched for a, b in zip(few.sets, every.sets, strict=True))
    without_counts = [[replace(each, touched=0) for each in result.sets] for result in (few, every)]
    assert without_counts[0] == without_counts[1]
    assert service.store.revision() == revision


def test_an_entry_that_is_not_there_is_told(service: Service) -> None:
    with pytest.raises(FaqError, match="没有编号为 999 的问答"):
        gate(service, 999)
