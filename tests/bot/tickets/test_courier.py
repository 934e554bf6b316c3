"""Deliveries: signed, repeated until taken, in order for each ticket, once taken never again."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.sealing import Seal
from bot.tickets.courier import Courier, retry_after_s
from bot.tickets.records import TicketDraft, TicketRules
from bot.tickets.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_signed, sign
from bot.tickets.states import TicketStep
from bot.tickets.store import Tickets
from knowledge_base.database import open_database

RULES = TicketRules({"咨询": 5}, {}, "政务服务便民热线")


class Clock:
    now = datetime(2026, 11, 25, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Platform:
    """The other system: takes what is signed, unless it is down."""

    def __init__(self) -> None:
        self.down = False
        self.taken: list[dict[str, object]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self.down:
            raise ConnectionError("refused")
        timestamp = headers[TIMESTAMP_HEADER]
        assert is_signed("geheim", timestamp, headers[SIGNATURE_HEADER], body, now_s=int(timestamp))
        self.taken.append(json.loads(body))
        return 200


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return Seal(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(engine: Engine, seal: Seal, clock: Clock) -> Tickets:
    return Tickets(engine, RULES, seal, announce=True, clock=clock)


def courier(engine: Engine, platform: Platform, clock: Clock, seal: Seal | None = None) -> Courier:
    return Courier(
        engine, url="https://12345.example", secret="geheim", post=platform, clock=clock, seal=seal
    )


def test_every_step_is_delivered_in_order_per_ticket(engine: Engine, tickets: Tickets, clock: Clock) -> None:
    platform = Platform()
    first = tickets.open(TicketDraft("咨询", "一")).ticket.number
    second = tickets.open(TicketDraft("咨询", "二")).ticket.number
    tickets.take(first, TicketStep.REPLY, actor="张三", text="答一")
    platform.down = True
    assert courier(engine, platform, clock).deliver() == 0
    tickets.take(first, TicketStep.CLOSE, actor="张三")
    platform.down = False
    assert courier(engine, platform, clock).deliver() == 0, "not before it is time to try again"
    clock.now += timedelta(seconds=12)
    assert courier(engine, platform, clock).deliver() == 4
    events = [(each["number"], each["event"]) for each in platform.taken]
    assert [event for number, event in events if number == first] == [
        "ticket.opened",
        "ticket.replied",
        "ticket.closed",
    ]
    assert [event for number, event in events if number == second] == ["ticket.opened"]
    assert courier(engine, platform, clock).deliver() == 0


def test_what_the_other_system_did_is_not_told_back_to_it(
    engine: Engine, tickets: Tickets, clock: Clock
) -> None:
    platform = Platform()
    number = tickets.open(TicketDraft("咨询", "一")).ticket.number
    tickets.take(number, TicketStep.REPLY, actor="12345", text="答", from_outside=True, delivery_id="d")
    courier(engine, platform, clock).deliver()
    assert [each["event"] for each in platform.taken] == ["ticket.opened"]


def test_a_contact_goes_along_only_where_it_is_set(
    engine: Engine, tickets: Tickets, clock: Clock, seal: Seal
) -> None:
    tickets.open(TicketDraft("咨询", "一", contact="13812345678", consented=True))
    without, with_it = Platform(), Platform()
    without.down = True
    courier(engine, without, clock).deliver()
    clock.now += timedelta(minutes=1)
    courier(engine, with_it, clock, seal).deliver()
    assert [each["contact"] for each in with_it.taken] == ["13812345678"]
    tickets.open(TicketDraft("咨询", "二", contact="13812345678", consented=True))
    without.down = False
    courier(engine, without, clock).deliver()
    assert "13812345678" not in json.dumps(without.taken)


def test_couriers_at_once_deliver_each_once(engine: Engine, tickets: Tickets, clock: Clock) -> None:
    platform = Platform()
    for n in range(8):
        tickets.open(TicketDraft("咨询", str(n)))
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(lambda _: courier(engine, platform, clock).deliver(), range(4)))
    assert taken == 8
    assert len({each["delivery"] for each in platform.taken}) == 8


def test_a_delivery_whose_process_died_goes_out_again_under_its_own_name(
    engine: Engine, tickets: Tickets, clock: Clock
) -> None:
    platform = Platform()
    tickets.open(TicketDraft("咨询", "一"))
    dying = courier(engine, platform, clock)
    assert dying._take_out() is not None
    assert courier(engine, platform, clock).deliver() == 0
    clock.now += timedelta(seconds=61)
    assert courier(engine, platform, clock).deliver() == 1


def test_the_wait_doubles_up_to_an_hour() -> None:
    assert 10 <= retry_after_s(1) <= 11
    assert 40 <= retry_after_s(3) <= 44
    assert 3600 <= retry_after_s(50) <= 3960


def test_a_signature_is_over_time_and_body() -> None:
    """HMAC-SHA256 with key `key` of `1700000000.{}`, worked out by openssl."""
    good = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    body, now = b"{}", 1_700_000_000
    assert sign("key", str(now), body) == good
    assert is_signed("key", str(now), good, body, now_s=now + 299)
    assert not is_signed("key", str(now), good, body, now_s=now + 301)
    assert not is_signed("key", str(now), good, b"{ }", now_s=now)
    assert not is_signed("key", str(now + 1), good, body, now_s=now)
    assert not is_signed("other", str(now), good, body, now_s=now)
    assert not is_signed("", str(now), sign("", str(now), body), body, now_s=now)
    assert not is_signed("key", "²", good, body, now_s=now)
