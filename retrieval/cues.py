"""What kind of answer a question wants, and what kinds a passage holds, read from surface words.

Six cues, each a bit: a duration, an amount, an authority, a list, a penalty, a permission. They
steer ranking and the choice of sentences; none of them decides alone.
"""

import re
from enum import IntFlag
from functools import reduce
from operator import or_


class Cue(IntFlag):
    """A kind of answer."""

    DURATION = 1
    AMOUNT = 2
    AUTHORITY = 4
    LIST = 8
    PENALTY = 16
    PERMISSION = 32


CUES = tuple(Cue)


def _english(*phrases: str) -> str:
    """Match whole words, one or more of them, in folded text that may be Chinese around them."""
    return rf"(?<![a-z])(?:{'|'.join(phrases)})s?(?![a-z])"


_NUMBER = r"[0-9０-９一二两三四五六七八九十百千万零〇半]"
_ASKS = {
    Cue.DURATION: r"多久|几天|几日|多少天|多长|期限|时限|时间|什么时候|啥时候|何时|最晚|最迟"
    r"|哪天|几岁|年龄|多大|几个?(?:工作日|月|年|小时|周|星期)|多少(?:日|个月|年|小时)"
    rf"|{_english('how long', 'when', 'how many (?:day|month|year)', 'what age', 'deadline', 'valid')}",
    Cue.AMOUNT: r"多少(?!天|日|年|个月|小时)|几(?:倍|成|块|元|毛)|百分之|比例|标准|金额|数额|费用|收费"
    r"|上限|下限|额度|幅度|几分"
    rf"|{_english('how much', 'rate', 'fine', 'fee', 'cost', 'percent', 'amount')}",
    Cue.AUTHORITY: r"谁|哪个?(?:部门|单位|机关|机构|地方|里|儿|家)|找哪|归哪|去哪|上哪"
    r"|向哪|什么(?:部门|单位|机关|地方)|哪级"
    rf"|{_english('who', 'where', 'which (?:authority|department|office)')}",
    Cue.LIST: r"哪些|哪几|什么(?:材料|条件|情形|情况|手续|证件|资料)|啥(?:材料|条件|手续|证)|几种|带什么|带啥"
    r"|准备|材料|条件|流程|步骤"
    rf"|{_english('what document', 'condition', 'requirement', 'which')}",
    Cue.PENALTY: r"罚|处分|责任|会怎样|会怎么样|后果|判|坐牢|拘留|吊销|治(?:他|它|她)|赔"
    rf"|{_english('fined?', 'penalty', 'penaltie', 'punish(?:ed|ment)?')}",
    Cue.PERMISSION: r"能不能|可不可以|可以吗|行不行|行吗|成不|成吗|能吗|合法|合规|合理|违法|犯法"
    r"|允许|许不许|让不让|得不得|能这[样么]|能否|可否|是否"
    r"|[能让许准得]\S{0,12}(?:吗|不|么|嘛)[？?]?$|吗[？?]?$"
    rf"|{_english('can i', 'may i', 'allowed', '(?:il)?legal')}",
}
_HOLDS = {
    Cue.DURATION: rf"{_NUMBER}\s*个?(?:工作日|日|天|月|年|小时|周岁|周|季度|分钟)",
    Cue.AMOUNT: rf"{_NUMBER}\s*(?:元|倍|[%％‰]|分|平方米|毫升|米|公里)|百分之|千分之|万元",
    Cue.AUTHORITY: r"部门|机关|机构|中心|委员会|政府|法院|派出所|主管|办事处|协会|使馆|领馆|局",
    Cue.LIST: r"[:：]\s*\n?\s*[（(]一[）)]|(?:\n|^)\s*(?:[（(][一二三][）)]|[12][.．、])",
    Cue.PENALTY: r"罚款|处罚|责令|拘留|吊销|警告|没收|追究|法律责任|处分|赔偿",
    Cue.PERMISSION: r"不得|禁止|应当|可以|有权|严禁|无权",
}
_ASKS_PATTERNS = {cue: re.compile(pattern) for cue, pattern in _ASKS.items()}
_HOLDS_PATTERNS = {cue: re.compile(pattern) for cue, pattern in _HOLDS.items()}


def asked(question: str) -> Cue:
    """Return what a folded question asks for (see `Tokenizer.fold`)."""
    return _found(_ASKS_PATTERNS, question)


def held(text: str) -> Cue:
    """Return what a passage holds."""
    return _found(_HOLDS_PATTERNS, text)


def _found(patterns: dict[Cue, re.Pattern[str]], text: str) -> Cue:
    return reduce(or_, (cue for cue, pattern in patterns.items() if pattern.search(text)), Cue(0))
