"""Locate: whose rules are asked for. The knowledge base serves 云岭省 with 云州市 and its 青岚县."""

import pytest

from bot.answer import Message
from bot.steps.locate import locate
from bot.turn import Turn
from knowledge_base.records import NATIONAL
from knowledge_base.regions import load_gazetteer
from tests.bot.builders import turn_of

PROVINCE, CITY, COUNTY = "云岭省", "云岭省/云州市", "云岭省/云州市/青岚县"
SERVED = frozenset({NATIONAL, PROVINCE, CITY, COUNTY})
GAZETTEER = load_gazetteer().with_regions(SERVED)
STEP = locate(lambda: GAZETTEER, lambda: SERVED)


def located(question: str, *, chosen: str | None = None, said: str = "", replied: str = "") -> Turn:
    history = (Message(role="user", text=said), Message(role="assistant", text=replied))
    return STEP(turn_of(question, region=chosen, history=history))


@pytest.mark.parametrize(
    ("question", "chosen", "region"),
    [
        ("公积金怎么提取？", None, None),
        ("公积金怎么提取？", CITY, CITY),
        ("公积金怎么提取？", NATIONAL, None),
        ("云州市的公积金怎么提取？", None, CITY),
        ("云州的公积金怎么提取？", "浙江省/宁波市", CITY),
        ("宁波的公积金怎么提取？", CITY, "浙江省/宁波市"),
        ("云岭省云州市青岚县养老怎么办？", None, COUNTY),
    ],
)
def test_a_region_named_in_the_question_wins(question: str, chosen: str | None, region: str | None) -> None:
    assert located(question, chosen=chosen).region == region


@pytest.mark.parametrize(
    "question", ["云州市的公积金怎么提取？", "云岭省的公积金怎么提取？", "青岚县怎么提取？"]
)
def test_who_lives_in_the_named_place_keeps_their_own_region(question: str) -> None:
    """A citizen of 青岚县 who asks about 云州市 still wants the county's rule where there is one."""
    assert located(question, chosen=COUNTY).region == COUNTY


def test_a_region_said_a_line_ago_still_holds() -> None:
    assert located("那要多久？", said="云州市公积金怎么提取？").region == CITY


def test_only_the_citizen_says_where_they_are() -> None:
    assert located("那要多久？", said="公积金怎么提取？", replied="云州市规定如下").region is None


def test_a_chosen_region_is_newer_than_what_was_said() -> None:
    assert located("那要多久？", chosen=COUNTY, said="宁波公积金怎么提取？").region == COUNTY


def test_a_place_abroad_has_no_documents_here_and_moves_nobody() -> None:
    turn = located("香港的公积金怎么提取？", chosen=CITY)
    assert (turn.region, turn.unserved) == (CITY, "境外/香港")


def test_a_place_without_documents_is_remembered() -> None:
    turn = located("三亚市养犬登记收费吗？")
    assert (turn.region, turn.unserved) == ("海南省/三亚市", "海南省/三亚市")


def test_it_is_remembered_in_the_next_question_too() -> None:
    turn = located("那要多久？", said="三亚市养犬登记收费吗？")
    assert (turn.region, turn.unserved) == ("海南省/三亚市", "海南省/三亚市")


def test_a_county_is_served_by_what_its_city_has() -> None:
    assert located("云岭省云州市松溪区养犬登记收费吗？").unserved == ""


@pytest.mark.parametrize(
    ("question", "chosen", "region"),
    [
        ("那市里的呢", COUNTY, CITY),
        ("回到市里，要什么材料", COUNTY, CITY),
        ("省里怎么规定", COUNTY, PROVINCE),
        ("县里还有补贴吗", COUNTY, COUNTY),
        ("县里还有补贴吗", CITY, CITY),
        ("市里的呢", None, None),
        ("城市里养狗要办证吗", COUNTY, COUNTY),
    ],
)
def test_a_level_is_the_place_around_the_chosen_one(
    question: str, chosen: str | None, region: str | None
) -> None:
    assert located(question, chosen=chosen).region == region


@pytest.mark.parametrize(
    ("question", "says"), [("青岚县怎么提取？", True), ("市里的呢", True), ("公积金怎么提取？", False)]
)
def test_whether_the_line_itself_says_where(question: str, says: bool) -> None:
    assert located(question, chosen=CITY).says_place is says
