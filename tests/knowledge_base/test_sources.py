"""Archives, web pages and scans taken in from end to end."""

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from knowledge_base.database import MIGRATIONS, migrate, open_database
from knowledge_base.fetching import Fetched, Fetcher
from knowledge_base.ingest import IngestReport, ingest_files, ingest_page
from knowledge_base.loaders import text as text_file
from knowledge_base.records import OcrLine, OcrPage, Reading
from knowledge_base.store import KnowledgeStore

PARK = "云州市公园管理办法\n第一条 公园免费开放。\n第二条 本办法自2024年3月1日起施行。\n"
DOGS = "云州市养犬通告\n一、养犬应当办理登记。\n二、遛犬应当牵绳。\n"
SECRET = "秘密★1年\n云州市某项工作的通知\n一、不得外传。\n"
DAY = date(2026, 11, 25)
URL = "https://www.yunzhou.example/zwgk/1.html"


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def outcomes(report: IngestReport) -> dict[str, tuple[str, str]]:
    return {each.file: (each.status, each.title or each.reason) for each in report.outcomes}


def test_each_file_of_a_zip_is_reported_and_one_that_is_bad_sinks_no_other(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    path = tmp_path / "汇编.zip"
    inner = zipped({"养犬.txt": DOGS})
    path.write_bytes(
        zipped(
            {
                "公园/办法.txt": PARK,
                "县.zip": inner,
                "密.txt": SECRET,
                "坏.pdf": b"%PDF-1.7",
                "程序.exe": b"MZ",
                "../逃.txt": PARK,
            }
        )
    )
    found = outcomes(ingest_files(store, path))
    assert found["汇编.zip!/公园/办法.txt"] == ("added", "云州市公园管理办法")
    assert found["汇编.zip!/县.zip!/养犬.txt"] == ("added", "云州市养犬通告")
    assert {name: status for name, (status, _) in found.items() if status != "added"} == {
        "汇编.zip!/密.txt": "refused",
        "汇编.zip!/坏.pdf": "failed",
        "汇编.zip!/程序.exe": "failed",
        "汇编.zip!/../逃.txt": "failed",
    }
    assert "不支持 .exe" in found["汇编.zip!/程序.exe"][1]
    assert {status for status, _ in outcomes(ingest_files(store, path)).values()} == {
        "unchanged",
        "refused",
        "failed",
    }


def test_a_manifest_inside_a_zip_speaks_for_the_files_beside_it(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    rows = [
        {"file": "公园.txt", "region": "云岭省/云州市", "superseded_by": "养犬.txt"},
        {"file": "没有.txt"},
    ]
    path = tmp_path / "包.zip"
    path.write_bytes(zipped({"manifest.json": json.dumps(rows), "公园.txt": PARK, "养犬.txt": DOGS}))
    found = outcomes(ingest_files(store, path))
    assert found["包.zip!/没有.txt"] == ("failed", "压缩包里的清单列有此文件，但压缩包中没有：请核对文件名")
    park = next(each for each in store.iter_texts() if each.document.source_file == "包.zip!/公园.txt")
    assert (park.document.meta.region, park.document.meta.superseded_by) == (
        "云岭省/云州市",
        "包.zip!/养犬.txt",
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped({}), "没有文件"),
        (b"PK\x03\x04" + b"junk" * 20, "目录读不出来"),
        (zipped({"manifest.json": "{"}), "不是有效的 JSON"),
    ],
)
def test_an_archive_that_cannot_be_read_is_one_failure(
    store: KnowledgeStore, tmp_path: Path, data: bytes, words: str
) -> None:
    (tmp_path / "包.zip").write_bytes(data)
    (outcome,) = ingest_files(store, tmp_path / "包.zip").outcomes
    assert (outcome.file, outcome.status) == ("包.zip", "failed")
    assert words in outcome.reason


class Web(Fetcher):
    """Gives what it is told."""

    def __init__(self, given: Fetched) -> None:
        super().__init__()
        object.__setattr__(self, "given", given)

    def fetch(self, url: str) -> Fetched:
        given: Fetched = object.__getattribute__(self, "given")
        return given


def page(body: str) -> Fetched:
    return Fetched(
        f"{URL}?moved",
        "text/html",
        "utf-8",
        f"<html><body><article><h1>云州市公园管理办法</h1>{body}</article></body></html>".encode(),
    )


