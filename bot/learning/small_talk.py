"""What in a talk between a citizen and a person is no question and no answer."""

import re
from collections.abc import Iterable
from enum import StrEnum


class SmallTalk(StrEnum):
    """Kinds of lines that say nothing about a matter."""

    GREETING = "greeting"
    THANKS = "thanks"
    WAITING = "waiting"
    CLOSING = "closing"
    PERSON = "person"
    ACKNOWLEDGING = "acknowledging"


_RULES: dict[SmallTalk, re.Pattern[str]] = {
    SmallTalk.GREETING: re.compile(
        r"(?:您好|你好|早上好|上午好|下午好|晚上好|在吗|有人吗)(?:[呀啊哈])?|这里是[^，。！？]{0,16}"
        r"|我是[^，。！？]{0,8}(?:客服|坐席|工作人员)[^，。！？]{0,8}"
        r"|(?:请问)?(?:有)?什么(?:可以|能)(?:帮到?您|帮助您|为您服务)(?:的)?|很高兴为您服务"
    ),
    SmallTalk.THANKS: re.compile(
        r"(?:非常|太|多)?(?:谢谢|感谢|多谢)(?:您|你|了|啦|啊)*(?:的?(?:咨询|来电|理解|支持|等待))?|不客气|不用谢|辛苦了?"
    ),
    SmallTalk.WAITING: re.compile(
        r"(?:请|麻烦)?(?:您)?(?:稍等|等一下|等等|稍候|耐心等待)(?:一下|片刻)?"
        r"|(?:我|马上|正在)*(?:帮您|为您|给您)?(?:查|核实|问|看)一下|让我看看"
    ),
    SmallTalk.CLOSING: re.compile(
        r"再见|拜拜|祝您[^，。！？]{0,10}|(?:请问)?(?:您)?还有(?:其他|别的|什么)[^，。！？]{0,10}|没有了|没了|没事了?"
    ),
    SmallTalk.PERSON: re.compile(
        r"(?:我要)?(?:转|找|要)?人工(?:客服|服务)?|(?:我要)?(?:找|转)(?:个)?(?:人|客服)"
    ),
    SmallTalk.ACKNOWLEDGING: re.compile(r"好的?|嗯+|哦+|行|可以|知道了|明白了?|收到|对|是的|ok"),
}
_BETWEEN = re.compile(r"[\s，。！？、；：,.!?;:~…～]+")
_SAYS_SOMETHING = 2


def small_talk(line: str) -> SmallTalk | None:
    """Return the kind of a line that is nothing but small talk; None for one that says something."""
    kind: SmallTalk | None = None
    left = []
    for clause in filter(None, _BETWEEN.split(line.strip().lower())):
        found = next((each for each, rule in _RULES.items() if rule.fullmatch(clause)), None)
        kind = kind or found
        if found is None:
            left.append(clause)
    if kind is None and len("".join(left)) < _SAYS_SOMETHING:
        return SmallTalk.ACKNOWLEDGING
    return kind if not left else None


def matter_of(line: str) -> str:
    """Return a line without the clauses at its head and end that are small talk; empty for nothing else."""
    clauses = re.findall(r"[^，。！？!?；;\n]+[，。！？!?；;\n]*", line.strip())
    while clauses and small_talk(clauses[0]) is not None:
        clauses.pop(0)
    while clauses and small_talk(clauses[-1]) is not None:
        clauses.pop()
    return "".join(clauses).strip()


def said(lines: Iterable[str]) -> tuple[str, ...]:
    """Return what lines say about a matter, in order, without those that are small talk."""
    return tuple(filter(None, (matter_of(line) for line in lines)))
