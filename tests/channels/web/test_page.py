"""The pages as served: named after the region, readable without a script, safe whatever a text holds."""

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from bot.settings import Settings
from channels.web.documents import DocumentText, describe
from channels.web.page import chat_page, document_page

if TYPE_CHECKING:
    from datetime import date

    from tests.channels.conftest import FakeLibrary

QUOTE = "自受理之日起3个工作日内"


def test_the_chat_page_is_named_after_the_home_region(client: TestClient) -> None:
    page = client.get("/").text
    assert "<title>云州市政务咨询</title>" in page
    assert 'href="tel:12345"' in page


def test_without_a_home_region_it_has_its_own_name() -> None:
    assert "<title>问政 政务咨询</title>" in chat_page(Settings(), home_region="")


def test_settings_cannot_break_the_page() -> None:
    page = chat_page(Settings(), home_region='省/"><script>alert(1)</script>')
    assert "<script>alert" not in page


def test_a_browser_reads_a_document_with_the_quotation_marked(client: TestClient) -> None:
    text = client.get("/api/v1/documents/1").json()["text"]
    start = text.index(QUOTE)
    query = f"?start={start}&end={start + len(QUOTE)}"
    for path in ("/documents/1", "/api/v1/documents/1"):
        page = client.get(path + query, headers={"Accept": "text/html,*/*;q=0.8"}).text
        assert f'<mark id="quote" tabindex="-1">{QUOTE}</mark>作出' in page
        assert "现行有效" in page
        assert "云金管〔2026〕7号" in page
        assert 'href="https://example.gov.cn/tq"' in page


def test_a_quotation_over_several_lines_is_marked_in_each(described: DocumentText) -> None:
    start = described.text.index("（二）")
    page = document_page(with_span(described, start, described.text.index("第三条")))
    assert '<mark id="quote" tabindex="-1">（二）无房证明；</mark>' in page
    assert "<mark>（三）租赁合同。</mark>" in page


def test_what_a_text_holds_is_never_markup(described: DocumentText) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    page = document_page(
        described.model_copy(
            update={
                "text": hostile,
                "outline": (),
                "document": described.document.model_copy(
                    update={"title": hostile, "issuer": hostile, "url": "javascript:alert(1)"}
                ),
            }
        )
    )
    assert "<img" not in page
    assert "javascript:" not in page


@pytest.mark.parametrize(
    ("today", "in_force"), [("2026-02-28", False), ("2026-03-01", True), ("2030-12-31", True)]
)
def test_a_document_is_in_force_from_its_first_day(
    library: "FakeLibrary", today: str, in_force: bool
) -> None:
    stored = library.document_text(1)
    assert stored is not None
    assert describe(stored, None, day(today)).in_force is in_force


@pytest.fixture
def described(library: "FakeLibrary") -> DocumentText:
    stored = library.document_text(1)
    assert stored is not None
    return describe(stored, None, day("2026-11-23"))


def with_span(described: DocumentText, start: int, end: int) -> DocumentText:
    span = {"start": start, "end": end, "text": described.text[start:end]}
    return DocumentText.model_validate(described.model_dump() | {"span": span})


def day(text: str) -> "date":
    from datetime import date

    return date.fromisoformat(text)
