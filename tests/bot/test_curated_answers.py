"""Curated questions from publishing to the citizen: whose, when, where, and always with a checked source."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.answer import Answer, AnswerStatus, ListBlock, Message, NoticeBlock, ParagraphBlock, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.explaining import explain
from bot.likeness import SIGNALS, Likeness
from bot.settings import Settings
from bot.steps.check import check
from bot.wording import CURATED
from knowledge_base.database import open_database
from knowledge_base.errors import SettingsError
from knowledge_base.faq.records import FaqAction, FaqRow
from knowledge_base.lifecycle import Lifecycle
from tests.bot.builders import DAY
from tests.bot.conftest import BY_WORDS, CITY, COUNTY, COVERED, DOCUMENTS
from tests.retrieval.fakes import BigramEncoder

SAME_WORDS = Likeness(
    tuple({"of_asked": 5.0, "of_phrasing": 5.0}.get(name, 0.0) for name in SIGNALS), -8.0, 0.6
)
RULE = "云岭省/云州市/养犬管理办法(2026).md"
FEE = FaqRow("养犬登记收费多少？", "不收费。", ("《云州市养犬管理办法》第五条",), ("办狗证多少钱",))
PAPERS = FaqRow(
    "养犬登记带什么材料？",
    "带两样：\n1.身份证；\n2.免疫证。",
    ("《云州市养犬管理办法》第六条", "《动物防疫法》第三十条"),
    region=CITY,
)
COUNTY_FEE = FaqRow("养犬登记收费多少？", "每年一百元。", ("《青岚县养犬登记通告》一、",))


def opened(data_dir: Path) -> Service:
    settings = Settings(data_dir=data_dir)
    return Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)


@pytest.fixture(scope="module")
def published(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the library and three published questions; to be copied."""
    data_dir = tmp_path_factory.mktemp("published") / "data"
    service = opened(data_dir)
    service.ingest(documents)
    for row in (FEE, PAPERS, COUNTY_FEE):
        publish(service, row)
    service.catch_up()
    service.close()
    return data_dir


@pytest.fixture
def library(published: Path, tmp_path: Path) -> Iterator[Service]:
    """The library with its published questions; each test has its own."""
    shutil.copytree(published, tmp_path / "data")
    service = opened(tmp_path / "data")
    yield service
    service.close()


def publish(service: Service, row: FaqRow) -> int:
    faq_id = service.faq.save(row, by="小王", today=DAY).faq_id
    for action in (FaqAction.SUBMIT, FaqAction.PUBLISH):
        service.faq.step([faq_id], action, by="老李", today=DAY)
    return faq_id


def ask(
    service: Service,
    question: str,
    *,
    region: str | None = CITY,
    day: date = DAY,
    history: tuple[Message, ...] = (),
) -> Answer:
    consultation = Consultation(
        service.store,
        service.index,
        service.settings,
        faq=service.faq,
        confidence=COVERED,
        likeness=SAME_WORDS,
        clock=lambda: day,
    )
    return consultation.answer(Question(question=question, region=region, history=history))


def test_the_operators_words_are_given_and_said_to_be_theirs(library: Service) -> None:
    answer = ask(library, "请问养犬登记收费多少")
    assert (answer.status, answer.curated) == (AnswerStatus.ANSWERED, True)
    assert answer.blocks == (
        ParagraphBlock(text=CURATED),
        ParagraphBlock(text="不收费。", cites=(1,)),
        ParagraphBlock(text="依据《云州市养犬管理办法》（云政发〔2026〕9号）第五条："),
        ParagraphBlock(text="养犬登记费每年免予收取。", quoted=True, cites=(1,)),
        NoticeBlock(text="以上是云州市的规定。青岚县另有规定，选择您所在的地区可以查看。"),
    )
    (citation,) = answer.citations
    assert (citation.article, citation.quote, citation.in_force) == (
        "第五条",
        "养犬登记费每年免予收取。",
        True,
    )
    text = library.store.document_text(citation.document.id, citation.version_id)
    assert text is not None
    assert text.text[citation.span.start : citation.span.end] == citation.quote


def test_a_variant_finds_it_too(library: Service) -> None:
    assert ask(library, "办狗证多少钱").curated


def test_a_list_stays_a_list_and_every_source_is_cited(library: Service) -> None:
    answer = ask(library, "养犬登记带什么材料")
    assert answer.blocks[1] == ListBlock(lead="带两样：", items=("1.身份证；", "2.免疫证。"), cites=(1, 2))
    assert [each.document.title for each in answer.citations] == ["云州市养犬管理办法", "动物防疫法"]
    assert [each.quote for each in answer.citations][1].startswith("单位和个人饲养犬只")


def test_a_question_that_is_not_near_is_answered_by_quoting(library: Service) -> None:
    answer = ask(library, "养犬登记应当在取得犬只之日起多少日内办理？")
    assert (answer.status, answer.curated) == (AnswerStatus.ANSWERED, False)


