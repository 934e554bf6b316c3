"""Conversations over the WebSocket, against the real application and a real database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from bot.settings import Settings
from channels.app import create_app
from channels.web.socket import origin_allowed

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService

Wire = dict[str, JsonValue]


@contextmanager
def connect(client: TestClient, **hello: JsonValue) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/ws/v1/chat") as session:
        session.send_text(json.dumps({"type": "hello", **hello}))
        yield session


def ask(session: WebSocketTestSession, text: str, client_id: str = "c1", **more: JsonValue) -> None:
    session.send_text(json.dumps({"type": "question", "client_id": client_id, "text": text, **more}))


def until(session: WebSocketTestSession, kind: str) -> list[Wire]:
    messages: list[Wire] = []
    while not messages or messages[-1]["type"] != kind:
        messages.append(json.loads(session.receive_text()))
    return messages


@pytest.fixture
def chat(client: TestClient) -> Iterator[WebSocketTestSession]:
    with connect(client) as session:
        yield session


def test_a_conversation_from_hello_to_feedback(chat: WebSocketTestSession) -> None:
    (welcome,) = until(chat, "welcome")
    assert welcome["seq"] == 0
    assert welcome["version"] == 1
    assert welcome["resumed"] is False
    assert welcome["home_region"] == "云岭省/云州市"
    assert welcome["regions"] == ["全国", "云岭省", "云岭省/云州市", "云岭省/云州市/安溪县"]
    assert welcome["limits"] == {"max_question_chars": 500}
    ask(chat, "公积金提取要什么材料？")
    messages = until(chat, "answer")
    assert [message["type"] for message in messages] == ["accepted", "block", "block", "block", "answer"]
    assert [message["seq"] for message in messages] == [1, 2, 3, 4, 5]
    answer = messages[-1]["answer"]
    assert isinstance(answer, dict)
    assert [message["block"] for message in messages[1:4]] == answer["blocks"]
    chat.send_text(json.dumps({"type": "feedback", "answer_id": messages[0]["answer_id"], "value": "up"}))
    (saved,) = until(chat, "feedback_saved")
    assert (saved["seq"], saved["value"]) == (6, "up")


def test_a_follow_up_carries_what_came_before(chat: WebSocketTestSession, service: "FakeService") -> None:
    ask(chat, "公积金怎么提取？我电话13812345678", "c1")
    until(chat, "answer")
    ask(chat, "那要多久？", "c2", region="云岭省/云州市/安溪县", as_of="2026-05-01")
    until(chat, "answer")
    second = service.consultation.asked[1]
    assert [line.role for line in second.history] == ["user", "assistant"]
    assert second.history[0].text == "公积金怎么提取？我电话［手机号］"
    assert (second.region, str(second.as_of)) == ("云岭省/云州市/安溪县", "2026-05-01")


@pytest.mark.parametrize("seen", [0, 1, 3, 5])
def test_a_lost_line_is_resumed_where_it_broke(client: TestClient, seen: int) -> None:
    with connect(client) as first:
        token = until(first, "welcome")[0]["resume_token"]
        ask(first, "公积金")
        sent = until(first, "answer")
    with connect(client, resume_token=token, last_seq=seen) as second:
        (welcome,) = until(second, "welcome")
        assert (welcome["resumed"], welcome["seq"]) == (True, seen)
        ask(second, "公积金要多久？", "c2")
        again = until(second, "accepted")
        while again[-1].get("client_id") != "c2":
            again += until(second, "accepted")
        assert again[:-1] == sent[seen:]


def test_where_a_conversation_stands_outlives_its_line_and_is_never_sent(client: TestClient) -> None:
    with connect(client) as first:
        token = until(first, "welcome")[0]["resume_token"]
        ask(first, "一件事甲")
        (answer,) = (each for each in until(first, "answer") if each["type"] == "answer")
        assert "state" not in str(answer)
    with connect(client, resume_token=token, last_seq=answer["seq"]) as second:
        ask(second, "一件事乙", "c2")
        assert until(second, "answer")[-1]["answer"]["text"] == "甲"  # type: ignore[call-overload, index]
        ask(second, "一件事丙", "c3")
        assert until(second, "answer")[-1]["answer"]["text"] == "乙、甲"  # type: ignore[call-overload, index]


def test_an_unknown_token_starts_anew(client: TestClient) -> None:
    with connect(client, resume_token="nobody's", last_seq=9) as session:
        (welcome,) = until(session, "welcome")
        assert (welcome["resumed"], welcome["seq"]) == (False, 0)


def test_a_repeated_question_is_answered_from_the_record(
    chat: WebSocketTestSession, service: "FakeService"
) -> None:
    until(chat, "welcome")
    ask(chat, "公积金")
    first = until(chat, "answer")
    ask(chat, "公积金")
    assert until(chat, "answer") == first
    assert len(service.consultation.asked) == 1


def test_a_question_in_hand_is_finished_when_its_client_is_gone(
    client: TestClient, service: "FakeService"
) -> None:
    service.consultation.gate.clear()
    with connect(client) as first:
        token = until(first, "welcome")[0]["resume_token"]
        ask(first, "公积金")
        until(first, "accepted")
        while not service.consultation.asked:
            first.send_text('{"type": "ping"}')
            until(first, "pong")
        first.close()
        with connect(client, resume_token=token, last_seq=1) as second:
            until(second, "welcome")
            service.consultation.gate.set()
            assert [message["seq"] for message in until(second, "answer")] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_json"),
        ('{"type": "shout"}', "unknown_type"),
        ('{"type": "question"}', "invalid_message"),
        ('{"type": "question", "client_id": "c", "text": " "}', "empty"),
        (json.dumps({"type": "question", "client_id": "c", "text": "问" * 100_000}), "too_long"),
        ('{"type": "question", "client_id": "c", "text": "\\u0007"}', "control_characters"),
        ('{"type": "feedback", "answer_id": "none", "value": "up"}', "not_found"),
        ('{"type": "question", "client_id": "c", "text": "出错"}', "internal"),
    ],
)
def test_the_connection_survives_bad_input(chat: WebSocketTestSession, frame: str, code: str) -> None:
    until(chat, "welcome")
    chat.send_text(frame)
    error = until(chat, "error")[-1]
    assert error["code"] == code
    ask(chat, "公积金", "after")
    assert until(chat, "answer")[-1]["client_id"] == "after"


def test_binary_frames_are_errors_too(chat: WebSocketTestSession) -> None:
    until(chat, "welcome")
    chat.send_bytes(b"\x00\x01\xff")
    assert until(chat, "error")[-1]["code"] == "bad_json"
    chat.send_text('{"type": "ping", "t": 3}')
    assert until(chat, "pong")[-1]["t"] == 3


def test_a_failed_question_may_be_asked_again_under_its_id(
    chat: WebSocketTestSession, service: "FakeService"
) -> None:
    until(chat, "welcome")
    ask(chat, "出错", "c1")
    assert until(chat, "error")[-1]["client_id"] == "c1"
    ask(chat, "出错", "c1")
    until(chat, "error")
    assert len(service.consultation.asked) == 2


def test_a_flood_is_limited_and_its_neighbour_untouched(
    settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> None:
    few = settings.model_copy(update={"rate_limit": "3/minute"})
    app = create_app(few, service, library=library, engine=engine)
    with TestClient(app) as client, connect(client) as flood, connect(client) as neighbour:
        for number in range(10):
            ask(flood, "公积金", f"c{number}")
        errors = [
            message for _ in range(7) for message in until(flood, "error") if message["type"] == "error"
        ]
        assert {error["code"] for error in errors} == {"rate_limited"}
        assert all(isinstance(error["retry_after_s"], float) for error in errors)
        ask(neighbour, "公积金")
        assert until(neighbour, "answer")


def test_a_flood_of_frames_that_are_no_messages_is_limited_too(
    settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> None:
    few = settings.model_copy(update={"rate_limit": "3/minute"})
    app = create_app(few, service, library=library, engine=engine)
    with TestClient(app) as client, connect(client) as flood:
        until(flood, "welcome")
        for _ in range(5):
            flood.send_text("{")
        errors = [until(flood, "error")[-1] for _ in range(5)]
        assert [error["code"] for error in errors] == ["bad_json"] * 3 + ["rate_limited"] * 2
        assert isinstance(errors[-1]["retry_after_s"], float)
        ask(flood, "公积金", "late")
        assert until(flood, "error")[-1]["client_id"] == "late"


def test_no_more_questions_are_taken_than_can_be_held(
    chat: WebSocketTestSession, service: "FakeService"
) -> None:
    service.consultation.gate.clear()
    until(chat, "welcome")
    for number in range(12):
        ask(chat, "公积金", f"c{number}")
    assert "还有 8 个问题在处理" in str(until(chat, "error")[-1]["message"])
    service.consultation.gate.set()


def test_before_the_index_is_loaded_questions_are_put_off(
    settings: Settings, library: "FakeLibrary", engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Settings) -> None:
        raise RuntimeError("no model here")

    monkeypatch.setattr("channels.app._open_backend", broken)
    with TestClient(create_app(settings, library=library, engine=engine)) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.json()["reason"]
        response = client.post("/api/v1/ask", json={"question": "公积金"})
        assert (response.status_code, response.json()["error"]["code"]) == (503, "not_ready")
        with connect(client) as session:
            ask(session, "公积金")
            error = until(session, "error")[-1]
            assert (error["code"], error["retry_after_s"]) == ("not_ready", 3.0)


def test_open_sockets_are_counted(client: TestClient) -> None:
    with connect(client) as session:
        until(session, "welcome")
        assert "wenzheng_open_sockets 1.0" in client.get("/metrics").text
    assert "wenzheng_open_sockets 0.0" in client.get("/metrics").text


def test_a_foreign_page_may_not_connect(client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/ws/v1/chat", headers={"Origin": "https://elsewhere.example"}),
    ):
        pass


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://wz.example.gov.cn:8000", True),
        ("https://portal.example.gov.cn", True),
        ("http://wz.example.gov.cn", False),
        ("null", False),
    ],
)
def test_which_pages_may_connect(origin: str | None, allowed: bool) -> None:
    headers = {"host": "wz.example.gov.cn:8000"} | ({"origin": origin} if origin else {})
    assert origin_allowed(headers, ("https://portal.example.gov.cn",)) is allowed


def test_a_database_that_fails_is_an_error_and_the_connection_lives(
    chat: WebSocketTestSession, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(chat, "welcome")
    with monkeypatch.context() as broken:
        broken.setattr("bot.conversations.Conversations.record_question", lambda *_, **__: 1 / 0)
        ask(chat, "公积金", "c1")
        error = until(chat, "error")[-1]
    assert error["code"] == "internal"
    assert "12345" in str(error["message"])
    ask(chat, "公积金", "c1")
    assert until(chat, "answer")
