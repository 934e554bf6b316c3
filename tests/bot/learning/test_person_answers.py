"""What people answered is proposed for the FAQ: once, masked, without courtesies, joined to its like."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bot.conversations import Conversations
from bot.desk.agents import Agents
from bot.desk.desk import Desk
from bot.desk.handover import Need, Skills
from bot.learning.person_answers import PersonAnswers, PersonAnswerState
from bot.learning.sameness import Sameness
from bot.sealing import Seal
from bot.tickets.records import TicketDraft, TicketRules
from bot.tickets.states import TicketStep
from bot.tickets.store import Tickets
from knowledge_base.database import open_database
from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqEntry, FaqRow, FaqState
from knowledge_base.faq.tables import FaqRecord
from tests.bot.builders import READER
from tests.databases import DATABASES
from tests.retrieval.fakes import BigramEncoder

CITY = "云岭省/云州市"
RULES = TicketRules({"咨询": 5, "差评整改": 5}, {}, "热线")


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, new_database: Callable[..., str]) -> Iterator[Engine]:
    engine = open_database(new_database(request.param))
    yield engine
    engine.dispose()


@pytest.fixture
def answers(engine: Engine) -> PersonAnswers:
    return PersonAnswers(engine)


def gather(answers: PersonAnswers, entries: Sequence[FaqEntry] = ()) -> int:
    return answers.gather(entries, READER, BigramEncoder(dim=512), Sameness(0.1, 0.7))


def talk(engine: Engine, *lines: str, before: str = "") -> None:
    """A talk at the desk that the agent ends; a line of the agent's begins with `>`."""
    conversations, desk, agents = Conversations(engine), Desk(engine), Agents(engine)
    conversation, _ = conversations.open(region=CITY)
    if before:
        conversations.record_question(conversation.id, "c", before, answer_id=f"a-{conversation.id}")
    handover = desk.ask(conversation.id, Need(region=CITY), reason="asked")
    agent, token = agents.add(f"小李{handover.id}", Skills())
    on = agents.sign_on(token)
    assert on is not None
    assert desk.claim(on) is not None
    for number, line in enumerate(lines):
        if line.startswith(">"):
            desk.agent_says(agent.id, handover.id, f"a{number}", line[1:])
        else:
            desk.citizen_says(conversation.id, f"c{number}", line)
    desk.end(agent.id, handover.id)


def ticket(engine: Engine, folder: Path, text: str, reply: str) -> None:
    conversation, _ = Conversations(engine).open(region=CITY)
    tickets = Tickets(engine, RULES, Seal(folder))
    opened = tickets.open(TicketDraft("咨询", text, conversation_id=conversation.id, client_id="k"))
    tickets.take(opened.ticket.number, TicketStep.REPLY, actor="城管局", text=reply)


def test_a_talk_becomes_one_proposal_however_often_it_is_gathered(
    engine: Engine, answers: PersonAnswers
) -> None:
    talk(
        engine,
        ">您好，请问有什么可以帮您的？",
        "你好",
        "我电话13800138000，宠物火化在哪里办？",
        ">请稍等一下",
        ">您好，在城东殡仪服务站，每次三百元。祝您生活愉快！",
        "谢谢",
    )
    assert (gather(answers), gather(answers)) == (1, 0)
    (one,) = answers.pending()
    assert (one.origin, one.region, one.faq_id) == ("handover:1", CITY, None)
    assert one.question == "我电话［手机号］，宠物火化在哪里办？"
    assert one.answer == "在城东殡仪服务站，每次三百元。"


def test_what_was_asked_before_stands_in_for_a_citizen_who_says_nothing_more(
    engine: Engine, answers: PersonAnswers
) -> None:
    talk(engine, "在吗", ">宠物火化在城东殡仪服务站。", before="宠物火化在哪里办？")
    gather(answers)
    assert [each.question for each in answers.pending()] == ["宠物火化在哪里办？"]


def test_a_talk_of_courtesies_is_looked_at_once_and_nothing_of_it_kept(
    engine: Engine, answers: PersonAnswers
) -> None:
    talk(engine, "你好", ">您好，请问有什么可以帮您的？", "没事了，谢谢")
    assert gather(answers) == 0
    assert answers.pending() == ()


def test_a_reply_to_a_ticket_joins_what_asks_the_same(
    engine: Engine, answers: PersonAnswers, tmp_path: Path
) -> None:
    talk(engine, "宠物火化在哪里办理？", ">在城东殡仪服务站。")
    ticket(
        engine, tmp_path, "请问宠物火化在哪里办理？", "您好：\n宠物火化请到城东殡仪服务站。\n感谢您的来电。"
    )
    ticket(engine, tmp_path, "夜市摆摊要办什么证？", "凭身份证到城管窗口登记。")
    assert gather(answers) == 2
    first, other = answers.pending()
    assert (first.variants, other.origin) == (("请问宠物火化在哪里办理？",), "ticket:2")
    assert other.answer == "凭身份证到城管窗口登记。"
    answers.settle(first.id, PersonAnswerState.DISMISSED, by="小王")
    assert [each.id for each in answers.pending()] == [other.id]
    with pytest.raises(FaqError, match="已经处理过"):
        answers.get(first.id)


@pytest.mark.parametrize(("state", "joins"), [(FaqState.PUBLISHED, 7), (FaqState.WITHDRAWN, None)])
def test_what_the_faq_has_is_proposed_as_its_variant(
    engine: Engine, answers: PersonAnswers, state: FaqState, joins: int | None
) -> None:
    talk(engine, "请问宠物火化在哪里办理？", ">在城东。")
    row = FaqRow("宠物火化怎么办", "城东。", ("《甲》第一条",), ("宠物火化在哪里办理",), region="云岭省")
    with Session(engine) as session, session.begin():
        session.add(FaqRecord(id=7, question=row.question, region=row.region, answer=row.answer, state=state))
    gather(answers, [FaqEntry(7, row, (), state)])
    assert [each.faq_id for each in answers.pending()] == [joins]
