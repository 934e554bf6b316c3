"""When patience has run out, and when the words merely look like it."""

import pytest

from bot.desk.anger import is_angry


@pytest.mark.parametrize(
    "text",
    [
        "气死我了",
        "什么破系统",
        "答非所问！",
        "说了多少遍了",
        "一点用都没有",
        "你就是个垃圾机器人",
        "我要投诉你",
    ],
)
def test_anger_is_heard(text: str) -> None:
    assert is_angry(text)


@pytest.mark.parametrize(
    "text",
    [
        "生活垃圾分类怎么分？",
        "怎么投诉物业？",
        "投诉电梯的电话",
        "滚动发展资金是什么",
        "残疾人有什么补贴？",
        "垃圾费多少钱",
    ],
)
def test_a_matter_is_no_anger(text: str) -> None:
    assert not is_angry(text)
