"""Greetings and courtesies are no questions and no answers; what stands beside them is."""

import pytest

from bot.learning.small_talk import SmallTalk, matter_of, said, small_talk


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("您好，请问有什么可以帮您的？", SmallTalk.GREETING),
        ("你好", SmallTalk.GREETING),
        ("谢谢您！", SmallTalk.THANKS),
        ("请稍等一下，我帮您查一下。", SmallTalk.WAITING),
        ("请问还有其他问题吗", SmallTalk.CLOSING),
        ("转人工", SmallTalk.PERSON),
        ("好的，明白了。", SmallTalk.ACKNOWLEDGING),
        ("嗯嗯", SmallTalk.ACKNOWLEDGING),
    ],
)
def test_small_talk_has_a_kind(line: str, kind: SmallTalk) -> None:
    assert small_talk(line) is kind


@pytest.mark.parametrize(
    "line", ["宠物火化在哪里办？", "您好，宠物火化在哪里办？", "需要带身份证和户口本。", "可以办，带身份证。"]
)
def test_what_says_something_is_none(line: str) -> None:
    assert small_talk(line) is None


def test_courtesies_are_cut_off_around_the_matter() -> None:
    assert (
        matter_of("您好，宠物火化在城东办理，每次三百元。祝您生活愉快！")
        == "宠物火化在城东办理，每次三百元。"
    )
    assert said(["您好", "带身份证。", "谢谢"]) == ("带身份证。",)
