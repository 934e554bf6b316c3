"""Canned replies: the project's as defaults, the operators' in their place, checked, and back again."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from knowledge_base.database import open_database
from knowledge_base.errors import ReplyRejected
from knowledge_base.following import LOOK_EVERY_S
from knowledge_base.languages import Language
from knowledge_base.replies import LiveReplies, PhoneLine, ReplyStore, packaged_replies, parts_of


@pytest.fixture
def replies(database_url: str) -> Iterator[ReplyStore]:
    engine: Engine = open_database(database_url)
    yield ReplyStore(engine)
    engine.dispose()


def text(replies: ReplyStore, key: str, language: Language = Language.SIMPLIFIED) -> str:
    return next(each.text for each in replies.all() if (each.key, each.language) == (key, language))


def test_every_packaged_reply_is_there_in_three_languages_and_holds(replies: ReplyStore) -> None:
    for key, packaged in packaged_replies().items():
        for language, words in packaged.texts.items():
            replies.set(key, language, words, by="")
    assert len(replies.all()) == 3 * len(packaged_replies())


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("emergency_fire", "119"),
        ("emergency_medical", "120"),
        ("emergency_violence", "110"),
        ("self_harm", "12356"),
    ],
)
def test_an_emergency_names_the_line_to_call_first(key: str, number: str) -> None:
    for words in packaged_replies()[key].texts.values():
        phones = next(part for part in parts_of(words, {"hotline": "12345"}) if isinstance(part, tuple))
        assert phones[0].number == number


def test_an_operator_changes_one_language_and_goes_back(replies: ReplyStore) -> None:
    before = text(replies, "greeting")
    replies.set("greeting", Language.SIMPLIFIED, "您好，这里是青岚县。", by="张三")
    assert text(replies, "greeting") == "您好，这里是青岚县。"
    assert text(replies, "greeting", Language.ENGLISH).startswith("Hello")
    assert replies.reset("greeting", by="李四")
    assert text(replies, "greeting") == before
    assert not replies.reset("greeting", by="李四")


@pytest.mark.parametrize(
    ("key", "words", "why"),
    [
        ("nothing_like_it", "好", "没有“nothing_like_it”"),
        ("greeting", "  \n", "有 0 个字"),
        ("greeting", "好" * 1001, "有 1001 个字"),
        ("greeting", "拨打 {hotline}", "填不进内容"),
        ("person", "拨打 {hotline.__class__}", "填不进内容"),
        ("person", "拨打 {hotline", "花括号不成对"),
        ("person", "tel:自己查", "不是电话"),
        ("self_harm", "别难过。", "至少要有一行电话"),
    ],
)
def test_words_that_do_not_hold_are_refused(replies: ReplyStore, key: str, words: str, why: str) -> None:
    with pytest.raises(ReplyRejected, match=why):
        replies.set(key, Language.SIMPLIFIED, words, by="")
    assert not any(each.changed_at for each in replies.all())


def test_a_running_process_takes_up_a_change_within_a_second(replies: ReplyStore) -> None:
    now = [0.0]
    live = LiveReplies(replies, monotonic_s=lambda: now[0])
    assert live.text("thanks", Language.ENGLISH).startswith("You're welcome")
    replies.set("thanks", Language.ENGLISH, "My pleasure.", by="张三")
    now[0] += LOOK_EVERY_S
    assert live.text("thanks", Language.ENGLISH) == "My pleasure."


def test_text_and_numbers_are_told_apart_and_filled_in() -> None:
    parts = parts_of("先离开。\n\ntel:119 火警\ntel:{hotline}\n再说。", {"hotline": "12345"})
    assert parts == ("先离开。", (PhoneLine("119", "火警"), PhoneLine("12345", "")), "再说。")
