"""A life event from the question that opens it to the last step ticked off, with other questions between."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.answer import Answer, AnswerStatus, ListBlock, Question
from bot.assembly import Service
from bot.consultation import Consultation
from bot.dialogue_state import DialogueState, EventRun, LifeEventProgress
from bot.life_events.desk import LifeEventDesk
from bot.life_events.likeness import SIGNALS, EventLikeness
from bot.service_confidence import SIGNALS as SERVICE_SIGNALS
from bot.service_confidence import ServiceConfidence
from bot.service_desk import ServiceDesk
from bot.settings import Settings
from knowledge_base.database import open_database
from knowledge_base.services.records import Batch
from tests.bot.builders import DAY
from tests.bot.conftest import BY_WORDS, CITY, COVERED
from tests.knowledge_base.life_events.samples import EVENT, REFUND, REGISTER, VACCINE
from tests.retrieval.fakes import BigramEncoder

OPENING = "刚养了狗要办哪些手续"
# Opened where all there is to do is asked for and the words are near: what is tested is how it goes on.
BY_WORDS_FOR_ALL = EventLikeness(
    tuple({"cosine": 10.0, "asks_for_all": 5.0}.get(name, 0.0) for name in SIGNALS), -10.0, 0.5
)
BY_NAME = ServiceConfidence(
    tuple({"of_name": 12.0}.get(name, 0.0) for name in SERVICE_SIGNALS), -6.0, 0.8, 0.05
)


@pytest.fixture(scope="module")
def desk(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The library with three items and a life event; one of its four steps has no item."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("events"))
    service = Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=BY_WORDS)
    service.ingest(documents)
    service.services.take_in(Batch(items=(REGISTER, VACCINE, REFUND)), by="小王")
    service.life_events.take_in([EVENT], by="小王")
    yield service
    service.close()


class Talk:
    """A conversation whose state goes from turn to turn as a channel keeps it."""

    def __init__(self, service: Service, *, region: str | None = CITY) -> None:
        services = ServiceDesk(service.service_desk.live, service.service_desk.sources, BY_NAME)
        self._consultation = Consultation(
            service.store,
            service.index,
            service.settings,
            faq=service.faq,
            confidence=COVERED,
            services=services,
            life_events=LifeEventDesk(
                service.life_event_desk.live, services, BY_WORDS_FOR_ALL, service.index.get
            ),
            clock=lambda: DAY,
            now=lambda: datetime(2026, 11, 25, 4, 30, tzinfo=UTC),
        )
        self._region = region
        self.state = DialogueState()

    def say(self, text: str) -> Answer:
        answer = self._consultation.answer(Question(question=text, region=self._region, state=self.state))
        assert answer.state is not None
        # As it is kept: through JSON.
        self.state = DialogueState.model_validate_json(answer.state.model_dump_json())
        return answer

    def run(self) -> EventRun:
        assert self.state.life_event is not None
        return self.state.life_event.runs[0]

    def ask_without_a_conversation(self, text: str) -> Answer:
        return self._consultation.answer(Question(question=text, region=self._region))


def steps(answer: Answer) -> ListBlock:
    return next(block for block in answer.blocks if isinstance(block, ListBlock))


def test_from_the_first_question_to_the_last_step(desk: Service) -> None:
    talk = Talk(desk)
    first = talk.say(OPENING)
    assert first.status is AnswerStatus.CLARIFY
    assert first.text.endswith("养犬一件事，第1问：狗是从哪里来的？")
    assert [option.label for option in first.options] == ["买的", "领养的", "跳过这一题"]
    second = talk.say(first.options[1].question)
    assert "第2问：领养时交过押金吗？" in second.text
    third = talk.say("交过")
    assert "第3问：做过绝育吗？" in third.text
    told = talk.say("做过")
    assert told.status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert steps(told).items[:2] == (
        "1. 犬只免疫：不收费",
        "2. 养犬登记：收费：登记费 每只100元；30日内办理",
    )
    assert "居民身份证（原件2份，复印件2份；第1、2步要）" in told.text
    assert "犬只免疫证明（复印件1份；第2、3步要；第2步免提交）" in told.text
    assert "房屋租赁合同（复印件1份；第2步要；第2步：租房的）" in told.text
    assert "费用合计：第2步收费（登记费 每只100元）；第3步没有写明，以窗口公示为准；其余不收费。" in told.text
    assert [card.name for card in told.services] == ["犬只免疫", "养犬登记", "领养押金退还"]
    ticked = talk.say(steps(told).checks[0].question)
    assert [check.done for check in steps(ticked).checks] == [True, False, False]
    assert "✓ 1. 犬只免疫" in ticked.text
    assert "已办好1件，还差2件。接下来办“养犬登记”。" in ticked.text
    assert "居民身份证" not in ticked.text, "what was told just before is not told once more"
    assert [card.name for card in ticked.services] == ["养犬登记"]
    assert "居民身份证" in talk.say("还差什么").text
    talk.say("狗证办好了")
    assert talk.run().done == ("VACCINE", "REGISTER")
    assert "3件事都办好了" in talk.say("第3步办完了").text


def test_something_else_may_be_asked_between(desk: Service) -> None:
    talk = Talk(desk)
    talk.say(OPENING)
    talk.say("领养的")
    between = talk.say("养犬登记收费吗")
    assert "办理“养犬登记”的收费：" in between.text
    assert between.options[-1].label == "继续办养犬一件事"
    assert talk.state.life_event is not None
    assert talk.state.life_event.asking == ""
    back = talk.say(between.options[-1].question)
    assert "第2问：领养时交过押金吗？" in back.text


def test_what_is_no_answer_and_no_question_has_it_put_again(desk: Service) -> None:
    talk = Talk(desk)
    talk.say(OPENING)
    again = talk.say("呃呃呃")
    assert again.status is AnswerStatus.CLARIFY
    assert again.text.startswith("没有听懂您的回答")
    assert talk.run().answers == {}


def test_questions_may_be_skipped_taken_back_and_put_off(desk: Service) -> None:
    talk = Talk(desk)
    talk.say(OPENING)
    assert "第1问：做过绝育吗？" in talk.say("跳过").text
    assert "狗是从哪里来的？" in talk.say("上一题").text
    put_off = talk.say("算了")
    assert "继续办养犬一件事" in put_off.text
    assert "狗是从哪里来的？" in talk.say("继续办养犬").text
    talk.say("买的")
    told = talk.say("没做过")
    assert "这件事里的编码为 SPAY 的事项，在云州市没有收录可办的事项，没有列入" in told.text
    assert "狗是从哪里来的？" in talk.say("重新回答").text


def test_an_older_button_changes_an_older_answer(desk: Service) -> None:
    talk = Talk(desk)
    first = talk.say(OPENING)
    talk.say("买的")
    talk.say("做过")
    changed = talk.say(first.options[1].question)
    assert "领养时交过押金吗？" in changed.text
    assert talk.run().answers == {"from": "adopted", "spayed": "yes"}


def test_which_step_is_done_is_asked_where_it_is_not_clear(desk: Service) -> None:
    talk = Talk(desk)
    for said in (OPENING, "买的", "做过"):
        talk.say(said)
    asked = talk.say("办好了")
    assert asked.status is AnswerStatus.CLARIFY
    assert [option.label for option in asked.options] == ["犬只免疫办好了", "养犬登记办好了"]
    assert talk.run().done == ()


def test_an_item_is_not_the_event(desk: Service) -> None:
    talk = Talk(desk)
    assert talk.say("养犬登记要带什么材料").status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert talk.state.life_event is None


def test_without_a_conversation_the_questionnaire_is_told_whole(desk: Service) -> None:
    answer = Talk(desk).ask_without_a_conversation(OPENING)
    assert answer.status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert "2. 领养时交过押金吗？（交过／没有）" in answer.text
    assert "1. 犬只免疫：都要办" in answer.text
    assert "3. 领养押金退还：“狗是从哪里来的？”选“领养的”，并且“领养时交过押金吗？”选“交过”的" in answer.text
    assert answer.state is None


def test_without_a_region_it_is_asked_for(desk: Service) -> None:
    answer = Talk(desk, region=None).say(OPENING)
    assert answer.status is AnswerStatus.CLARIFY
    assert [(option.label, option.region) for option in answer.options] == [("云州市", CITY)]


def test_a_run_of_an_event_that_is_gone_is_no_longer_followed(desk: Service) -> None:
    talk = Talk(desk)
    talk.state = DialogueState(life_event=LifeEventProgress(runs=(EventRun(event="cat"),), asking="colour"))
    assert talk.say("养犬登记收费吗").status is AnswerStatus.ANSWERED_FROM_SERVICE
    assert talk.say("是").status is not AnswerStatus.CLARIFY


def test_a_state_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    kept = {"life_event": {"runs": [{"event": "dog", "colour": "brown"}]}, "topic": "dogs"}
    assert DialogueState.model_validate(kept).life_event == LifeEventProgress(runs=(EventRun(event="dog"),))


@pytest.mark.parametrize("asked", ["收费吗", "去哪办", "打哪个电话"])
def test_one_thing_asked_of_an_event_is_told_without_a_questionnaire(desk: Service, asked: str) -> None:
    assert "第1问" not in Talk(desk).say(f"{OPENING}，{asked}").text


def test_a_few_words_that_ask_nothing_are_meant_for_the_question_that_waits(desk: Service) -> None:
    talk = Talk(desk)
    talk.say(OPENING)
    again = talk.say("朋友给的")
    assert again.text.startswith("没有听懂您的回答")
    assert "第1问：狗是从哪里来的？" in again.text
