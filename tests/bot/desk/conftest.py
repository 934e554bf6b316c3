"""A desk on each database, with a clock that the tests move."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from bot.conversations import Conversations
from bot.desk.agents import Agents, SignOn
from bot.desk.desk import Desk
from bot.desk.handover import Handover, Need, Skills
from knowledge_base.database import open_database
from tests.databases import DATABASES

ANYTHING, ANYONE = Skills(), Need()


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 25, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Hall:
    """A desk with its agents and citizens, for the tests to act in."""

    engine: Engine
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.conversations = Conversations(self.engine)
        self.agents = Agents(self.engine, clock=self.clock)
        self.desk = Desk(self.engine, clock=self.clock)

    def agent(
        self, name: str, skills: Skills = ANYTHING, *, capacity: int = 1, supervisor: bool = False
    ) -> SignOn:
        _, token = self.agents.add(name, skills, capacity=capacity, supervisor=supervisor)
        on = self.agents.sign_on(token)
        assert on is not None
        return on

    def asks(self, need: Need = ANYONE, *, wait_s: float = 1) -> Handover:
        conversation, _ = self.conversations.open()
        handover = self.desk.ask(conversation.id, need, reason="asked")
        self.clock.pass_s(wait_s)
        return handover

    def told(self, handover: Handover, kind: str = "") -> list[dict[str, object]]:
        events = self.conversations.events_after(handover.conversation_id, 0)
        return [dict(event.payload) for event in events if kind in ("", event.payload["type"])]


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def hall(engine: Engine) -> Hall:
    return Hall(engine)
