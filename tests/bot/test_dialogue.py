"""A conversation as it goes: what a line is about by what was said, asked in return, and turned down."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer import AnswerStatus, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.dialogue_state import DialogueState
from bot.service_desk import ServiceDesk
from bot.settings import Settings
from bot.thread_confidence import SIGNALS, ThreadConfidence
from bot.turn import MOST_QUESTIONS, Turn
from bot.wording import ASK_SIDE, NONE_OF_THEM
from knowledge_base.database import open_database
from knowledge_base.services.records import Batch, ServiceItem
from tests.bot.builders import DAY
from tests.bot.conftest import BY_WORDS, CITY, COUNTY, COVERED
from tests.bot.test_service_answers import (
    BY_NAME,
    COUNTY_HALL,
    COUNTY_REGISTER,
    HALL,
    REGISTER,
    RENEW,
    REPLACE,
    WEDNESDAY_NOON,
)
from tests.retrieval.fakes import BigramEncoder

# What ties a line to what was said before, and what it brings up by name; the meaning of words is no signal
# for an encoder of hashes.
BY_TIES = ThreadConfidence(
    tuple(
        {
            "latest": 1.0,
            "latest_no_matter": 3.0,
            "latest_refers": 2.0,
            "latest_corrected": -6.0,
            "earlier_returns": 6.0,
            "named_earlier": 3.0,
            "by_itself": 4.0,
            "together_corrects": 2.0,
            "none": 2.0,
        }.get(name, 0.0)
        for name in SIGNALS
    )
)
COMPANY = ServiceItem.model_validate(
    {
        "catalog_code": "COMPANY",
        "task_code": "COMPANY-1",
        "task_name": "公司年报",
        "aliases": ["年报"],
        "region": CITY,
        "serves": ["法人"],
        "promise_day": 1,
        "promise_type": "工作日",
        "fees": [],
    }
)
TRADER = COMPANY.model_copy(
    update={
        "catalog_code": "TRADER",
        "task_code": "TRADER-1",
        "task_name": "个体工商户年报",
        "serves": ("自然人",),
    }
)


@pytest.fixture(scope="module")
def service(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("dialogue"))
    opened = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    opened.ingest(documents)
    items = (REGISTER, COUNTY_REGISTER, RENEW, REPLACE, COMPANY, TRADER)
    opened.services.take_in(Batch(offices=(HALL, COUNTY_HALL), items=items), by="小王")
    yield opened
    opened.close()


class Talk:
    """A citizen's side of a conversation whose state a channel keeps between the lines."""

    def __init__(self, service: Service, region: str | None = CITY) -> None:
        self._region = region
        self._consultation = Consultation(
            service.store,
            service.index,
            service.settings,
            faq=service.faq,
            confidence=COVERED,
            services=ServiceDesk(service.service_desk.live, service.service_desk.sources, BY_NAME),
            clock=lambda: DAY,
            now=lambda: WEDNESDAY_NOON,
            thread_confidence=BY_TIES,
        )
        # As it is when the channel reads it back: after a lost line, or a restart.
        self._kept = DialogueState().model_dump_json()

    def say(self, line: str) -> Turn:
        state = DialogueState.model_validate_json(self._kept)
        turn = self._consultation.consult(
            Question(question=line, region=self._region, can_wait=True, state=state)
        )
        self._kept = (turn.state or state).model_dump_json()
        return turn

    @property
    def clarified(self) -> int:
        talk = DialogueState.model_validate_json(self._kept).talk
        return talk.clarified if talk else 0


@pytest.fixture
def talk(service: Service) -> Talk:
    return Talk(service)


def first_line(turn: Turn) -> str:
    return Consultation.answer_of(turn).text.split("\n")[0]


def test_what_is_left_out_is_taken_from_before(talk: Talk) -> None:
    talk.say("养犬登记收费吗")
    assert first_line(talk.say("那要多久")).startswith("“养犬登记”的办理时限")
    assert first_line(talk.say("它去哪办")) == "办理“养犬登记”的地点："


def test_another_place_for_the_same_question(talk: Talk) -> None:
    assert first_line(talk.say("养犬登记收费吗")) == "办理“养犬登记”的收费："
    there = talk.say("青岚县呢")
    assert (there.region, first_line(there)) == (COUNTY, "办理“养犬登记”不收费。")
    still = talk.say("那要多久")
    assert still.region == COUNTY, "the place holds while the talk goes on"
    assert talk.say("犬只标识换领收费吗").region == CITY, "and no longer"


def test_what_is_taken_back_is_not_what_is_meant(talk: Talk) -> None:
    talk.say("犬只标识换领收费吗")
    assert first_line(talk.say("说错了，是犬只标识补领")) == "办理“犬只标识补领”不收费。"


