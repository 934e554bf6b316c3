"""服务找人 over the WebSocket: consent, telling, what may fit, reminders, and all of it gone again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient, WebSocketTestSession

import knowledge_base
from bot.answer import PolicyBlock
from bot.conversations import EventRow, MessageRow
from bot.profiles.consent import CONSENT_VERSION
from bot.profiles.mentions import FORGOTTEN
from bot.profiles.store import PolicyReminderRow, ProfileRow
from knowledge_base.eligibility.reading import read_rules
from knowledge_base.eligibility.store import EligibilityStore
from knowledge_base.services.sheets import read_catalogue
from knowledge_base.services.store import ServiceStore

if TYPE_CHECKING:
    from tests.channels.conftest import FakeService

SAMPLE = Path(knowledge_base.__file__).parent / "sample"
Wire = dict[str, Any]
DISTRICT = "云岭省/云州市/江东区"
OLD: Wire = {"birth_year": 1940, "region": DISTRICT, "tags": ["本地户籍"], "without": ["离休干部生活补贴"]}


@pytest.fixture
def rules(engine: Engine) -> EligibilityStore:
    store = EligibilityStore(engine)
    store.take_in(read_rules(SAMPLE / "eligibility.json"), by="张三")
    return store


@pytest.fixture
def chat(client: TestClient, rules: EligibilityStore) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/ws/v1/chat") as session:
        yield session


def say(session: WebSocketTestSession, kind: str, **more: Any) -> None:
    session.send_text(json.dumps({"type": kind, **more}))


def answered(session: WebSocketTestSession, kind: str) -> Wire:
    while True:
        message: Wire = json.loads(session.receive_text())
        if message["type"] == kind:
            return message


def tell(session: WebSocketTestSession, told: Wire) -> Wire:
    say(session, "consent_profile", version=CONSENT_VERSION)
    answered(session, "policies")
    say(session, "save_profile", told=told)
    return answered(session, "policies")


def found(message: Wire) -> dict[str, Wire]:
    """Return what is found, by title: the policies that may fit and those that one more fact decides."""
    held = message["found"]
    return {each["title"]: each for name in ("matches", "undecided") for each in held[name]}


def test_before_consent_only_the_question_is_shown(chat: WebSocketTestSession) -> None:
    say(chat, "open_profile")
    message = answered(chat, "policies")
    assert message["consent"]["given"] is False
    assert "180 天" in message["consent"]["text"]
    assert message["told"] is None
    assert message["found"] is None
    form = message["form"]
    assert form["birth_year"] is True
    assert {"云岭省/云州市/青岚县", "云岭省/云州市/其他区县"} <= set(form["regions"])
    say(chat, "save_profile", told=OLD)
    refused = answered(chat, "error")
    assert (refused["code"], refused["message"]) == ("refused", "还没有同意保存资料：先同意，再填写。")


def test_what_may_fit_is_told_with_reason_basis_and_door(chat: WebSocketTestSession, engine: Engine) -> None:
    ServiceStore(engine).take_in(read_catalogue(SAMPLE / "services").batch, by="张三")
    message = tell(chat, {**OLD, "region": "云岭省/云州市/其他区县"})
    policy = found(message)["高龄津贴"]
    assert policy["kind"] == "免申即享"
    assert str(policy["reason"]).startswith("您可能符合")
    assert policy["because"] == [
        "年满80周岁（1940年出生）",
        "在云州市",
        "不在青岚县",
        "有“本地户籍”",
        "没有“离休干部生活补贴”",
    ]
    assert policy["basis"] == "《云州市人民政府关于调整全市高龄津贴标准的通知》一、"
    assert policy["card"]["name"]
    assert policy["question"] is None


def test_one_fact_short_the_question_that_decides_is_asked_and_decides(chat: WebSocketTestSession) -> None:
    message = tell(chat, {"birth_year": 1940, "region": "云岭省/云州市/其他区县", "tags": ["本地户籍"]})
    assert found(message)["高龄津贴"]["question"] == {
        "field": "tags",
        "text": "您的情况里有“离休干部生活补贴”吗？",
        "marks": ["离休干部生活补贴"],
    }
    say(chat, "save_profile", told={**message["told"], "without": ["离休干部生活补贴"]})
    assert found(answered(chat, "policies"))["高龄津贴"]["question"] is None


def test_what_is_not_asked_is_not_kept(chat: WebSocketTestSession) -> None:
    message = tell(chat, {"birth_year": 1940, "tags": ["本地户籍", "身份证号"], "region": "别省/别市"})
    told = message["told"]
    assert (told["tags"], told["region"]) == (["本地户籍"], None)
    say(chat, "save_profile", told={"name": "张三"})
    assert "不认识的字段" in str(answered(chat, "error")["message"])


def test_withdrawn_all_is_gone_also_what_answers_said(
    chat: WebSocketTestSession, engine: Engine, client: TestClient, service: "FakeService"
) -> None:
    tell(chat, {**OLD, "region": "云岭省/云州市/其他区县"})
    secret = "您可能符合“高龄津贴”：年满80周岁（1940年出生）。"
    answer = service.consultation.answer
    service.consultation.answer = lambda question: answer(question).model_copy(  # type: ignore[method-assign]
        update={"blocks": (PolicyBlock(code="elder", text=secret),), "text": f"开头\n{secret}"}
    )
    say(chat, "question", client_id="c1", text="公积金提取要什么材料？")
    assert answered(chat, "answer")["answer"]["blocks"][0]["text"] == secret
    person = service.consultation.asked[-1].person
    assert person is not None
    assert person.birth_year == 1940
    say(chat, "withdraw_profile")
    message = answered(chat, "policies")
    assert (message["deleted"], message["told"], message["found"]) == (True, None, None)
    with Session(engine) as session:
        assert session.scalars(select(ProfileRow)).all() == []
        events = [json.dumps(each.payload, ensure_ascii=False) for each in session.scalars(select(EventRow))]
        messages = [f"{each.text} {each.answer}" for each in session.scalars(select(MessageRow))]
    assert not any("1940" in each for each in (*events, *messages))
    # In the block as it was streamed, in the whole answer twice, and in what is stored of it.
    assert sum(json.loads(each).get("type") in ("block", "answer") for each in events) == 2
    assert all(FORGOTTEN in each for each in (*events[1:3], *messages[1:]))
    say(chat, "question", client_id="c2", text="公积金提取要什么材料？")
    answered(chat, "answer")
    assert service.consultation.asked[-1].person is None


def test_a_reminder_waits_until_it_is_dismissed(
    client: TestClient, rules: EligibilityStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge_base.following.LOOK_EVERY_S", 0.0)
    rules.withdraw(["elder-allowance-city"], by="张三")
    with client.websocket_connect("/ws/v1/chat") as chat:
        say(chat, "hello")
        token = answered(chat, "welcome")["resume_token"]
        tell(chat, {**OLD, "region": "云岭省/云州市/其他区县"})
    rules.take_in(read_rules(SAMPLE / "eligibility.json"), by="张三")
    desk = client.app.state.reception.profiles  # type: ignore[attr-defined]
    assert len(desk.tend()) == 1
    assert desk.tend() == ()
    reminder = None
    for _ in range(2):
        with client.websocket_connect("/ws/v1/chat") as chat:
            say(chat, "hello", resume_token=token)
            reminders = answered(chat, "policy_reminders")["reminders"]
            (reminder,) = reminders
            assert reminder["text"].startswith("您现在可能符合“高龄津贴”（免申即享）：年满80周岁")
    assert reminder is not None
    with client.websocket_connect("/ws/v1/chat") as chat:
        say(chat, "hello", resume_token=token)
        say(chat, "dismiss_reminder", id=reminder["id"])
        say(chat, "dismiss_reminder", id=999)
        assert answered(chat, "error")["code"] == "not_found"
        assert desk.reminders.waiting(answered_id(engine)) == ()
        say(chat, "withdraw_profile")
        assert answered(chat, "policies")["deleted"] is True
    with Session(engine) as session:
        assert session.scalars(select(PolicyReminderRow)).all() == []


def answered_id(engine: Engine) -> str:
    with Session(engine) as session:
        return session.scalars(select(ProfileRow.conversation_id)).one()
