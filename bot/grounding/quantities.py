"""Figures in a text, each with its unit and its bound, so that 80元, 80岁 and 80岁以上 are three things.

三十日, 30日 and 30天 are one; so are 二〇二六年 and 2026年, 百分之五 and 5%, 1.2万元 and 12000元. A Chinese
numeral counts only before a unit or in a fixed form: 一致 and 统一 hold no figure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.grounding.numerals import read_figure


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure.

    Attributes:
        kind: What it counts, in one spelling: `元`, `日`, `工作日`, `岁`, `%`, `日期`, `条款`, `文号`, …
        values: The number; two for a range, more for an enumeration. A date is year, month and day, with
            None for what is not said.
        bound: `>=`, `>`, `<=`, `<`, `后`, `前`, `起`, `止`, `约`, or nothing.
        start, end: Where it stands in the folded text, its bound included.
    """

    kind: str
    values: tuple[object, ...]
    bound: str
    start: int
    end: int

    @property
    def family(self) -> tuple[str, str]:
        """What it may be confused with: figures of one kind under one bound."""
        return self.kind, self.bound

    def __str__(self) -> str:
        return f"{self.bound}{'、'.join(map(_shown, self.values))}{self.kind}"


_ARABIC = r"\d+(?:[,，]\d{3})*(?:\.\d+)?[十百千万亿]{0,2}"
_CHINESE = r"(?:[零一二两三四五六七八九十百千万亿]+(?:点[零一二三四五六七八九]+)?|半)"
_N = rf"(?:{_ARABIC}|{_CHINESE})"
_TO = r"(?:至|到|-|~)"

_UNITS = {
    "元": "元|块钱|块(?!地|儿)",
    "工作日": "个?工作日",
    "日": "日(?!常|前夕)|天|个?自然日",
    "周": "周(?![岁年])|个?星期",
    "月": "个月",
    "年": "周年|年(?!龄|满|度|级|检|审|报|末|底|初|终|均|内新)",
    "小时": "个?小时|个?钟头",
    "分钟": "分钟",
    "秒": "秒",
    "季度": "个?季度",
    "学期": "个?学期",
    "岁": "周?岁",
    "平方米": "平方米|平米",
    "公里": "公里|千米",
    "厘米": "厘米",
    "米": "米",
    "毫米": "毫米",
    "公斤": "公斤|千克",
    "毫克": "毫克",
    "倍": "倍",
    "折": "折",
    "人": "人(?!民|事|口|员|工|才|均)|名(?!称|义|录|单|下|额)|位(?!于|置)",
    "户": "户(?!籍|口)",
    "次": "次(?!性|月|日|年|数)",
    "份": "份(?!额)",
    "张": "张",
    "套": "套(?!取)",
    "只": "只(?!有|能|要|需)",
    "件": "件(?!事)",
    "项": "项(?!目)",
    "种": "种",
    "类": "类(?!似|别)",
    "级": "级(?!别|以上政府)",
    "档": "档",
    "门": "门(?!诊|口|类)",
    "家": "家(?!庭|长|属|里|人)",
    "辆": "辆|台",
    "页": "页",
    "孩": "孩(?!子)",
    "笔": "笔",
    "期": "期(?!限|间|满|内|末)",
    "层": "层(?!级|次)",
    "栋": "栋|幢",
    "个": "个(?!人|体|性|别|税)",
}
_UNIT = "|".join(f"(?:{pattern})" for pattern in _UNITS.values())
_UNIT_PATTERNS = {kind: re.compile(rf"(?:{pattern})\Z") for kind, pattern in _UNITS.items()}
_MONEY_FACTORS = {"万": 10_000, "亿": 100_000_000}
_YEAR = r"(?:\d{4}|[一二][零一二三四五六七八九]{3})年度?"
_SHORT = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_DATE = (
    rf"(?:{_YEAR}(?:{_SHORT}月(?:份)?(?:{_SHORT}[日号])?)?"
    rf"|{_SHORT}月(?:份)?{_SHORT}[日号]|{_SHORT}月(?!\w?次)(?:份)?)"
)
_ISO = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
_CLOCK = (
    r"(?:上午|下午|晚上|早上|晚|早)?(?:\d{1,2}:\d{2}"
    rf"|{_SHORT}[时点](?!候|间|段|限|效|评|击|对)(?:{_SHORT}分|整|半)?)"
)

