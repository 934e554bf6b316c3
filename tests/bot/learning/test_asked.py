"""Which questions count as unanswered: read from conversations, masked, gone when these go."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from bot.answer import Answer, AnswerStatus, TurnTrace
from bot.conversations import ConversationRow, Conversations, EventRow, MessageRow
from bot.learning.asked import AskedQuestion, unanswered
from bot.learning.clusters import Mark
from bot.learning.marks import DISMISSED, Marks
from bot.ratings import Rating, Ratings
from bot.sealing import Seal
from bot.tickets.records import TicketDraft, TicketRules
from bot.tickets.store import Tickets
from knowledge_base.database import open_database
from knowledge_base.dates import utc_now
from tests.databases import DATABASES

RULES = TicketRules({"咨询": 5, "差评整改": 5}, {}, "热线")
ALWAYS = datetime(2000, 1, 1, tzinfo=utc_now().tzinfo)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = open_database(new_database(request.param))
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine: Engine) -> Conversations:
    return Conversations(engine)


def asks(conversations: Conversations, text: str, status: AnswerStatus, *, within: str = "") -> str:
    """Ask in a conversation, a new one unless given; returns the conversation's id."""
    conversation_id = within or conversations.open(region="云岭省/云州市")[0].id
    answer_id = f"{conversation_id}-{text}"
    conversations.record_question(conversation_id, text, text, answer_id=answer_id)
    answer = Answer(status=status, text="答", trace=TurnTrace(id="t", timings_ms={}))
    conversations.record_answer(conversation_id, answer_id, answer)
    return conversation_id


def found(engine: Engine, *, later: timedelta = timedelta()) -> tuple[AskedQuestion, ...]:
    return unanswered(engine, since=ALWAYS, now=utc_now() + later)


def test_no_answer_counts_and_is_masked(engine: Engine, conversations: Conversations) -> None:
    asks(conversations, "我手机13800138000，宠物火化在哪", AnswerStatus.NO_ANSWER)
    asks(conversations, "公积金怎么取", AnswerStatus.ANSWERED)
    asks(conversations, "你好呀朋友", AnswerStatus.SMALLTALK)
    (one,) = found(engine)
    assert (one.text, one.region) == ("我手机［手机号］，宠物火化在哪", "云岭省/云州市")
    assert (one.status, one.disliked) == (AnswerStatus.NO_ANSWER, False)


def test_what_means_nothing_by_itself_does_not(engine: Engine, conversations: Conversations) -> None:
    asks(conversations, "那呢？", AnswerStatus.NO_ANSWER)
    assert found(engine) == ()


def test_a_question_in_return_counts_once_given_up(engine: Engine, conversations: Conversations) -> None:
    asks(conversations, "充电桩怎么装", AnswerStatus.CLARIFY)
    talk = asks(conversations, "摆摊要什么证", AnswerStatus.CLARIFY)
    asks(conversations, "摆摊要什么证，夜市", AnswerStatus.ANSWERED, within=talk)
    assert found(engine) == ()
    assert [each.text for each in found(engine, later=timedelta(hours=1))] == ["充电桩怎么装"]


def test_a_thumb_down_and_a_bad_rating_count(
    engine: Engine, conversations: Conversations, tmp_path: Path
) -> None:
    talk = asks(conversations, "高温津贴多少", AnswerStatus.ANSWERED)
    conversations.feedback(talk, f"{talk}-高温津贴多少", "down")
    talk = asks(conversations, "路灯坏了找谁", AnswerStatus.ANSWERED)
    asks(conversations, "井盖丢了找谁", AnswerStatus.ANSWERED, within=talk)
    tickets = Tickets(engine, RULES, Seal(tmp_path), day=lambda: date(2026, 11, 25))
    Ratings(engine, tickets).rate(talk, Rating("conversation", 1))
    assert [(each.text, each.disliked) for each in found(engine)] == [
        ("高温津贴多少", True),
        ("井盖丢了找谁", True),
    ]


def test_what_was_asked_last_before_a_ticket_counts(
    engine: Engine, conversations: Conversations, tmp_path: Path
) -> None:
    talk = asks(conversations, "公墓多少钱", AnswerStatus.ANSWERED)
    asks(conversations, "骨灰寄存多少钱", AnswerStatus.ANSWERED, within=talk)
    Tickets(engine, RULES, Seal(tmp_path)).open(
        TicketDraft("咨询", "骨灰寄存到底多少钱", conversation_id=talk, client_id="k")
    )
    assert [(each.text, each.in_writing) for each in found(engine)] == [("骨灰寄存多少钱", True)]


def test_what_is_too_old_is_left(engine: Engine, conversations: Conversations) -> None:
    asks(conversations, "宠物火化在哪", AnswerStatus.NO_ANSWER)
    assert unanswered(engine, since=utc_now() + timedelta(days=1), now=utc_now()) == ()


def test_marks_go_with_their_conversation(engine: Engine, conversations: Conversations) -> None:
    talk = asks(conversations, "宠物火化在哪", AnswerStatus.NO_ANSWER)
    marks = Marks(engine)
    (one,) = found(engine)
    marks.put([one.id], DISMISSED, by="小王")
    assert {id_: (mark.mark, mark.faq_id) for id_, mark in marks.all().items()} == {one.id: (DISMISSED, None)}
    assert isinstance(marks.all()[one.id], Mark)
    with Session(engine) as session, session.begin():
        for table in (EventRow, MessageRow):
            session.execute(delete(table).where(table.conversation_id == talk))
        session.execute(delete(ConversationRow).filter_by(id=talk))
    assert found(engine) == ()
    assert marks.all() == {}
