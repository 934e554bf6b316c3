"""Which field of a service item a question asks for: 要带什么, 多久, 多少钱, 去哪 …

The kinds of answer of `retrieval.cues` are the base; what is added is what they do not part: how long it
takes from how long it is valid, what it costs from what it pays, and how it is said in passing (要啥).
"""

import re
from collections.abc import Callable
from enum import StrEnum

from retrieval.cues import Cue
from retrieval.query import Query


class Aspect(StrEnum):
    """A field, or a few that are asked for together."""

    MATERIALS = "materials"
    TIME = "time"
    FEE = "fee"
    PLACE = "place"
    HOURS = "hours"
    ONLINE = "online"
    VISITS = "visits"
    WHO = "who"
    HOW = "how"
    PHONE = "phone"


_DO = (
    r"(?:办|申请|申领|领|弄|补|换|激活|启用|开|注销|查|交|缴|提|取|转|迁|登记|上户|落|预约|操作|认定|报|续|变更|改|搞|整"
    r"|鉴定|评|消|销|参加|并|挪|撤|解|备案|参保|过户|绑|上学)"
)
_YES_NO = r"(?:吗|不|么|嘛|没)"
_PHONE = re.compile(
    r"电话|热线|号码多少|咨询号码|打(?:给)?(?:哪|什么|几|谁)|找谁问|联系方式|怎么联系|咨询谁|问谁|phone|hotline"
)
_NOT_PHONE = re.compile(r"(?:电话|手机)号码?(?:变|改|换|丢|绑)|(?:换|改|变更)\S{0,3}(?:电话|手机)")
_HOURS = re.compile(
    r"几点|(?:什么时候|啥时候?)\S{0,4}(?:上班|下班|开门|关门)|上不上班|开不开门|周末"
    rf"|(?:上班|开门){_YES_NO}|(?:礼拜|星期|周)[一二三四五六天日]|节假日|午休|中午|营业(?!执照|证|额|前|范围)"
    r"|(?:办公|开放|服务)时间|开到|opening hour|weekend"
)
_VISITS = re.compile(
    r"[跑去到来]\S{0,4}[几多]少?(?:趟|次|回|遍)|[几多]少?(?:趟|次)(?:才|能|大厅|窗口)|几趟|几次$|跑腿|来回跑"
    r"|跑一[趟次]|(?<![第头])一次[能就]?办|亲自[去到跑]"
    r"|(?:要不要|用不用|需不需要|必须|非得|一定要|得|需要|可以不|能不)\S{0,4}(?:去|到|来)?(?:现场|大厅|窗口|本人到|亲自)"
    rf"|一定要去\S{{0,6}}{_YES_NO}|(?:要|得|用)\S{{0,6}}过去{_YES_NO}"
)
_ONLINE = re.compile(
    rf"(?:网上|线上|手机上?|app|小程序|支付宝|微信|在线|电脑上?|家里|远程)\S{{0,8}}(?:{_DO}|能|可以|行|{_YES_NO})"
    r"|(?:能|可以|支持|可不可以)\S{0,8}(?:网上|线上|手机|小程序|在线|网办|远程)|网办|足不出户|online"
    r"|不去(?:派出所|窗口|大厅|现场)|哪个?(?:平台|app|软件|网站)|(?:在|上)?哪(?:里|儿)?(?:能|可以)?(?:看|查)"
)
_CHARGES = r"收费|收钱|要钱|花钱|费用|工本费|手续费|登记费|收不收"
_COSTS = re.compile(
    rf"{_CHARGES}|要不要钱|费多少|免费(?:吗|不|么|嘛|办|$)|免不免费|花多少|收多少|收几"
    r"|多少块|要交多少|[几幾][钱錢]|几多钱|(?:^|\W)\S{0,4}收[吗不么]|fee|cost|free"
)
_FINE = re.compile(r"罚|被逮|被抓|违法|违规")
_DATE = re.compile(r"几号|哪天|哪几天|什么时候|啥时候|截止")
_PAYS = re.compile(
    r"免费(?:坐|乘|公交|的(?![吗不么嘛?？]|$))|(?<![补申换])领到?多少|补贴|津贴|补助|救助|发多少|拿多少|能拿|提多少|取多少|提取多少|报多少|报销|保险金|待遇|退休金|养老金"
    r"|工资|奖励|缴多少|每[年月](?:交|缴)|一[年月](?:交|缴)|保费|税|罚|低保金|抚恤|额度|最多|最高|档次|比例|标准是|里头?有?多少"
)
_WHERE = re.compile(
    r"(?:去|到|在|上|找)了?哪(?![些种天年个一])|(?:去|到|在|上)(?:什么|啥)地方|几楼|地址|地点|where"
    r"|哪[里儿](?:$|[开领换交])|哪个(?:所|窗口|大厅|点|派出所|中心|地方|部门|单位|医院|街道|楼)"
)
_MATERIALS = re.compile(
    r"(?:[要带交填拿备补递](?:些)?|需要|准备)(?:啥子?|什么|哪些|些啥)(?!时候|时间|条件|人|地方|流程|手续费)"
    rf"|(?:要|带|交|传)\S{{0,8}}(?:[证照本票卡单表]|(?<!预)约|证明|照片|合同|材料|图纸|体检|公证){_YES_NO}"
    r"|带不带|要不要带|要不要\S{0,4}(?:[证照本票卡单表]|证明|照片|合同|材料|图纸|体检)|几[张份寸]"
)
_NOT_MATERIALS = re.compile(
    r"材料(?:都)?(?:提交|交|递)(?:完|了|到|齐)|(?:提交|交|递)(?:完|了|到|齐)\S{0,8}材料|(?:变更|修改|更正|更新)\S{0,2}(?:资料|证件)|手续费|手续[几多]"
)
_NOT_TURNAROUND = re.compile(
    r"有效期|过期|到期|[管留]多久|能用多久|用几年|(?:领|发)(?:多久|几个?月|多长)|几年|多少年|多久(?:[交缴换审]|发(?!放?(?:下来|到手)?[？?。！!]?$))"
    r"|(?:(?<!申请)(?<!提交)(?<!受理)后|提前|超过|满|封|(?:住|交|缴|工作|结婚|干)[了满够到])\S{0,3}"
    r"(?:多久|几[天年个]|多少[天年]|多长)"
    r"|(?:多久|几天|多少天|几个?月|多长时间)(?:之?内|以内|前)|多久(?:可以|能)?[再重]"
)
_AT_ONCE = re.compile(
    r"当[天场]\S{0,6}(?:拿|取|办|出)|多久批|审批到头|几天(?:到|好|出|拿|批|弄)|多久(?:补|拿|办|批|审|发)得"
)
_HOW = re.compile(
    rf"(?:怎么|咋|如何|怎样|怎么样|咋样)(?:才能|去|自己|在网上|在手机上)?\S{{0,4}}{_DO}"
    r"|流程|步骤|程序是|怎么走|怎么整|咋整|怎么个办法|how (?:do|can|to)|procedure"
)
_BY_ONESELF = re.compile(
    rf"(?:自己|另外|主动|单独)去?(?:申请|申报|报名?|办){_YES_NO}|(?:要|需要|用)(?:不要|不用)?(?:提前)?预约"
)
_WHO = re.compile(
    r"条件|资格|谁(?:能|可以)|符合|够不够|我能|(?:能不能|可不可以)(?:申请|领|办|享受)|多大(?:年纪|岁)"
    rf"|(?:申请|领|办|享受)(?:得了|不了)?吗|(?:有|给)\S{{0,4}}(?:补助|补|钱){_YES_NO}"
    rf"|(?:能|可以|让)\S{{1,14}}{_YES_NO}[？?]?$|eligible|who can|qualify"
)
_GIVEN = re.compile(r"给不给|补不补|有没有\S{0,8}(?:补助|补贴|救助|救济|钱)|(?:什么|哪种|哪些|啥)人")


