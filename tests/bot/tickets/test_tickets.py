"""Tickets: opened, looked up, handled, reopened, escalated; what is kept of a citizen and what is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bot.conversations import Conversations
from bot.sealing import Seal
from bot.tickets.records import TicketDraft, TicketRules, check_contact, progress_of, read_number
from bot.tickets.states import TicketStatus, TicketStep, next_status
from bot.tickets.store import Tickets
from knowledge_base.database import Base, open_database
from knowledge_base.errors import DeskError, IllegalTicketStep, SealBroken
from tests.databases import DATABASES

RULES = TicketRules({"咨询": 5, "投诉": 15, "差评整改": 5}, {"投诉": "市信访局"}, "政务服务便民热线")
WEDNESDAY = date(2026, 11, 25)


class Today:
    """The day it is, for the tests to move."""

    day = WEDNESDAY

    def __call__(self) -> date:
        return self.day


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def today() -> Today:
    return Today()


@pytest.fixture
def tickets(engine: Engine, tmp_path: Path, today: Today) -> Tickets:
    return Tickets(engine, RULES, Seal(tmp_path), day=today)


@pytest.fixture
def conversation_id(engine: Engine) -> str:
    return Conversations(engine).open()[0].id


def everything_in(engine: Engine) -> str:
    with engine.connect() as connection:
        return str([connection.execute(table.select()).all() for table in Base.metadata.sorted_tables])


def test_a_ticket_has_a_number_a_code_a_department_and_a_due_day(
    tickets: Tickets, engine: Engine, conversation_id: str
) -> None:
    opened = tickets.open(
        TicketDraft("投诉", "路灯坏了，电话13812345678", conversation_id=conversation_id, client_id="t1")
    )
    ticket = opened.ticket
    assert ticket.number == f"WZ20261125-{ticket.id:06d}"
    assert (ticket.department, ticket.text) == ("市信访局", "路灯坏了，电话［手机号］")
    assert ticket.due_on == date(2026, 12, 16), "15 workdays after a Wednesday, no holiday between"
    (event,) = Conversations(engine).events_after(conversation_id, 0)
    assert (event.payload["type"], event.payload["code"]) == ("ticket", opened.code)
    assert tickets.find(ticket.number.lower(), f" {opened.code.lower()} ") == ticket
    assert tickets.find(ticket.number, "AAAAAAAA") is None
    assert tickets.find("WZ20261124-000001", opened.code) is None
    assert tickets.find("nonsense", opened.code) is None


def test_the_same_sent_again_opens_no_other(tickets: Tickets, conversation_id: str) -> None:
    draft = TicketDraft("咨询", "怎么办？", conversation_id=conversation_id, client_id="t1")
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: tickets.open(draft), range(6)))
    assert len({each.ticket.id for each in opened}) == 1
    assert sum(bool(each.code) for each in opened) == 1


def test_a_contact_is_kept_sealed_and_only_with_consent(
    tickets: Tickets, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(DeskError, match="同意"):
        tickets.open(TicketDraft("咨询", "怎么办？", contact="13812345678"))
    ticket = tickets.open(TicketDraft("咨询", "怎么办？", contact="13812345678", consented=True)).ticket
    assert ticket.has_contact
    assert "13812345678" not in f"{everything_in(engine)} {ticket} {progress_of(ticket, WEDNESDAY)}"
    assert tickets.contact(ticket.number, actor="张三") == "13812345678"
    found = tickets.get(ticket.number)
    assert found is not None
    assert [(each.step, each.actor, each.shown) for each in found.history[1:]] == [
        ("contact_read", "张三", False)
    ]
    assert (tmp_path / "contact.key").stat().st_mode & 0o777 == 0o600
    elsewhere = Tickets(engine, RULES, Seal(tmp_path / "elsewhere"))
    with pytest.raises(SealBroken, match="WENZHENG_CONTACT_KEY"):
        elsewhere.contact(ticket.number, actor="张三")


@pytest.mark.parametrize("contact", ["1234", "不告诉你", "电" * 101])
def test_a_contact_by_which_nobody_is_reached_is_refused_and_not_shown(contact: str) -> None:
    with pytest.raises(DeskError) as refused:
        check_contact(contact, consented=True)
    assert contact not in str(refused.value)


@pytest.mark.parametrize("contact", ["13812345678", "0999-1234567 转 8", "a@b.cn", "微信 wx12345"])
def test_a_contact_may_be_of_any_kind(contact: str) -> None:
    assert check_contact(f" {contact} ", consented=True) == contact


def test_it_is_handled_and_the_citizen_hears_of_each_step(
    tickets: Tickets, engine: Engine, conversation_id: str, today: Today
) -> None:
    number = tickets.open(
        TicketDraft("咨询", "怎么办？", conversation_id=conversation_id, client_id="t1")
    ).ticket.number
    tickets.take(number, TicketStep.ACCEPT, actor="张三")
    with pytest.raises(DeskError, match="空"):
        tickets.take(number, TicketStep.REPLY, actor="张三", text=" ")
    tickets.take(number, TicketStep.REPLY, actor="张三", text="请带身份证到窗口办理。")
    today.day = date(2026, 12, 1)
    reopened = tickets.take(number, TicketStep.REOPEN, actor="市民", text="还是不行")
    assert (reopened.status, reopened.due_on) == ("open", date(2026, 12, 8))
    tickets.take(number, TicketStep.CLOSE, actor="张三", text="已电话答复。")
    with pytest.raises(IllegalTicketStep, match="工单已办结，不能答复"):
        tickets.take(number, TicketStep.REPLY, actor="张三", text="再答一次")
    told = [event.payload for event in Conversations(engine).events_after(conversation_id, 1)]
    assert [(each["status"], each["text"]) for each in told] == [
        ("handling", ""),
        ("replied", "请带身份证到窗口办理。"),
        ("open", "还是不行"),
        ("closed", "已电话答复。"),
    ]
    ticket = tickets.get(number)
    assert ticket is not None
    progress = progress_of(ticket, WEDNESDAY)
    assert [each.status.value for each in progress.history] == [
        "open",
        "handling",
        "replied",
        "open",
        "closed",
    ]
    assert "张三" not in progress.model_dump_json()


def test_what_is_overdue_is_escalated_once_a_level(tickets: Tickets, today: Today) -> None:
    number = tickets.open(TicketDraft("咨询", "怎么办？")).ticket.number
    done = tickets.open(TicketDraft("咨询", "怎么办？")).ticket.number
    tickets.take(done, TicketStep.CLOSE, actor="张三")
    seen = []
    for day in (
        date(2026, 12, 2),
        date(2026, 12, 3),
        date(2026, 12, 4),
        date(2026, 12, 7),
        date(2026, 12, 9),
    ):
        today.day = day
        seen.append([each.number for each in (*tickets.escalate(), *tickets.escalate())])
    # Due on Wednesday 2 December; 1, 2, 3 and 5 workdays later.
    assert seen == [[], [number], [], [number], [number]]
    assert [each.number for each in tickets.all(overdue=True)] == [number]
    ticket = tickets.get(number)
    assert ticket is not None
    assert ticket.history[-1].text == "超期 5 个工作日，第 3 级督办"
    assert len(progress_of(ticket, today.day).history) == 1, "a citizen sees that it is overdue, no more"


def test_many_processes_escalate_once(tickets: Tickets, today: Today) -> None:
    tickets.open(TicketDraft("咨询", "怎么办？"))
    today.day = date(2026, 12, 3)
    with ThreadPoolExecutor(4) as pool:
        assert sum(len(each) for each in pool.map(lambda _: tickets.escalate(), range(4))) == 1


def test_a_delivery_is_carried_out_once(tickets: Tickets) -> None:
    number = tickets.open(TicketDraft("咨询", "怎么办？")).ticket.number
    for _ in range(2):
        ticket = tickets.take(
            number,
            TicketStep.REPLY,
            actor="12345",
            text="已办。",
            from_outside=True,
            delivery_id="d1",
            external_id="H-7",
        )
    assert [each.step for each in ticket.history] == ["open", "reply"]
    assert ticket.external_id == "H-7"


def test_an_unknown_category_is_refused_with_those_there_are(tickets: Tickets, engine: Engine) -> None:
    with pytest.raises(DeskError, match="没有“点餐”这一类，可以选：咨询、投诉。"):
        tickets.open(TicketDraft("点餐", "一份面"))
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from tickets")) == 0


@pytest.mark.parametrize(
    ("step", "possible"),
    [
        (TicketStep.ACCEPT, {"open": "handling"}),
        (TicketStep.REPLY, {"open": "replied", "handling": "replied", "replied": "replied"}),
        (TicketStep.CLOSE, {"open": "closed", "handling": "closed", "replied": "closed"}),
        (TicketStep.REOPEN, {"replied": "open", "closed": "open"}),
    ],
)
def test_every_step_leads_to_a_status_or_is_refused(step: TicketStep, possible: dict[str, str]) -> None:
    for status in TicketStatus:
        if status in possible:
            assert next_status(status, step) == possible[status]
        else:
            with pytest.raises(IllegalTicketStep, match=status.shown):
                next_status(status, step)


@pytest.mark.parametrize("number", ["", "WZ20261325-000001", "WZ20261125-1", "AB20261125-000001"])
def test_what_is_no_number_is_none(number: str) -> None:
    assert read_number(number) is None
