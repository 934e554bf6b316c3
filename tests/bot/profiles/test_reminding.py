"""A reminder for each occasion, once; gone with the profile."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bot.conversations import Conversations
from bot.profiles.consent import CONSENT_VERSION
from bot.profiles.policies import Policies
from bot.profiles.reminding import Reminders
from bot.profiles.store import Profiles
from bot.sealing import Seal
from knowledge_base.database import open_database
from knowledge_base.eligibility.records import Age, Kind, Profile, Rule, RuleBook
from knowledge_base.eligibility.store import EligibilityStore
from knowledge_base.ingest import ingest_files
from knowledge_base.store import KnowledgeStore

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
LAW = """# 云州市老年人优待办法

（云政发〔2026〕9号）

第一条　年满60周岁的老年人享受优待。

第二条　本办法自{day}起施行。
"""


def rule(code: str = "card", years: int = 60, **more: object) -> Rule:
    fields = {
        "code": code,
        "title": "敬老卡",
        "catalog_code": "99",
        "kind": Kind.ON_APPLICATION,
        "reason": "您可能符合敬老卡",
        "law_title": "云州市老年人优待办法",
        "law_article": "第一条",
        "when": Age(">=", years),
    }
    return Rule(**{**fields, **more})  # type: ignore[arg-type]


class World:
    """A citizen born in 1964 who consented at noon, and a clock."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder, self.now = engine, folder, NOON
        seal = Seal(folder)
        self.rules = EligibilityStore(engine)
        self.profiles = Profiles(engine, seal)
        policies = Policies(engine, now=lambda: self.now)
        self.reminders = Reminders(engine, self.profiles, policies, seal, before_days=14)
        self.citizen = Conversations(engine).open(region="云岭省/云州市")[0].id

    def put(self, *rules: Rule, at: datetime = NOON - timedelta(days=9)) -> None:
        """Put rules into use as if at that moment."""
        self.rules.take_in(RuleBook((), (), rules), by="张三")
        with self.engine.begin() as connection:
            moment = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
            newest = "SELECT max(id) FROM eligibility_rules"
            wanted = f"UPDATE eligibility_rules SET added_at = :at WHERE id = ({newest})"
            connection.execute(text(wanted), {"at": moment})

    def consent(self) -> None:
        self.profiles.consent(self.citizen, CONSENT_VERSION, now=NOON)
        self.profiles.save(self.citizen, Profile(1964, "云岭省/云州市"), now=NOON)

    def said(self) -> list[tuple[str, str]]:
        return [(each.reminder.occasion, each.reminder.text) for each in self.reminders.write()]


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("knowledge_base.following.LOOK_EVERY_S", 0.0)
    engine = open_database(database_url)
    yield World(engine, tmp_path)
    engine.dispose()


def test_what_was_in_the_list_when_it_was_last_seen_is_no_news(world: World) -> None:
    world.put(rule())
    world.consent()
    assert world.reminders.due() == ()


def test_a_new_rule_that_reaches_is_told_once(world: World) -> None:
    world.consent()
    world.put(rule(), rule("other", years=70), at=NOON + timedelta(hours=1))
    world.now = NOON + timedelta(days=1)
    assert [each.reminder.rule for each in world.reminders.due()] == ["card"]
    assert world.said() == [("reached", "您现在可能符合“敬老卡”（可申领）：年满60周岁（1964年出生）。")]
    assert world.said() == []
    (waiting,) = world.reminders.waiting(world.citizen)
    assert world.reminders.dismiss(world.citizen, waiting.id)
    assert not world.reminders.dismiss("somebody else", waiting.id)
    assert world.reminders.waiting(world.citizen) == ()
    assert world.said() == []


def test_what_no_longer_holds_is_not_shown(world: World) -> None:
    world.consent()
    world.put(rule(), at=NOON + timedelta(hours=1))
    assert len(world.said()) == 1
    world.rules.withdraw(["card"], by="张三")
    assert world.reminders.waiting(world.citizen) == ()
    world.put(rule(), at=NOON + timedelta(hours=2))
    assert len(world.reminders.waiting(world.citizen)) == 1
    world.profiles.save(world.citizen, Profile(1990), now=NOON + timedelta(days=1))
    assert world.reminders.waiting(world.citizen) == ()


def test_a_birthday_brings_a_rule_within_reach(world: World) -> None:
    world.put(rule(years=63))
    world.consent()
    assert world.said() == []
    world.now = datetime(2027, 1, 2, tzinfo=UTC)
    assert [occasion for occasion, _ in world.said()] == ["reached"]


def test_a_last_day_that_is_near_is_told_where_one_has_to_apply(world: World) -> None:
    last = date(2026, 12, 10)
    world.put(rule(effective_until=last))
    world.put(rule("comes", kind=Kind.BY_ITSELF, effective_until=last))
    world.consent()
    world.now = NOON + timedelta(days=0)
    assert world.said() == []  # 15 days before
    world.now = NOON + timedelta(days=1)
    said = world.said()
    assert [occasion for occasion, _ in said] == ["until:2026-12-10"]
    assert "2026年12月10日截止，需要自己申请" in said[0][1]


def test_an_article_in_force_since_is_told_with_its_document(world: World) -> None:
    world.put(rule())
    world.consent()
    file = world.folder / "办法.md"
    file.write_text(LAW.format(day="2026年12月1日"), encoding="utf-8")
    ingest_files(KnowledgeStore(world.engine), file, region="云岭省/云州市", max_bytes=100_000)
    assert world.said() == []
    world.now = datetime(2026, 12, 2, tzinfo=UTC)
    ((occasion, words),) = world.said()
    assert occasion.startswith("version:")
    assert words.startswith("《云州市老年人优待办法》自2026年12月1日起施行，您可能符合其中的“敬老卡”")
    assert world.said() == []


def test_who_withdraws_is_reminded_of_nothing(world: World) -> None:
    world.consent()
    world.put(rule(), at=NOON + timedelta(hours=1))
    assert len(world.said()) == 1
    world.profiles.withdraw(world.citizen)
    assert world.reminders.waiting(world.citizen) == ()
    assert world.said() == []
    with world.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM policy_reminders")).scalar() == 0