def test_one_comes_back_to_what_was_talked_of_before(talk: Talk) -> None:
    talk.say("养犬登记收费吗")
    talk.say("犬只标识换领收费吗")
    assert first_line(talk.say("刚才那个养犬登记要多久")).startswith("“养犬登记”的办理时限")


def test_an_item_that_a_line_names_is_meant_whatever_was_said_before(talk: Talk) -> None:
    talk.say("犬只标识换领收费吗")
    assert first_line(talk.say("那养犬登记要多久")).startswith("“养犬登记”的办理时限")


def test_a_line_of_its_own_is_not_read_with_the_one_before(talk: Talk) -> None:
    talk.say("养犬登记收费吗")
    turn = talk.say("职工有哪些情形可以提取住房公积金")
    assert (turn.follows, turn.earlier) == (None, None)


@pytest.mark.parametrize("pick", ["犬只标识补领", "第二个", "2", "最后一个"])
def test_a_choice_may_be_said_in_words(talk: Talk, pick: str) -> None:
    shown = [option.label for option in talk.say("犬只标识收费吗").options]
    assert shown == ["犬只标识换领", "犬只标识补领", "都不是"]
    assert first_line(talk.say(pick)) == "办理“犬只标识补领”不收费。"


def test_none_of_them_leads_on(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    turn = talk.say("都不是")
    assert turn.status is AnswerStatus.CLARIFY
    labels = [option.label for option in turn.options]
    assert not {"犬只标识换领", "犬只标识补领"} & set(labels)
    assert labels or first_line(turn) == NONE_OF_THEM


def test_a_place_that_is_not_among_the_choices_is_no_choice(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    assert first_line(talk.say("第七个")) != "办理“犬只标识补领”不收费。"


@pytest.mark.parametrize(("said", "name"), [("企业的", "公司年报"), ("个体的", "个体工商户年报")])
def test_who_is_asking_is_asked_where_it_decides(talk: Talk, said: str, name: str) -> None:
    turn = talk.say("年报收费吗")
    assert turn.status is AnswerStatus.CLARIFY
    assert first_line(turn) in ASK_SIDE.values()
    assert first_line(talk.say(said)) == f"办理“{name}”不收费。"


def test_who_is_asking_is_not_asked_where_it_was_said(talk: Talk) -> None:
    assert first_line(talk.say("我们是企业，年报收费吗")) == "办理“公司年报”不收费。"
    assert first_line(talk.say("年报要多久")).startswith("“公司年报”的办理时限")


def test_no_more_than_so_many_questions_are_put_in_return(talk: Talk) -> None:
    for asked in range(MOST_QUESTIONS):
        assert talk.clarified == asked
        assert talk.say("犬只标识收费吗").status is AnswerStatus.CLARIFY
    turn = talk.say("犬只标识收费吗")
    assert turn.status is AnswerStatus.NO_ANSWER
    assert {card.name for card in turn.cards} >= {"犬只标识换领", "犬只标识补领"}
    assert talk.clarified == 0


def test_thanks_go_on_with_nothing(talk: Talk) -> None:
    talk.say("养犬登记收费吗")
    assert talk.say("好的谢谢").meant == ""
    assert first_line(talk.say("那要多久")).startswith("“养犬登记”的办理时限")


def test_a_line_that_says_nothing_of_the_choices_chooses_none(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    turn = talk.say("公积金怎么提取")
    assert "犬只标识" not in turn.text
    assert turn.meant == ""


def test_what_is_asked_of_a_choice_is_kept(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    assert talk.say("犬只标识补领怎么办理").text.endswith("怎么办理")


def test_the_choices_can_be_turned_to_while_one_of_them_is_dealt_with(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    talk.say("第二个")
    assert first_line(talk.say("第一个呢")) == "办理“犬只标识换领”不收费。"


def test_turned_down_again_and_again_nothing_goes_round_in_a_circle(talk: Talk) -> None:
    talk.say("犬只标识收费吗")
    shown = [tuple(option.label for option in talk.say("都不是").options) for _ in range(3)]
    assert shown[1:] == [(), ()]


def test_where_the_region_is_asked_for_a_follow_up_waits_for_it_too(service: Service) -> None:
    talk = Talk(service, region=None)
    asked = talk.say("怎么办犬只标识换领")
    assert [option.region for option in asked.options] == [CITY]
    again = talk.say("那要多久")
    assert again.status is AnswerStatus.CLARIFY
    assert [option.question for option in again.options] == ["怎么办犬只标识换领，那要多久"]
    assert talk.say("随便，云州吧").region == CITY