_FORMS = re.compile(
    rf"(?P<document>[一-鿿]{{1,8}}[〔\[（(]\d{{4}}[〕\]）)]第?\d+号)"
    rf"|(?P<number>第{_N}号)"
    rf"|(?P<place>第{_N}(?:条(?:之{_N})?|款|项|章|节|编|目))"
    rf"|(?P<ordinal>第{_N}(?:个?(?:{_UNIT}|月|年度|批|子女))?)"
    rf"|(?P<days>(?:{_ISO}|{_DATE})(?:{_TO}(?:{_ISO}|{_DATE}|{_SHORT}[日号]))?)"
    rf"|(?P<share>(?P<of>百|千|万)分之(?P<numerator>{_N})(?:{_TO}(?:(?:百|千|万)分之)?(?P<numerator_to>{_N}))?"
    rf"|(?P<percent>{_ARABIC})(?:[%‰]?{_TO}(?P<percent_to>{_ARABIC}))?(?P<sign>[%‰])|(?P<lower>{_N})分之(?P<upper>{_N}))"
    rf"|(?P<counted>(?P<low>{_N})(?P<low_unit>{_UNIT})?{_TO}(?P<high>{_N})(?P<range_unit>{_UNIT})"
    rf"|(?P<single>{_N})(?P<unit>{_UNIT}))"
    rf"|(?P<hours>{_CLOCK}(?:{_TO}(?:次日)?{_CLOCK})?)"
    rf"|(?P<plain>{_ARABIC}(?:{_TO}{_ARABIC})?)"
)
_RATE = re.compile(
    r"[每按](?:个|一)?(工作日|自然日|日|天|周|星期|月|季度?|年度?|学期|小时|次|人|户|证|平方米|件|只|名|套|孩|车|辆|张)"
)
_RATES = {"天": "日", "自然日": "日", "星期": "周", "季": "季度", "年度": "年", "名": "人"}
_NOT_A_FIGURE = re.compile(
    r"一(?:件事|次性|人一|户一|个人|家人|孩率)|万一|十分(?!之)|千万(?!元)|三甲|一二三|四舍五入|两免|双一流|五险一金"
)

_BEFORE = (
    (">=", r"(?:不少于|不低于|不小于|不短于|至少|最少|最低|年满|已满|(?<![不未])满|(?<!未)达到?|(?<!不)足)"),
    (
        "<=",
        r"(?:不超过|不得超过|不能超过|未超过|最多|至多|最高|最长|不高于|不多于|不大于|不得高于|不得多于|上限为?|控制在)",
    ),
    ("<", r"(?:不满|未满|不足|未达到|低于|少于|小于|不到)"),
    (">", r"(?<![不未得能])(?:超过|高于|多于|大于|超出|超)"),
    ("止", r"(?:截至|截止到?|至|到)"),
    ("约", r"(?:约|大约|近)"),
)
_AFTER = (
    (">=", r"(?:[（(]含[）)])?(?:以上|及以上)"),
    ("<=", r"(?:[（(]含[）)])?(?:及以下|以下|以内|之内|内)"),
    ("后", r"(?:以后|之后|后)"),
    ("前", r"(?:以前|之前|前)"),
    ("起", r"(?:起|开始)"),
    ("止", r"(?:为止|截止|止)"),
    ("约", r"(?:左右|上下)"),
)
_BEFORE_PATTERNS = tuple((bound, re.compile(pattern + r"(?:为|是|在)?\Z")) for bound, pattern in _BEFORE)
_AFTER_PATTERNS = tuple((bound, re.compile(pattern)) for bound, pattern in _AFTER)
# A term of 30 days ends within them, said or not.
_TERMS = frozenset({"日", "工作日", "小时", "分钟", "周", "月", "年", "公里"})
_DATED = frozenset({"日期", "时刻"})


