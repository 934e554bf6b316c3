"""Hand off: a turn without an answer still leads on."""

from dataclasses import replace

from bot.answer import AnswerStatus, ListBlock, NoticeBlock, Option, ParagraphBlock
from bot.steps.hand_off import CLOSEST_FROM, DIFFERS_WITHIN, NAMED_REGIONS, hand_off
from bot.steps.respond import respond
from bot.turn import Evidence, Turn
from bot.wording import CLOSEST, NO_ANSWER
from tests.bot.builders import chunk_of, evidence_of, turn_of

HAND_OFF = hand_off("12345")
RULE = "养犬登记应当在三十日内办理。"
NATION = evidence_of(chunk_of(RULE, title="养犬法"))


def of_region(region: str, score: float = 0.0) -> Evidence:
    return evidence_of(chunk_of(RULE, title="养犬条例", region=region), score=score)


def refused(*evidence: Evidence, unserved: str = "", confidence: float = 0.3) -> Turn:
    turn = turn_of("登记", *evidence, unserved=unserved)
    return replace(turn, status=AnswerStatus.NO_ANSWER, confidence=confidence)


def test_without_an_answer_there_are_the_closest_titles_and_the_hotline() -> None:
    titles = ("养犬条例", "动物防疫法", "养犬条例", "物业管理条例", "治安管理处罚法")
    evidence = [evidence_of(chunk_of(RULE, version=n, title=title)) for n, title in enumerate(titles)]
    turn = HAND_OFF(refused(*evidence))
    assert turn.status is AnswerStatus.NO_ANSWER
    assert turn.blocks == (
        ParagraphBlock(text=NO_ANSWER),
        ListBlock(lead=CLOSEST, items=("《养犬条例》", "《动物防疫法》", "《物业管理条例》")),
        NoticeBlock(text="您可以拨打政务服务便民热线 12345（24 小时），由工作人员为您查询。"),
    )
    assert turn.citations == ()


def test_what_is_nothing_like_any_document_gets_no_titles() -> None:
    turn = HAND_OFF(refused(NATION, confidence=CLOSEST_FROM / 2))
    assert [block.type for block in turn.blocks] == ["paragraph", "notice"]


def test_the_closest_may_be_the_rule_of_a_place_within_the_region() -> None:
    county = of_region("云岭省/云州市/青岚县", score=2.0)
    turn = HAND_OFF(replace(refused(NATION), elsewhere=(county,)))
    assert turn.blocks[1].model_dump()["items"] == ("《养犬条例》", "《养犬法》")


def test_a_chosen_region_without_documents_is_named() -> None:
    first = HAND_OFF(replace(refused(), unserved_choice="海南省/三亚市")).blocks[0]
    assert first.model_dump()["text"].startswith("我这里没有三亚市的地方文件")


def test_within_a_chosen_region_the_question_is_which_part_of_it() -> None:
    county = of_region("云岭省/云州市/青岚县")
    turn = turn_of("养犬登记？", region="云岭省/云州市", elsewhere=(county,))
    turn = HAND_OFF(replace(turn, status=AnswerStatus.CLARIFY))
    assert turn.blocks[0].model_dump()["text"].startswith("云州市没有这方面的统一规定")
    assert [option.label for option in turn.options] == ["青岚县"]


def test_a_citys_answer_says_which_county_differs() -> None:
    city, county = of_region("云岭省/云州市"), of_region("云岭省/云州市/青岚县")
    turn = HAND_OFF(respond(turn_of("养犬登记？", city, region="云岭省/云州市", elsewhere=(county,))))
    assert turn.blocks[-1] == NoticeBlock(
        text="以上是云州市的规定。青岚县另有规定，选择您所在的地区可以查看。"
    )


def test_with_nothing_found_there_is_still_the_hotline() -> None:
    turn = hand_off("0999-12345")(refused())
    assert [block.type for block in turn.blocks] == ["paragraph", "notice"]
    assert "0999-12345" in turn.blocks[-1].model_dump()["text"]


def test_a_turn_that_check_left_open_ends_without_an_answer() -> None:
    assert HAND_OFF(turn_of("登记")).status is AnswerStatus.NO_ANSWER


def test_a_place_without_documents_is_named() -> None:
    first = HAND_OFF(refused(unserved="海南省/三亚市")).blocks[0]
    assert isinstance(first, ParagraphBlock)
    assert first.text.startswith("我这里没有三亚市的地方文件")


def test_the_region_is_asked_for_with_a_choice_that_asks_again() -> None:
    elsewhere = (of_region("云岭省/云州市"), of_region("海州省"), of_region("云岭省/云州市"))
    turn = HAND_OFF(replace(turn_of("养犬登记？", elsewhere=elsewhere), status=AnswerStatus.CLARIFY))
    assert turn.status is AnswerStatus.CLARIFY
    assert turn.options == (
        Option(label="云州市", question="养犬登记？", region="云岭省/云州市"),
        Option(label="海州省", question="养犬登记？", region="海州省"),
    )
    (block,) = turn.blocks
    assert "请选择您所在的地区" in block.model_dump()["text"]


def test_a_national_answer_says_where_other_rules_apply() -> None:
    far = of_region("江海省", score=-DIFFERS_WITHIN - 0.1)
    elsewhere = (of_region("云岭省/云州市"), of_region("海州省", -DIFFERS_WITHIN), far)
    turn = HAND_OFF(respond(turn_of("养犬登记？", NATION, elsewhere=elsewhere)))
    assert turn.status is AnswerStatus.ANSWERED
    assert turn.blocks[-1] == NoticeBlock(
        text="以上是全国统一的规定。云州市、海州省另有规定，选择您所在的地区可以查看。"
    )
    assert [option.region for option in turn.options] == ["云岭省/云州市", "海州省"]


def test_the_notice_names_a_few_regions_and_the_choices_more() -> None:
    elsewhere = tuple(of_region(f"{name}省") for name in "甲乙丙丁戊")
    turn = HAND_OFF(respond(turn_of("养犬登记？", NATION, elsewhere=elsewhere)))
    assert turn.blocks[-1].model_dump()["text"].count("省") == NAMED_REGIONS
    assert len(turn.options) == 5


def test_a_wide_place_beside_one_within_it_is_the_rest_of_it() -> None:
    elsewhere = tuple(map(of_region, ("云岭省", "海州省", "云岭省/云州市", "云岭省/云州市/青岚县")))
    turn = HAND_OFF(respond(turn_of("养犬登记？", NATION, elsewhere=elsewhere)))
    assert [option.label for option in turn.options] == [
        "青岚县", "云州市其他地方", "云岭省其他地方", "海州省"
    ]  # fmt: skip
    assert turn.options[1].region == "云岭省/云州市"


def test_an_answer_that_holds_everywhere_is_left_alone() -> None:
    answered = respond(turn_of("养犬登记？", NATION, elsewhere=(of_region("海州省", score=-5.0),)))
    assert HAND_OFF(answered) is answered