@pytest.mark.parametrize(
    ("question", "region", "words"),
    [
        ("养犬登记收费多少", CITY, "不收费。"),
        ("养犬登记收费多少", COUNTY, "每年一百元。"),
        ("青岚县养犬登记收费多少", CITY, "每年一百元。"),
        ("云州市养犬登记收费多少", None, "不收费。"),
    ],
)
def test_the_nearest_region_wins_and_a_named_one_counts(
    library: Service, question: str, region: str | None, words: str
) -> None:
    answer = ask(library, question, region=region)
    assert answer.curated
    assert words in answer.text


@pytest.mark.parametrize(("question", "region"), [("养犬登记收费多少", None), ("杭州养犬登记收费多少", CITY)])
def test_elsewhere_it_is_nobodys_answer(library: Service, question: str, region: str | None) -> None:
    assert not ask(library, question, region=region).curated


def test_a_nearer_regions_rule_speaks_before_an_entry_of_a_wider_region(library: Service) -> None:
    (county,) = (each.id for each in library.faq.entries() if each.content.region == COUNTY)
    library.faq.step([county], FaqAction.WITHDRAW, by="老李", today=DAY)
    assert ask(library, "养犬登记收费多少", region=CITY).curated
    assert not ask(library, "养犬登记收费多少", region=COUNTY).curated


def test_a_follow_up_is_matched_by_itself(library: Service) -> None:
    before = (Message(role="user", text="住房公积金可以提取吗"), Message(role="assistant", text="可以。"))
    assert ask(library, "养犬登记收费多少", history=before).curated


def test_withdrawn_it_is_gone_at_once_though_the_index_still_has_it(library: Service) -> None:
    (fee,) = (each.id for each in library.faq.entries() if each.content.answer == "不收费。")
    library.faq.step([fee], FaqAction.WITHDRAW, by="老李", today=DAY)
    assert not ask(library, "养犬登记收费多少").curated


def test_a_withdrawn_source_takes_it_out_at_once_though_the_index_still_has_it(library: Service) -> None:
    assert ask(library, "养犬登记收费多少").curated
    lifecycle = Lifecycle(library.engine)
    lifecycle.withdraw(RULE, by="老李")
    answer = ask(library, "养犬登记收费多少")
    assert not answer.curated
    assert all(each.document.title != "云州市养犬管理办法" or "〔2026〕" not in each.document.doc_number
               for each in answer.citations)  # fmt: skip
    lifecycle.roll_back(RULE, 1, by="老李")
    assert ask(library, "养犬登记收费多少").curated


def test_explaining_tells_which_entries_came_near_and_which_was_used(library: Service) -> None:
    library.consultation = Consultation(
        library.store, library.index, library.settings,
        faq=library.faq, confidence=COVERED, likeness=SAME_WORDS, clock=lambda: DAY,
    )  # fmt: skip
    told = explain(library, Question(question="养犬登记收费多少", region=CITY))
    first, *others = told.curated
    assert (first.question, first.is_answered_from, first.threshold) == (FEE.question, True, 0.6)
    assert first.probability >= 0.6
    assert not any(each.is_answered_from for each in others)
    # The judgement goes on being about the documents.
    assert told.judgement.confidence == pytest.approx(COVERED.of(tuple(told.judgement.signals.values())))


def test_a_source_that_ends_takes_it_out_on_the_day_without_a_restart(
    library: Service, documents: Path, tmp_path: Path
) -> None:
    monday = DAY + timedelta(days=7)
    shutil.copytree(documents, tmp_path / "documents")
    ended = tmp_path / "documents" / RULE
    ended.write_text(
        DOCUMENTS[RULE][1] + f"\n第八条　本办法有效期至{monday.year}年{monday.month}月{monday.day}日。",
        encoding="utf-8",
    )
    library.ingest(tmp_path / "documents")
    last, first = (
        ask(library, "养犬登记收费多少", day=monday),
        ask(library, "养犬登记收费多少", day=monday + timedelta(days=1)),
    )
    assert (last.curated, first.curated) == (True, False)


def test_a_source_that_is_not_what_it_was_leaves_no_answer(library: Service) -> None:
    consultation = Consultation(
        library.store, library.index, library.settings,
        faq=library.faq, confidence=COVERED, likeness=SAME_WORDS, clock=lambda: DAY,
    )  # fmt: skip
    turn = consultation.consult(Question(question="养犬登记带什么材料", region=CITY))
    assert check(turn) is turn
    first, second = turn.citations
    tampered = replace(turn, citations=(first, second.model_copy(update={"quote": "养犬随意。"})))
    assert (check(tampered).status, check(tampered).blocks, check(tampered).curated) == (None, (), None)


def test_the_shipped_weights_are_a_model_of_these_signals(tmp_path: Path) -> None:
    shipped = Likeness.load()
    assert len(shipped.weights) == len(SIGNALS)
    assert 0.5 <= shipped.threshold < 1.0
    (tmp_path / "weights.json").write_text('{"weights": {"cosine": 1}, "bias": 0, "threshold": 0.5}')
    with pytest.raises(SettingsError, match="expected"):
        Likeness.load(tmp_path / "weights.json")
    with pytest.raises(SettingsError, match="cannot be read"):
        Likeness.load(tmp_path / "none.json")
