"""When a person is wanted, and when the words merely look like it."""

import pytest

from bot.desk.wishes import is_angry, wants_person


@pytest.mark.parametrize(
    "text",
    [
        "转人工",
        "转人工！！！",
        "找人工",
        "人工",
        "人工客服",
        "我要人工客服",
        "帮我转接人工服务",
        "怎么转人工啊",
        "能不能转人工？",
        "请接一下人工坐席",
        "我要跟人说",
        "我想和真人说话",
        "给我找个真人",
        "换个人来说",
        "叫个工作人员来",
        "有人工吗",
        "有没有人工客服？",
        "别让机器人回答",
        "不想跟机器人说了",
        "联系客服",
        "客服在吗",
        "转 人 工",
        "我要找真人客服",
        "想跟工作人员沟通一下",
        "I want to talk to a human",
        "speak with a real person please",
        "human agent",
    ],
)
def test_a_person_is_wanted(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "人工智能企业有什么补贴？",
        "人工授精能报销吗？",
        "人工费怎么算？",
        "人工湿地保护有什么规定",
        "人工耳蜗可以用医保吗？",
        "找工作人员要带什么材料吗",
        "转基因食品要标识吗？",
        "人工客服几点上班？",
        "12345人工客服招聘条件是什么",
        "工作人员不给办怎么办？",
        "客服电话号码是多少",
        "我要找工作",
        "找人代办公积金可以吗",
        "换个人名下的车怎么过户",
        "和人签了合同不履行怎么办",
        "劳务派遣人员转正有什么规定",
        "要人工种植许可证吗",
        "人工影响天气作业",
        "公积金怎么提取？",
        "What documents does a foreign worker need?",
    ],
)
def test_a_person_is_not_wanted(text: str) -> None:
    assert not wants_person(text)


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
