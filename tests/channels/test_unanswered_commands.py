"""`wenzheng unanswered` and `wenzheng faq pending`: an operator's half hour, from a list to drafts."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.answer import Answer, AnswerStatus, TurnTrace
from bot.assembly import Service
from bot.conversations import Conversations
from bot.sealing import Seal
from bot.settings import Settings
from bot.tickets.records import TicketDraft, TicketRules
from bot.tickets.states import TicketStep
from bot.tickets.store import Tickets
from channels import cli, unanswered_commands
from eval.hash_encoder import HashEncoder
from knowledge_base.database import open_database
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqAction, FaqState
from tests.knowledge_base.faq.builders import CITY, PARK, PARK_FILE, TODAY, land

SOURCE = "《云州市公园办法》第二条"
_WORDING = "我想问一下公园早上几点钟开门让人进去锻炼身体"
ASKED = (_WORDING, f"{_WORDING}呀", f"{_WORDING}呢")


@pytest.fixture
def service(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The park rule, indexed; the commands work on it."""
    shutil.copy(empty_database, tmp_path / "wenzheng.db")
    settings = Settings(data_dir=tmp_path)
    service = Service(settings, open_database(settings.sqlalchemy_url), HashEncoder(dim=512))
    land(service.store, PARK_FILE, PARK)
    service.catch_up()

    @contextmanager
    def opened(_settings: Settings) -> Iterator[Service]:
        yield service

    monkeypatch.setattr(unanswered_commands, "opened_service", opened)
    monkeypatch.setattr("knowledge_base.dates.today", lambda: TODAY)
    yield service
    service.close()


def ask(service: Service, text: str, region: str = CITY) -> None:
    conversations = Conversations(service.engine)
    conversation, _ = conversations.open(region=region)
    conversations.record_question(conversation.id, "c", text, answer_id=conversation.id)
    answer = Answer(status=AnswerStatus.NO_ANSWER, text="无", trace=TurnTrace(id="t", timings_ms={}))
    conversations.record_answer(conversation.id, conversation.id, answer)


def run(service: Service, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, [*arguments, "--data-dir", str(service.settings.data_dir)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def listed(service: Service, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(service, "unanswered", "list", "--json", *arguments)[1])
    return found


def test_a_cluster_becomes_a_draft_and_is_listed_again_only_when_that_fails(service: Service) -> None:
    for text in ASKED:
        ask(service, text)
    ask(service, ASKED[0], region="云岭省")
    (largest, other) = listed(service)
    assert (largest["number"], largest["size"], largest["region"]) == (1, 3, CITY)
    assert (other["region"], len(listed(service, "--region", CITY))) == ("云岭省", 1)

    shown = run(service, "unanswered", "show", "1")[1]
    assert f"可作依据 {SOURCE}：第二条 公园每日6时开门。" in shown
    assert run(service, "unanswered", "draft", "1")[0] == 1
    code, out = run(service, "unanswered", "draft", "1", "--source", SOURCE, "--by", "小王")
    assert (code, out.startswith("已存为草稿：问答 1。")) == (0, True)
    entry = service.faq.get(1)
    assert (entry.state, entry.content.answer) == (FaqState.DRAFT, "第二条 公园每日6时开门。")
    assert {entry.content.question, *entry.content.variants} == set(ASKED)

    ask(service, ASKED[1])
    assert [each["number"] for each in listed(service)] == [other["number"]]
    for step in (FaqAction.SUBMIT, FaqAction.PUBLISH):
        service.faq.step([1], step, by="老李", today=TODAY)
    assert len(listed(service)) == 1
    ask(service, ASKED[1])
    assert [each["size"] for each in listed(service)] == [1, 1]


def test_what_is_dismissed_stays_so(service: Service) -> None:
    ask(service, ASKED[0])
    assert run(service, "unanswered", "list")[1].endswith("共 1 组，1 次提问\n")
    assert run(service, "unanswered", "dismiss", "1")[1] == f"已略过 1 次提问：{ASKED[0]}\n"
    ask(service, ASKED[1])
    assert listed(service) == []
    with pytest.raises(FaqError, match="没有编号为 1 的未答问题"):
        run(service, "unanswered", "show", "1")


def test_a_departments_reply_waits_for_its_source(service: Service, tmp_path: Path) -> None:
    conversation, _ = Conversations(service.engine).open(region=CITY)
    rules = TicketRules({"咨询": 5, "差评整改": 5}, {}, "热线")
    tickets = Tickets(service.engine, rules, Seal(tmp_path))
    opened = tickets.open(TicketDraft("咨询", ASKED[0], conversation_id=conversation.id, client_id="k"))
    tickets.take(opened.ticket.number, TicketStep.REPLY, actor="公园处", text="您好，公园每日六时开门。")

    listing = run(service, "faq", "pending", "list")[1]
    assert f"   1  工单 1  {ASKED[0]}\n      答：公园每日六时开门。" in listing
    assert SOURCE in run(service, "faq", "pending", "show", "1")[1]
    assert run(service, "faq", "pending", "draft", "1")[0] == 1
    code, out = run(service, "faq", "pending", "draft", "1", "--source", SOURCE, "--by", "小王")
    assert (code, out) == (0, "已存为草稿：问答 1\n")
    assert service.faq.get(1).state is FaqState.DRAFT
    assert run(service, "faq", "pending", "list")[1] == "待整理 0 条\n"


def test_a_reply_to_what_the_faq_has_becomes_its_variant(service: Service, tmp_path: Path) -> None:
    ask(service, ASKED[0])
    run(service, "unanswered", "draft", "1", "--source", SOURCE)
    conversation, _ = Conversations(service.engine).open(region=CITY)
    tickets = Tickets(service.engine, TicketRules({"咨询": 5, "差评整改": 5}, {}, "热线"), Seal(tmp_path))
    opened = tickets.open(TicketDraft("咨询", ASKED[1], conversation_id=conversation.id, client_id="k"))
    tickets.take(opened.ticket.number, TicketStep.REPLY, actor="公园处", text="公园每日六时开门。")
    assert "与问答 1 问的相同" in run(service, "faq", "pending", "list")[1]
    assert run(service, "faq", "pending", "draft", "1")[1] == "已存为草稿：问答 1\n"
    assert service.faq.get(1).content.variants == (ASKED[1],)
    assert run(service, "faq", "pending", "list")[1] == "待整理 0 条\n"
