"""Every released schema, with rows in it, becomes the newest on both databases, and no row is lost."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TypeAlias

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import JsonValue
from sqlalchemy import Engine, MetaData, Table, create_engine, select

import bot.learning.tables
import bot.people
import bot.profiles.store  # noqa: F401  (its tables belong to the same history, as do those around)
import knowledge_base.blocking.store
import knowledge_base.eligibility.store
import knowledge_base.faq.tables
import knowledge_base.holds
import knowledge_base.life_events.tables
import knowledge_base.replies
import knowledge_base.services.tables
import knowledge_base.word_store  # noqa: F401
from knowledge_base.database import MIGRATIONS, Base, migrate, open_database
from tests.databases import DATABASES

Value: TypeAlias = JsonValue | date | datetime | bytes
NOON = datetime(2026, 3, 1, 4, 0, 0, 123456, tzinfo=UTC)
ARTICLE = "第一条 公园免费开放，“门票”😀不再收取。"
# What each release could store for the first time, table by table, in an order that foreign keys allow.
FIRST: Mapping[str, list[dict[str, Value]]] = {
    "documents": [
        {"id": 7, "source_file": "公园/办法.md", "part": "", "parent_id": None, "created_at": NOON},
        {"id": 8, "source_file": "公园/办法.md", "part": "附件1", "parent_id": 7, "created_at": NOON},
    ],
    "versions": [
        {
            "id": 21,
            "document_id": 7,
            "number": 1,
            "sha256": "ab" * 32,
            "title": "云州市公园办法",
            "level": "政府规章",
            "region": "云岭省/云州市",
            "doc_number": "云政发〔2026〕3号",
            "issuer": "云州市人民政府",
            "url": "https://example.gov.cn/park",
            "published": date(2026, 1, 1),
            "stated_from": date.min,
            "stated_to": None,
            "repealed": False,
            "superseded_by": "",
            "inferred": [{"field": "region", "value": "云岭省/云州市", "evidence": "云州市", "target": ""}],
            "effective_from": date(2026, 2, 1),
            "effective_to": date.max,
            "text": ARTICLE,
            "created_at": NOON,
        }
    ],
    "chunks": [
        {
            "id": 301,
            "version_id": 21,
            "kind": "article",
            "group_no": 0,
            "article": "第一条",
            "heading_path": ["第一章 总则"],
            "lead": "",
            "start": 0,
            "end": len(ARTICLE),
            "text": ARTICLE,
        }
    ],
    "state": [{"key": "revision", "value": "12"}],
    "conversations": [
        {
            "id": "c1",
            "token_sha256": "cd" * 32,
            "region": "云岭省/云州市",
            "locale": None,
            "last_seq": 2,
            "created_at": NOON,
        }
    ],
    "messages": [
        {
            "id": 5,
            "conversation_id": "c1",
            "client_id": "1",
            "answer_id": "a1",
            "role": "user",
            "text": "公园几点开门？",
            "status": "",
            "answer": None,
            "trace_id": "",
            "created_at": NOON,
        }
    ],
    "events": [
        {
            "conversation_id": "c1",
            "seq": 1,
            "answer_id": "a1",
            "payload": {"type": "accepted", "n": [1, None]},
        }
    ],
    "feedback": [
        {"answer_id": "a1", "conversation_id": "c1", "value": "up", "reason": "清楚", "created_at": NOON}
    ],
}
ROWS: Mapping[str, Mapping[str, list[dict[str, Value]]]] = {
    "0001": FIRST,
    # The edition itself, and that it landed, come from the rows of the first release.
    "0002": {
        "transitions": [
            {
                "id": 90,
                "edition_id": 21,
                "at": NOON,
                "actor": "张三",
                "from_state": "published",
                "to_state": "published",
                "note": "更正",
            }
        ],
    },
    "0003": {
        "ocr_pages": [
            {
                "version_id": 21,
                "number": 3,
                "lines": [["第一条 公园免费开放", 0.98, 10.0, 20.0, 300.5, 40.25]],
                "image": b"\x89PNG\x00\xff",
            }
        ],
    },
    "0004": {
        "words": [
            {
                "id": 1,
                "kind": "synonym",
                "word": "薅羊毛",
                "terms": ["优惠"],
                "two_way": True,
                "frequency": None,
                "tag": "",
                "hides": False,
                "added_at": NOON,
                "added_by": "张三",
                "removed_at": NOON,
                "removed_by": "李四",
            }
        ],
    },
    "0005": {
        "faqs": [
            {
                "id": 40,
                "question": "公园收门票吗？",
                "region": "云岭省/云州市",
                "answer": "不收。",
                "effective_from": None,
                "effective_to": date(2027, 1, 1),
                "state": "published",
            }
        ],
        "faq_variants": [{"faq_id": 40, "position": 0, "text": "进公园要钱吗？"}],
        "faq_sources": [
            {
                "faq_id": 40,
                "position": 0,
                "reference": "《云州市公园办法》第一条",
                "document_id": 7,
                "version_id": 21,
                "place": "第一条",
            }
        ],
        "faq_changes": [
            {"id": 50, "faq_id": 40, "at": NOON, "by": "张三", "action": "publish", "state": "published"}
        ],
    },
    "0006": {
        "service_items": [{"id": 60, "task_code": "T-60", "withdrawn_at": NOON, "withdrawn_by": "张三"}],
        "service_versions": [
            {
                "id": 61,
                "item_id": 60,
                "number": 1,
                "catalog_code": "C-60",
                "region": "云岭省/云州市",
                "task_name": "公园年卡办理",
                "dept_name": None,
                "task_state": "在用",
                "plan_effective_date": date(2026, 3, 1),
                "plan_cancel_date": None,
                "fields": {"promise_day": 3, "aliases": ["办公园卡"]},
                "stated_lists": ["fees", "materials"],
                "stored_at": NOON,
                "stored_by": "张三",
            }
        ],
        "service_materials": [
            {
                "version_id": 61,
                "position": 0,
                "name": "身份证",
                "type": "原件",
                "copies": 1,
                "is_need": True,
                "page_num": None,
                "source_type": None,
                "waived": False,
                "waived_reason": None,
                "form_guid": None,
                "example_guid": None,
                "fill_explain": None,
                "condition": "代办的",
            }
        ],
        "service_fees": [
            {"version_id": 61, "position": 0, "name": "工本费", "stand": "10元", "by_law": None}
        ],
        "service_questions": [{"version_id": 61, "position": 0, "question": "能退吗？", "answer": "不能。"}],
        "service_offices": [
            {
                "id": "gate",
                "name": "东门",
                "region": "云岭省/云州市",
                "address": None,
                "link_way": "0999-1",
                "hours": [{"days": [1, 2], "open": "09:00", "close": "17:00"}],
                "closed_on_holidays": False,
                "note": None,
            }
        ],
        "service_links": [
            {
                "url": "https://example.gov.cn/card",
                "state": "dead",
                "reason": "应答 HTTP 404",
                "final_url": "",
                "checked_at": NOON,
            }
        ],
    },
    "0007": {
        "agents": [
            {
                "id": 1,
                "name": "小李",
                "token_sha256": "ef" * 32,
                "departments": ["社保"],
                "regions": [],
                "languages": ["zh"],
                "capacity": 3,
                "supervisor": False,
                "active": True,
                "presence": "offline",
                "seen_at": NOON,
                "connection": "",
                "created_at": NOON,
            }
        ],
        "handovers": [
            {
                "id": 2,
                "conversation_id": "c1",
                "state": "ended",
                "department": "社保",
                "region": "云岭省/云州市",
                "language": "zh",
                "reason": "asked",
                "asked_at": NOON,
                "returned": False,
                "agent_id": 1,
                "claimed_at": NOON,
                "owed_since": None,
                "ended_at": NOON,
                "ending": "agent_ended",
                "told_position": 1,
                "offered_ticket": False,
                "here_at": NOON,
            }
        ],
        "handover_steps": [
            {"id": 3, "handover_id": 2, "at": NOON, "step": "claimed", "agent_id": 1, "note": ""}
        ],
        "handover_lines": [
            {
                "id": 4,
                "handover_id": 2,
                "role": "agent",
                "author": "小李",
                "client_id": "a1",
                "text": "您好",
                "at": NOON,
            }
        ],
        "handover_guests": [{"handover_id": 2, "agent_id": 1}],
        "tickets": [
            {
                "id": 5,
                "opened_on": date(2026, 3, 1),
                "code_sha256": "01" * 32,
                "conversation_id": "c1",
                "client_id": "t1",
                "origin": "citizen",
                "category": "咨询",
                "department": "政务服务便民热线",
                "region": "",
                "text": "路灯坏了",
                "contact": "gAAAA",
                "consented_at": NOON,
                "status": "replied",
                "due_on": date(2026, 3, 8),
                "escalations": 0,
                "external_id": "",
                "created_at": NOON,
            }
        ],
        "ticket_steps": [
            {
                "id": 6,
                "ticket_id": 5,
                "at": NOON,
                "actor": "张三",
                "step": "reply",
                "status": "replied",
                "text": "已修",
                "shown": True,
            }
        ],
        "webhook_outbox": [
            {
                "id": 7,
                "ticket_id": 5,
                "event": "replied",
                "payload": {"number": "WZ20260301-000005"},
                "attempts": 1,
                "next_at": NOON,
                "sent_at": None,
                "error": "HTTP 502",
            }
        ],
        "webhook_inbox": [{"delivery_id": "d1", "at": NOON}],
        "ratings": [
            {
                "conversation_id": "c1",
                "about": "handover:2",
                "level": 2,
                "reasons": ["等待太久"],
                "text": "",
                "agent_id": 1,
                "ticket_id": 5,
                "at": NOON,
            }
        ],
    },
    "0009": {
        "life_events": [{"id": 1, "code": "newborn", "withdrawn_at": NOON, "withdrawn_by": "张三"}],
        "life_event_versions": [
            {
                "id": 1,
                "event_id": 1,
                "number": 1,
                "content": {"code": "newborn", "name": "新生儿出生一件事"},
                "stored_at": NOON,
                "stored_by": "张三",
            }
        ],
    },
    "0010": {
        "question_marks": [{"message_id": 5, "mark": "dismissed", "faq_id": None, "by": "小王", "at": NOON}],
        "person_answers": [
            {
                "id": 1,
                "origin": "ticket:1",
                "conversation_id": None,
                "question": "公园几点开门？",
                "answer": "六时。",
                "region": "",
                "state": "pending",
                "joined_id": None,
                "faq_id": None,
                "by": "",
                "at": NOON,
            }
        ],
    },
    "0011": {
        "eligibility_rules": [
            {
                "id": 1,
                "code": "elder-allowance",
                "version": 1,
                "content": {"code": "elder-allowance"},
                "added_at": NOON,
                "added_by": "张三",
                "withdrawn_at": None,
                "withdrawn_by": "",
            }
        ],
    },
}


def revisions() -> list[str]:
    """Return every revision, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def table(engine: Engine, name: str) -> Table:
    """Return a table as it is in the database, which need not be what the models say."""
    return Table(name, MetaData(), autoload_with=engine)