def test_a_page_keeps_its_link_and_the_day_its_text_was_fetched(store: KnowledgeStore) -> None:
    body = "<p>第一条 公园免费向公众开放，任何单位和个人不得收取门票。</p>"
    body += "<p>第二条 公园每日六时开门，二十二时闭园，节假日适当延长。</p>"
    (outcome,) = ingest_page(store, f"{URL}#top", today=DAY, fetcher=Web(page(body))).outcomes
    assert (outcome.file, outcome.status, outcome.title) == (URL, "added", "云州市公园管理办法")
    (again,) = ingest_page(store, URL, today=date(2026, 12, 1), fetcher=Web(page(body))).outcomes
    assert again.status == "unchanged"
    (stored,) = store.iter_texts()
    assert (stored.document.meta.url, stored.document.meta.fetched) == (f"{URL}?moved", DAY)
    more = page(body + "<p>第三条 公园内禁止燃放烟花爆竹，禁止携带犬只进入儿童游乐区。</p>")
    (changed,) = ingest_page(store, URL, today=date(2026, 12, 2), fetcher=Web(more)).outcomes
    (stored,) = store.iter_texts()
    assert (changed.status, stored.number, stored.document.meta.fetched) == ("updated", 2, date(2026, 12, 2))


@pytest.mark.parametrize(
    ("kind", "url", "status", "words"),
    [
        ("text/plain", URL, "added", "云州市公园管理办法"),
        ("application/octet-stream", "https://a.example/公园.txt", "added", "云州市公园管理办法"),
        ("application/pdf", URL, "failed", "不以 %PDF- 开头"),
        ("video/mp4", URL, "failed", "不支持"),
    ],
)
def test_a_file_by_its_url_goes_to_its_loader(
    store: KnowledgeStore, kind: str, url: str, status: str, words: str
) -> None:
    (outcome,) = ingest_page(
        store, URL, today=DAY, fetcher=Web(Fetched(url, kind, "", PARK.encode()))
    ).outcomes
    assert outcome.status == status
    assert words in (outcome.title or outcome.reason)


def test_an_address_that_must_not_be_asked_is_one_failure(store: KnowledgeStore) -> None:
    (outcome,) = ingest_page(store, "http://127.0.0.1/", today=DAY).outcomes
    assert outcome.status == "failed"
    assert "内部或保留的地址" in outcome.reason


def test_pages_read_by_ocr_are_kept_for_review_with_the_picture_where_in_doubt(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = OcrPage(1, (OcrLine("第一条 公园免费开放。", 0.99, (0.1, 0.1, 0.9, 0.2)),), b"one")
    unsure = OcrPage(
        2, (OcrLine("第二条", 0.7, (0.1, 0.1, 0.3, 0.2)), OcrLine("每日", 0.5, (0.3, 0.1, 0.4, 0.2))), b"two"
    )
    (tmp_path / "扫描.txt").write_text(PARK, encoding="utf-8")
    reading = Reading(text_file.read(PARK.encode()), (sure, unsure), ("注",))
    monkeypatch.setattr("knowledge_base.sources.read", lambda *_, **__: reading)
    (outcome,) = ingest_files(store, tmp_path / "扫描.txt", ocr_review_below=0.8).outcomes
    assert outcome.notes == ("注",)
    assert [(each.number, [line.text for line in each.lines]) for each in outcome.ocr] == [
        (2, ["每日", "第二条"])
    ]
    (stored,) = store.iter_texts()
    kept = store.ocr_pages(stored.version_id)
    assert kept == (OcrPage(1, sure.lines), unsure)
    assert store.ocr_pages(stored.version_id + 1) == ()


def test_a_database_of_the_first_schema_is_brought_up_with_what_it_holds(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        document = {"id": 1, "source_file": "a.md", "part": "", "created_at": "2026-01-01"}
        version = {"id": 1, "document_id": 1, "number": 1, "sha256": "x", "title": "办法", "region": "全国"}
        version |= {"repealed": 0, "inferred": "[]", "text": "第一条", "created_at": "2026-01-01"}
        version |= dict.fromkeys(("level", "doc_number", "issuer", "url", "superseded_by"), "")
        for table, values in (("documents", document), ("versions", version)):
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
    migrate(engine)
    assert {"ocr_pages"} <= set(inspect(engine).get_table_names())
    engine.dispose()
    shutil.copy(tmp_path / "old.db", tmp_path / "new.db")
    upgraded = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    (stored,) = KnowledgeStore(upgraded).iter_texts()
    assert (stored.text, stored.document.meta.fetched) == ("第一条", None)
    upgraded.dispose()
