"""A conversation keeps every event once, in order, and nothing of it unmasked."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from bot.answer import Answer, AnswerStatus, Message, ParagraphBlock, TurnTrace
from bot.conversations import ConversationRow, Conversations
from bot.dialogue_state import DialogueState, EventRun, LifeEventProgress
from knowledge_base.database import Base, open_database
from knowledge_base.errors import StoreError
from tests.databases import DATABASES

ANSWER = Answer(
    status=AnswerStatus.ANSWERED,
    text="三十日内。",
    blocks=(ParagraphBlock(text="三十日内。", quoted=True),),
    trace=TurnTrace(id="t1", timings_ms={"retrieve": 1.0}),
)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine: Engine) -> Conversations:
    return Conversations(engine)


def test_a_token_resumes_its_conversation_and_no_other(conversations: Conversations) -> None:
    conversation, token = conversations.open(region="云岭省/云州市", locale="zh-CN")
    assert conversations.resume(token) == conversation
    assert conversation.last_seq == 0
    assert conversations.resume(token + "x") is None


def test_the_token_itself_is_not_stored(conversations: Conversations, engine: Engine) -> None:
    _, token = conversations.open()
    with engine.connect() as connection:
        assert token not in str(connection.execute(text("select * from conversations")).all())


def test_a_question_and_its_answer_become_history(conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "工伤认定多久能下来？", answer_id="a1")
    conversations.record_answer(conversation.id, "a1", ANSWER)
    conversations.record_question(conversation.id, "c2", "要哪些材料？", answer_id="a2")
    assert conversations.history(conversation.id, before_answer="a2") == (
        Message(role="user", text="工伤认定多久能下来？"),
        Message(role="assistant", text="三十日内。"),
    )
    assert conversations.history(conversation.id, limit=1) == (Message(role="user", text="要哪些材料？"),)


def test_the_same_client_id_is_recorded_once(conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    first = conversations.record_question(
        conversation.id, "c1", "问", answer_id="a1", events=[{"type": "accepted"}]
    )
    again = conversations.record_question(
        conversation.id, "c1", "问", answer_id="a2", events=[{"type": "accepted"}]
    )
    assert (first.answer_id, first.new) == ("a1", True)
    assert (again.answer_id, again.new, again.answered) == ("a1", False, False)
    assert conversations.record_answer(conversation.id, "a1", ANSWER, events=[{"type": "answer"}])
    assert not conversations.record_answer(conversation.id, "a1", ANSWER, events=[{"type": "answer"}])
    assert conversations.record_question(conversation.id, "c1", "问", answer_id="a3").answered
    assert [e.payload["type"] for e in conversations.events_after(conversation.id, 0)] == [
        "accepted",
        "answer",
    ]


def test_two_conversations_may_use_the_same_client_id(conversations: Conversations) -> None:
    for _ in range(2):
        conversation, _token = conversations.open()
        assert conversations.record_question(conversation.id, "1", "问", answer_id=conversation.id).new


def test_what_is_stored_of_a_citizen_is_masked(conversations: Conversations, engine: Engine) -> None:
    conversation, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "我的手机13812345678", answer_id="a1")
    conversations.record_answer(conversation.id, "a1", ANSWER)
    conversations.feedback(conversation.id, "a1", "down", "打我电话13812345678")
    with engine.connect() as connection:
        stored = str([connection.execute(table.select()).all() for table in Base.metadata.sorted_tables])
    assert "13812345678" not in stored
    assert stored.count("［手机号］") == 2


def test_a_nul_is_left_out_where_the_rest_is_kept(conversations: Conversations, engine: Engine) -> None:
    conversation, token = conversations.open(region="云岭省\0", locale="zh\0")
    assert conversations.resume(token) == conversation
    assert (conversation.region, conversation.locale) == ("云岭省", "zh")
    conversations.record_question(conversation.id, "c1", "问\0题", answer_id="a1")
    conversations.record_answer(conversation.id, "a1", ANSWER)
    assert conversations.history(conversation.id)[0].text == "问题"
    assert conversations.feedback(conversation.id, "a1", "down", "\0不对")


def test_an_event_is_given_back_as_it_was_stored(conversations: Conversations) -> None:
    """The order of its members, what is no letter, and what only JSON can say."""
    conversation, _ = conversations.open()
    payload: dict[str, JsonValue] = {
        "z": 1,
        "a": [1.5, None, True, {"乙": "😀", "甲": "第一条\n\u0000"}],
        "": 2**53,
    }
    conversations.append_event(conversation.id, payload)
    (event,) = conversations.events_after(conversation.id, 0)
    assert event.payload == payload
    assert list(event.payload) == ["z", "a", ""]


def test_a_moment_is_read_back_in_utc(conversations: Conversations, engine: Engine) -> None:
    conversations.open()
    with Session(engine) as session:
        created = session.scalars(select(ConversationRow.created_at)).one()
    assert created.tzinfo is UTC
    assert timedelta(0) <= datetime.now(UTC) - created < timedelta(minutes=5)


def test_clicks_at_once_leave_one_word_on_an_answer(conversations: Conversations, engine: Engine) -> None:
    conversation, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "问", answer_id="a1")
    conversations.record_answer(conversation.id, "a1", ANSWER)
    with ThreadPoolExecutor(8) as pool:
        told = pool.map(lambda n: conversations.feedback(conversation.id, "a1", "up", str(n)), range(16))
    assert list(told) == [True] * 16
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from feedback")) == 1


def test_one_answer_is_recorded_though_two_workers_have_one(conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "问", answer_id="a1")
    with ThreadPoolExecutor(6) as pool:
        first = pool.map(
            lambda _: conversations.record_answer(conversation.id, "a1", ANSWER, events=[{"type": "answer"}]),
            range(6),
        )
    assert sorted(first) == [False] * 5 + [True]
    assert len(conversations.events_after(conversation.id, 0)) == 1


def test_feedback_needs_an_answer_of_this_conversation(conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    stranger, _ = conversations.open()
    conversations.record_question(conversation.id, "c1", "问", answer_id="a1")
    assert not conversations.feedback(conversation.id, "a1", "up"), "not answered yet"
    conversations.record_answer(conversation.id, "a1", ANSWER)
    assert conversations.feedback(conversation.id, "a1", "up")
    assert conversations.feedback(conversation.id, "a1", "down", "答非所问")
    assert not conversations.feedback(stranger.id, "a1", "up")


def test_events_are_numbered_without_gap_however_many_write_at_once(conversations: Conversations) -> None:
    conversation, _ = conversations.open()
    with ThreadPoolExecutor(8) as pool:
        seqs = list(pool.map(lambda n: conversations.append_event(conversation.id, {"n": n}), range(60)))
    assert sorted(seqs) == list(range(1, 61))
    events = conversations.events_after(conversation.id, 0)
    assert {event.seq: event.payload["n"] for event in events} == dict(zip(seqs, range(60), strict=True))
    assert [event.seq for event in conversations.events_after(conversation.id, 57)] == [58, 59, 60]


def test_an_unknown_conversation_is_a_fault(conversations: Conversations) -> None:
    with pytest.raises(StoreError, match="conversation nobody does not exist"):
        conversations.append_event("nobody", {})


def test_where_a_conversation_stands_is_kept_with_its_answer(
    conversations: Conversations, engine: Engine
) -> None:
    conversation, _ = conversations.open()
    assert conversations.dialogue_state(conversation.id) == DialogueState()
    state = DialogueState(life_event=LifeEventProgress(runs=(EventRun(event="newborn"),), asking="local"))
    conversations.record_question(conversation.id, "c1", "生了", answer_id="a1")
    conversations.record_answer(conversation.id, "a1", ANSWER.model_copy(update={"state": state}))
    assert conversations.dialogue_state(conversation.id) == state
    # An answer that says nothing of it leaves it; one that was recorded already changes nothing.
    conversations.record_question(conversation.id, "c2", "是", answer_id="a2")
    conversations.record_answer(conversation.id, "a2", ANSWER)
    conversations.record_answer(conversation.id, "a1", ANSWER.model_copy(update={"state": DialogueState()}))
    assert conversations.dialogue_state(conversation.id) == state
    with engine.begin() as connection:
        connection.execute(text("update conversations set dialogue_state = '[3]'"))
    assert conversations.dialogue_state(conversation.id) == DialogueState()