def in_utc(value: Value) -> Value:
    """SQLite gives moments without a zone, PostgreSQL in that of the session."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


@pytest.mark.parametrize("backend", DATABASES)
@pytest.mark.parametrize("revision", revisions())
def test_a_database_of_any_release_becomes_the_newest(
    revision: str, backend: str, new_database: Callable[..., str]
) -> None:
    url = new_database(backend, tables=False)
    old = create_engine(url)
    stored_then: dict[str, list[dict[str, Value]]] = {}
    for step in revisions()[: revisions().index(revision) + 1]:
        migrate(old, step)
        for name, rows in ROWS.get(step, {}).items():
            with old.begin() as connection:
                connection.execute(table(old, name).insert(), rows)
            stored_then[name] = rows
    old.dispose()

    engine = open_database(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == revisions()[-1]
        for name, rows in stored_then.items():
            here = table(engine, name)
            stored = connection.execute(select(here).order_by(*here.primary_key)).mappings().all()
            found = [{key: in_utc(row[key]) for key in rows[0]} for row in stored]
            assert [row for row in rows if row not in found] == []
            assert len(found) == len(rows) + (name == "transitions")
        editions = connection.execute(select(table(engine, "editions"))).all()
        assert [tuple(row) for row in editions] == [(21, "published", None, None)]
    engine.dispose()
