"""What a citizen's words mean while a life event is under way: an answer, a tick, a wish to go on.

Read strictly: words that may be a question of their own are none of these, and the turn goes on as any other.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge_base.folding import fold
from knowledge_base.life_events.records import EventQuestion

SKIP_LABEL = "跳过这一题"


class Wish(StrEnum):
    """What is wanted of a life event, beside answering its question."""

    SKIP = "skip"
    BACK = "back"
    STOP = "stop"
    RESUME = "resume"
    RESTART = "restart"
    REMAINING = "remaining"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish and what it is about: the event to go on with, the step that is done; empty where not said."""

    wish: Wish
    about: str = ""


_END = r"[吧呢啊呀了的。！!~\s]*"
_ASKS = re.compile(
    r"[?？]|[吗么嘛]$|什么|怎么|咋|如何|多少|多久|几[天个次点]|哪|为啥|能不能|可不可以|是不是要"
)
_SKIP = re.compile(
    rf"(?:都不是|跳过(?:这[一个]?题|这个)?|不知道|不清楚|不确定|说不[清好]|下一[题个]|不想说){_END}"
)
_BACK = re.compile(rf"(?:返回|回到|改)?上一[题个](?:问题)?{_END}|(?:刚才)?(?:选|答|点)错{_END}|后退{_END}")
_STOP = re.compile(rf"(?:算了|退出|取消|先这样|以后再说|先?不(?:办|填|答|想答|选)了?){_END}")
_RESTART = re.compile(rf"(?:重新|从头)(?:回答|填写?|选|来|开始|再来)(?:问题|一遍|一次)?{_END}")
_RESUME = re.compile(
    rf"(?:我(?:要|想)|请|那)?(?:继续|接着|回到)(?:办理?|做|填|回答)?(?P<what>.{{0,30}}?){_END}"
)
_REMAINING = re.compile(
    r"(?:那|我|请问|现在)*(?:还(?:差|剩|缺|有)(?:下)?(?:哪些|什么|啥|几[件步项]|多少)(?:事情?|步骤?|手续)?(?:没|要|没有)?(?:办|做)?"
    r"|(?:还有)?(?:哪些|什么)(?:还)?没办|办到哪(?:里|一步|儿)?|(?:办理)?进度(?:怎么样|如何)?|(?:接下来|下一步)(?:该|要)?(?:办|做)(?:什么|啥|哪个))"
    r"[呢啊的了？?。\s]*"
)
_VERB = r"(?:办理?(?:好|完|妥|下来|成|过)|拿到(?:手)?|领到(?:手)?|领好|弄好|搞定|做好|完成)"
_DONE = re.compile(
    rf"(?:我|我们)?(?P<what>.{{0,40}}?)(?:我们?)?(?:已经|都|也|刚刚?|终于|今天|昨天)*{_VERB}{_END}"
    rf"|(?:我们?)?(?:已经|刚刚?|终于)*{_VERB}了?(?P<after>.{{1,40}}?){_END}"
)
_NOT_YET = re.compile(r"没|未|不|别|等|如果|要是|以后|之后|后")
_YES = re.compile(
    rf"(?:是|是的|对|对的|嗯|恩|有|有的|需要|要|要的|好|好的|可以|行|没错|当然|yes|y|ok)(?:是|有|要|需要)?{_END}"
)
_NO = re.compile(
    rf"(?:不|不是|不是的|没|没有|否|不需要|不用|不要|还?没有?呢|无|no|n|nope)(?:是|有|需要|要|用)?{_END}"
)
_SAYS_YES = re.compile(r"(?:是|有|需要|对|要)")
_SAYS_NO = re.compile(r"(?:不|没|无|否)")
_ORDINAL = re.compile(r"(?:选|第)?(?P<n>[1-9一二两三四五六七八九a-i])(?:个|项|条|种)?(?:选项)?")
_NUMERALS = {
    **{digit: at for at, digit in enumerate("123456789", start=1)},
    **{numeral: at for at, numeral in enumerate("一二三四五六七八九", start=1)},
    **{letter: at for at, letter in enumerate("abcdefghi", start=1)},
    "两": 2,
}
# What may stand around the words of an option: 应该是居民医保吧.
_FILLERS = re.compile(
    r"我们?家?|应该|大概|可能|好像|算是|就是|是|选|的|吧|呢|啊|参加|参了|交|他|她|孩子|妈妈|爸爸|老人|[，。,.！!\s]"
)
_ECHO = re.compile(r"[不没]|[是有都也就的]|我们?|至少|孩子|宝宝")
SHORTEST_ECHO = 2
_NOTES = re.compile(r"[（(].*?[）)]")


