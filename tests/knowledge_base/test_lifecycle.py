"""From draft to published and out again: what answers on which day, and what is recorded."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import IllegalTransition, UnknownEdition
from knowledge_base.landing import LandingStatus
from knowledge_base.lifecycle import Lifecycle
from knowledge_base.records import EditionState
from knowledge_base.store import KnowledgeStore, StoredText
from tests.databases import DATABASES
from tests.knowledge_base.test_settling import (
    D2020,
    D2022,
    D2024,
    D2026,
    ENDS_IT,
    FILE,
    citable,
    drafted,
    form,
    forms,
    rule,
)

DRAFT, IN_REVIEW, PUBLISHED, WITHDRAWN = EditionState
NOW = date(2026, 11, 25)
SOON = date(2026, 12, 1)
FREE, FIVE, SIX = (rule(words, effective_from=D2020) for words in ("免费。", "五元。", "六元。"))


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def lifecycle(engine: Engine) -> Lifecycle:
    return Lifecycle(engine, clock=lambda: NOW)


@pytest.fixture
def shown(engine: Engine) -> KnowledgeStore:
    """The store as a citizen meets it on `NOW`."""
    return KnowledgeStore(engine, clock=lambda: NOW)


def publish(
    lifecycle: Lifecycle, file: str = FILE, *, on: date | None = None, until: date | None = None
) -> None:
    lifecycle.submit(file, by="起草人")
    lifecycle.publish(file, by="审核人", on=on, until=until)


def states(lifecycle: Lifecycle, file: str = FILE) -> list[EditionState]:
    return [edition.state for edition in reversed(lifecycle.editions(file))]


def test_a_draft_changes_nothing_that_answers_and_no_index(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    before = store.snapshot()
    assert store.land(FILE, [FIVE], by="王", as_draft=True).status is LandingStatus.UPDATED
    assert store.snapshot() == before
    assert states(lifecycle) == [PUBLISHED, DRAFT]
    lifecycle.submit(FILE, by="王")
    assert store.snapshot() == before
    lifecycle.send_back(FILE, by="李", note="数额不对")
    assert store.snapshot() == before
    assert store.land(FILE, [FIVE], as_draft=True).status is LandingStatus.UNCHANGED


def test_a_published_draft_answers_and_what_it_replaced_no_longer(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE], as_draft=True)
    revision = store.revision()
    publish(lifecycle)
    assert store.revision() == revision + 1
    assert citable(store, D2024) == ["五元。"]


def test_every_move_is_recorded(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    store.land(FILE, [FREE], by="王", as_draft=True)
    lifecycle.submit(FILE, by="王", note="请审")
    lifecycle.send_back(FILE, by="李", note="缺附件")
    lifecycle.submit(FILE, by="王")
    lifecycle.publish(FILE, by="李", on=SOON)
    lifecycle.withdraw(FILE, by="赵", note="发错了")
    moves = lifecycle.history(FILE)
    assert [(move.actor, move.before, move.after, move.note) for move in moves] == [
        ("王", None, DRAFT, "收入"),
        ("王", DRAFT, IN_REVIEW, "请审"),
        ("李", IN_REVIEW, DRAFT, "缺附件"),
        ("王", DRAFT, IN_REVIEW, ""),
        ("李", IN_REVIEW, PUBLISHED, "2026-12-01 起公开"),
        ("赵", PUBLISHED, WITHDRAWN, "发错了"),
    ]
    assert all(move.at.utcoffset() == timedelta(0) for move in moves)
    assert datetime.now(moves[0].at.tzinfo) - moves[0].at < timedelta(minutes=5)


def test_a_move_that_is_not_allowed_names_both_states(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    store.land(FILE, [FREE], as_draft=True)
    for move, wanted in (
        (lifecycle.publish, "published"),
        (lifecycle.send_back, "draft"),
        (lifecycle.withdraw, "withdrawn"),
    ):
        with pytest.raises(IllegalTransition, match="“草稿”") as refused:
            move(FILE, by="王")
        assert (refused.value.state, refused.value.wanted) == ("draft", wanted)
    lifecycle.submit(FILE, by="王")
    with pytest.raises(IllegalTransition, match="“审核中”，不能变为“审核中”"):
        lifecycle.submit(FILE, by="王")
    lifecycle.withdraw(FILE, 1, by="王")
    with pytest.raises(IllegalTransition, match="没有公开过"):
        lifecycle.roll_back(FILE, 1, by="王")
    with pytest.raises(UnknownEdition, match="没有第 7 版"):
        lifecycle.submit(FILE, 7, by="王")
    with pytest.raises(UnknownEdition, match=r"没有文件“别\.md”"):
        lifecycle.submit("别.md", by="王")
    assert states(lifecycle) == [WITHDRAWN]


def test_a_document_may_be_named_by_its_id(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    store.land(FILE, [FREE], as_draft=True)
    document_id = lifecycle.editions(FILE)[0].document_id
    assert lifecycle.submit(str(document_id), by="王").source_file == FILE


def test_a_dated_publish_leaves_the_days_before_to_the_edition_before(
    store: KnowledgeStore, shown: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    """The later text claims to have begun long ago; it is shown from its day on all the same."""
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE], as_draft=True)
    publish(lifecycle, on=SOON)
    assert citable(store, SOON - timedelta(days=1)) == ["免费。"]
    assert citable(store, SOON) == ["五元。"]
    ids = [chunk.id for chunk in store.snapshot()[1]]
    assert {chunk.draft.text for chunk in shown.chunks(ids).values()} == {"公园办法", "第一条 免费。"}, (
        "one who asks today as of a later day is not shown it early"
    )


def test_an_edition_leaves_by_itself_and_nothing_comes_back_for_it(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE], as_draft=True)
    publish(lifecycle, until=SOON)
    assert citable(store, SOON - timedelta(days=1)) == ["五元。"]
    assert citable(store, SOON) == []
    lifecycle.publish(FILE, 2, by="审核人")
    assert citable(store, SOON) == ["五元。"]
    with pytest.raises(ValueError, match="not after"):
        lifecycle.publish(FILE, 2, by="审核人", on=SOON, until=SOON)


@pytest.mark.parametrize("days", [{}, {"on": SOON}])
def test_a_draft_ends_nothing_until_it_is_published_and_gives_it_back_when_withdrawn(
    store: KnowledgeStore, lifecycle: Lifecycle, days: dict[str, date]
) -> None:
    shown_from = days.get("on", D2024)
    store.land("旧.md", [FREE])
    store.land("新.md", [drafted(ENDS_IT)], as_draft=True)
    assert "免费。" in citable(store, D2026)
    publish(lifecycle, "新.md", **days)
    assert "免费。" in citable(store, shown_from - timedelta(days=1))
    assert "免费。" not in citable(store, shown_from)
    lifecycle.withdraw("新.md", by="王")
    assert citable(store, D2026) == citable(store, SOON) == ["免费。"]


def test_a_named_successor_counts_once_it_is_published(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, superseded_by="新.md")])
    assert citable(store, D2026) == [], "a successor nobody knows still means it is out of force"
    store.land("新.md", [rule("五元。", "公园新办法", effective_from=D2024)], as_draft=True)
    lifecycle.submit("新.md", by="王")
    store.land("别.md", [rule("不动。", "停车办法")])
    assert citable(store, D2026) == ["不动。", "免费。"]
    lifecycle.publish("新.md", by="王")
    assert citable(store, D2026) == ["不动。", "五元。"]
    assert "免费。" in citable(store, D2022)
    lifecycle.withdraw("新.md", by="王")
    assert citable(store, D2026) == ["不动。", "免费。"]


def test_until_a_newer_edition_is_shown_the_older_goes_on_ending_what_it_ended(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land("旧.md", [FREE])
    store.land("新.md", [drafted(ENDS_IT)])
    store.land("新.md", [drafted(ENDS_IT.replace("，《公园办法》同时废止", ""))], as_draft=True)
    publish(lifecycle, "新.md", on=SOON)
    assert "免费。" not in citable(store, NOW)


def test_a_successor_still_to_come_leaves_what_its_forerunner_replaced_alone(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, superseded_by="新.md")])
    store.land("新.md", [rule("五元。", "公园新办法", effective_from=D2024)])
    store.land("新.md", [rule("六元。", "公园新办法", effective_from=D2024)], as_draft=True)
    publish(lifecycle, "新.md", on=SOON)
    assert citable(store, NOW) == ["五元。"]
    assert citable(store, SOON) == ["六元。"]


def test_withdrawing_a_later_text_gives_the_earlier_its_days_back(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [rule("五元。", effective_from=D2024)])
    assert citable(store, D2026) == ["五元。"]
    lifecycle.withdraw(FILE, by="王")
    assert citable(store, D2026) == ["免费。"]
    lifecycle.withdraw(FILE, by="王")
    assert citable(store, D2026) == citable(store, D2020) == []


def test_attachments_follow_their_main_text(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    name, age = form("填写姓名。", effective_from=D2020), form("填写姓名和年龄。", effective_from=D2020)
    store.land(FILE, [FREE, name])
    store.land(FILE, [FIVE, age], as_draft=True)
    assert forms(store, D2026) == ["一、填写姓名。"]
    publish(lifecycle)
    assert forms(store, D2026) == ["一、填写姓名和年龄。"]
    lifecycle.withdraw(FILE, by="王")
    assert forms(store, D2026) == ["一、填写姓名。"]
    lifecycle.roll_back(FILE, 2, by="王")
    assert forms(store, D2026) == ["一、填写姓名和年龄。"]


def test_an_attachment_a_withdrawn_text_had_dropped_comes_back(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE, form("填写姓名。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2024)], as_draft=True)
    assert forms(store, D2026) == ["一、填写姓名。"]
    publish(lifecycle)
    assert forms(store, D2022) == ["一、填写姓名。"]
    assert forms(store, D2026) == []
    lifecycle.withdraw(FILE, by="王")
    assert forms(store, D2026) == ["一、填写姓名。"]


def test_an_attachment_both_texts_keep_stays_when_either_is_withdrawn(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    name = form("填写姓名。", effective_from=D2020)
    store.land(FILE, [FREE, name])
    store.land(FILE, [FIVE, name], as_draft=True)
    publish(lifecycle)
    assert store.counts().versions == 3
    lifecycle.withdraw(FILE, 1, by="王")
    assert forms(store, D2026) == ["一、填写姓名。"]
    lifecycle.withdraw(FILE, 2, by="王")
    assert forms(store, D2026) == []


def test_a_rollback_is_undone_by_another(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    for draft in (FREE, FIVE, SIX):
        store.land(FILE, [draft])
    assert lifecycle.roll_back(FILE, by="王").number == 2
    assert citable(store, D2026) == ["五元。"]
    lifecycle.roll_back(FILE, by="王")
    assert (citable(store, D2026), states(lifecycle)) == (["免费。"], [PUBLISHED, WITHDRAWN, WITHDRAWN])
    lifecycle.roll_back(FILE, 3, by="王")
    assert citable(store, D2026) == ["六元。"]
    assert lifecycle.history(FILE)[-1].note == "回退到第 3 版"
    with pytest.raises(IllegalTransition, match="就是现在公开的"):
        lifecycle.roll_back(FILE, 3, by="王")


def test_a_draft_older_than_what_is_published_is_not_published(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FIVE], as_draft=True)
    store.land(FILE, [SIX])
    lifecycle.submit(FILE, by="王")
    with pytest.raises(IllegalTransition, match="第 2 版比它新"):
        lifecycle.publish(FILE, by="王")


def test_taking_a_withdrawn_text_in_again_does_not_publish_it(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE])
    lifecycle.withdraw(FILE, by="王")
    assert store.land(FILE, [FIVE]).status is LandingStatus.WITHHELD
    assert store.land(FILE, [FREE]).status is LandingStatus.UNCHANGED
    assert citable(store, D2026) == ["免费。"]
    assert store.land(FILE, [SIX]).status is LandingStatus.UPDATED
    assert citable(store, D2026) == ["六元。"]


def test_dropping_a_draft_withholds_nothing(store: KnowledgeStore, lifecycle: Lifecycle) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE], as_draft=True)
    lifecycle.withdraw(FILE, 2, by="王")
    assert store.land(FILE, [FREE]).status is LandingStatus.UNCHANGED
    assert store.land(FILE, [FIVE]).status is LandingStatus.UPDATED


def read(shown: KnowledgeStore, lifecycle: Lifecycle, number: int) -> StoredText | None:
    edition = next(one for one in lifecycle.editions(FILE) if one.number == number)
    return shown.document_text(edition.document_id, edition.id)


def test_a_citizen_reads_no_draft_and_of_a_withdrawn_text_only_its_title(
    store: KnowledgeStore, shown: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    store.land(FILE, [FREE])
    store.land(FILE, [FIVE], as_draft=True)
    document_id = lifecycle.editions(FILE)[0].document_id
    assert read(shown, lifecycle, 2) is None
    newest = shown.document_text(document_id)
    assert newest is not None
    assert newest.number == 1
    publish(lifecycle, on=SOON)
    assert read(shown, lifecycle, 2) is None, "it is not shown before its day"
    lifecycle.withdraw(FILE, by="王")
    assert read(shown, lifecycle, 2) is None, "nobody ever saw it"
    lifecycle.withdraw(FILE, by="王")
    withdrawn = read(shown, lifecycle, 1)
    assert withdrawn is not None
    assert (withdrawn.withdrawn, withdrawn.text, withdrawn.chunks) == (True, "", ())
    assert withdrawn.document.meta.title == "公园办法"
    assert shown.document_text(document_id) == withdrawn
    assert list(store.snapshot()[1]) == []


@pytest.mark.slow
def test_an_operator_compares_an_edition_with_the_one_it_would_replace(
    store: KnowledgeStore, lifecycle: Lifecycle
) -> None:
    name, age = form("填写姓名。"), form("填写姓名和年龄。")
    store.land(FILE, [FREE, name])
    store.land(FILE, [SIX, name], as_draft=True)
    store.land(FILE, [FIVE, age], as_draft=True)
    found = lifecycle.compare(FILE)
    assert (found.older and found.older.number, found.newer.number) == (1, 3)
    assert [(part.part, [change.kind for change in part.changes]) for part in found.parts] == [
        ("", ["same", "changed"]),
        ("附件1", ["same", "changed", "same"]),
    ]
    assert [change.kind for change in lifecycle.compare(FILE, 3, 2).parts[0].changes] == ["same", "changed"]
    assert lifecycle.compare(FILE, 1).older is None
    edition, texts = lifecycle.texts(FILE)
    assert (edition.number, edition.parts) == (3, ("附件1",))
    assert [text.text.split("\n")[1] for text in texts] == ["第一条 五元。", "一、填写姓名和年龄。"]


MOVES = st.lists(
    st.sampled_from(["draft", "land", "submit", "return", "publish", "withdraw", "rollback"]), max_size=9
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
@pytest.mark.slow
def test_whatever_is_done_the_newest_published_edition_answers_alone(
    store: KnowledgeStore, lifecycle: Lifecycle, moves: list[str]
) -> None:
    """All texts begin on one day, so that of the published ones the last alone is in force."""
    title = f"办法{store.counts().versions}"
    file = f"{title}.md"
    model: list[EditionState] = []
    once: set[int] = set()
    for move in ["land", *moves]:
        number = len(model)
        try:
            if move in {"draft", "land"}:
                store.land(
                    file,
                    [rule(f"{title}第{number}稿。", title, effective_from=D2020)],
                    as_draft=move == "draft",
                )
                model.append(DRAFT if move == "draft" else PUBLISHED)
            elif move == "submit":
                model[lifecycle.submit(file, by="王").number - 1] = IN_REVIEW
            elif move == "return":
                model[lifecycle.send_back(file, by="王").number - 1] = DRAFT
            elif move == "publish":
                model[lifecycle.publish(file, by="王").number - 1] = PUBLISHED
            elif move == "withdraw":
                model[lifecycle.withdraw(file, by="王").number - 1] = WITHDRAWN
            else:
                to = lifecycle.roll_back(file, by="王").number
                model = [WITHDRAWN if n >= to and s is PUBLISHED else s for n, s in enumerate(model)]
                model[to - 1] = PUBLISHED
                assert to - 1 in once
        except (IllegalTransition, UnknownEdition):
            pass
        once |= {n for n, state in enumerate(model) if state is PUBLISHED}
        assert states(lifecycle, file) == model
        published = [n for n, state in enumerate(model) if state is PUBLISHED]
        in_force = [words for words in citable(store, D2026) if words.startswith(title + "第")]
        assert in_force == [f"{title}第{n}稿。" for n in published[-1:]]
