"""The REST interface as others rely on it."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from httpx2 import Response
from sqlalchemy import Engine
from starlette.testclient import TestClient

from bot.settings import Settings
from channels.app import create_app
from channels.web.rest import prefers_html
from tests.channels.conftest import STORED

if TYPE_CHECKING:
    from tests.channels.conftest import FakeLibrary, FakeService

QUOTE = "自受理之日起3个工作日内作出准予提取或者不准提取的决定"


def error_of(response: Response) -> tuple[int, str, str]:
    error = response.json()["error"]
    assert error["trace_id"]
    return response.status_code, error["code"], error["message"]


def test_a_question_is_answered_with_citations(client: TestClient) -> None:
    answer = client.post("/api/v1/ask", json={"question": "公积金提取要多久？"}).json()
    assert answer["status"] == "answered"
    assert QUOTE in answer["text"]
    assert set(answer) == {
        "status", "text", "blocks", "citations", "services", "suggestions", "options", "trace", "curated",
        "generated_by",
    }  # fmt: skip
    assert answer["citations"][1]["quote"] == QUOTE
    assert answer["citations"][1]["document"]["source_file"] == "公积金/提取办法.md"
    assert answer["trace"] == {
        "id": "trace-1", "timings_ms": {"retrieve": 8.0, "respond": 2.0}, "rephrasing": None,
    }  # fmt: skip


def test_all_that_can_be_said_with_a_question_reaches_the_consultation(
    client: TestClient, service: "FakeService"
) -> None:
    body = {
        "question": "那要多久？",
        "history": [
            {"role": "user", "text": "公积金怎么提取？"},
            {"role": "assistant", "text": "提交材料。"},
        ],
        "region": "云岭省/云州市",
        "locale": "zh-CN",
        "as_of": "2026-05-01",
    }
    assert client.post("/api/v1/ask", json=body).status_code == 200
    # One question and no more: nobody can take it over, and nothing is known of earlier answers.
    alone = {"can_wait": False, "unanswered_before": 0, "state": None}
    assert service.consultation.asked[0].model_dump(mode="json") == body | alone


def test_optional_fields_may_be_null(client: TestClient) -> None:
    body = {"question": "公积金", "history": None, "region": None, "locale": None, "as_of": None}
    assert client.post("/api/v1/ask", json=body).status_code == 200


def test_personal_data_never_reaches_the_consultation(client: TestClient, service: "FakeService") -> None:
    body = {
        "question": "我手机13812345678，公积金",
        "history": [{"role": "user", "text": "卡4111111111111111"}],
    }
    client.post("/api/v1/ask", json=body)
    assert service.consultation.asked[0].question == "我手机［手机号］，公积金"
    assert service.consultation.asked[0].history[0].text == "卡［银行卡号］"


def test_a_refusal_to_answer_is_a_status(client: TestClient) -> None:
    response = client.post("/api/v1/ask", json={"question": "火星上怎么落户？"})
    assert (response.status_code, response.json()["status"]) == (200, "no_answer")


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("", "empty", "没有看到问题"),
        ("  ？？ ", "empty", "没有看到问题"),
        ("问" * 612, "too_long", "问题有 612 个字，最多 500 个字"),
        ("问" * 100_000, "too_long", "问题有 100000 个字，最多 500 个字"),
        ("公积金\x00", "control_characters", "控制字符"),
    ],
)
def test_what_cannot_be_a_question(client: TestClient, question: str, code: str, words: str) -> None:
    status, found, message = error_of(client.post("/api/v1/ask", json={"question": question}))
    assert (status, found) == (422, code)
    assert words in message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "缺少字段 question"),
        ({"question": "问", "model": "x"}, "不认识的字段 model"),
        ({"question": 3}, "字段 question 应为字符串"),
        ({"question": "问", "as_of": "明天"}, "字段 as_of 应为日期，例如 2026-01-31"),
        ({"question": "问", "history": [{"role": "system", "text": "x"}]}, "字段 history.0.role 应为"),
        (
            {"question": "问", "history": [{"role": "user", "text": "x"}] * 101},
            "字段 history 有 101 项，最多 100 项",
        ),
    ],
)
def test_a_wrong_body_is_explained_in_chinese(
    client: TestClient, body: dict[str, object], words: str
) -> None:
    status, code, message = error_of(client.post("/api/v1/ask", json=body))
    assert (status, code) == (422, "invalid_message")
    assert words in message


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json(client: TestClient, raw: bytes) -> None:
    response = client.post("/api/v1/ask", content=raw, headers={"Content-Type": "application/json"})
    assert error_of(response) == (400, "bad_json", "请求内容不是有效的 JSON，请按接口说明发送。")


def test_half_a_character_is_no_question(client: TestClient) -> None:
    raw = b'{"question": "\\ud800"}'
    response = client.post("/api/v1/ask", content=raw, headers={"Content-Type": "application/json"})
    assert error_of(response)[:2] == (422, "control_characters")


def test_a_body_beyond_bounds_is_refused_unread(client: TestClient) -> None:
    status, code, message = error_of(client.post("/api/v1/ask", content=b"x" * 1_048_577))
    assert (status, code, message) == (413, "too_large", "请求有 1048577 字节，最多 1048576 字节。")

    unannounced = client.post("/api/v1/ask", content=iter([b"x" * 100_000] * 11))
    assert error_of(unannounced)[:2] == (413, "too_large")


def test_a_flood_is_told_when_to_come_back(
    tmp_settings: Settings, service: "FakeService", library: "FakeLibrary", engine: Engine
) -> None:
    with TestClient(create_app(tmp_settings, service, library=library, engine=engine)) as client:
        responses = [client.post("/api/v1/ask", json={"question": "公积金"}) for _ in range(21)]
    assert [response.status_code for response in responses] == [200] * 20 + [429]
    assert error_of(responses[-1])[1] == "rate_limited"
    assert 1 <= int(responses[-1].headers["Retry-After"]) <= 60


@pytest.fixture
def tmp_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit": "1/minute"})


def test_a_fault_shows_no_inside(client: TestClient) -> None:
    status, code, message = error_of(client.post("/api/v1/ask", json={"question": "出错"}))
    assert (status, code) == (500, "internal")
    assert "12345" in message
    assert "fake" not in message


def test_unknown_addresses_and_methods_answer_in_kind(client: TestClient) -> None:
    assert error_of(client.get("/api/v1/nothing"))[:2] == (404, "not_found")
    assert error_of(client.get("/api/v1/ask"))[:2] == (405, "invalid_message")


def test_a_document_is_given_with_the_span_asked_for(client: TestClient) -> None:
    whole = client.get("/api/v1/documents/1").json()
    start = whole["text"].index(QUOTE)
    end = start + len(QUOTE)
    found = client.get(f"/api/v1/documents/1?version=7&start={start}&end={end}").json()
    assert found["span"] == {"start": start, "end": end, "text": QUOTE}
    assert whole["span"] is None
    assert found["in_force"] is True
    assert found["document"]["doc_number"] == "云金管〔2026〕7号"
    assert [entry["article"] for entry in found["outline"]] == ["第一条", "第二条", "第三条"]
    for entry in found["outline"]:
        assert found["text"][entry["start"] : entry["end"]].startswith(entry["article"])


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/documents/2", 404, "没有编号 2的文件"),
        ("/api/v1/documents/1?version=8", 404, "没有编号 1、版本 8的文件"),
        ("/api/v1/documents/99999999999999999999", 422, "字段 document_id 应不大于 2147483647"),
        ("/api/v1/documents/x", 422, "字段 document_id 应为整数"),
        ("/api/v1/documents/1?start=3", 422, "start 和 end 要一起给出"),
        ("/api/v1/documents/1?start=3&end=9999", 422, "引文范围 3 至 9999 不在正文"),
        ("/api/v1/documents/1?start=5&end=5", 422, "引文范围 5 至 5 不在正文"),
    ],
)
def test_a_document_or_span_that_is_not_there(client: TestClient, path: str, status: int, words: str) -> None:
    found, _, message = error_of(client.get(path))
    assert found == status
    assert words in message


def test_health_readiness_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["documents"] == 1
    client.post("/api/v1/ask", json={"question": "公积金"})
    client.post("/api/v1/ask", json={"question": ""})
    metrics = client.get("/metrics").text
    assert 'wenzheng_questions_total{channel="rest",status="answered"} 1.0' in metrics
    assert 'wenzheng_rejected_total{channel="rest",code="empty"} 1.0' in metrics
    assert 'wenzheng_step_seconds_count{step="retrieve"} 1.0' in metrics
    assert "wenzheng_index_revision 3.0" in metrics


def test_every_response_carries_the_careful_headers(client: TestClient) -> None:
    for path in ("/", "/api/v1/ask", "/static/widget.js", "/documents/1"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_openapi_names_every_route(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert set(paths) == {
        "/api/v1/ask",
        "/api/v1/documents/{document_id}",
        "/api/v1/tickets/lookup",
        "/api/v1/tickets/webhook",
        "/healthz",
        "/readyz",
        "/metrics",
    }


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json", False),
        ("application/json, text/html", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_who_gets_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


def test_a_withdrawn_document_shows_its_title_and_a_plain_notice(
    client: TestClient, library: "FakeLibrary", monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn = replace(STORED, withdrawn=True, text="", chunks=(), effective_to=date.min)
    monkeypatch.setattr(library, "document_text", lambda *_: withdrawn)
    address = "/api/v1/documents/1?version=7&start=3&end=9"
    found = client.get(address)
    assert found.status_code == 200
    body = found.json()
    assert (body["document"]["title"], body["withdrawn"], body["in_force"]) == (
        STORED.document.meta.title,
        True,
        False,
    )
    assert (body["text"], body["outline"], body["span"], body["effective_to"]) == ("", [], None, None)
    page = client.get("/documents/1?version=7&start=3&end=9").text
    assert STORED.document.meta.title in page
    assert "已撤下" in page
    assert "不再作为答复依据" in page
    assert "无房证明" not in page
