"""What kind of answer a question wants, and what kinds a passage holds or its heading names.

Each kind is a bit. A guide writes 办理时限, 收费标准, 咨询电话 over its parts; a regulation says it in
the words of the 条 alone. Cues steer ranking and the choice of sentences; none of them decides alone.
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
    SCHEDULE = 64
    FEE = 128
    MATERIALS = 256
    CONDITION = 512
    PROCEDURE = 1024
    PLACE = 2048
    CONTACT = 4096
    VALIDITY = 8192
    TURNAROUND = 16384


CUES = tuple(Cue)


def _english(*phrases: str) -> str:
    """Match whole words, one or more of them, in folded text that may be Chinese around them."""
    return rf"(?<![a-z])(?:{'|'.join(phrases)})s?(?![a-z])"


_NUMBER = r"[0-9０-９一二两三四五六七八九十百千万零〇半]"
_ASKS = {
    Cue.DURATION: r"多久|几天|几日|多少天|多长|期限|时限|最晚|最迟|多快"
    r"|几岁|年龄|多大(?:年纪|岁)|几个?(?:工作日|月|年|小时|周|星期)|多少(?:日|个月|年|小时|岁)"
    rf"|{_english('how long', 'how many (?:day|month|year)', 'what age', 'deadline', 'valid')}",
    Cue.AMOUNT: r"多少(?!天|日|年|个月|小时)|多[大高重](?!年纪|岁)|几(?:倍|成|块|元|毛)"
    r"|百分之|比例|标准|金额|数额|费用|收费|上限|下限|额度|幅度|几分"
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
    Cue.SCHEDULE: r"什么时候|啥时候?|何时|哪天|哪个月|几号|几点|几月|截止|开始|时间|日期"
    r"|周[一二三四五六日末天]|星期|节假日|上班|下班|最晚|最迟|多久发"
    rf"|{_english('when', 'opening hour', 'deadline', 'what date', 'what time', 'weekend')}",
    Cue.FEE: r"多少钱|要钱|交钱|花钱|付钱|收费|收钱|免费|费用|工本费|手续费|押金|税"
    rf"|{_english('fee', 'cost', 'free', 'charge', 'tax', 'taxe', 'price', 'pay')}",
    Cue.MATERIALS: r"材料|资料|证件|手续|[带拿备][些]?(?:什么|啥|哪些|齐)|什么证|啥证|准备(?:什么|啥|些|哪些)"
    rf"|{_english('document', 'paper', 'bring', 'material')}",
    Cue.CONDITION: r"条件|资格|要求|对象|谁(?:能|可以)|(?:什么|哪些|哪种|啥)人|够不够|算不算"
    r"|能不能(?:申请|领|办|享受)|符合|享受|怎样才|怎么才能|满多少"
    rf"|{_english('eligible', 'qualify', 'condition', 'requirement', 'who can')}",
    Cue.PROCEDURE: r"怎么|怎样|如何|咋|流程|步骤|程序|方式|渠道|办理|申请|网上"
    rf"|{_english('how (?:do|can|to)', 'apply', 'application', 'procedure', 'register', 'step')}",
    Cue.PLACE: r"[在去上到](?:哪|什么地方)|哪(?:里|儿)|地址|地点|窗口|什么地方|哪个(?:大厅|窗口|派出所)"
    rf"|{_english('where', 'address', 'office', 'location')}",
    Cue.CONTACT: r"电话|号码|联系|热线|咨询|找谁问|打几"
    rf"|{_english('phone', 'telephone', 'call', 'contact', 'hotline')}",
    Cue.VALIDITY: r"有效期|过期|到期|几年|多少年|管多久|能用多久|长期有效|多久(?:换|审|年检)"
    rf"|{_english('valid', 'validity', 'expire', 'renew')}",
    Cue.TURNAROUND: r"几天|多少天|几个工作日|多久|多长时间|多快|几时能|等多长"
    rf"|{_english('how long', 'how many day', 'how soon', 'how fast')}",
}
_HOLDS = {
    Cue.DURATION: rf"{_NUMBER}\s*个?(?:工作日|日|天|月|年|小时|周岁|周|季度|分钟)",
    Cue.AMOUNT: rf"{_NUMBER}\s*(?:元|倍|[%％‰]|分|平方米|毫升|米|公里)|百分之|千分之|万元",
    Cue.AUTHORITY: r"部门|机关|机构|中心|委员会|政府|法院|派出所|主管|办事处|协会|使馆|领馆|局",
    Cue.LIST: r"[:：]\s*\n?\s*[（(]一[）)]|(?:\n|^)\s*(?:[（(][一二三][）)]|[12][.．、])",
    Cue.PENALTY: r"罚款|处罚|责令|拘留|吊销|警告|没收|追究|法律责任|处分|赔偿",
    Cue.PERMISSION: r"不得|禁止|应当|可以|有权|严禁|无权",
    Cue.SCHEDULE: rf"每[年月周季]|{_NUMBER}月(?:{_NUMBER}+日|底|初)?|周[一二三四五六日]|星期|{_NUMBER}时"
    r"|上午|下午|截止|期间|(?:当|次)(?:日|月|年)",
    Cue.FEE: rf"免费|不收|收费|工本费|费用|押金|税|{_NUMBER}\s*元",
    Cue.MATERIALS: r"身份证|户口簿|申请[表书]|复印件|原件|证明|照片|材料|合同|发票|执照",
    Cue.CONDITION: rf"符合|具备|具有|条件|满{_NUMBER}|下列情形|以上的|对象",
    Cue.PROCEDURE: r"申请|提交|受理|登录|预约|审核|办理|填写|小程序|平台",
    Cue.PLACE: rf"大厅|窗口|路{_NUMBER}+号|服务中心|网点|派出所|经办机构|登记机关|所在地",
    Cue.CONTACT: r"\d{3,4}[-—－]\d{7,8}|电话|热线|12345|12333",
    Cue.VALIDITY: r"有效期|期满|届满|长期有效|有效",
    Cue.TURNAROUND: rf"{_NUMBER}个?(?:工作日|日内|日之?内|日办结)|当场|即时|当天|半日|即办",
}
_HEADS = {
    Cue.DURATION: r"时限|(?<!有效)期限|年限|天数|时长|周期",
    Cue.AMOUNT: r"标准|金额|额度|数额|比例|档次|基数|面积|限额",
    Cue.AUTHORITY: r"机构|部门|主体|职责|管理体制",
    Cue.PENALTY: r"法律责任|罚则|处罚|违规",
    Cue.PERMISSION: r"禁止|行为规范|使用规定",
    Cue.SCHEDULE: r"时间|日期|日程|集中.{0,2}期",
    Cue.FEE: r"收费|费用|免费|税费|契税|增值税|缴费(?:标准|档次|基数)",
    Cue.MATERIALS: r"材料|证件|资料",
    Cue.CONDITION: r"条件|对象|范围|资格|人员$|适用",
    Cue.PROCEDURE: r"流程|程序|方式|渠道|步骤|申领|申报|申请|补办",
    Cue.PLACE: r"地点|地址|窗口|网点|医院",
    Cue.CONTACT: r"电话|咨询|联系",
    Cue.VALIDITY: r"有效期|复审|年审|换领|续",
    Cue.TURNAROUND: r"办理时限|审批时限|办结|时限",
}
_ASKS_PATTERNS = {cue: re.compile(pattern) for cue, pattern in _ASKS.items()}
_HOLDS_PATTERNS = {cue: re.compile(pattern) for cue, pattern in _HOLDS.items()}
_HEADS_PATTERNS = {cue: re.compile(pattern) for cue, pattern in _HEADS.items()}


def asked(question: str) -> Cue:
    """Return what a folded question asks for (see `Tokenizer.fold`)."""
    return _found(_ASKS_PATTERNS, question)


def held(text: str) -> Cue:
    """Return what a passage holds."""
    return _found(_HOLDS_PATTERNS, text)


def headed(heading: str) -> Cue:
    """Return what a heading announces, `办理时限` a duration; 0 for one that names the matter only."""
    return _found(_HEADS_PATTERNS, heading)


def _found(patterns: dict[Cue, re.Pattern[str]], text: str) -> Cue:
    return reduce(or_, (cue for cue, pattern in patterns.items() if pattern.search(text)), Cue(0))
