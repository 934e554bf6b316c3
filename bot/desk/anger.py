"""Anger: that a citizen's patience with this service has run out.

Decided by forms of words, not by single words: 垃圾分类 is no insult.
"""

import re

_SPACE = re.compile(r"[\s,，.。!！?？~～、:：…]+")
_ANGRY = re.compile(
    r"气死|气人|烦死|烦不烦|有病吧|废物|智障|弱智|脑残|白痴|傻[逼比子]|滚蛋|给我滚|^滚$|妈的|他妈|什么玩意|什么破|破(?:系统|机器人|网站)"
    r"|(?:真|太|纯|就是)垃圾|垃圾(?:系统|机器人|网站|客服|答案|回答)|一点用(?:都|也)?没有?|没(?:什么|啥|个)?屁?用|有什么用|有啥用"
    r"|听不懂(?:人话|我)|答非所问|胡说八道|鬼话|敷衍|踢皮球|推来推去|忽悠|耍我|糊弄|(?:我要|要|去)投诉你|受够了|说了(?:多少|几)遍"
)
# What is complained of there is not this service.
_MATTER_OF_COMPLAINT = re.compile(r"怎么投诉|投诉.{0,6}(?:电话|渠道|流程|电梯|物业|商家|公司)")


def is_angry(text: str) -> bool:
    """Tell whether the words show that the citizen has had enough of this service."""
    said = _SPACE.sub("", text)
    return _ANGRY.search(said) is not None and _MATTER_OF_COMPLAINT.search(said) is None
