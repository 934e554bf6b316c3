"""One process of the server: how it starts, how it stops, and that it keeps its secrets."""

import json
import logging
import signal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bot.settings import Settings
from channels.app import _on_stop_signal, create_app
from channels.limiting import NEIGHBOURS, RateLimits
from channels.logs import JsonFormatter
from channels.reception import Reception
from knowledge_base.errors import SettingsError

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService


def test_open_connections_are_told_when_the_server_stops(client: TestClient) -> None:
    with client.websocket_connect("/ws/v1/chat") as session:
        session.send_text('{"type": "hello"}')
        session.receive_text()
        reception: Reception = client.app.state.reception  # type: ignore[attr-defined]
        assert client.portal is not None
        client.portal.call(reception.closing.set)
        with pytest.raises(WebSocketDisconnect) as goodbye:
            session.receive_text()
    assert goodbye.value.code == 1001


def test_a_stop_signal_is_heard_and_still_reaches_the_server() -> None:
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    try:
        with _on_stop_signal(lambda: heard.append("connections")):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == ["connections", "server", "server"]


def test_the_service_is_opened_when_none_is_given_and_closed_at_the_end(
    settings: Settings,
    service: "FakeService",
    library: "FakeLibrary",
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("channels.app._open_backend", lambda _settings: service)
    with TestClient(create_app(settings, library=library, engine=engine)) as client:
        while client.get("/readyz").status_code == 503:
            pass
        assert client.post("/api/v1/ask", json={"question": "公积金"}).status_code == 200
    assert service.closed


def test_without_a_home_region_set_the_documents_decide(
    settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> None:
    unset = settings.model_copy(update={"home_region": ""})
    with TestClient(create_app(unset, service, library=library, engine=engine)) as client:
        page = client.get("/").text
        assert "<title>安溪县政务咨询</title>" in page
        assert 'data-home-region="云岭省/云州市/安溪县"' in page
        with client.websocket_connect("/ws/v1/chat") as session:
            session.send_text('{"type": "hello"}')
            assert json.loads(session.receive_text())["home_region"] == "云岭省/云州市/安溪县"
        client.post("/api/v1/ask", json={"question": "公积金"})
    (asked,) = service.consultation.asked
    assert asked.region is None  # preselected on the page only


def test_a_wrong_rate_stops_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="'often' is no rate such as '60/minute'"):
        create_app(settings.model_copy(update={"rate_limit": "often"}))


def test_an_address_may_ask_more_than_a_connection() -> None:
    limits = RateLimits("2/minute")
    assert [limits.wait_s(address="hall", connection="one") > 0 for _ in range(3)] == [False, False, True]
    others = [limits.wait_s(address="hall", connection=f"c{number}") > 0 for number in range(2 * NEIGHBOURS)]
    assert others == [False] * (2 * NEIGHBOURS - 2) + [True] * 2
    assert limits.wait_s(address="home", connection="far") == 0


def test_no_log_line_holds_what_was_asked(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for question in ("公积金，我的电话13812345678", "出错13812345678", "", "问" * 600):
        client.post("/api/v1/ask", json={"question": question})
    lines = [
        JsonFormatter().format(record) for record in caplog.records if record.name.startswith("channels")
    ]
    assert any(json.loads(line).get("trace_id") == "trace-1" for line in lines)
    assert "13812345678" not in "".join(lines)
    assert "公积金，我的电话" not in "".join(lines)
