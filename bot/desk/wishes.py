"""What a citizen's words say about people: that one is wanted, or that patience has run out.

Decided by forms of words, not by single words: 人工智能, 人工授精 and 人工湿地 are matters of policy, and
垃圾分类 is no insult. Missing a wish costs a tap on a button; seeing one that is not there interrupts.
"""

import re

_SPACE = re.compile(r"[\s,，.。!！?？~～、:：…]+")
_PERSON = r"(?:人工|真人|活人|客服|坐席|座席|话务员|工作人员|专员|接线员)"
# After 人工 these make a matter of it.
_NOT_A_MATTER = (
    r"(?!智能|授精|受精|费|成本|湿地|草|林|繁|养|种|流产|增雨|降雨|影响|湖|耳|关节|晶|翻译|合成|鱼|挖|造|采)"
)
_WISHES = (
    rf"(?:转|转接|转到|转给|接|接通|接入|换|切换到?|呼叫|连线|联系)(?:一下|个|一个|下)?(?:{_PERSON}){_NOT_A_MATTER}",
    r"(?:找|要|需要|想要|请)(?:一下|个|一个|位|一位|下)?(?:人工|真人|活人)(?:客服|服务|坐席|座席|咨询|回答|解答|处理|来|吧|啊|$)",
    r"(?:找|要|叫|换)(?:一下|个|一个|位|一位|下)(?:人工|真人|活人|客服|坐席|工作人员|人)(?:来|跟|和|给|说|聊|谈|处理|解答|回答|接|吧|啊|行|$)",
    r"(?:^|我|想|要|能|请|帮|给|快|麻烦|赶紧)(?:人工|真人)(?:客服|坐席|座席|服务|咨询)",
    r"(?:跟|和|与|同)(?:个|一个|真)?(?:人|真人|活人|客服|工作人员|人工)(?:工|工客服)?(?:说|讲|聊|谈|对话|沟通|通话)(?!话费)",
    r"^(?:我)?(?:要|想|找|请|叫)?(?:人工|真人|活人|客服)(?:啊|吧|呢|在吗|在不在|有吗|！)?$",
    r"有(?:没有)?(?:人工|真人|活人)(?:客服|服务|坐席)?(?:吗|啊|么|$)",
    r"(?:不想|不要|别让|不跟|不和)(?:跟|和|让)?(?:机器人?|电脑|ai|AI)(?:说|聊|讲|谈|回答|回)",
    r"(?i:(?:talk|speak|chat)(?:to|with)(?:a|an)?(?:real|live|human)?(?:person|human|agent|staff|someone|operator|representative))",
    r"(?i:^(?:human|liveagent|realperson|operator|humanagent|customerservice)(?:please)?$)",
)
# About the people at the desk rather than to them.
_ABOUT = re.compile(r"几点|上班|下班|时间|电话号码|电话是|招聘|招录|岗位|工资|待遇|考试|职责|收费|编制")
_WANTS = re.compile("|".join(f"(?:{wish})" for wish in _WISHES))

_ANGRY = re.compile(
    r"气死|气人|烦死|烦不烦|有病吧|废物|智障|弱智|脑残|白痴|傻[逼比子]|滚蛋|给我滚|^滚$|妈的|他妈|什么玩意|什么破|破(?:系统|机器人|网站)"
    r"|(?:真|太|纯|就是)垃圾|垃圾(?:系统|机器人|网站|客服|答案|回答)|一点用(?:都|也)?没有?|没(?:什么|啥|个)?屁?用|有什么用|有啥用"
    r"|听不懂(?:人话|我)|答非所问|胡说八道|鬼话|敷衍|踢皮球|推来推去|忽悠|耍我|糊弄|(?:我要|要|去)投诉你|受够了|说了(?:多少|几)遍"
)
# What is complained of there is not this service.
_MATTER_OF_COMPLAINT = re.compile(r"怎么投诉|投诉.{0,6}(?:电话|渠道|流程|电梯|物业|商家|公司)")


def wants_person(text: str) -> bool:
    """Tell whether the words ask for a person."""
    said = _SPACE.sub("", text)
    return _WANTS.search(said) is not None and _ABOUT.search(said) is None


def is_angry(text: str) -> bool:
    """Tell whether the words show that the citizen has had enough of this service."""
    said = _SPACE.sub("", text)
    return _ANGRY.search(said) is not None and _MATTER_OF_COMPLAINT.search(said) is None