def read_answer(text: str, question: EventQuestion) -> str | None:
    """Return the value of the option that words choose; None where they choose none or several."""
    said = _bare(text)
    labels = {option.value: _bare(option.label) for option in question.options}
    exact = [value for value, label in labels.items() if said in (label, _bare(_NOTES.sub("", label)))]
    if len(exact) == 1:
        return exact[0]
    if _ASKS.search(said) or not said:
        return None
    return (
        _by_polarity(said, question)
        or _by_order(said, question)
        or _by_words(said, labels)
        or _by_echo(said, question)
    )


def _by_polarity(said: str, question: EventQuestion) -> str | None:
    """Return the one option that says yes, or the one that says no."""
    refuses = bool(_NO.fullmatch(said))
    if not refuses and not _YES.fullmatch(said):
        return None
    return _saying(question, no=refuses)


def _by_echo(said: str, question: EventQuestion) -> str | None:
    """Return what it means to say a question's own words again: 一方是云州户口, 都不是云州户口."""
    core = _ECHO.sub("", said)
    if len(core) < SHORTEST_ECHO or core not in _ECHO.sub("", _bare(question.text)):
        return None
    return _saying(question, no=bool(re.search(r"[不没]", said)))


def _saying(question: EventQuestion, *, no: bool) -> str | None:
    """Return the value of the one option that says no, or of the one that says yes."""
    negative = [each.value for each in question.options if _SAYS_NO.match(each.label)]
    chosen = (
        negative
        if no
        else [
            each.value
            for each in question.options
            if each.value not in negative and (each.value == "yes" or _SAYS_YES.match(each.label))
        ]
    )
    return chosen[0] if len(chosen) == 1 else None


def _by_order(said: str, question: EventQuestion) -> str | None:
    found = _ORDINAL.fullmatch(said)
    place = _NUMERALS[found["n"]] if found else 0
    return question.options[place - 1].value if 0 < place <= len(question.options) else None


def _by_words(said: str, labels: dict[str, str]) -> str | None:
    """Return the one option whose words are said, or that has the words said."""
    core = _FILLERS.sub("", said)
    if len(core) < 2:
        return None
    named = [
        value
        for value, label in labels.items()
        if (head := _core(label)) and head in core and len(core) <= len(head) + 4
    ]
    if not named:
        named = [value for value, label in labels.items() if core in _FILLERS.sub("", label)]
    return named[0] if len(named) == 1 else None


def _core(label: str) -> str:
    return _FILLERS.sub("", _NOTES.sub("", label))


def read_whole(text: str, question: EventQuestion) -> str | None:
    """Return what a tapped option says, question and label in one; the empty string skips it."""
    said, asked = _bare(text), _bare(question.text)
    if not said.startswith(asked):
        return None
    rest = said.removeprefix(asked)
    if rest == _bare(SKIP_LABEL):
        return ""
    return next((option.value for option in question.options if _bare(option.label) == rest), None)


def whole(question: EventQuestion, label: str) -> str:
    """Return what tapping an option says: it stays clear which question it answers, however late it is."""
    return f"{question.text}{label}"


def read_wish(text: str, *, asking: bool) -> Wanted | None:
    """Return what is wanted of a life event; None for nothing of it.

    Args:
        asking: Whether a question waits for an answer; some wishes make sense only then.
    """
    said = _bare(text)
    if asking:
        for pattern, wish in ((_SKIP, Wish.SKIP), (_BACK, Wish.BACK), (_STOP, Wish.STOP)):
            if pattern.fullmatch(said):
                return Wanted(wish)
    if _RESTART.fullmatch(said):
        return Wanted(Wish.RESTART)
    if _REMAINING.fullmatch(said):
        return Wanted(Wish.REMAINING)
    if found := _RESUME.fullmatch(said):
        return Wanted(Wish.RESUME, re.sub(r"(?:的)?(?:一件事|手续|事情?)$", "", found["what"]))
    done = _DONE.fullmatch(said)
    if done is None or _ASKS.search(said) or _NOT_YET.search(said):
        return None
    return Wanted(Wish.DONE, (done["what"] or done["after"] or "").strip('，, 把“”"'))


def _bare(text: str) -> str:
    """Return words as they are compared: folded, without punctuation at the ends and blanks."""
    return re.sub(r"\s+", "", fold(text)).strip("。.,，!！~、;；")
