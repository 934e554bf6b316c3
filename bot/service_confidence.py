"""How likely a service item is the one meant, and from where on its door is opened or it is asked for.

A multinomial logit over a few readable signals: the candidates and "none of them" share the probability, so
that two items on one thing (补领, 启用) that match about alike leave neither with enough to be opened, and
the citizen is asked. Weights and thresholds are learned by `wenzheng eval services --write` and
kept in `data/services.json`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.logistic import read_weights
from bot.turn import Turn
from knowledge_base.legal_effect import normalise_title
from knowledge_base.services.records import ServiceItem
from retrieval.services import ServiceHit

WEIGHTS_FILE = Path(__file__).parent / "data" / "services.json"
SIGNALS = (
    "second_cosine",
    "told_cosine",
    "lift",
    "lexical",
    "of_name",
    "terms_unsaid",
    "law_first",
    "law_found",
    "audience_shared",
    "audience_unmet",
    "act_unsaid",
    "asks_rule",
    "elsewhere",
    "elsewhere_here",
)
LOWER = frozenset(
    {"terms_unsaid", "audience_unmet", "act_unsaid", "asks_rule", "elsewhere", "elsewhere_here"}
)
"""Signals that speak against an item; the others speak for one, and no weight may say otherwise."""
MOST_OPTIONS = 3
LEAST_OF_OPTION = 0.03
_LAWS_SEEN = 3
_AUDIENCES = {
    "enterprise": r"企业|公司|单位|法人|厂|员工",
    "self_employed": r"个体|小店|摊|铺",
    "flexible": r"灵活就业|自由职业|没单位|没有单位|自己交",
    "disabled": r"残疾|残障|轮椅|失明|聋",
    "old": r"老人|老年|高龄|\d{2}岁|养老院|老爸|老妈|爷爷|奶奶",
    "child": r"新生儿|孩子|宝宝|婴儿|小孩|娃|儿童|出生",
    "student": r"学生|大学生|毕业|上学|入学",
    "veteran": r"退役|退伍|军人",
    "outsider": r"外地|外省|异地|非本地|外来|跨省",
    "pregnant": r"怀孕|生育|产妇|孕",
    "jobless": r"失业|下岗|被裁|没工作",
    "poor": r"低保|困难|特困|穷",
    "talent": r"人才|博士|硕士|研究生",
}
# What is done again, changed or ended is said so; who says nothing of it does it for the first time.
_ACTS = (
    (r"补领|补办|补发|遗失", r"补|丢|掉|遗失|不见|找不到|弄没|没了|偷|捡|沙发"),
    (r"换领|换证|换发|换补", r"换|到期|过期|坏|消磁|旧|升级|期满|裂|断"),
    (r"变更|更正", r"变更|改|换|变|搬|错|更正|转给"),
    (r"注销|终止|解除", r"销|不干|不开|不做|关|解|停|去世|走了|没了|死|还清|结清|清偿"),
    (r"启用|激活", r"激活|启用|开通|用不了|能用"),
    (r"延续|年审|审验|年度|复审|复核|签注|资格认证", r"续|到期|过期|审|每年|年|签|延|复|认证|人脸|活着"),
    (r"查询|打印", r"查|看|余额|进度|记录|明细|打印|证明|多少"),
    (r"转移|迁移|接续", r"转|迁|过户|换|搬|带|接|买卖"),
)
_ACT_PATTERNS = tuple((re.compile(named), re.compile(said)) for named, said in _ACTS)
# What the law says of a matter, which no service item does.
_RULES = re.compile(
    r"罚|合法|违法|犯法|允许|可不可以|能不能|不能|合不合|怎么处理|后果|会怎|标准|几天假|天数|多少天|打几折|最多|最高|一起拿|同时|冲突|百分之"
)
_ELSEWHERE = re.compile(r"异地|外地|外省|跨省|市外|转移|迁|落户|外来|随迁|居住证|零星")
_AUDIENCE_PATTERNS = {name: re.compile(pattern) for name, pattern in _AUDIENCES.items()}


def audiences(text: str) -> frozenset[str]:
    """Return whom a text speaks of."""
    return frozenset(name for name, pattern in _AUDIENCE_PATTERNS.items() if pattern.search(text))


def signals(turn: Turn, hit: ServiceHit, item: ServiceItem, *, asks_aspect: bool) -> tuple[float, ...]:
    """Return the signals of an item, in the order of `SIGNALS`.

    `elsewhere` says that the question names a place not served here, `elsewhere_here` that it does and the
    item is none of those that have to do with other places.
    """
    laws = {normalise_title(law.title) for law in item.by_law or ()}
    found = [normalise_title(each.chunk.document.meta.title) in laws for each in turn.evidence[:_LAWS_SEEN]]
    asked = audiences(turn.text)
    called = " ".join(filter(None, (item.task_name, *(item.aliases or ()))))
    held = audiences(" ".join((called, *(item.audience or ()), *(item.accept_condition or ()))))
    if "法人" in (item.serves or ()):
        held |= {"enterprise"}
    return (
        hit.second_cosine,
        hit.told_cosine,
        hit.lift,
        hit.lexical,
        hit.of_name,
        float(hit.terms_unsaid),
        float(any(found[:1])),
        float(any(found)),
        float(bool(asked & held)),
        float(len(asked - held)),
        float(_acts_unsaid(item.task_name or "", turn.text)),
        float(bool(_RULES.search(turn.text)) and not asks_aspect),
        float(bool(turn.unserved)),
        float(bool(turn.unserved) and not _ELSEWHERE.search(called)),
    )


def _acts_unsaid(name: str, text: str) -> int:
    """Return how many acts that an item is named by (补领, 变更, 注销) a question says nothing of."""
    return sum(named.search(name) is not None and said.search(text) is None for named, said in _ACT_PATTERNS)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done with candidates: open the one at `places[0]`, ask which of `places`, or neither."""

    opens: bool
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServiceConfidence:
    """The calibrated model.

    Attributes:
        weights: One per signal, in the order of `SIGNALS`.
        threshold: Probability from which on an item's door is opened.
        ask_from: Probability that it is any of the candidates from which on the citizen is asked which.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float
    ask_from: float

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "ServiceConfidence":
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        weights, numbers = read_weights(path, SIGNALS, ("bias", "threshold", "ask_from"), what="service")
        return cls(weights, *numbers)

    def of(self, candidates: Sequence[Sequence[float]]) -> list[float]:
        """Return for each candidate, given by its signals, the probability that it is the one meant.

        In [0, 1]; what is missing to 1 in all is the probability that none of them is.
        """
        logits = [
            self.bias + math.fsum(weight * value for weight, value in zip(self.weights, values, strict=True))
            for values in candidates
        ]
        highest = max([0.0, *logits])
        shares = [math.exp(logit - highest) for logit in logits]
        whole = math.fsum(shares) + math.exp(-highest)
        return [share / whole for share in shares]

    def choose(self, probabilities: Sequence[float]) -> Choice:
        """Return what to do with candidates of these probabilities."""
        order = sorted(range(len(probabilities)), key=lambda place: -probabilities[place])
        if order and probabilities[order[0]] >= self.threshold:
            return Choice(True, (order[0],))
        if math.fsum(probabilities) < self.ask_from:
            return Choice(False, ())
        return Choice(
            False, tuple(each for each in order[:MOST_OPTIONS] if probabilities[each] >= LEAST_OF_OPTION)
        )
