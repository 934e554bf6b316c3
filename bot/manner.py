"""How a line ties itself to what was said before, read from its words alone: 它, 那个, 呢, 说错了, 刚才."""

import re
from dataclasses import dataclass

_FILLERS = r"[\s，。、！？!?,.~…]*"
_CORRECTS = re.compile(
    rf"^{_FILLERS}(?:(?:哦|喔|啊|诶|哎|额|嗯)?{_FILLERS}(?:不是不是|不是|不对|唔係|错了|(?:说|打|讲|搞|写)错(?:了|字)?|no(?:pe)?\b|sorry))"
    rf"|(?:我)?(?:意思|说的|讲的|问的|指的|想问的)(?:其实)?(?:是|係)|我(?:是说|意思)|^{_FILLERS}(?:哦|喔)?不{_FILLERS}我"
    r"|^不问.{1,8}[，, ]*问|应该是|i mean(?:t)?\b",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    rf"^{_FILLERS}(?:不问|不是(?:问)?(?=.{{1,6}}(?:那个|的))).{{1,8}}?(?:那个)?[，, ]+(?:是|问)?"
)
_RETURNS = re.compile(
    r"刚才(?:说的?|问的?|讲的?)?|刚刚(?:说|问|讲|那)的?|刚[说问讲]的?|(?:前面|上面|之前|先前|一开始)(?:那(?!边)|说的?|问的?|的|讲的?)|^(?:再)?(?:回到|说回|回过头|接着(?:说|问)|还是说)"
    r"|(?:back to|earlier)\b",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"^那(?=[要得能可怎咋去多几在是有我他她还会需用该什])|^[它他她这](?!里)|[这那](?:个|种|事|些|玩意|东西|笔|件|项|钱|张|证|卡|补贴|政策)|上述|^(?:it|that|this|they)\b|\b(?:it|that)\b",
    re.IGNORECASE,
)
_SUBSTITUTES = re.compile(r"呢[?？!！。]*$|^(?:and|what about|how about)\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"我(?:孩子|儿子|女儿|爸|妈|爷爷|奶奶|姥|外公|外婆|老公|老婆|老伴|丈夫|妻子|爱人|哥|弟|姐|妹|家人|父|母|朋友|同事)"
    r"|^(?:她|他)|老[大二三](?=呢|也|能)|(?:宝宝|孩子|老人)呢"
)
_ORDINAL = re.compile(
    r"^(?:就|选|要)?第?(?P<place>[一二三四五六1-6])(?:个|项|条|种)?(?:吧|呗|那个)?$|第(?P<nth>[一二三四五六1-6])个"
)
_LAST = re.compile(r"最后(?:面)?(?:那)?一?个|最下面(?:那)?个?")
_MIDDLE = re.compile(r"中间(?:那)?个?")
_FIRST = re.compile(r"^(?:前面|上面|头)(?:那)?一?个$|最上面(?:那)?个?")
_DECLINES = re.compile(
    r"都不是|都不对|没有我(?:要|想)|以上都不|都不(?:太)?(?:合适|相关)|none of (?:them|these)|neither",
    re.IGNORECASE,
)
_PICKS = re.compile(r"(?:那个|的)(?:吧|呗|呀|啊)?[。！!]*$|^(?:就|选|是)(?=.)")
_DIGITS = {
    each: place for place, pair in enumerate(("一1", "二2", "三3", "四4", "五5", "六6")) for each in pair
}
_TIES = re.compile(
    rf"^{_FILLERS}(?:(?:好(?:的|吧)|哦|喔|嗯|对了|还有|另外|再问|顺便|请问|那么|就|先问下?|再|系|係){_FILLERS})+"
    r"|[那这](?:个|种|笔|件|项|张|玩意儿?|事儿?)|它|^个|那(?![边里儿])"
    r"|(?:呢|吧|呗|啊|呀|嘛|咧)?[?？!！。~…]*$"
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a line is tied to what came before.

    Attributes:
        rest: The line without the words that only tie it.
        corrects: It takes back what was said, 说错了.
        returns: It goes back to something from before, 刚才.
        refers: It points at something, 它, 那个.
        substitutes: It puts something else in the same question, 老人的呢.
        for_another: It asks for somebody of the family.
        picks: It sounds like a choice, 就那个租房的.
        ordinal: Which of the choices shown, counted from 0; -1 is the last.
        is_middle: The middle one of them is meant.
        declines: None of them is, 都不是.
    """

    rest: str
    corrects: bool = False
    returns: bool = False
    refers: bool = False
    substitutes: bool = False
    for_another: bool = False
    picks: bool = False
    ordinal: int | None = None
    is_middle: bool = False
    declines: bool = False


def read_manner(line: str) -> Manner:
    """Read a folded line."""
    bare = line.strip(" ，。,.!！?？")
    rest = _RETURNS.sub(" ", _CORRECTS.sub(" ", _REJECTED.sub(" ", line)))
    return Manner(
        rest=re.sub(r"\s+", " ", _TIES.sub(" ", rest.strip())).strip(" ，。,.!！?？、"),
        corrects=_CORRECTS.search(line) is not None,
        returns=_RETURNS.search(line) is not None,
        refers=_REFERS.search(line) is not None,
        substitutes=_SUBSTITUTES.search(line) is not None,
        for_another=_OTHERS.search(line) is not None,
        picks=_PICKS.search(bare) is not None,
        ordinal=_ordinal(bare),
        is_middle=_MIDDLE.search(bare) is not None,
        declines=_DECLINES.search(line) is not None,
    )


def _ordinal(line: str) -> int | None:
    if _LAST.search(line):
        return -1
    if _FIRST.search(line):
        return 0
    found = _ORDINAL.search(line)
    return _DIGITS[found["place"] or found["nth"]] if found else None
