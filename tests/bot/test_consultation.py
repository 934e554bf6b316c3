"""A whole turn, from the question to the answer, over the library of `conftest.py`."""

from datetime import date, timedelta

import pytest

from bot.answer import Answer, AnswerStatus, ListBlock, Message, ParagraphBlock, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.pipeline import run
from knowledge_base.dates import today
from knowledge_base.errors import QuestionRejected
from tests.bot.builders import DAY
from tests.bot.conftest import CITY, COUNTY

STEPS = (
    "guard",
    "route_at_once",
    "locate",
    "call_person",
    "rewrite",
    "retrieve",
    "route",
    "match",
    "judge",
    "respond",
    "check",
    "screen",
    "conclude",
    "hand_off",
    "mention",
    "offer_person",
    "remember",
)


def ask(
    consultation: Consultation,
    question: str,
    *,
    region: str | None = None,
    as_of: date | None = None,
    history: tuple[Message, ...] = (),
) -> Answer:
    return consultation.answer(Question(question=question, region=region, as_of=as_of, history=history))


def first(answer: Answer) -> tuple[str, str]:
    """The number of the document cited first, and the quotation."""
    assert answer.citations, answer.text
    return answer.citations[0].document.doc_number, answer.citations[0].quote


def test_the_rule_in_force_on_the_day_answers(consultation: Consultation) -> None:
    answer = ask(consultation, "养犬登记费每年多少元？", region=CITY)
    assert answer.status is AnswerStatus.ANSWERED
    assert first(answer) == ("云政发〔2026〕9号", "养犬登记费每年免予收取。")
    assert "根据《云州市养犬管理办法》（云政发〔2026〕9号）第五条：\n养犬登记费每年免予收取。" in answer.text


def test_the_day_before_it_was_the_other_version(consultation: Consultation) -> None:
    before = ask(consultation, "养犬登记费每年多少元？", region=CITY, as_of=DAY - timedelta(days=1))
    assert first(before) == ("云政发〔2021〕5号", "养犬登记费每年二百元。")
    assert before.citations[0].effective_to == DAY
    assert before.citations[0].in_force


def test_a_rule_that_is_still_to_come_answers_nothing_yet(consultation: Consultation) -> None:
    question = "犬只绝育手术补贴多少元？"
    now = ask(consultation, question, region=CITY)
    assert "绝育" not in "".join(citation.quote for citation in now.citations)
    then = ask(consultation, question, region=CITY, as_of=date(2027, 1, 1))
    assert then.citations[0].quote == "犬只绝育手术每只补贴三百元。"


def test_a_region_named_in_the_question_wins_over_the_one_given(consultation: Consultation) -> None:
    answer = ask(consultation, "海州市养犬登记费每年多少元？", region=CITY)
    assert answer.citations[0].quote == "养犬登记费每年五百元。"
    assert {citation.document.region for citation in answer.citations} <= {"全国", "海州省/海州市"}


def test_a_citizen_of_the_county_sees_its_rule_and_all_above_it(consultation: Consultation) -> None:
    answer = ask(consultation, "养犬登记费每年多少元？", region=COUNTY)
    assert {citation.document.region for citation in answer.citations} == {COUNTY, CITY}


def test_a_citizen_of_the_city_does_not_see_the_countys_rule(consultation: Consultation) -> None:
    answer = ask(consultation, "养犬登记费减半收取，每年一百元吗？", region=CITY)
    assert COUNTY not in {citation.document.region for citation in answer.citations}


def test_without_a_region_it_is_asked_for_where_only_regions_have_a_rule(consultation: Consultation) -> None:
    answer = ask(consultation, "养犬登记费每年多少元？")
    assert (answer.status, answer.citations) == (AnswerStatus.CLARIFY, ())
    chosen = next(option for option in answer.options if option.region == "海州省/海州市")
    again = ask(consultation, chosen.question, region=chosen.region)
    assert again.citations[0].quote == "养犬登记费每年五百元。"


