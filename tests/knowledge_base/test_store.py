"""What the knowledge base keeps of a file, through changes, corrections, crowds and half-way reads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier
from typing import TypedDict, Unpack

import pytest
from sqlalchemy import event

from knowledge_base.chunking import chunk
from knowledge_base.database import open_database
from knowledge_base.errors import StoreError
from knowledge_base.normalising import assemble
from knowledge_base.records import Block, BlockKind, DocumentMeta
from knowledge_base.store import (
    Article,
    Counts,
    DocumentDraft,
    KnowledgeStore,
    Landing,
    LandingStatus,
    StoredText,
)
from tests.databases import DATABASES

FILE = "公园/公园办法.md"
CITY = "云岭省/云州市"
PARK = "云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日6时开门。\n第三条 公园内禁止吸烟。"
PARK_LATER = "云州市公园办法\n第一条 公园免费开放。\n第二条 公园每日5时开门。\n第三条 公园内禁止吸烟。"
FORM = "附件1\n入园申请表\n一、姓名填写全称。"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> str:
    return new_database(request.param)


class Facts(TypedDict, total=False):
    region: str
    doc_number: str
    issuer: str
    url: str
    effective_from: date | None
    effective_to: date | None
    repealed: bool


def drafted(
    text: str, title: str = "云州市公园办法", part: str = "", **facts: Unpack[Facts]
) -> DocumentDraft:
    meta = replace(DocumentMeta(title, region=CITY, effective_from=date(2024, 1, 1)), **facts)
    source = assemble([Block(BlockKind.PARAGRAPH, line) for line in text.split("\n")])
    return DocumentDraft(part, meta, source.text, chunk(source, title=title))


def stored(store: KnowledgeStore, part: str = "", file: str = FILE) -> StoredText:
    return next(
        text for text in store.iter_texts() if (text.document.source_file, text.document.part) == (file, part)
    )


def snapshot_words(store: KnowledgeStore) -> list[str]:
    return [each.draft.text for each in store.snapshot()[1]]


def test_an_empty_base_has_nothing_at_revision_0(store: KnowledgeStore) -> None:
    assert store.revision() == 0
    assert store.counts() == Counts(0, 0, 0)
    assert store.snapshot() == (0, [])
    assert list(store.iter_texts()) == []
    assert store.document_text(1) is None
    assert store.regions() == ()
    assert store.review() == {}


def test_a_new_document_is_kept_whole(store: KnowledgeStore) -> None:
    draft = drafted(PARK, doc_number="云政发〔2024〕3号", url="https://example.gov.cn/park")
    assert store.land(FILE, [draft]) == Landing(LandingStatus.ADDED, 4)
    text = stored(store)
    assert (text.number, text.text, text.document.meta) == (1, PARK, draft.meta)
    assert (text.effective_from, text.effective_to) == (date(2024, 1, 1), None)
    assert tuple(each.draft for each in text.chunks) == draft.chunks
    assert all(PARK[each.draft.start : each.draft.end] == each.draft.text for each in text.chunks)
    assert store.counts() == Counts(documents=1, versions=1, chunks=4)
    assert store.revision() == 1


def test_the_same_document_again_changes_nothing(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK), drafted(FORM, "申请表", "附件1")])
    before = (store.revision(), store.counts(), list(store.iter_texts()))
    again = store.land(FILE, [drafted(PARK), drafted(FORM, "申请表", "附件1")])
    assert again == Landing(LandingStatus.UNCHANGED, 0)
    assert (store.revision(), store.counts(), list(store.iter_texts())) == before


def test_a_changed_text_becomes_version_2_and_only_changed_chunks_are_new(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK)])
    first = stored(store)
    assert store.land(FILE, [drafted(PARK_LATER)]) == Landing(LandingStatus.UPDATED, 1)
    second = stored(store)
    assert (second.document.id, second.number, second.text) == (first.document.id, 2, PARK_LATER)
    assert store.counts() == Counts(documents=1, versions=2, chunks=8)


def test_a_text_can_be_read_by_version(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK)])
    first = stored(store)
    store.land(FILE, [drafted(PARK_LATER)])
    newest = store.document_text(first.document.id)
    assert newest is not None
    assert (newest.number, newest.text) == (2, PARK_LATER)
    earlier = store.document_text(first.document.id, first.version_id)
    assert earlier is not None
    assert (earlier.number, earlier.text, earlier.chunks[2].draft.text) == (
        1,
        PARK,
        "第二条 公园每日6时开门。",
    )
    store.land("另一件.md", [drafted(FORM, "另一件")])
    other = stored(store, file="另一件.md")
    assert store.document_text(first.document.id, other.version_id) is None


def test_other_metadata_of_the_same_text_is_corrected_in_place(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK)])
    before = stored(store)
    corrected = drafted(PARK, issuer="云州市人民政府", effective_from=date(2024, 2, 1))
    assert store.land(FILE, [corrected]) == Landing(LandingStatus.UPDATED, 0)
    after = stored(store)
    assert (after.version_id, after.number) == (before.version_id, 1)
    assert (after.document.meta.issuer, after.effective_from) == ("云州市人民政府", date(2024, 2, 1))
    assert [each.id for each in after.chunks] == [each.id for each in before.chunks]
    assert store.revision() == 2


def test_every_chunk_under_another_title_is_new(store: KnowledgeStore) -> None:
    """The title is part of what is encoded."""
    store.land(FILE, [drafted(PARK)])
    assert store.land(FILE, [drafted(PARK, "云州市公园管理办法")]) == Landing(LandingStatus.UPDATED, 4)


def test_an_attachment_is_a_child_document(store: KnowledgeStore) -> None:
    assert store.land(FILE, [drafted(PARK), drafted(FORM, "申请表", "附件1")]).status is LandingStatus.ADDED
    main, form = stored(store), stored(store, "附件1")
    assert (main.document.parent_id, form.document.parent_id) == (None, main.document.id)
    assert form.document.source_file == FILE
    assert form.text == FORM


def test_an_attachment_that_is_gone_is_withdrawn_and_comes_back(store: KnowledgeStore) -> None:
    with_form = [drafted(PARK), drafted(FORM, "申请表", "附件1")]
    store.land(FILE, with_form)
    assert store.land(FILE, with_form[:1]) == Landing(LandingStatus.UPDATED, 0)
    assert not any("姓名" in words for words in snapshot_words(store))
    assert stored(store, "附件1").text == FORM
    assert store.land(FILE, with_form[:1]).status is LandingStatus.UNCHANGED
    assert store.review() == {}
    assert store.land(FILE, with_form) == Landing(LandingStatus.UPDATED, 0)
    assert any("姓名" in words for words in snapshot_words(store))
    assert store.counts().versions == 2


def test_an_attachment_of_an_undated_file_is_withdrawn_too(store: KnowledgeStore) -> None:
    undated = [drafted(PARK, effective_from=None), drafted(FORM, "申请表", "附件1", effective_from=None)]
    store.land(FILE, undated)
    store.land(FILE, undated[:1])
    assert not any("姓名" in words for words in snapshot_words(store))
    assert store.land(FILE, undated[:1]).status is LandingStatus.UNCHANGED


def test_an_article_cut_in_pieces_is_given_back_verbatim(store: KnowledgeStore) -> None:
    items = "\n".join(f"（{n}）{'在公园内不得损坏花木、设施和标识。' * 8}" for n in "一二三四五六")
    article = f"第二条 游客应当遵守下列规定：\n{items}"
    draft = drafted(f"云州市公园办法\n第一条 公园免费开放。\n{article}\n第三条 公园内禁止吸烟😀。")
    store.land(FILE, [draft])
    text = stored(store)
    pieces = [each for each in text.chunks if each.draft.article == "第二条"]
    assert len(pieces) > 1
    assert len({each.draft.group for each in pieces}) == 1
    whole, last = (text.version_id, pieces[0].draft.group), (text.version_id, text.chunks[-1].draft.group)
    assert store.articles([whole, last, (text.version_id, 99), (99, 0)]) == {
        whole: Article(text.text.index(article), article),
        last: Article(text.text.index("第三条"), "第三条 公园内禁止吸烟😀。"),
    }
    assert store.articles([]) == {}


def test_chunks_by_id_leave_out_what_is_gone(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK)])
    text = stored(store)
    wanted = [text.chunks[1].id, text.chunks[3].id]
    assert store.chunks([*wanted, 999]) == {each.id: each for each in (text.chunks[1], text.chunks[3])}


def test_any_number_of_ids_may_be_asked_for(store: KnowledgeStore) -> None:
    """More than a statement of either database takes values."""
    store.land(FILE, [drafted(PARK)])
    ids = [each.id for each in stored(store).chunks]
    assert sorted(store.chunks([*range(10**6, 10**6 + 70_000), *ids])) == ids


def test_texts_come_by_code_point_whatever_the_language_of_the_server(store: KnowledgeStore) -> None:
    names = ["b.md", "A.md", "乙.md", "a.md", "丙.md", "_.md"]
    for name in names:
        store.land(name, [drafted(FORM, name)])
    assert [text.document.source_file for text in store.iter_texts()] == sorted(names)


def test_the_first_and_last_day_of_the_calendar_are_kept(store: KnowledgeStore) -> None:
    store.land(FILE, [drafted(PARK, effective_from=date.min, effective_to=date.max)])
    meta = stored(store).document.meta
    assert (meta.effective_from, meta.effective_to) == (date.min, date.max)
    assert len(store.snapshot()[1]) == 4


@pytest.mark.slow
def test_a_snapshot_holds_what_is_in_force_on_some_day_by_id(store: KnowledgeStore) -> None:
    def land(name: str, **facts: Unpack[Facts]) -> None:
        store.land(f"{name}.md", [drafted(f"{name}办法\n第一条 {name}。", f"{name}办法", **facts)])

    land("将来", effective_from=date(2030, 1, 1))
    land("从前", effective_to=date(2025, 1, 1))
    land("废止", repealed=True)
    land("颠倒", effective_to=date(2023, 1, 1))
    land("当天", effective_to=date(2024, 1, 1))
    land("不详", effective_from=None)
    land("止日", effective_from=None, effective_to=date(2020, 1, 1))
    land("废久", effective_from=None, repealed=True)
    revision, chunks = store.snapshot()
    assert revision == 8
    articles = [each.draft.text for each in chunks if each.draft.article]
    assert articles == ["第一条 将来。", "第一条 从前。", "第一条 不详。", "第一条 止日。"]
    assert [each.id for each in chunks] == sorted(each.id for each in chunks)


def test_a_snapshot_is_of_one_moment_though_a_file_lands_while_it_is_read(
    store: KnowledgeStore, database_url: str
) -> None:
    store.land(FILE, [drafted(PARK)])
    engine = open_database(database_url)
    reader = KnowledgeStore(engine)
    landed: list[Landing] = []

    def land_before_chunks_are_read(_: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM chunks" in statement and not landed:
            landed.append(store.land(FILE, [drafted(PARK_LATER)]))

    event.listen(engine, "before_cursor_execute", land_before_chunks_are_read)
    revision, chunks = reader.snapshot()
    assert landed == [Landing(LandingStatus.UPDATED, 1)]
    assert (revision, [each.draft.text for each in chunks][2]) == (1, "第二条 公园每日6时开门。")
    revision, chunks = reader.snapshot()
    assert (revision, [each.draft.text for each in chunks][2]) == (2, "第二条 公园每日5时开门。")
    engine.dispose()


def test_regions_are_those_documents_are_for(store: KnowledgeStore) -> None:
    store.land("甲.md", [drafted(PARK, region=f"{CITY}/青岚县")])
    store.land("乙.md", [drafted(FORM, "乙", region="全国")])
    store.land("丙.md", [drafted("丙\n第一条 丙。", "丙")])
    assert store.regions() == (CITY, f"{CITY}/青岚县", "全国")
    assert store.home_region() == f"{CITY}/青岚县"


def test_an_empty_knowledge_base_is_kept_for_no_region(store: KnowledgeStore) -> None:
    assert store.home_region() == ""


def test_what_the_database_refuses_leaves_nothing_behind(store: KnowledgeStore) -> None:
    """The second part's chunks begin at the same place twice, which no text can have."""
    form = drafted(FORM, "申请表", "附件1")
    doubled = DocumentDraft(form.part, form.meta, form.text, (*form.chunks, *form.chunks))
    with pytest.raises(StoreError, match=f"{FILE} could not be stored"):
        store.land(FILE, [drafted(PARK), doubled])
    assert (store.revision(), store.counts()) == (0, Counts(0, 0, 0))


