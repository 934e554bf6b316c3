"""What another system reports about a ticket: taken if it is signed, once, and told to the citizen."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine
from starlette.testclient import TestClient

from bot.conversations import Conversations
from bot.people import open_people
from bot.settings import Settings
from bot.tickets.records import TicketDraft
from bot.tickets.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from channels.app import create_app

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService

SECRET = "geheim"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, webhook_secret=SECRET)  # type: ignore[arg-type]


@pytest.fixture
def conversation_id(engine: Engine) -> str:
    return Conversations(engine).open()[0].id


@pytest.fixture
def number(engine: Engine, settings: Settings, conversation_id: str) -> str:
    draft = TicketDraft("咨询", "路灯坏了", conversation_id=conversation_id, client_id="t1")
    return open_people(settings, engine).tickets.open(draft).ticket.number


def report(
    client: TestClient, body: dict[str, JsonValue], *, secret: str = SECRET, late_s: int = 0
) -> tuple[int, dict[str, JsonValue]]:
    raw, timestamp = json.dumps(body).encode(), str(int(time.time()) - late_s)
    headers = {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: sign(secret, timestamp, raw)}
    response = client.post("/api/v1/tickets/webhook", content=raw, headers=headers)
    return response.status_code, response.json()


def test_a_signed_reply_reaches_the_citizen_once(
    client: TestClient, engine: Engine, conversation_id: str, number: str
) -> None:
    body: dict[str, JsonValue] = {"delivery": "d1", "number": number, "step": "reply", "text": "已修好。"}
    for _ in range(2):
        assert report(client, body) == (200, {"number": number, "status": "replied"})
    told = [event.payload for event in Conversations(engine).events_after(conversation_id, 0)]
    assert [each["type"] for each in told] == ["ticket", "ticket_changed"]
    assert told[1]["text"] == "已修好。"


@pytest.mark.parametrize(("secret", "late_s"), [("other", 0), (SECRET, 400), (SECRET, -400)])
def test_what_is_not_signed_or_not_recent_is_refused(
    client: TestClient, number: str, secret: str, late_s: int
) -> None:
    body: dict[str, JsonValue] = {"delivery": "d1", "number": number, "step": "accept"}
    status, answer = report(client, body, secret=secret, late_s=late_s)
    assert status == 401
    assert answer["error"]["code"] == "refused"  # type: ignore[index,call-overload]
    assert client.post("/api/v1/tickets/webhook", json=body).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"number": "WZ20261125-999999"}, 404),
        ({"step": "reopen"}, 409),
        ({"step": "dance"}, 422),
        ({"delivery": ""}, 422),
        ({"step": "reply", "text": " "}, 404),
    ],
)
def test_what_cannot_be_done_is_told(
    client: TestClient, number: str, changes: dict[str, JsonValue], status: int
) -> None:
    body: dict[str, JsonValue] = {"delivery": "d1", "number": number, "step": "accept"}
    assert report(client, body | changes)[0] == status


def test_without_a_secret_nothing_is_taken(
    tmp_path: Path, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> None:
    app = create_app(Settings(data_dir=tmp_path), service, library=library, engine=engine)
    with TestClient(app) as client:
        assert report(client, {"delivery": "d"}, secret="")[0] == 401