def find_quantities(folded: str) -> tuple[Quantity, ...]:
    """Return the figures of a text that went through `numerals.fold_figures`, in order, none overlapping."""
    found = [*_figures(folded), *_rates(folded)]
    found.sort(key=lambda each: each.start)
    return tuple(_enumerations(_bounded(folded, found), folded))


def agrees(said: Quantity, source: Quantity) -> bool:
    """Tell whether a figure that is said is the source's; a date may leave out its year, or name an end."""
    if said.kind != source.kind:
        return False
    if said.kind != "日期":
        return said.values == source.values and said.bound == source.bound
    if len(said.values) == 1 and len(source.values) == 2 and said.bound in {"起", "止"}:
        return _same_day(said.values[0], source.values[said.bound == "止"])
    return (
        said.bound == source.bound
        and len(said.values) == len(source.values)
        and all(map(_same_day, said.values, source.values))
    )


def _same_day(said: object, source: object) -> bool:
    """Tell whether every part that is said is the source's, and the last part of it is said."""
    if not (isinstance(said, tuple) and isinstance(source, tuple)):
        return said == source
    *_, last = (place for place, part in enumerate(source) if part is not None)
    return said[last] is not None and all(a in (None, b) for a, b in zip(said, source, strict=True))


def _figures(text: str) -> Iterator[Quantity]:
    barred = [span.span() for span in _NOT_A_FIGURE.finditer(text)]
    at = 0
    while found := _FORMS.search(text, at):
        at = max(found.end(), at + 1)
        if any(start <= found.start() < end for start, end in barred):
            at = found.start() + 1
            continue
        try:
            yield _quantity(found)
        except (ValueError, ArithmeticError):
            continue


def _quantity(found: re.Match[str]) -> Quantity:
    groups = found.groupdict()
    name = next(each for each in _FORM_NAMES if groups[each] is not None)
    kind, values = _READERS[name](found[0], groups)
    return Quantity(kind, values, "", found.start(), found.end())


_Groups = dict[str, str | None]
_Read = tuple[str, tuple[object, ...]]


def _document(words: str, _: _Groups) -> _Read:
    letters, number = re.split(r"[〔\[（(]\d{4}[〕\]）)]第?", words)
    year = re.search(r"\d{4}", words)
    # Where the issuer's letters begin cannot be told from the words before; the last three do.
    return "文号", (letters[-3:], year[0] if year else "", number.removesuffix("号"))


def _numbered(words: str, _: _Groups) -> _Read:
    return "号", (read_figure(words[1:-1]),)


def _place(words: str, _: _Groups) -> _Read:
    parts = re.findall(rf"{_N}", words)
    level = re.sub(rf"第|之|{_N}", "", words)
    return f"条款{level}", tuple(map(read_figure, parts))


def _ordinal(words: str, _: _Groups) -> _Read:
    figure = re.match(_N, words[1:])
    if figure is None:
        raise ValueError(words)
    return f"第{words[1 + figure.end() :].removeprefix('个')}", (read_figure(figure[0]),)


def _days(words: str, _: _Groups) -> _Read:
    parts = [part for part in re.split(r"至|到|~|(?<=[年月日号])-", words) if part]
    first = _day(parts[0])
    if len(parts) == 1:
        return "日期", (first,)
    last = _day(parts[1])
    filled = tuple(b if b is not None else a for a, b in zip(first, last, strict=True))
    return "日期", (first, filled)


def _day(words: str) -> tuple[int | None, int | None, int | None]:
    iso = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", words)
    if iso:
        return int(iso[1]), int(iso[2]), int(iso[3])
    parts = re.fullmatch(r"(?:(.+?)年度?)?(?:(.+?)月(?:份)?)?(?:(.+?)[日号])?", words)
    if parts is None:
        raise ValueError(f"{words!r} is no date")
    year, month, day = (None if part is None else int(read_figure(part)) for part in parts.groups())
    return year, month, day


def _hours(words: str, _: _Groups) -> _Read:
    return "时刻", tuple(map(_minutes, re.split(rf"{_TO}(?:次日)?", words)))