def test_two_threads_landing_different_files_lose_none(store: KnowledgeStore) -> None:
    together = Barrier(2)

    def land(name: str) -> list[LandingStatus]:
        together.wait()
        return [
            store.land(
                f"{name}{n}.md", [drafted(f"{name}{n}办法\n第一条 {name}{n}。", f"{name}{n}办法")]
            ).status
            for n in range(12)
        ]

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(land, ["甲", "乙"]))
    assert statuses == [[LandingStatus.ADDED] * 12] * 2
    assert store.revision() == 24
    assert store.counts() == Counts(documents=24, versions=24, chunks=48)


def test_writers_of_one_moment_are_numbered_without_a_gap(store: KnowledgeStore, database_url: str) -> None:
    """From the very first write on, which is when there is no row yet that could be locked."""
    engines = [open_database(database_url) for _ in range(4)]
    together = Barrier(4)

    def land(number: int) -> None:
        together.wait()
        KnowledgeStore(engines[number]).land(f"{number}.md", [drafted(FORM, f"表{number}")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(land, range(4)))
    assert (store.revision(), store.counts().documents) == (4, 4)
    for engine in engines:
        engine.dispose()


def test_two_threads_landing_the_same_file_store_it_once(store: KnowledgeStore) -> None:
    together = Barrier(2)

    def land(_: int) -> LandingStatus:
        together.wait()
        return store.land(FILE, [drafted(PARK)]).status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(land, range(2))) == [LandingStatus.ADDED, LandingStatus.UNCHANGED]
    assert store.counts() == Counts(documents=1, versions=1, chunks=4)


def test_a_reader_sees_a_file_whole_or_not_at_all(store: KnowledgeStore, database_url: str) -> None:
    """The chunks of the main text are written when the second part is refused."""
    engine = open_database(database_url)
    seen: list[Counts] = []

    def look(*_: object) -> None:
        seen.append(store.counts())

    event.listen(engine, "after_cursor_execute", look)
    KnowledgeStore(engine).land(FILE, [drafted(PARK), drafted(FORM, "申请表", "附件1")])
    assert len(seen) > 4
    assert set(seen) == {Counts(0, 0, 0)}
    assert store.counts().documents == 2
    engine.dispose()
