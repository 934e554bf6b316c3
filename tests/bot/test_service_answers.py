"""From a question to the fields of the service it means: exactly, with its law and door, never a guess."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.answer import Answer, AnswerStatus, Message, ParagraphBlock, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.service_confidence import SIGNALS, ServiceConfidence
from bot.service_desk import ServiceDesk
from bot.settings import Settings
from bot.wording import ASK_SERVICE
from knowledge_base.database import open_database
from knowledge_base.services.records import Batch, LinkState, Office, ServiceItem
from tests.bot.builders import DAY
from tests.bot.conftest import BY_WORDS, CITY, COUNTY, COVERED
from tests.retrieval.fakes import BigramEncoder

BY_NAME = ServiceConfidence(
    tuple({"of_name": 12.0, "terms_unsaid": -1.0}.get(name, 0.0) for name in SIGNALS), -6.0, 0.8, 0.05
)
WEDNESDAY_NOON = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
HALL = Office.model_validate(
    {
        "id": "hall",
        "name": "云州市政务服务中心",
        "region": CITY,
        "address": "滨河大道100号",
        "link_way": "0999-1234500",
        "hours": [{"days": [1, 2, 3, 4, 5], "open": "13:00", "close": "17:00"}],
    }
)
COUNTY_HALL = Office(id="county", name="青岚县便民服务中心", region=COUNTY)
REGISTER = ServiceItem.model_validate(
    {
        "catalog_code": "DOG",
        "task_code": "DOG-1",
        "task_name": "养犬登记",
        "aliases": ["办狗证"],
        "region": CITY,
        "dept_name": "云州市公安局",
        "by_law": [
            {"title": "云州市养犬管理办法", "article": "第六条"},
            {"title": "动物防疫法实施细则", "article": "第九条"},
        ],
        "serves": ["自然人"],
        "accept_condition": ["犬只已经免疫"],
        "handle_flow": ["网上申请", "窗口领证"],
        "promise_day": 3,
        "promise_type": "工作日",
        "anticipate_day": 10,
        "anticipate_type": "工作日",
        "limit_scene_num": 1,
        "limit_scene_reason": "犬只须到现场植入芯片",
        "offices": ["hall", "county"],
        "link_way": "0999-110",
        "supervise_way": "12345",
        "is_online": True,
        "online_handle_depth": 3,
        "link_addr": "https://zwfw.yunzhou.example/dog",
        "mini_program": {"appid": "wx0123456789abcdef", "path": "pages/dog"},
        "app_link": "javascript:alert(1)",
        "materials": [
            {"name": "养犬人身份证件", "type": "原件", "copies": 1},
            {"name": "租房合同", "type": "复印件", "condition": "租房的"},
            {"name": "犬只照片", "type": "电子", "is_need": False},
            {"name": "犬只免疫证明", "waived": True, "waived_reason": "与农业农村部门共享核验"},
        ],
        "fees": [{"name": "登记费", "stand": "每只100元", "by_law": "云州市养犬管理办法第五条"}],
    }
)
COUNTY_REGISTER = ServiceItem(catalog_code="DOG", task_code="DOG-Q", region=COUNTY, fees=(), promise_day=0)
RENEW = ServiceItem(
    catalog_code="RENEW", task_code="RENEW-1", task_name="犬只标识换领", region=CITY, is_online=False, fees=()
)
REPLACE = ServiceItem(
    catalog_code="REPLACE",
    task_code="REPLACE-1",
    task_name="犬只标识补领",
    region=CITY,
    is_online=False,
    fees=(),
)


@pytest.fixture(scope="module")
def desk(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The library with a small catalogue beside it; for reading only."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("desk"))
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    service.ingest(documents)
    items = (REGISTER, COUNTY_REGISTER, RENEW, REPLACE)
    service.services.take_in(Batch(offices=(HALL, COUNTY_HALL), items=items), by="小王")
    yield service
    service.close()


def ask(
    service: Service,
    question: str,
    *,
    region: str | None = CITY,
    history: Sequence[Message] = (),
    day: date = DAY,
) -> Answer:
    consultation = Consultation(
        service.store,
        service.index,
        service.settings,
        faq=service.faq,
        confidence=COVERED,
        services=ServiceDesk(service.service_desk.live, service.service_desk.sources, BY_NAME),
        clock=lambda: day,
        now=lambda: WEDNESDAY_NOON,
    )
    return consultation.answer(Question(question=question, region=region, history=tuple(history)))


def lines(answer: Answer) -> list[str]:
    return answer.text.split("\n")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("养犬登记要多久办好", ["“养犬登记”的办理时限：承诺3个工作日内办结，法定时限10个工作日。"]),
        ("养犬登记收费吗", ["办理“养犬登记”的收费：", "登记费：每只100元（依据：云州市养犬管理办法第五条）"]),
        (
            "养犬登记去哪办",
            [
                "办理“养犬登记”的地点：",
                "云州市政务服务中心：滨河大道100号；电话 0999-1234500",
                "青岚县便民服务中心",
                "也可以网上申请和预审，不必先去窗口。",
            ],
        ),
        (
            "养犬登记几点上班",
            [
                "办理“养犬登记”的服务时间：",
                "云州市政务服务中心：周一至周五 13:00-17:00，法定节假日休息；"
                "现在不开放，下次开放是今天 13:00",
            ],
        ),
        ("养犬登记网上能办吗", ["“养犬登记”可以网上申请和预审。", "要到现场1次：犬只须到现场植入芯片。"]),
        ("养犬登记要跑几趟", ["办理“养犬登记”，要到现场1次：犬只须到现场植入芯片。"]),
        ("谁能申请养犬登记", ["“养犬登记”的受理条件：", "犬只已经免疫", "服务对象：个人。"]),
        ("怎么办养犬登记", ["“养犬登记”的办理流程：", "1. 网上申请", "2. 窗口领证"]),
        (
            "养犬登记咨询电话",
            ["“养犬登记”的电话：", "咨询：0999-110", "云州市政务服务中心：0999-1234500", "监督投诉：12345"],
        ),
    ],
)
def test_each_field_is_told_exactly(desk: Service, question: str, said: list[str]) -> None:
    answer = ask(desk, question)
    assert answer.status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert lines(answer)[: len(said)] == said


def test_materials_say_what_is_optional_conditional_and_not_to_be_brought(desk: Service) -> None:
    answer = ask(desk, "养犬登记要带什么材料")
    assert lines(answer)[:8] == [
        "办理“养犬登记”要准备的材料：",
        "养犬人身份证件（原件，1份）",
        "有下列情形的，还要：",
        "租房合同（复印件；租房的）",
        "可以不交的材料：",
        "犬只照片（电子件）",
        "免提交的材料，政府部门已经有，不用带：",
        "犬只免疫证明（与农业农村部门共享核验）",
    ]
    (card,) = answer.services
    assert [(each.name, each.needed, each.waived) for each in card.materials] == [
        ("养犬人身份证件", True, False),
        ("租房合同", True, False),
        ("犬只照片", False, False),
        ("犬只免疫证明", True, True),
    ]


def test_the_law_is_quoted_where_it_is_kept_and_named_where_it_is_not(desk: Service) -> None:
    answer = ask(desk, "养犬登记要多久办好")
    assert "设定依据：《动物防疫法实施细则》第九条。" in lines(answer)
    cited = {(each.document.title, each.article): each for each in answer.citations}
    citation = cited["云州市养犬管理办法", "第六条"]
    assert citation.in_force
    stored = desk.store.document_text(citation.document.id, citation.version_id)
    assert stored is not None
    assert stored.text[citation.span.start : citation.span.end] == citation.quote
    assert any(getattr(block, "quoted", False) for block in answer.blocks)


def test_the_card_opens_the_registrys_doors_and_no_other(desk: Service) -> None:
    (card,) = ask(desk, "养犬登记要多久办好").services
    assert (card.name, card.code, card.department) == ("养犬登记", "DOG-1", "云州市公安局")
    assert card.url == "https://zwfw.yunzhou.example/dog"
    assert card.mini_program is not None
    assert (card.mini_program.appid, card.mini_program.path) == ("wx0123456789abcdef", "pages/dog")
    assert card.app_link == ""  # no door at all: a browser would run it
    assert card.office is not None
    assert (card.office.name, card.office.open_now) == ("云州市政务服务中心", False)
    assert card.office.opening == "现在不开放，下次开放是今天 13:00"
    assert not card.related


def test_a_county_has_its_own_word_and_its_own_office(desk: Service) -> None:
    answer = ask(desk, "养犬登记收费吗", region=COUNTY)
    assert lines(answer)[0] == "办理“养犬登记”不收费。"
    (card,) = answer.services
    assert (card.code, card.office and card.office.name) == ("DOG-Q", "青岚县便民服务中心")
    assert lines(ask(desk, "养犬登记要多久办好", region=COUNTY))[0].startswith(
        "“养犬登记”的办理时限：当场办结"
    )


def test_of_two_items_it_is_asked_and_a_choice_is_kept_to(desk: Service) -> None:
    answer = ask(desk, "犬只标识收费吗")
    assert answer.status is AnswerStatus.CLARIFY
    assert answer.blocks == (ParagraphBlock(text=ASK_SERVICE),)
    questions = {option.label: option.question for option in answer.options}
    assert list(questions)[-1] == "都不是"
    assert questions.keys() == {"犬只标识换领", "犬只标识补领", "都不是"}
    assert answer.services == ()
    chosen = ask(desk, questions["犬只标识补领"])
    assert chosen.status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert lines(chosen)[0] == "办理“犬只标识补领”不收费。"


def test_what_no_item_is_called_goes_on_to_the_documents(desk: Service) -> None:
    answer = ask(desk, "职工有哪些情形可以提取住房公积金")
    assert answer.status is AnswerStatus.ANSWERED
    assert answer.services == ()


def test_elsewhere_no_door_is_opened(desk: Service) -> None:
    assert ask(desk, "养犬登记收费吗", region="海州省/海州市").services == ()


def test_where_no_region_is_known_it_is_asked(desk: Service) -> None:
    answer = ask(desk, "怎么办犬只标识换领", region=None)
    assert answer.status is AnswerStatus.CLARIFY
    assert [(option.label, option.region) for option in answer.options] == [("云州市", CITY)]


def test_a_follow_up_speaks_of_the_item_before(desk: Service) -> None:
    before = (Message(role="user", text="养犬登记收费吗"), Message(role="assistant", text="收费。"))
    answer = ask(desk, "要跑几趟", history=before)
    assert lines(answer)[0] == "办理“养犬登记”，要到现场1次：犬只须到现场植入芯片。"


def test_a_document_that_answers_brings_its_service_along(desk: Service) -> None:
    answer = ask(desk, "应当在取得犬只之日起多少日内办理养犬登记")
    assert answer.status is AnswerStatus.ANSWERED
    assert [card.name for card in answer.services] == ["养犬登记"]


def test_dead_doors_are_not_shown_and_the_office_stands_in(documents: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    service.ingest(documents)
    item = REGISTER.model_copy(update={"mini_program": None, "app_link": None})
    service.services.take_in(Batch(offices=(HALL,), items=(item,)), by="小王")
    dead = LinkState(url=item.link_addr or "", state="dead", reason="404", checked_at=WEDNESDAY_NOON)
    service.services.record_links([dead])
    answer = ask(service, "养犬登记网上能办吗")
    assert "网上办理的入口暂时打不开，请到窗口办理，或打电话咨询。" in lines(answer)
    assert "云州市政务服务中心：滨河大道100号；电话 0999-1234500" in lines(answer)
    assert answer.services[0].url == ""
    assert "https://" not in answer.text
    service.close()


def test_an_item_of_a_later_day_is_there_on_that_day_alone(documents: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    service.ingest(documents)
    later = REGISTER.model_copy(
        update={"plan_effective_date": date(2026, 12, 1), "plan_cancel_date": date(2027, 1, 1)}
    )
    service.services.take_in(Batch(offices=(HALL,), items=(later,)), by="小王")
    found = {
        day: ask(service, "养犬登记要跑几趟", day=day).status is AnswerStatus.ANSWERED_FROM_SERVICE
        for day in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1))
    }
    assert list(found.values()) == [False, True, True, False]
    service.close()
