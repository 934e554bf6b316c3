"""A citizen and an agent on their lines, against the real application and a real database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from bot.desk.agents import Agents
from bot.desk.handover import Skills
from bot.settings import Settings
from channels.app import create_app

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService

Wire = dict[str, JsonValue]


def send(line: WebSocketTestSession, type_: str, **fields: JsonValue) -> None:
    line.send_text(json.dumps({"type": type_, **fields}))


def until(line: WebSocketTestSession, kind: str) -> Any:
    """Return the next message of a kind, as JSON; those before it are not looked at."""
    while True:
        message = json.loads(line.receive_text())
        if message["type"] == kind:
            return message


@contextmanager
def citizen(client: TestClient, **hello: JsonValue) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/ws/v1/chat") as line:
        send(line, "hello", **hello)
        yield line


@contextmanager
def agent(client: TestClient, token: str) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect("/ws/v1/desk") as line:
        send(line, "sign_on", token=token)
        yield line


@pytest.fixture
def token(engine: Engine) -> str:
    return Agents(engine).add("小李", Skills())[1]


def test_from_the_service_to_a_person_and_back(client: TestClient, token: str) -> None:
    with citizen(client) as asking, agent(client, token) as at_desk:
        assert until(at_desk, "signed_on")["agent"]["name"] == "小李"
        send(asking, "question", client_id="q1", text="公积金提取要什么材料？")
        until(asking, "answer")
        send(asking, "question", client_id="q2", text="转人工")
        answer = until(asking, "answer")["answer"]
        assert isinstance(answer, dict)
        assert answer["status"] == "handed_to_human"
        assert until(asking, "queued")["position"] == 1
        given = until(at_desk, "assigned")
        past = given["past"]
        assert isinstance(past, list)
        assert [(line["role"], line["status"]) for line in past[:2]] == [
            ("user", ""),
            ("assistant", "answered"),
        ]
        assert past[1]["citations"] == [
            "《云州市住房公积金提取办法》第二条",
            "《云州市住房公积金提取办法》第三条",
        ]
        assert until(asking, "agent_joined")["name"] == "小李"
        talk = given["handover"]["id"]
        suggestion = until(at_desk, "suggestion")
        assert suggestion["advice"]["passages"][0]["source"] == "《云州市住房公积金提取办法》第二条"
        send(asking, "say", client_id="m1", text="我的电话13812345678，要多久？")
        assert until(asking, "said")["text"] == "我的电话［手机号］，要多久？"
        said = until(at_desk, "line")["line"]
        assert said["text"] == "我的电话［手机号］，要多久？"
        send(at_desk, "say", handover_id=talk, client_id="a1", text="三个工作日。")
        assert until(asking, "agent_message")["text"] == "三个工作日。"
        send(at_desk, "end", handover_id=talk, to_bot=True)
        assert until(asking, "handed_back")["reason"] == "to_bot"
        assert until(at_desk, "released")["handover_id"] == talk
        send(asking, "rate", about="person", level=5, reasons=["回答准确"])
        assert until(asking, "rating_saved")["level"] == 5
        send(asking, "question", client_id="q3", text="公积金要多久？")
        assert until(asking, "answer")["client_id"] == "q3"


def test_a_citizen_who_lost_the_line_gets_all_that_was_said(client: TestClient, token: str) -> None:
    with agent(client, token) as at_desk:
        with citizen(client) as first:
            resume = until(first, "welcome")["resume_token"]
            send(first, "call_person")
            seq = until(first, "agent_joined")["seq"]
            talk = until(at_desk, "assigned")["handover"]["id"]
        send(at_desk, "say", handover_id=talk, client_id="a1", text="您好")
        until(at_desk, "line")
        with citizen(client, resume_token=resume, last_seq=seq) as second:
            message = until(second, "agent_message")
            assert (message["text"], message["seq"]) == ("您好", int(str(seq)) + 1)


def test_an_agent_who_signs_on_again_has_their_talks_again(client: TestClient, token: str) -> None:
    with citizen(client) as asking:
        with agent(client, token) as first:
            send(asking, "call_person")
            until(first, "assigned")
            send(asking, "say", client_id="m1", text="您好")
            until(first, "line")
        with agent(client, token) as second:
            lines = until(second, "assigned")["lines"]
            assert [line["text"] for line in lines] == ["您好"]
            send(second, "sign_off")
        assert until(asking, "queued")["reason"] == "asked"
        assert until(asking, "queued")["reason"] == "agent_lost"


def test_nobody_there_a_ticket_and_its_progress(client: TestClient) -> None:
    with citizen(client) as asking:
        send(asking, "call_person")
        offer = until(asking, "ticket_offered")
        assert (offer["reason"], offer["categories"]) == (
            "unstaffed",
            ["咨询", "求助", "建议", "投诉", "举报"],
        )
        send(
            asking,
            "open_ticket",
            client_id="t1",
            category="咨询",
            text="公积金怎么提？",
            contact="13812345678",
        )
        refused = until(asking, "error")
        assert (refused["code"], refused["client_id"]) == ("refused", "t1")
        assert "同意" in str(refused["message"])
        send(
            asking,
            "open_ticket",
            client_id="t1",
            category="咨询",
            text="公积金怎么提？",
            contact="13812345678",
            consent=True,
        )
        ticket = until(asking, "ticket")
        send(asking, "find_ticket", number=ticket["number"], code=ticket["code"])
        progress = until(asking, "ticket_progress")["ticket"]
        assert isinstance(progress, dict)
        assert (progress["status_name"], progress["text"]) == ("待受理", "公积金怎么提？")
        assert "13812345678" not in json.dumps(progress)
    body = {"number": ticket["number"], "code": ticket["code"]}
    assert client.post("/api/v1/tickets/lookup", json=body).json()["status"] == "open"
    wrong = client.post("/api/v1/tickets/lookup", json=body | {"code": "AAAAAAAA"})
    nobody = client.post("/api/v1/tickets/lookup", json=body | {"number": "WZ20260101-000999"})
    assert (wrong.status_code, nobody.status_code) == (404, 404)
    assert wrong.json()["error"]["message"] == nobody.json()["error"]["message"]
    answers = [client.post("/api/v1/tickets/lookup", json=body).status_code for _ in range(5)]
    assert answers[-1] == 429, "a code cannot be guessed by trying"


@pytest.mark.parametrize(
    ("type_", "fields", "code"),
    [
        ("leave_person", {}, "not_found"),
        ("say", {"client_id": "1", "text": "在吗"}, "not_found"),
        ("say", {"client_id": "1", "text": " "}, "empty"),
        ("say", {"client_id": "1", "text": "问" * 501}, "too_long"),
        ("rate", {"about": "person", "level": 5}, "refused"),
        ("rate", {"about": "conversation", "level": 6}, "invalid_message"),
        ("open_ticket", {"client_id": "1", "category": "点餐", "text": "一份面"}, "refused"),
        ("find_ticket", {"number": "12345", "code": "x"}, "not_found"),
        ("reopen_ticket", {"number": "WZ20261125-000001", "code": "x"}, "not_found"),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_line_stays(
    client: TestClient, type_: str, fields: Wire, code: str
) -> None:
    with citizen(client) as asking:
        send(asking, type_, **fields)
        assert until(asking, "error")["code"] == code
        send(asking, "ping", t=1)
        assert until(asking, "pong")["t"] == 1


def test_an_unknown_token_is_shown_the_door(client: TestClient) -> None:
    with agent(client, "wzd_nobody") as at_desk:
        assert until(at_desk, "error")["code"] == "refused"
        with pytest.raises(WebSocketDisconnect) as closed:
            at_desk.receive_text()
        assert closed.value.code == 1008


def test_only_a_supervisor_sees_everything(client: TestClient, token: str, engine: Engine) -> None:
    boss = Agents(engine).add("班长", Skills(), supervisor=True)[1]
    with agent(client, token) as at_desk:
        send(at_desk, "overview")
        assert until(at_desk, "error")["code"] == "refused"
    with agent(client, boss) as at_desk:
        send(at_desk, "presence", away=True)
        assert until(at_desk, "presence_is")["presence"] == "away"
        send(at_desk, "overview")
        agents = until(at_desk, "overview_is")["agents"]
        assert [each["name"] for each in agents] == ["小李", "班长"]


def test_what_another_worker_does_reaches_the_agent(
    settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine, token: str
) -> None:
    """Two applications over one database are two worker processes."""
    with (
        TestClient(create_app(settings, service, library=library, engine=engine)) as here,
        TestClient(create_app(settings, service, library=library, engine=engine)) as there,
        citizen(here) as asking,
        agent(there, token) as at_desk,
    ):
        until(at_desk, "signed_on")
        send(asking, "call_person")
        until(at_desk, "assigned")
        until(asking, "agent_joined")
