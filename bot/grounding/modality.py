"""What a text demands, allows, forbids, denies or limits: the words that must not be lost or added.

Words that say the same fall into one class (应当, 须 and 必须; 不得, 禁止 and 不能). A plain negation is
kept with the character it denies, so that 未就业 and 没有就业 are the same and 非本市 is another.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Modal:
    """A word of modality: its class, such as `必须` or `否定:就`, and where it stands."""

    sense: str
    start: int
    end: int


# What looks like one of the words below and is none.
_PLAIN = (
    r"不动产|不同意见|差不多|不仅|不论|不管|不分|不限于?|不可抗力|不锈钢|不断|不过|不良|不法|不便|不适|不再另行"
    r"|可能|可行|可靠|可见|认可|许可证?|可回收|可持续|供应|相应|反应|响应|适应|应用|应急|应届|应聘|对应|应缴|应发|应得|应付|应收"
    r"|需求|必需品?|急需|所需|要求|主要|重要|需要的材料|需要材料|必要|要素|纲要|摘要|只要|要点|能力|功能|性能|智能|技能|职能|能源|节能|机能"
    r"|免疫|免税店|减免|无论|没收|除了|解除|开除|除名|免除劳动|拆除|未来"
    r"|限额|限期|限于|期限|有限|权限|上限|下限|时限|年限|无障|禁养|禁燃|才能|人才|刚才|许可|停止|终止|中止|为止|截止|防止|首要"
)
_CLASSES = (
    ("无需", r"无需|无须|不需要?|不必|不用|毋须|用不着|免予提交|免提交|免于提交"),
    ("免", r"免予收取|免予|免收|免交|免缴|免除|免费|免征|免于|不收取?(?:任何)?(?:费用|费)?|不收费|(?<!避)免"),
    (
        "禁止",
        r"不得|禁止|严禁|不准|不允许|不许|不能|不可以?|不应当?|不该|不予(?:受理|办理|支持|批准)?|无权|限养(?=不)",
    ),
    ("可以", r"可以|可|能够?|允许|准许|有权|准予"),
    ("必须", r"应当|必须|应该|须|需要?|应|务必|一定要|得(?=先)|(?<![主重必首需])要(?!素|点|闻)"),
    (
        "仅",
        r"仅限?|只有|只能|只限|(?<![男女双对甲乙一各])方可|(?<![男女双对甲乙一各])方能|只(?=[可能限在有对])",
    ),
    ("均", r"一律|全部|都(?![市会])|任何|所有(?![人权者])|(?<![人平月年日户])均|凡是?"),
    ("或", r"或者|或|任一|之一"),
    ("除外", r"除[^，。；]{1,30}(?:以外|之外|外)|除外|另有规定|但书"),
    ("视为", r"视为|视同"),
)
_NEGATIONS = r"不属于|不是|并非|没有|尚未|从未|未曾|未|无|没|非|拒不|拒绝|拒|不|勿|莫"
_FORMS = re.compile(
    rf"(?P<plain>{_PLAIN})|"
    + "|".join(f"(?P<c{place}>{pattern})" for place, (_, pattern) in enumerate(_CLASSES))
    + rf"|(?P<negation>{_NEGATIONS})(?P<denied>[^，。；、：\s]?)"
)


def find_modals(text: str) -> tuple[Modal, ...]:
    """Return the words of modality in order, none overlapping."""
    return tuple(_modals(text))


def _modals(text: str) -> Iterator[Modal]:
    for found in _FORMS.finditer(text):
        if found["plain"]:
            continue
        if found["negation"]:
            yield Modal(f"否定:{found['denied']}", found.start(), found.start("denied"))
            continue
        place = next(place for place in range(len(_CLASSES)) if found[f"c{place}"])
        yield Modal(_CLASSES[place][0], found.start(), found.end())
