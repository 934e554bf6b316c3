"""Block-listed words are found in every disguise, and not where they only happen to stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.blocking.matching import BlockMatcher, gravest, struck_out
from knowledge_base.blocking.records import BlockLevel, BlockWord
from knowledge_base.blocking.sheets import packaged_block_words

WORDS = (
    BlockWord("裸聊加微信", BlockLevel.REFUSE, "广告"),
    BlockWord("傻逼", BlockLevel.MASK, "辱骂"),
    BlockWord("枪支", BlockLevel.ALERT),
    BlockWord("ass", BlockLevel.MASK),
    BlockWord("刷单加v", BlockLevel.REFUSE),
)
MATCHER = BlockMatcher(WORDS)


def found(text: str) -> list[tuple[str, str, bool]]:
    return [(match.written, match.word.word, match.is_homophone) for match in MATCHER.find(text)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("请裸聊加微信谢谢", "裸聊加微信"),
        ("裸　聊 加\t微\u200b信", "裸　聊 加\t微\u200b信"),
        ("裸.聊*加_微-信", "裸.聊*加_微-信"),
        ("裸，聊，加，微，信", "裸，聊，加，微，信"),
        ("裸聊加微信", "裸聊加微信"),
        ("刷單加Ｖ", "刷單加Ｖ"),
    ],
)
def test_width_spaces_punctuation_and_traditional_characters_hide_nothing(text: str, written: str) -> None:
    assert [each[0] for each in found(text)] == [written]


def test_a_homophone_is_told_as_one() -> None:
    assert found("裸辽加薇信") == [("裸辽加薇信", "裸聊加微信", True)]


def test_two_characters_have_to_be_the_word_itself() -> None:
    assert found("强制执行") == []  # sounds like 枪支 and more
    assert found("抢枝") == []


@pytest.mark.parametrize(
    "text",
    ["他开了枪。支付多少钱", "first class assistance", "打枪，支援", "傻，逼着我来", "枪" + "很" * 5 + "支"],
)
def test_words_that_only_meet_by_chance_are_no_match(text: str) -> None:
    assert found(text) == []


def test_latin_words_end_where_they_end() -> None:
    assert found("you ass!") == [("ass", "ass", False)]
    assert found("a s s") == [("a s s", "ass", False)]


def test_of_overlapping_words_the_gravest_counts() -> None:
    matcher = BlockMatcher([BlockWord("办假证", BlockLevel.ALERT), BlockWord("假证", BlockLevel.REFUSE)])
    assert [match.word.word for match in matcher.find("我要办假证")] == ["假证"]


def test_levels_and_striking_out() -> None:
    text = "你这个傻 逼，枪支怎么办证"
    matches = MATCHER.find(text)
    assert gravest(matches) is BlockLevel.MASK
    assert gravest(()) is None
    masked = [match for match in matches if match.word.level is BlockLevel.MASK]
    assert struck_out(text, masked) == "你这个＊＊＊，枪支怎么办证"


def test_an_empty_list_matches_nothing() -> None:
    assert BlockMatcher(()).find("裸聊加微信") == ()


def test_a_word_that_only_alerts_may_be_said() -> None:
    words = [
        BlockWord("裸聊", BlockLevel.REFUSE),
        BlockWord("蠢货", BlockLevel.MASK),
        BlockWord("罢工", BlockLevel.ALERT),
    ]
    matcher = BlockMatcher(words)
    assert [matcher.forbids(text) for text in ("裸 聊", "你这蠢货", "罢工期间的工资", "")] == [
        True,
        True,
        False,
        False,
    ]


@given(st.text(max_size=80))
def test_whatever_is_matched_stands_in_the_text_where_it_says(text: str) -> None:
    matches = BlockMatcher(packaged_block_words()).find(text)
    assert all(text[match.start : match.end] == match.written for match in matches)
    assert len(struck_out(text, matches)) == len(text)


@given(
    st.sampled_from(WORDS),
    st.text(alphabet=" 　-_*\u200b", max_size=3),
    st.text(alphabet="的了是", max_size=5),
)
def test_a_listed_word_is_found_whatever_is_put_between_its_characters(
    word: BlockWord, gap: str, around: str
) -> None:
    text = f"{around}{gap.join(word.word)}{around}"
    assert word.word in [match.word.word for match in MATCHER.find(text)]