def _minutes(words: str) -> int:
    parts = re.fullmatch(
        r"(\D*?)(\d{1,2}|[一二三四五六七八九十]+)[:时点](?:(\d{1,2}|[一二三四五六七八九十]+)分?|(半)|整)?",
        words,
    )
    if parts is None:
        raise ValueError(f"{words!r} is no time of day")
    hour = int(read_figure(parts[2]))
    if parts[1] in {"下午", "晚上", "晚"} and hour < 12:
        hour += 12
    minute = 30 if parts[4] else int(read_figure(parts[3])) if parts[3] else 0
    return hour * 60 + minute


def _share(_: str, groups: _Groups) -> _Read:
    if groups["lower"] and groups["upper"]:
        return "分之", (read_figure(groups["upper"]), read_figure(groups["lower"]))
    if groups["percent"]:
        per = 100 if groups["sign"] == "%" else 1000
        numbers = [groups["percent"], groups["percent_to"]]
    else:
        per = {"百": 100, "千": 1000, "万": 10_000}[groups["of"] or ""]
        numbers = [groups["numerator"], groups["numerator_to"]]
    return "%", tuple(read_figure(number) * 100 / per for number in numbers if number)


def _counted(_: str, groups: _Groups) -> _Read:
    if groups["single"]:
        return _kind(groups["unit"]), (read_figure(groups["single"]),)
    low, high = groups["low"] or "", groups["high"] or ""
    kind = _kind(groups["range_unit"])
    if groups["low_unit"] and _kind(groups["low_unit"]) != kind:
        raise ValueError("a range of two units")
    first, last = read_figure(low), read_figure(high)
    scale = re.search("[万亿]$", high)
    if scale and not re.search("[万亿]$", low) and not groups["low_unit"]:
        first *= _MONEY_FACTORS[scale[0]]  # 1至2万元
    return kind, (first, last)


def _plain(words: str, _: _Groups) -> _Read:
    return "数", tuple(map(read_figure, re.split(_TO, words)))


_READERS = {
    "document": _document,
    "number": _numbered,
    "place": _place,
    "ordinal": _ordinal,
    "days": _days,
    "hours": _hours,
    "share": _share,
    "counted": _counted,
    "plain": _plain,
}
_FORM_NAMES = tuple(_READERS)


def _kind(unit: str | None) -> str:
    return next(kind for kind, pattern in _UNIT_PATTERNS.items() if pattern.match(unit or ""))


def _rates(text: str) -> Iterator[Quantity]:
    for found in _RATE.finditer(text):
        per = _RATES.get(found[1], found[1])
        yield Quantity(f"每{per}", (), "", found.start(), found.end())


def _bounded(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Widen each figure by the words that bound it, never into the figure before."""
    floor = 0
    for place, each in enumerate(found):
        if each.kind.startswith(("每", "条款", "号", "文号")):
            yield each
            floor = each.end
            continue
        start, end, bounds = each.start, each.end, set[str]()
        before, ceiling = text[floor:start], found[place + 1].start if place + 1 < len(found) else len(text)
        for bound, pattern in _BEFORE_PATTERNS:
            if (word := pattern.search(before)) and (bound != "止" or each.kind in _DATED):
                start = floor + word.start()
                bounds.add(bound)
                break
        for bound, pattern in _AFTER_PATTERNS:
            word = pattern.match(text[end:ceiling])
            if word:
                end += word.end()
                bounds.add(bound)
                break
        if each.kind in _TERMS and bounds == {"<="}:
            bounds = set()
        yield replace(each, bound="".join(sorted(bounds)), start=start, end=end)
        floor = end


def _enumerations(found: Iterator[Quantity], text: str) -> Iterator[Quantity]:
    """Join 1000元、1500元、2000元 into one: what goes with which is said by their order."""
    held: Quantity | None = None
    for each in found:
        if (
            held
            and each.values
            and held.family == each.family
            and text[held.end : each.start] in {"、", "和", "或"}
        ):
            held = replace(held, values=(*held.values, *each.values), end=each.end)
            continue
        if held:
            yield held
        held = each
    if held:
        yield held


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join("?" if part is None else str(part) for part in value)
    return str(value)
