"""Which texts may be cited on which day, once documents that end or follow each other have landed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TypedDict, Unpack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base.chunking import chunk
from knowledge_base.legal_effect import EffectPeriod, with_stated_effect
from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind, DocumentMeta
from knowledge_base.store import DocumentDraft, KnowledgeStore
from tests.databases import DATABASES

CITY, OTHER_CITY = "云岭省/云州市", "云岭省/松州市"
FILE = "公园办法.md"
D2020, D2022, D2024, D2026 = date(2020, 1, 1), date(2022, 1, 1), date(2024, 1, 1), date(2026, 1, 1)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


class Facts(TypedDict, total=False):
    region: str
    doc_number: str
    published: date | None
    effective_from: date | None
    effective_to: date | None
    repealed: bool
    superseded_by: str


def drafted(text: str, part: str = "", **facts: Unpack[Facts]) -> DocumentDraft:
    """Draft a document whose title is its first line; what it says of its own effect counts."""
    source = assemble([Block(BlockKind.PARAGRAPH, line) for line in text.split("\n")])
    title = source.blocks[0].block.text
    meta = with_stated_effect(replace(DocumentMeta(title, region=CITY), **facts), source.text)
    return DocumentDraft(part, meta, source.text, chunk(source, title=title))


def rule(words: str, title: str = "公园办法", part: str = "", **facts: Unpack[Facts]) -> DocumentDraft:
    return drafted(f"{title}\n第一条 {words}", part, **facts)


def citable(store: KnowledgeStore, day: date) -> list[str]:
    """Return the 条 and items in force on a day, without their numbers."""
    return sorted(
        each.draft.text.split(" ", 1)[-1]
        for each in store.snapshot()[1]
        if each.draft.article
        and (each.effective_from is None or each.effective_from <= day)
        and (each.effective_to is None or day < each.effective_to)
    )


def test_a_rule_is_in_force_from_its_first_day_to_before_its_last(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2022, effective_to=D2024)])
    assert citable(store, date(2021, 12, 31)) == []
    assert citable(store, D2022) == ["免费。"]
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert citable(store, D2024) == []


def test_a_rule_is_not_citable_before_it_takes_effect(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted("公园办法\n第一条 免费。\n第二条 本办法自2026年1月1日起施行。")])
    assert citable(store, date(2025, 12, 31)) == []
    assert citable(store, D2026) == ["免费。", "本办法自2026年1月1日起施行。"]


def test_a_rule_ends_with_its_term(store: KnowledgeStore) -> None:
    text = "公园办法\n第一条 免费。\n第二条 本办法自2022年1月1日起施行，有效期两年。"
    store.land(FILE, [drafted(text)])
    assert "免费。" in citable(store, date(2023, 12, 31))
    assert citable(store, D2024) == []


def test_a_repealed_rule_without_a_day_is_never_in_force(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020, repealed=True)])
    assert citable(store, D2020) == citable(store, D2026) == []
    assert store.review() == {FILE: ("清单标明已废止，但废止日期未知：不作为答复依据",)}


def test_a_rule_of_unknown_start_is_in_force_and_listed_for_review(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。")])
    assert citable(store, D2020) == ["免费。"]
    assert store.review() == {FILE: ("生效日期和发布日期均未知：视为一直有效",)}


def test_a_later_text_with_a_later_start_leaves_the_days_before_to_the_earlier(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2024)])
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert citable(store, D2024) == ["五元。"]


@pytest.mark.parametrize("start", [D2020, date(2019, 1, 1), None])
def test_a_later_text_without_a_later_start_corrects_the_earlier(
    store: KnowledgeStore, start: date | None
) -> None:
    store.land(FILE, [rule("免废。", effective_from=D2020)])
    store.land(FILE, [rule("免费。", effective_from=start)])
    assert citable(store, D2022) == ["免费。"]


def test_a_correction_corrects_every_text_that_begins_no_earlier(store: KnowledgeStore) -> None:
    """A start read wrongly at first must not leave two texts of one document in force together."""
    store.land(FILE, [rule("免费。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2026)])
    store.land(FILE, [rule("六元。", effective_from=D2022)])
    assert citable(store, date(2021, 12, 31)) == ["免费。"]
    assert citable(store, D2024) == citable(store, D2026) == ["六元。"]


def test_a_text_of_unknown_start_is_corrected_by_any_later_one(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免废。")])
    store.land(FILE, [rule("免费。", effective_from=D2022)])
    assert citable(store, D2020) == []
    assert citable(store, D2022) == ["免费。"]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(2000, 2030), min_size=1, max_size=5))
@pytest.mark.slow
def test_of_the_texts_begun_the_one_landed_last_is_in_force(store: KnowledgeStore, years: list[int]) -> None:
    file = f"{store.revision()}.md"
    for number, year in enumerate(years):
        store.land(file, [rule(f"{number}", effective_from=date(year, 1, 1))])
    newest = next(text for text in store.iter_texts() if text.document.source_file == file)
    oldest_id = newest.version_id - len(years) + 1
    history = [
        store.document_text(newest.document.id, oldest_id + number) or newest for number in range(len(years))
    ]
    for year in range(2000, 2031):
        begun = [number for number, first in enumerate(years) if first <= year]
        in_force = [
            number
            for number, text in enumerate(history)
            if EffectPeriod(text.effective_from, text.effective_to).covers(date(year, 6, 1))
        ]
        assert in_force == begun[-1:]


def test_a_corrected_text_is_out_though_the_manifest_dates_its_repeal(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免废。", effective_from=D2020, effective_to=D2026, repealed=True)])
    store.land(FILE, [rule("免费。", effective_from=D2020, effective_to=D2026, repealed=True)])
    assert citable(store, D2024) == ["免费。"]


def test_the_successor_a_manifest_names_ends_a_rule_whichever_lands_first(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, superseded_by="新.md")])
    assert citable(store, D2022) == []
    assert store.review() == {"旧.md": ("已被 新.md 替代，但其生效日期未知：不作为答复依据",)}
    store.land("新.md", [rule("五元。", "公园新办法", effective_from=D2024)])
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert citable(store, D2024) == ["五元。"]
    assert store.review() == {}


def test_a_successor_without_a_start_begins_when_it_was_published(store: KnowledgeStore) -> None:
    store.land("新.md", [rule("五元。", "公园新办法", published=D2024)])
    store.land("旧.md", [rule("免费。", effective_from=D2020, superseded_by="新.md")])
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert citable(store, D2024) == ["五元。"]


ENDS_IT = "园林条例\n第一条 五元。\n第二条 本条例自2024年1月1日起施行，《公园办法》同时废止。"


@pytest.mark.parametrize("order", [("旧.md", "新.md"), ("新.md", "旧.md")])
def test_a_rule_ends_another_by_its_own_words_whichever_lands_first(
    store: KnowledgeStore, order: tuple[str, str]
) -> None:
    drafts = {"旧.md": rule("免费。", effective_from=D2020), "新.md": drafted(ENDS_IT)}
    for file in order:
        store.land(file, [drafts[file]])
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert "免费。" not in citable(store, D2024)


def test_an_ending_said_no_longer_gives_the_rule_back(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020)])
    store.land("新.md", [drafted(ENDS_IT)])
    store.land("新.md", [drafted(ENDS_IT.replace("，《公园办法》同时废止", ""))])
    assert "免费。" in citable(store, D2026)


@pytest.mark.parametrize("region", [OTHER_CITY, "云岭省", "全国", f"{CITY}/青岚县"])
def test_an_authority_ends_only_documents_of_its_own_region(store: KnowledgeStore, region: str) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, region=region)])
    store.land("新.md", [drafted(ENDS_IT)])
    assert "免费。" in citable(store, D2024)


def test_a_rule_is_ended_by_its_number_too(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, doc_number="云政发〔2019〕8号")])
    store.land("别.md", [rule("不动。", "停车办法", effective_from=D2020, doc_number="云政发〔2019〕9号")])
    store.land(
        "新.md",
        [
            drafted(
                "园林条例\n第一条 五元。\n第二条 本条例自2024年1月1日起施行，云政发〔2019〕8号文件同时废止。"
            )
        ],
    )
    assert citable(store, date(2023, 12, 31)) == ["不动。", "免费。"]
    assert "免费。" not in citable(store, D2024)
    assert "不动。" in citable(store, D2024)


def test_a_manifest_end_wins_over_what_another_text_says(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020, effective_to=D2026)])
    store.land("新.md", [drafted(ENDS_IT)])
    assert "免费。" in citable(store, D2024)
    assert "免费。" not in citable(store, D2026)


def test_an_end_before_the_start_is_listed_for_review(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2024, effective_to=D2022)])
    assert citable(store, date(2023, 1, 1)) == []
    assert store.review() == {FILE: ("失效日期 2022-01-01 不晚于生效日期 2024-01-01：从未有效",)}


def form(words: str, **facts: Unpack[Facts]) -> DocumentDraft:
    return drafted(f"申请表\n一、{words}\n二、本人签字。", "附件1", **facts)


def forms(store: KnowledgeStore, day: date) -> list[str]:
    return [words.split("\n")[0] for words in citable(store, day) if words.startswith("一、")]


def test_an_attachment_ends_with_its_main_text(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020), form("填写姓名。", effective_from=D2020)])
    store.land("新.md", [drafted(ENDS_IT)])
    assert forms(store, date(2023, 12, 31)) == ["一、填写姓名。"]
    assert forms(store, D2024) == []


def test_an_attachment_begins_no_earlier_than_its_main_text(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2022), form("填写姓名。", effective_from=D2020)])
    assert citable(store, date(2021, 12, 31)) == []


def test_a_later_attachment_leaves_the_days_before_to_the_earlier(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020), form("填写姓名。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2024), form("填写姓名和年龄。", effective_from=D2024)])
    assert forms(store, date(2023, 12, 31)) == ["一、填写姓名。"]
    assert forms(store, D2024) == ["一、填写姓名和年龄。"]


def test_an_attachment_a_later_text_keeps_is_citable_without_a_gap(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020), form("填写姓名。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2024), form("填写姓名。", effective_from=D2024)])
    assert [forms(store, day) for day in (D2020, date(2023, 12, 31), D2024, D2026)] == [
        ["一、填写姓名。"]
    ] * 4


def test_an_attachment_a_later_text_drops_stays_citable_for_the_days_before(store: KnowledgeStore) -> None:
    store.land(FILE, [rule("免费。", effective_from=D2020), form("填写姓名。", effective_from=D2020)])
    store.land(FILE, [rule("五元。", effective_from=D2024)])
    store.land(FILE, [rule("六元。", effective_from=D2026)])
    assert forms(store, date(2023, 12, 31)) == ["一、填写姓名。"]
    assert forms(store, D2024) == forms(store, D2026) == []
    assert store.review() == {}


def test_a_notice_that_ends_a_title_spares_what_it_passes_on_under_that_title(store: KnowledgeStore) -> None:
    """The 办法 has no 施行 words of its own, and was published before the day the notice sets."""
    notice = (
        "印发公园办法的通知\n现将《公园办法》印发给你们。\n"
        "本通知自2024年1月1日起施行，原《公园办法》同时废止。\n云州市人民政府\n2023年12月1日"
    )
    published = date(2023, 12, 1)
    store.land("旧.md", [rule("免费。", effective_from=D2020)])
    store.land(
        "新.md", [drafted(notice, published=published), rule("五元。", part="附件", published=published)]
    )
    assert citable(store, date(2023, 12, 31)) == ["免费。"]
    assert "五元。" in citable(store, D2024)
    assert "免费。" not in citable(store, D2024)


def test_settling_again_changes_nothing(store: KnowledgeStore) -> None:
    store.land("旧.md", [rule("免费。", effective_from=D2020)])
    store.land("新.md", [drafted(ENDS_IT)])
    before = store.snapshot()
    store.land("新.md", [drafted(ENDS_IT)])
    assert store.snapshot() == before
