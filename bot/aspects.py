"""Which field of a service item a question asks for: 要带什么, 多久, 多少钱, 去哪 …

The kinds of answer of `retrieval.cues` come first; what is added is what they do not part: how long it takes
from how long it is valid, what it costs from what it pays.
"""

import re
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


_DO = r"办|申请|申领|领|弄|补|换|激活|启用|开|注销|查|交|缴|提|取|转|迁|登记|上户|落|预约|操作|认定|报销|报|续|变更|改|搞|整|鉴定|评"
# Each: what a question must say, and what it must not. In this order: the first that fits is meant.
_ONLINE = re.compile(
    rf"(?:网上|线上|手机上?|app|小程序|支付宝|微信|在线|电脑上?|家里)\S{{0,8}}(?:{_DO}|能|可以|行|吗|不)"
    r"|(?:能|可以|支持|可不可以)\S{0,8}(?:网上|线上|手机|小程序|在线|网办)|网办|不跑腿|足不出户|online",
)
_VISITS = re.compile(
    r"[跑去到来]\S{0,4}[几多]少?(?:趟|次|回|遍)|[几多]少?(?:趟|次)(?:才|能|大厅|窗口)|几趟|跑腿|来回跑|跑一[趟次]|一次[能就]?办"
    r"|(?:要不要|用不用|需不需要|必须|非得|一定要|得|需要|可以不|能不)\S{0,4}(?:去|到|来)?(?:现场|大厅|窗口|本人到|亲自)"
    r"|亲自[去到跑]"
)
_HOURS = re.compile(
    r"上班|下班|开门|关门|几点|周末|星期|周[一二三四五六日天]|节假日|午休|中午|营业|办公时间|开放时间|开到|放假"
    r"|opening hour|weekend"
)
_PHONE = re.compile(r"电话|热线|打(?:哪|什么|几)|找谁问|联系方式|怎么联系|咨询谁|问谁|phone|hotline")
_NOT_PHONE = re.compile(r"(?:电话|手机)号码?(?:变|改|换|丢|绑)|(?:换|改|变更)\S{0,3}(?:电话|手机)")
_PAYS = re.compile(
    r"领多少|领到?多少|补贴|津贴|补助|救助|发多少|拿多少|能拿|提多少|取多少|提取多少|报多少|报销|保险金|待遇|退休金|养老金|工资|"
    r"奖励|缴多少|每[年月](?:交|缴)|一[年月](?:交|缴)|保费|税|罚|低保金|抚恤|额度|最多|最高|档次|比例|标准是"
)
_COSTS = re.compile(r"收费|收钱|要钱|要不要钱|花钱|工本费|手续费|费用|免费|花多少|fee|cost|free")
_NOT_TURNAROUND = re.compile(
    r"有效期|过期|到期|管多久|能用多久|用几年|领(?:多久|几个?月|多长)|发(?:多久|几个?月)"
    r"|(?:后|之后|提前|超过|满|住|交|缴|工作|结婚|干)\S{0,3}(?:多久|几[天年个]|多少[天年]|多长)"
    r"|(?:多久|几天|多少天|几个?月|多长时间)(?:之?内|以内|前)|几年|多少年|多久[发交缴换审]|多久(?:可以|能)?[再重]"
)
_HOW = re.compile(
    rf"(?:怎么|咋|如何|怎样|怎么样|咋样)(?:才能|去|自己|在网上|在手机上)?\S{{0,4}}(?:{_DO})|流程|步骤|程序是|怎么走|怎么整|咋整|怎么个办法"
    r"|how (?:do|can|to)|procedure"
)
_WHO = re.compile(
    r"条件|资格|谁(?:能|可以)|(?:什么|哪些|哪种|啥)人|符合|够不够|我能|能不能(?:申请|领|办|享受)|可不可以(?:申请|领|办)"
    r"|(?:申请|领|办|享受)(?:得了|不了)?吗|eligible|who can|qualify"
)
_NOT_MATERIALS = re.compile(r"(?:变更|修改|更正|更新)\S{0,2}(?:资料|证件)")


def aspect_of(query: Query) -> Aspect | None:
    """Return what of an item a question asks for; None where it only names a matter, or asks something else."""
    text, cues = query.text, query.cues
    if Cue.MATERIALS in cues and not _NOT_MATERIALS.search(text):
        return Aspect.MATERIALS
    if Cue.FEE in cues and _is_fee(text):
        return Aspect.FEE
    if _HOURS.search(text) and cues & (Cue.SCHEDULE | Cue.PERMISSION | Cue.DURATION):
        return Aspect.HOURS
    if Cue.CONTACT in cues and _PHONE.search(text) and not _NOT_PHONE.search(text):
        return Aspect.PHONE
    if _VISITS.search(text):
        return Aspect.VISITS
    if _ONLINE.search(text) and not (_HOW.search(text) and Cue.PERMISSION not in cues):
        return Aspect.ONLINE
    if Cue.TURNAROUND in cues and not _NOT_TURNAROUND.search(text):
        return Aspect.TIME
    if Cue.PLACE in cues:
        return Aspect.PLACE
    if Cue.CONDITION in cues and _WHO.search(text):
        return Aspect.WHO
    if Cue.PROCEDURE in cues and _HOW.search(text):
        return Aspect.HOW
    return None


def _is_fee(text: str) -> bool:
    return bool(_COSTS.search(text)) or not _PAYS.search(text)


_ASKING = re.compile(
    r"请问|您好|你好|一下|(?:要|需要|得)?(?:准备|带|交|拿|备齐?)(?:什么|啥|哪些|些什么|些啥)(?:材料|资料|证件|手续|东西)?"
    r"|(?:什么|哪些|啥)(?:材料|资料|证件|手续|东西)|(?:要|得)?(?:多久|几天|多长时间|多少天|几个工作日)(?:能|才能)?(?:办好|办完|办下来|拿到|下来|到账)?"
    r"|(?:要|收|花)?(?:多少钱|钱吗|费用)|收费吗?|(?:去|在|到|上)(?:哪里?|哪儿|什么地方)(?:去)?|几点(?:上班|下班|开门|关门)"
    r"|(?:能不能|可不可以|可以|能)?(?:在)?(?:网上|线上|手机上)(?:办理?|申请|弄)?(?:吗|不)?|跑几(?:趟|次)|怎么(?:办理?|弄|申请)?|如何(?:办理?|申请)?"
    r"|(?:咨询)?电话(?:是)?(?:多少|什么)?|(?:有)?什么(?:条件|要求)|谁(?:能|可以)(?:办|申请)|流程|步骤"
)


def matter_of(text: str) -> str:
    """Return a folded question without the words that ask for a field; all of it where nothing else is left."""
    rest = re.sub(r"[\s，。？！?!,.、]+", " ", _ASKING.sub(" ", text)).strip()
    return rest if sum(char.isalnum() for char in rest) >= 2 else text