def aspect_of(query: Query) -> Aspect | None:
    """Return what of an item a question asks for; None where it names a matter only, or asks for no field."""
    return next((aspect for aspect, is_asked in _ASKED if is_asked(query.text, query.cues)), None)


def _is_phone(text: str, _cues: Cue) -> bool:
    return bool(_PHONE.search(text)) and not _NOT_PHONE.search(text)


def _is_online(text: str, cues: Cue) -> bool:
    asks_how = bool(_HOW.search(text)) and Cue.PERMISSION not in cues
    return bool(_ONLINE.search(text)) and not asks_how and not _DATE.search(text)


def _is_fee(text: str, cues: Cue) -> bool:
    if _FINE.search(text):
        return False
    return bool(_COSTS.search(text)) or (Cue.FEE in cues and not _PAYS.search(text))


def _is_materials(text: str, cues: Cue) -> bool:
    return (Cue.MATERIALS in cues or bool(_MATERIALS.search(text))) and not _NOT_MATERIALS.search(text)


def _is_time(text: str, cues: Cue) -> bool:
    return bool(_AT_ONCE.search(text)) or (Cue.TURNAROUND in cues and not _NOT_TURNAROUND.search(text))


def _is_how(text: str, cues: Cue) -> bool:
    return bool(_BY_ONESELF.search(text)) or (Cue.PROCEDURE in cues and bool(_HOW.search(text)))


