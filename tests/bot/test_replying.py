"""Canned replies are said in the language of the question, with numbers to tap."""

from dataclasses import replace

import pytest

from bot.answer import ParagraphBlock, PhonesBlock
from bot.own_records import OTHERWISE, service_showing
from bot.replying import Replier, language_of, packaged_text
from knowledge_base.languages import Language
from tests.bot.builders import turn_of


@pytest.mark.parametrize(
    ("text", "locale", "language"),
    [
        ("着火了", "en", Language.SIMPLIFIED),
        ("瓦斯外洩", None, Language.TRADITIONAL),
        ("my house is on fire", "zh-CN", Language.ENGLISH),
        ("110", None, Language.SIMPLIFIED),
        ("110", "zh-HK", Language.TRADITIONAL),
        ("110", "en-GB", Language.ENGLISH),
    ],
)
def test_the_language_of_a_question(text: str, locale: str | None, language: Language) -> None:
    assert language_of(text, locale) is language


def test_a_reply_is_text_and_numbers() -> None:
    paragraph, phones = Replier(packaged_text, "12345")("person", turn_of("转人工"))
    assert isinstance(paragraph, ParagraphBlock)
    assert "12345" in paragraph.text
    assert isinstance(phones, PhonesBlock)
    assert [phone.number for phone in phones.phones] == ["12345"]


def test_a_reply_answers_in_english() -> None:
    turn = turn_of()
    turn = replace(turn, asked=turn.asked.model_copy(update={"question": "thanks"}))
    assert Replier(packaged_text, "12345").text("thanks", turn).startswith("You're welcome")


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("我的公积金还剩多少钱", "住房公积金个人账户查询"),
        ("我的驾照还有几分", "机动车违法和驾驶证记分查询"),
        ("我那件事办到什么程度了", OTHERWISE),
    ],
)
def test_the_service_that_shows_a_record(text: str, service: str) -> None:
    assert service_showing(text) == service
