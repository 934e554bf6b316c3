"""好差评: five levels once something has ended; a bad one opens a work item."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.answer import Answer, AnswerStatus, TurnTrace
from bot.conversations import Conversations
from bot.desk.agents import Agents
from bot.desk.desk import Desk
from bot.desk.handover import Need, Skills
from bot.ratings import Rating, Ratings
from bot.sealing import Seal
from bot.tickets.records import TicketDraft, TicketRules
from bot.tickets.states import TicketStep
from bot.tickets.store import Tickets
from knowledge_base.database import open_database
from knowledge_base.errors import DeskError
from tests.databases import DATABASES

RULES = TicketRules({"咨询": 5, "差评整改": 5}, {}, "政务服务便民热线")
ANSWER = Answer(status=AnswerStatus.ANSWERED, text="三十日内。", trace=TurnTrace(id="t1", timings_ms={}))


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def tickets(engine: Engine, tmp_path: Path) -> Tickets:
    return Tickets(engine, RULES, Seal(tmp_path), day=lambda: date(2026, 11, 25))


@pytest.fixture
def ratings(engine: Engine, tickets: Tickets) -> Ratings:
    return Ratings(engine, tickets)


@pytest.fixture
def conversations(engine: Engine) -> Conversations:
    return Conversations(engine)


def answered(conversations: Conversations) -> str:
    conversation, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "问", answer_id=f"a-{conversation.id}")
    conversations.record_answer(conversation.id, f"a-{conversation.id}", ANSWER)
    return conversation.id


def counted(ratings: Ratings) -> tuple[dict[int, int], int]:
    today = datetime.now(UTC).date()
    counts = ratings.counts(date(2026, 1, 1), max(today, date(2100, 1, 1)))
    return dict(counts.levels), counts.work_items


def test_a_bad_rating_opens_one_work_item_and_a_later_word_replaces_it(
    ratings: Ratings, tickets: Tickets, conversations: Conversations
) -> None:
    id_ = answered(conversations)
    ratings.rate(id_, Rating("conversation", 1, ("答非所问", "答非所问", " "), "我电话13812345678"))
    ratings.rate(id_, Rating("conversation", 2))
    ratings.rate(id_, Rating("conversation", 4))
    assert counted(ratings) == ({5: 0, 4: 1, 3: 0, 2: 0, 1: 0}, 1)
    (item,) = tickets.all()
    assert (item.category, item.due_on) == ("差评整改", date(2026, 12, 2))
    assert item.text == "评价：非常不满意；答非所问；我电话［手机号］"
    saved = [event.payload for event in conversations.events_after(id_, 0)]
    assert [(each["type"], each["level"], each["due"]) for each in saved] == [
        ("rating_saved", 1, "2026-12-02"),
        ("rating_saved", 2, "2026-12-02"),
        ("rating_saved", 4, None),
    ]


def test_people_and_tickets_are_rated_once_they_have_ended(
    engine: Engine, ratings: Ratings, tickets: Tickets, conversations: Conversations
) -> None:
    id_ = answered(conversations)
    with pytest.raises(DeskError, match="得到答复之后"):
        ratings.rate(id_, Rating("person", 5))
    desk, agents = Desk(engine), Agents(engine)
    on = agents.sign_on(agents.add("小李", Skills())[1])
    assert on is not None
    handover = desk.ask(id_, Need(), reason="asked")
    desk.claim(on)
    desk.end(on.agent.id, handover.id)
    ratings.rate(id_, Rating("person", 5, ("态度好",)))
    ticket = tickets.open(TicketDraft("咨询", "问", conversation_id=id_, client_id="t")).ticket
    with pytest.raises(DeskError):
        ratings.rate(id_, Rating(ticket.number, 3))
    tickets.take(ticket.number, TicketStep.REPLY, actor="张三", text="答")
    ratings.rate(id_, Rating(ticket.number, 3))
    with pytest.raises(DeskError):
        ratings.rate(answered(conversations), Rating(ticket.number, 3))
    counts = ratings.counts(date(2026, 1, 1), date(2100, 1, 1))
    assert {about: dict(levels) for about, levels in counts.by_about.items()} == {
        "handover": {5: 1},
        "ticket": {3: 1},
    }
    assert (counts.satisfied, dict(counts.reasons)) == (1.0, {"态度好": 1})


def test_nothing_said_is_nothing_counted(ratings: Ratings, conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    with pytest.raises(DeskError):
        ratings.rate(conversation.id, Rating("conversation", 5))
    assert ratings.counts(date(2026, 1, 1), date(2026, 1, 2)).satisfied is None


def test_thumbs_are_counted_with_their_reasons(ratings: Ratings, conversations: Conversations) -> None:
    for value, reason in (("up", ""), ("down", "答非所问"), ("down", "答非所问")):
        id_ = answered(conversations)
        conversations.feedback(id_, f"a-{id_}", value, reason)  # type: ignore[arg-type]
    counts = ratings.counts(date(2026, 1, 1), date(2100, 1, 1))
    assert (dict(counts.thumbs), dict(counts.thumb_reasons)) == ({"up": 1, "down": 2}, {"答非所问": 2})
