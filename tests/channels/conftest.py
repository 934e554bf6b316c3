"""A small service with one document, behind a real database and the real application."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from bot.answer import (
    Advice,
    Answer,
    AnswerStatus,
    Check,
    Citation,
    CitedDocument,
    ListBlock,
    NoticeBlock,
    Option,
    ParagraphBlock,
    Passage,
    Question,
    QuoteSpan,
    TurnTrace,
)
from bot.dialogue_state import DialogueState, EventRun, LifeEventProgress
from bot.settings import Settings
from channels.app import create_app
from knowledge_base.database import open_database
from knowledge_base.records import Chunk, ChunkDraft, ChunkKind, Document, DocumentMeta
from knowledge_base.store import StoredText

TITLE = "云州市住房公积金提取办法"
LINES = (
    TITLE,
    "第一条　为了规范住房公积金提取，制定本办法。",
    "第二条　职工租房提取住房公积金的，应当提交下列材料：",
    "（一）本人身份证件；",
    "（二）无房证明；",
    "（三）租赁合同。",
    "第三条　住房公积金中心应当自受理之日起3个工作日内作出准予提取或者不准提取的决定。",
)
TEXT = "\n".join(LINES)
QUOTE = "自受理之日起3个工作日内作出准予提取或者不准提取的决定"
CITED = CitedDocument(
    id=1,
    title=TITLE,
    doc_number="云金管〔2026〕7号",
    issuer="云州市住房公积金管理委员会",
    level="规范性文件",
    region="云岭省/云州市",
    source_file="公积金/提取办法.md",
)


def chunk(number: int, article: str, first_line: int, last_line: int) -> Chunk:
    start = len("\n".join(LINES[:first_line])) + 1
    text = "\n".join(LINES[first_line : last_line + 1])
    draft = ChunkDraft(ChunkKind.ARTICLE, number, article, (), "", start, start + len(text), text)
    return Chunk(number, 7, DOCUMENT, draft, date(2026, 3, 1), None)


DOCUMENT = Document(
    id=1,
    source_file=CITED.source_file,
    part="",
    parent_id=None,
    meta=DocumentMeta(
        title=TITLE,
        level=CITED.level,
        region=CITED.region,
        doc_number=CITED.doc_number,
        issuer=CITED.issuer,
        url="https://example.gov.cn/tq",
        published=date(2026, 2, 1),
        effective_from=date(2026, 3, 1),
    ),
)
STORED = StoredText(
    document=DOCUMENT,
    version_id=7,
    number=1,
    text=TEXT,
    effective_from=date(2026, 3, 1),
    effective_to=None,
    chunks=(chunk(1, "第一条", 1, 1), chunk(2, "第二条", 2, 5), chunk(3, "第三条", 6, 6)),
)


def citation(n: int, article: str, quote: str) -> Citation:
    start = TEXT.index(quote)
    return Citation(
        n=n,
        document=CITED,
        version_id=7,
        article=article,
        quote=quote,
        span=QuoteSpan(start=start, end=start + len(quote)),
        effective_from=date(2026, 3, 1),
        effective_to=None,
        in_force=True,
        url="https://example.gov.cn/tq",
    )


class FakeConsultation:
    """Answers two kinds of question, asks back about a third and knows no other.

    `gate` holds every answer back while it is closed.
    """

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        self.gate.wait(20)
        trace = TurnTrace(id=f"trace-{len(self.asked)}", timings_ms={"retrieve": 8.0, "respond": 2.0})
        if question.question.startswith("一件事"):
            before = (question.state.life_event if question.state else None) or LifeEventProgress()
            run = EventRun(event=question.question.removeprefix("一件事"))
            state = DialogueState(life_event=LifeEventProgress(runs=(run, *before.runs)))
            said = "、".join(each.event for each in before.runs)
            block = ListBlock(items=("领证",), checks=(Check(question="领证办好了"),))
            return Answer(status=AnswerStatus.CLARIFY, text=said, blocks=(block,), trace=trace, state=state)
        if "出错" in question.question:
            raise RuntimeError("the fake was asked to fail")
        if "养犬" in question.question and question.region != "云岭省/云州市/安溪县":
            words = "这件事各地规定不同，全国没有统一的规定。请选择您所在的地区："
            return Answer(
                status=AnswerStatus.CLARIFY,
                text=words,
                blocks=(ParagraphBlock(text=words),),
                options=(
                    Option(label="安溪县", question="养犬要公积金吗？", region="云岭省/云州市/安溪县"),
                    Option(label="云州市", question="养犬要公积金吗？", region="云岭省/云州市"),
                ),
                trace=trace,
            )
        if question.question == "转人工":
            words = "好的，正在为您转接人工客服。"
            return Answer(
                status=AnswerStatus.HANDED_TO_HUMAN,
                text=words,
                blocks=(ParagraphBlock(text=words),),
                trace=trace,
            )
        if "公积金" not in question.question and "多久" not in question.question:
            return Answer(
                status=AnswerStatus.NO_ANSWER,
                text="现行有效的文件里没有找到能回答这个问题的规定。",
                blocks=(ParagraphBlock(text="现行有效的文件里没有找到能回答这个问题的规定。"),),
                suggestions=("公积金提取要什么材料？",),
                options=(
                    Option(label="改问云州市的规定", question="公积金提取要多久？", region="云岭省/云州市"),
                ),
                trace=trace,
            )
        lead = "职工租房提取住房公积金的，应当提交下列材料："
        items = ("本人身份证件；", "无房证明；", "租赁合同。")
        return Answer(
            status=AnswerStatus.ANSWERED,
            text=f"{lead}\n" + "\n".join(items) + f"\n住房公积金中心应当{QUOTE}。",
            blocks=(
                ListBlock(lead=lead, items=items, quoted=True, cites=(1,)),
                ParagraphBlock(text=f"住房公积金中心应当{QUOTE}。", quoted=True, cites=(2,)),
                NoticeBlock(text="以上规定适用于云州市。其他地区的规定可能不同，请在上方选择所在地区。"),
            ),
            citations=(citation(1, "第二条", lead), citation(2, "第三条", QUOTE)),
            suggestions=("在网上可以办吗？",),
            trace=trace,
        )

    def advise(self, question: Question) -> Advice:
        answer = self.answer(question)
        passage = Passage(source="《云州市住房公积金提取办法》第二条", region=CITED.region, text=LINES[2])
        return Advice(answer=answer, confidence=0.8, passages=(passage,))


class FakeLibrary:
    """Holds one document."""

    def document_text(self, document_id: int, version_id: int | None = None) -> StoredText | None:
        return STORED if document_id == 1 and version_id in {None, 7} else None

    def regions(self) -> tuple[str, ...]:
        return ("全国", "云岭省", "云岭省/云州市", "云岭省/云州市/安溪县")

    def home_region(self) -> str:
        return "云岭省/云州市/安溪县"


@dataclass(frozen=True)
class FakeReadiness:
    ready: bool = True
    reason: str = ""
    revision: int = 3
    documents: int = 1
    chunks: int = 3
    encoder: str = "fake"


@dataclass
class FakeService:
    consultation: FakeConsultation = field(default_factory=FakeConsultation)
    readiness: FakeReadiness = FakeReadiness()
    closed: bool = False

    def ready(self) -> FakeReadiness:
        return self.readiness

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """People answer at any hour: no test depends on when it is run."""
    return Settings(
        data_dir=tmp_path, home_region="云岭省/云州市", desk_hours=("00:00-24:00",), desk_every_day=True
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def client(
    settings: Settings, service: FakeService, library: FakeLibrary, engine: Engine
) -> Iterator[TestClient]:
    app = create_app(settings, service, library=library, engine=engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
