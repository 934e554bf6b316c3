"""A conversation keeps every event once, in order, and nothing of it unmasked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bot.answer import Answer, AnswerStatus, Message, ParagraphBlock, TurnTrace
from bot.conversations import Conversations
from knowledge_base.database import Base, open_database
from knowledge_base.errors import StoreError

ANSWER = Answer(
    status=AnswerStatus.ANSWERED,
    text="三十日内。",
    blocks=(ParagraphBlock(text="三十日内。", quoted=True),),
    trace=TurnTrace(id="t1", timings_ms={"retrieve": 1.0}),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
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