def test_a_follow_up_is_understood_from_what_was_said(consultation: Consultation) -> None:
    history = (
        Message(role="user", text="职工提取住房公积金"),
        Message(role="assistant", text="有下列情形之一的，可以提取。"),
    )
    answer = ask(consultation, "多久作出决定？", history=history)
    assert answer.citations[0].article == "第二十五条"
    assert "三日内" in answer.citations[0].quote


def test_traditional_characters_find_the_chinese_document(consultation: Consultation) -> None:
    answer = ask(consultation, "養犬登記費每年多少元？", region=CITY)
    assert first(answer) == ("云政发〔2026〕9号", "养犬登记费每年免予收取。")


def test_a_list_is_answered_as_a_list(consultation: Consultation) -> None:
    answer = ask(consultation, "办理养犬登记要提交什么材料？", region=CITY)
    lists = [block for block in answer.blocks if isinstance(block, ListBlock)]
    assert lists[0].items == ("（一）养犬人身份证件；", "（二）犬只免疫证明。")
    assert lists[0].quoted


QUESTIONS = (
    "养犬登记费每年多少元？",
    "养犬登记在几日内办理？",
    "每户限养几只犬？",
    "携带犬只出户要系犬绳吗？",
    "提取住房公积金有哪些情形？",
)


@pytest.mark.parametrize("region", [None, "云岭省", CITY, COUNTY, "海州省/海州市"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_is_verbatim_in_force_and_visible(
    consultation: Consultation, service: Service, question: str, region: str | None
) -> None:
    answer = ask(consultation, question, region=region)
    for citation in answer.citations:
        stored = service.store.document_text(citation.document.id, citation.version_id)
        assert stored is not None
        assert stored.text[citation.span.start : citation.span.end] == citation.quote
        assert citation.in_force
        assert citation.document.region == "全国" or f"{region}/".startswith(f"{citation.document.region}/")
        cited = [each.cites for each in answer.blocks if isinstance(each, ListBlock | ParagraphBlock)]
        assert any(citation.n in cites for cites in cited)


def test_what_no_document_speaks_of_is_not_answered(consultation: Consultation) -> None:
    answer = ask(consultation, "火星移民的签证怎么办？", region=CITY)
    assert (answer.status, answer.citations) == (AnswerStatus.NO_ANSWER, ())
    assert "12345" in answer.text


def test_a_place_without_documents_is_told_apart(consultation: Consultation) -> None:
    answer = ask(consultation, "三亚市火星移民的签证怎么办？", region=CITY)
    assert "我这里没有三亚市的地方文件" in answer.text


def test_personal_data_does_not_come_back(consultation: Consultation) -> None:
    turn = consultation.consult(Question(question="我的手机13812345678，养犬登记费多少？"))
    assert "13812345678" not in turn.text
    assert "13812345678" not in consultation.answer_of(turn).model_dump_json()


def test_each_step_is_timed_and_the_turn_can_be_found_in_the_log(
    consultation: Consultation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bot.consultation")
    answer = ask(consultation, "养犬登记费每年多少元？", region=CITY)
    assert tuple(answer.trace.timings_ms) == STEPS
    assert all(spent >= 0 for spent in answer.trace.timings_ms.values())
    assert vars(caplog.records[-1])["turn"] == answer.trace.id


def test_what_cannot_be_a_question_is_a_fault(consultation: Consultation) -> None:
    with pytest.raises(QuestionRejected, match="最多 500 个字"):
        ask(consultation, "问" * 501)


def test_today_is_the_day_in_china() -> None:
    assert abs((today() - date.today()).days) <= 1


def test_steps_run_in_their_order(consultation: Consultation) -> None:
    turn = consultation.consult(Question(question="养犬登记费每年多少元？", region=CITY))
    assert run(turn, ()) is turn
