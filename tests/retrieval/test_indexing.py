"""From SQL to a snapshot, and from the newest snapshot to the index in use."""

import shutil
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.errors import EncoderError, IndexDamaged, IndexMismatch
from knowledge_base.records import Chunk, ChunkDraft, ChunkKind, Document, DocumentMeta
from knowledge_base.store import DocumentDraft, KnowledgeStore
from retrieval import indexing
from retrieval.contracts import ALWAYS, PassageVectors, SearchFilter, Span
from retrieval.indexing import Indexer, Progress, passage_of
from retrieval.live_index import LiveIndex
from tests.retrieval.fakes import BigramEncoder

DOGS = "养犬规定.txt"
FEE, TERM, PENALTY = (
    "第一条 养犬登记费每年二百元。",
    "第二条 登记应当在三十日内办理。",
    "第三条 逾期处五十元罚款。",
)


class Clock:
    """A clock that stands still until seconds pass."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def passes(self, seconds: float) -> None:
        self.now_s += seconds


def draft(*articles: str, title: str = "云州市养犬规定") -> DocumentDraft:
    """Make a document of these articles, one chunk each, in force from 2025 on."""
    text = "\n".join(articles)
    chunks = []
    for group, article in enumerate(articles):
        start = text.index(article)
        label = article.split(" ")[0]
        chunks.append(
            ChunkDraft(ChunkKind.ARTICLE, group, label, (), "", start, start + len(article), article)
        )
    return DocumentDraft("", DocumentMeta(title, effective_from=date(2025, 1, 1)), text, tuple(chunks))


def land(store: KnowledgeStore, *articles: str, file: str = DOGS) -> None:
    store.land(file, [draft(*articles)])


def make(store: KnowledgeStore, tmp_path: Path, encoder: BigramEncoder | None = None) -> Indexer:
    return Indexer(store, encoder or BigramEncoder(), tmp_path / "index")


def test_a_sound_index_is_built_anew_when_told_to(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE, TERM)
    indexer = make(store, tmp_path)
    indexer.catch_up()
    before = indexer.current()
    seen: list[Progress] = []
    indexer.rebuild(seen.append)
    after = indexer.current()
    assert before
    assert after
    assert before != after
    assert indexer.revision(before) == indexer.revision(after)
    assert seen == []  # every vector was kept


def current(indexer: Indexer) -> Path:
    snapshot = indexer.current()
    assert snapshot is not None
    return snapshot


def texts(store: KnowledgeStore, indexer: Indexer, question: str = "养犬登记") -> list[str]:
    """Return the articles that the current snapshot finds, best first."""
    hits = indexer.open(current(indexer)).search([question])[0]
    chunks = store.chunks([hit.passage_id for hit in hits])
    return [chunks[hit.passage_id].draft.text for hit in hits]


def damage(snapshot: Path) -> None:
    file = snapshot / "dense.faiss"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")


def test_a_snapshot_is_built_once(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE, TERM)
    encoder = BigramEncoder()
    indexer = make(store, tmp_path, encoder)
    assert indexer.catch_up()
    built = current(indexer)
    assert indexer.revision(built) == store.revision()
    assert not indexer.catch_up()
    assert not make(store, tmp_path, encoder).catch_up()
    assert indexer.current() == built
    assert len(encoder.encoded) == 2
    assert sorted(texts(store, indexer)) == [FEE, TERM]


def test_a_base_without_a_document_has_an_index_too(store: KnowledgeStore, tmp_path: Path) -> None:
    indexer = make(store, tmp_path)
    assert indexer.catch_up()
    assert indexer.open(current(indexer)).search(["养犬登记"]) == [[]]


def test_only_the_changed_chunk_of_a_changed_document_is_encoded(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    encoder = BigramEncoder()
    indexer = make(store, tmp_path, encoder)
    land(store, FEE, TERM, PENALTY)
    indexer.catch_up()
    encoder.encoded.clear()
    changed = "第一条 养犬登记不收费。"
    land(store, changed, TERM, PENALTY)
    assert indexer.catch_up()
    assert encoder.encoded == [f"云州市养犬规定 第一条\n{changed}"]
    assert changed in texts(store, indexer)


def test_words_that_stand_twice_are_encoded_once(store: KnowledgeStore, tmp_path: Path) -> None:
    encoder = BigramEncoder()
    land(store, FEE, file="甲.txt")
    land(store, FEE, file="乙.txt")
    indexer = make(store, tmp_path, encoder)
    indexer.catch_up()
    assert len(encoder.encoded) == 1
    assert len(indexer.open(current(indexer))) == 2


def test_an_index_behind_the_base_at_start_is_caught_up(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE)
    make(store, tmp_path).catch_up()
    land(store, FEE, TERM)
    indexer = make(store, tmp_path)
    assert indexer.revision(current(indexer)) < store.revision()
    assert indexer.catch_up()
    assert indexer.revision(current(indexer)) == store.revision()
    assert TERM in texts(store, indexer)


def test_a_damaged_snapshot_is_built_again_from_the_cache(
    store: KnowledgeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    land(store, FEE, TERM)
    encoder = BigramEncoder()
    indexer = make(store, tmp_path, encoder)
    indexer.catch_up()
    damaged = current(indexer)
    damage(damaged)
    encoder.encoded.clear()
    with pytest.raises(IndexDamaged, match=r"dense\.faiss has checksum"):
        indexer.open(damaged)
    assert indexer.catch_up()
    assert encoder.encoded == []
    assert current(indexer) != damaged
    assert sorted(texts(store, indexer)) == [FEE, TERM]
    assert "dense.faiss has checksum" in caplog.text


def test_without_its_folder_everything_is_built_again(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE, TERM)
    make(store, tmp_path).catch_up()
    shutil.rmtree(tmp_path / "index")
    encoder = BigramEncoder()
    indexer = make(store, tmp_path, encoder)
    assert indexer.catch_up()
    assert len(encoder.encoded) == 2


def test_another_encoder_builds_its_own(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE)
    first = make(store, tmp_path)
    first.catch_up()
    old = current(first)
    other = BigramEncoder(32, "other")
    second = make(store, tmp_path, other)
    with pytest.raises(IndexMismatch, match=r"bigram-64.*other-32"):
        second.open(old)
    assert second.catch_up()
    assert len(other.encoded) == 1
    assert texts(store, second) == [FEE]


def test_what_was_encoded_before_a_failure_is_not_encoded_again(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_SAVE_EVERY", 2)
    land(store, FEE, TERM, PENALTY)
    encoder = BigramEncoder()
    encode = encoder.encode_passages_with_spans

    def give_up(
        texts: list[str], spans: list[list[Span]], on_progress: Callable[[int], None] | None = None
    ) -> PassageVectors:
        if encoder.encoded:
            raise EncoderError("out of memory")
        return encode(texts, spans, on_progress)

    monkeypatch.setattr(encoder, "encode_passages_with_spans", give_up)
    with pytest.raises(EncoderError, match="out of memory"):
        make(store, tmp_path, encoder).catch_up()
    assert make(store, tmp_path).current() is None
    rest = BigramEncoder()
    assert make(store, tmp_path, rest).catch_up()
    assert (len(encoder.encoded), len(rest.encoded)) == (2, 1)


def test_progress_counts_what_needs_encoding(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_SAVE_EVERY", 2)
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    land(store, FEE, TERM, PENALTY, "第四条 本规定由公安机关负责解释。")
    seen: list[Progress] = []
    indexer.catch_up(seen.append)
    assert seen == [Progress(2, 3), Progress(3, 3)]


def test_a_snapshot_of_another_layout_is_built_anew_from_kept_vectors(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(store, FEE, TERM)
    with monkeypatch.context() as older:
        older.setattr(indexing, "LAYOUT", indexing.LAYOUT - 1)
        make(store, tmp_path).catch_up()
    encoder = BigramEncoder()
    indexer = make(store, tmp_path, encoder)
    with pytest.raises(IndexMismatch, match=rf"layout={indexing.LAYOUT - 1}.*layout {indexing.LAYOUT}"):
        indexer.open(current(indexer))
    assert indexer.catch_up()
    assert encoder.encoded == []
    assert sorted(texts(store, indexer)) == [FEE, TERM]


def test_two_indexers_at_once_build_one_snapshot(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE, TERM)
    indexers = [make(store, tmp_path) for _ in range(3)]
    built: list[bool] = []
    threads = [threading.Thread(target=lambda one=one: built.append(one.catch_up())) for one in indexers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(built) == [False, False, True]
    assert len({current(one) for one in indexers}) == 1


def chunk(kind: ChunkKind = ChunkKind.ARTICLE, begins: date | None = None, ends: date | None = None) -> Chunk:
    text = "养犬登记费每年二百元。逾期不缴的，处罚款。"
    piece = ChunkDraft(kind, 0, "第五条", ("第二章 登记",), "有下列情形之一的：", 10, 10 + len(text), text)
    document = Document(3, DOGS, "", None, DocumentMeta("云州市养犬规定", region="云岭省/云州市"))
    return Chunk(8, 21, document, piece, begins, ends)


def test_a_passage_holds_what_the_index_needs_of_a_chunk() -> None:
    passage = passage_of(chunk(begins=date(2025, 5, 1), ends=date(2026, 5, 1)))
    assert (passage.id, passage.document, passage.region) == (8, "21", "云岭省/云州市")
    assert (passage.title, passage.heading, passage.lead) == (
        "云州市养犬规定",
        "第二章 登记 第五条",
        "有下列情形之一的：",
    )
    assert [passage.text[start:end] for start, end in passage.spans] == [
        "养犬登记费每年二百元。",
        "逾期不缴的，处罚款。",
    ]
    assert (passage.from_day, passage.to_day) == (739_372, 739_737)
    assert passage.answerable


def test_a_passage_without_days_always_holds_and_a_preamble_never_answers() -> None:
    passage = passage_of(chunk(ChunkKind.PREAMBLE))
    assert (passage.from_day, passage.to_day) == (0, ALWAYS)
    assert not passage.answerable


def test_effect_and_region_reach_the_index(store: KnowledgeStore, tmp_path: Path) -> None:
    land(store, FEE)
    indexer = make(store, tmp_path)
    indexer.catch_up()
    index = indexer.open(current(indexer))
    begun = date(2025, 1, 1).toordinal()
    assert len(index.search(["养犬"], where=SearchFilter(frozenset({"全国"}), begun))[0]) == 1
    assert index.search(["养犬"], where=SearchFilter(day=begun - 1)) == [[]]
    assert index.search(["养犬"], where=SearchFilter(frozenset({"云岭省"}), begun)) == [[]]


def test_without_a_snapshot_there_is_no_index(store: KnowledgeStore, tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="no index snapshot yet; build one with `wenzheng reindex`"):
        LiveIndex(make(store, tmp_path)).get()


@pytest.mark.slow
def test_the_index_in_use_follows_what_another_process_published(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    land(store, FEE)
    make(store, tmp_path).catch_up()
    clock = Clock()
    live = LiveIndex(make(store, tmp_path), monotonic_s=clock)
    first = live.get()
    assert live.revision == store.revision() == 1
    land(store, FEE, TERM)
    make(store, tmp_path).catch_up()
    clock.passes(0.5)
    assert live.get() is first
    clock.passes(0.6)
    assert len(live.get()) == 2
    assert live.revision == store.revision() == 2


@pytest.mark.slow
def test_the_last_good_index_goes_on_serving_while_a_newer_one_is_damaged(
    store: KnowledgeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    clock = Clock()
    live = LiveIndex(make(store, tmp_path), monotonic_s=clock)
    good = live.get()
    land(store, FEE, TERM)
    indexer.catch_up()
    damage(current(indexer))
    for _ in range(3):
        clock.passes(2)
        assert live.get() is good
    assert caplog.text.count("keeping the last good index") == 1
    assert live.revision == 1
    indexer.catch_up()
    clock.passes(2)
    assert live.get() is not good
    assert live.revision == 2


def test_a_damaged_only_index_is_told(store: KnowledgeStore, tmp_path: Path) -> None:
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    damage(current(indexer))
    live = LiveIndex(indexer)
    for _ in range(2):
        with pytest.raises(IndexDamaged, match=r"dense\.faiss has checksum"):
            live.get()
    indexer.catch_up()
    assert len(live.get()) == 1


@pytest.mark.slow
def test_readers_beside_a_publisher_always_have_an_index(
    store: KnowledgeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.live_index._LOOK_EVERY_S", 0.0)
    indexer = make(store, tmp_path)
    land(store, FEE)
    indexer.catch_up()
    live = LiveIndex(make(store, tmp_path))
    done = threading.Event()
    faults: list[Exception] = []

    def ask() -> None:
        while not done.is_set():
            try:
                index = live.get()
                found = index.search(["养犬登记"])[0]
                assert len(found) == min(20, len(index))
            except Exception as error:
                faults.append(error)
                return

    readers = [threading.Thread(target=ask) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        land(store, FEE, file=f"{number}.txt")
        indexer.catch_up()
    until = time.monotonic() + 10
    while live.revision != store.revision() and time.monotonic() < until:
        time.sleep(0.01)
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert live.revision == store.revision()