def _is_who(text: str, cues: Cue) -> bool:
    return bool(_GIVEN.search(text)) or bool(cues & (Cue.CONDITION | Cue.PERMISSION) and _WHO.search(text))


# The first that fits is meant: 去哪交材料 asks where, 手续费 what it costs.
_ASKED: tuple[tuple[Aspect, Callable[[str, Cue], bool]], ...] = (
    (Aspect.PHONE, _is_phone),
    (Aspect.HOURS, lambda text, _: bool(_HOURS.search(text))),
    (Aspect.VISITS, lambda text, _: bool(_VISITS.search(text))),
    (Aspect.ONLINE, _is_online),
    (Aspect.FEE, _is_fee),
    (Aspect.PLACE, lambda text, _: bool(_WHERE.search(text))),
    (Aspect.MATERIALS, _is_materials),
    (Aspect.TIME, _is_time),
    (Aspect.HOW, _is_how),
    (Aspect.WHO, _is_who),
)


_ASKING = re.compile(
    r"我们?是(?:个人|企业|本市户籍|外地户籍)[，,]|(?:要|需要|用)?(?:提前)?预约(?:吗|不|吧)?|免费的?(?:吗|不)?$"
    r"|how (?:long|much)(?: does it take)?|any fees?|is it free|how do i apply"
    r"|what (?:documents|papers)(?: do i need)?"
    r"|where (?:do i go|is it)|which office|(?:can i do it )?online$|(?:能|可以)?上门(?:吗|不)?$"
    r"|(?:得|要|必须)?本人(?:去|来|到场)(?:吗|吧|不)?$|请问|您好|你好|一下|(?:要|需要|得)?(?:准备|带|交|拿|备齐?)(?:什么|啥|哪些|些什么|些啥)(?:材料|资料|证件|手续|东西)?"
    r"|(?:什么|哪些|啥)(?:材料|资料|证件|手续|东西)|(?:要|得)?(?:多久|几天|多长时间|多少天|几个工作日)(?:能|才能)?(?:办好|办完|办下来|拿到|下来|到账)?"
    r"|(?:要|收|花)?(?:多少钱|钱吗|费用)|收费吗?|(?:去|在|到|上)(?:哪里?|哪儿|什么地方)(?:去)?|几点(?:上班|下班|开门|关门)"
    r"|(?:能不能|可不可以|可以|能)?(?:在)?(?:网上|线上|手机上)(?:能|可以)?(?:办理?|申请|弄)?(?:吗|不|么)?|跑几(?:趟|次)|怎么(?:办理?|弄|申请)?|如何(?:办理?|申请)?"
    r"|(?:咨询)?电话(?:是)?(?:多少|什么)?|(?:有)?什么(?:条件|要求)|谁(?:能|可以)(?:办|申请)|流程|步骤"
)


_BENEFIT = re.compile(r"补贴|津贴|补助|救助|奖励|抚恤|保险金|保障金|待遇|养老金|低保|特困|贴息|返还")
_CHARGED_FOR_HANDLING = re.compile(rf"{_CHARGES}|免费|收[吗不么]|\bfees?\b|\bfree\b")


def pays(name: str) -> bool:
    """Tell whether an item of this name pays something out."""
    return bool(_BENEFIT.search(name))


def asks_cost(text: str) -> bool:
    """Tell whether a question asks what handling costs, and not how much there is of something."""
    return bool(_CHARGED_FOR_HANDLING.search(text))


def matter_of(text: str) -> str:
    """Return a folded question without the words that ask for a field; all of it where nothing is left."""
    return _rest(text) if names_a_matter(text) else text


def names_a_matter(text: str) -> bool:
    """Tell whether a folded question says what it is about; 那要多久 does not."""
    return sum(char.isalnum() for char in _rest(text)) >= 2


def _rest(text: str) -> str:
    return re.sub(r"[\s，。？！?!,.、]+", " ", _ASKING.sub(" ", text)).strip()
