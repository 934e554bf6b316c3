"""What is to be done with a thing: 补领 is not 激活, though both are done with a 社会保障卡."""

import re

_ACTIONS = {
    "obtain": r"申领|首次|新办|初次|第一次|设立|开办|新开|注册|成立|办个|办一张|办张|开个|领一张",
    "replace": r"补领|补办|补换|补证|补发|遗失|丢失|丢了|掉了|弄丢|不见了|找不到|没了|被偷|重新办|再办",
    "report_loss": r"(?<!补)挂失",
    "renew": r"换领|换证|换发|换新|到期|过期|期满|届满|延期|延续|续签|续期|续办|签注",
    "mend": r"损坏|坏了|磨损|消磁|刷不了|断了|折了|破损",
    "activate": r"激活|启用|开通",
    "cancel": r"注销|销户|撤销|关门|关掉|不干了|不开了|歇业|停业|倒闭|退出|解除|终止",
    "change": r"变更|修改|更正|改名|改成|改一下|更换|换成|换个|换法人|换地址",
    "look_up": r"查询|查一下|查查|查看|余额|进度|明细|打印|看一下|还剩",
    "draw": r"提取|支取|取出来?|取钱|提出来",
    "pay": r"缴费|缴纳|交费|续保|缴存|补缴|交社保|交钱|怎么交",
    "move": r"转移|接续|转出|转入|转到|转回|迁移|迁入|迁出|迁到|迁户|过户|落户|异地",
    "found": r"认定|鉴定|评定|评残|等级",
    "verify": r"资格认证|年审|年检|年报|复审|审验|刷脸",
    "refund": r"报销|结算|报账|直接结算",
    "borrow": r"贷款|借款|贷多少",
    "password": r"密码|重置",
    "appeal": r"投诉|举报|复议|申诉",
    "marry": r"结婚|领证",
    "divorce": r"离婚",
    "retire": r"退休",
    "birth": r"生育|出生|新生儿|上户|生孩子|生娃",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _ACTIONS.items()}


def actions(text: str) -> frozenset[str]:
    """Return what a text says is to be done; empty where it names the thing alone."""
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))
