"""With consent, an answer says which policy its document may hold for the citizen; without, nothing."""

from dataclasses import replace
from datetime import date

import pytest

from bot.answer import AnswerStatus, PolicyBlock, Question
from bot.citing import cite
from bot.steps.mention import mention
from bot.turn import Turn
from knowledge_base.eligibility.records import Age, Kind, Profile, Rule
from tests.bot.builders import chunk_of

TODAY = date(2026, 11, 25)
TITLE = "云州市老年人优待办法"
CHUNK = chunk_of("年满六十", article="第一条", title=TITLE, start=0)
CITED = cite(1, CHUNK, "年满六十", 0, day=TODAY)


def rule(code: str, article: str, years: int = 60, title: str = TITLE) -> Rule:
    return Rule(code, "敬老卡", "99", Kind.ON_APPLICATION, "您可能符合", title, article, Age(">=", years))


RULES = (
    rule("second", "第二条"),
    rule("first", "第一条"),
    rule("third", "第三条"),
    rule("older", "第一条", 90),
    rule("elsewhere", "第一条", title="别的办法"),
)
ANSWERED = Turn(
    id="t",
    asked=Question(question="坐公交要钱吗？", person=Profile(birth_year=1950)),
    day=TODAY,
    status=AnswerStatus.ANSWERED,
    citations=(CITED,),
)
STEP = mention(lambda: RULES, lambda: TODAY)


def test_a_rule_that_rests_on_the_cited_document_is_mentioned_its_article_first() -> None:
    blocks = STEP(ANSWERED).blocks
    assert [block.code for block in blocks if isinstance(block, PolicyBlock)] == ["first", "second"]
    assert blocks[0] == PolicyBlock(
        code="first",
        text="您可能符合“敬老卡”（可申领）：年满60周岁（1950年出生）。是否符合由办理部门核定。",
    )


@pytest.mark.parametrize(
    "turn",
    [
        replace(ANSWERED, asked=Question(question="坐公交要钱吗？")),
        replace(ANSWERED, asked=Question(question="坐公交要钱吗？", person=Profile(birth_year=1990))),
        replace(ANSWERED, asked=Question(question="坐公交要钱吗？", person=Profile())),
        replace(ANSWERED, citations=()),
        replace(ANSWERED, status=AnswerStatus.NO_ANSWER),
        replace(ANSWERED, day=date(2020, 1, 1)),
    ],
)
def test_nothing_is_mentioned_without_consent_match_or_document(turn: Turn) -> None:
    assert STEP(turn) is turn or STEP(turn).blocks == ()


def test_what_a_citizen_told_goes_nowhere_with_the_question() -> None:
    assert "1950" not in ANSWERED.asked.model_dump_json()
    assert "1950" not in repr(ANSWERED.asked)
    assert "person" not in Question.model_json_schema()["properties"]
