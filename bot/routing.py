"""What a question wants: a rule, a service, one's own record, to complain, a person, help at once, a chat.

Emergencies and the wish for a person are told by patterns, before anything is searched. The rest is a linear
model over the question's vector, which the search has made already, and a few cues in its words. It is learned
by `wenzheng eval routes --write` and kept in `data/routes.json` with what it was learned from.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.confidence import beyond_documents
from bot.routes import Route, RouteGuess
from knowledge_base.blocking.variants import visible_units
from knowledge_base.errors import SettingsError
from retrieval.contracts import Vectors

WEIGHTS_FILE = Path(__file__).parent / "data" / "routes.json"


_PERSON = re.compile(
    r"(?:转|转接|接|转到|换|找|叫|要|给我|给|联系|连线|接通|呼叫|请|需要|喊|有没有|有冇|有|让|帮我|安排|想问|直接问|想跟|我跟|不要机器人){1,4}"
    r"(?:一下|一个|个|到|我|您|你们|们|那边|的){0,3}(?:真|活|活的|大|办事)?(?:人工|真人|活人|客服|专员|专人|坐席|座席|接线员?|工作人员|人员|办事员|值班员)"
    r"(?!智能|费|成本|授精|流产|湖|耳蜗|影响|增雨|造|繁育|养殖|养|降|林|商品|材料)"
    r"|(?:找|叫|让|请|要见|见|换)(?:一下|你们?|您|个|的){0,2}(?:负责人|主管|领导|管事的)(?:来|出来|$|说|讲|接)"
    r"|^(?:真|在线)?(?:人工|真人|客服)+(?:客服|服务|坐席|座席|台|在吗|在不在|在么|有吗|有没有|回复|怎么(?:接|转|找|联系).{0,4}|麻烦接一下|吧|呀|啊|呢|人员呢|人员)?$"
    r"|(?:跟|和|同|与)(?:真正的?|一个真实的|真实的|真|活|工作|客服|窗口的?|值班的?)?(?:人|真人|人员|人工|客服)(?:员)?(?:说|聊|讲|谈|对话|沟通|通话|倾)"
    r"|(?:不想|不要|别|讨厌)(?:再)?(?:跟|和|用|给我)?(?:机器人|机器|自动回复)|(?:你是)?机器人?.{0,4}(?:我要|叫人|换人|找人|转人)|换(?:个)?人(?:来|回答|$|工)|转(?:个)?人(?:工|$)|叫(?:个)?人来|给我转人"
    r"|(?:找|安排|换|让|有)(?:一?个|位)?(?:真)?人(?:来|回(?:答|复|我)|教我|帮我|跟我|讲讲|给我|和我|讲)|人工$|转人|^转.{0,2}人工"
    r"|(?:zhuan)?rengong|kefu|转(?:任工|人功|人公)"
)
_PERSON_EN = re.compile(
    r"\b(?:real|live|actual)\s+(?:person|human|agent|people)|\bhuman\s*(?:please|agent|being|support|help)?\s*[.!?]*$"
    r"|\b(?:talk|speak|chat|connect(?:\s+me)?|transfer(?:\s+me)?)\s+(?:to|with)\s+(?:an?\s+|the\s+|your\s+)?(?:someone|somebody|human|person|agent|staff|operator|representative|customer\s+service|official)"
)
# A person is wanted, and nothing else, when the words say little more.
_PERSON_UNITS = 26
_CUES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "handling": r"怎么办|咋办|如何办|办理|申请|申领|申报|补办|补领|换领|换证|续签|注销|报名|预约|登记|备案|转移|变更|过户|迁移|开具|领证|年检|年报|刻章|手续|流程|步骤|程序|材料|证件|带什么|带哪些|要带|准备|窗口|大厅|网上|线上|手机上|在哪|哪里|去哪|哪个部门|几点|上班|下班|周末|要跑|几天能|工作日|自助|怎么弄|怎么搞|怎么开|怎么交|怎么提",
        "rule": r"标准|多少|几个月|几天|几岁|几年|最高|最低|最多|上限|限额|比例|条件|规定|政策|合法|违法|违反|犯法|处罚|怎么罚|罚|赔|补偿|责任|可以吗|能不能|可不可以|能.{1,12}吗|可以.{1,12}吗|算不算|算.{0,4}工伤|有没有.{0,6}(?:补贴|津贴|规定|假|优惠)|补贴|津贴|待遇|优惠|免费|扣几分|判几年|影响|依据|允许|吗$",
        "own": r"我(?:的|家的?|老公的?|老婆的?|妈的?|爸的?|孩子的?|儿子的?|女儿的?|公司的?|店的?|单位|名下|那个|上个月|上次|这个月|这半年|之前|有没有|是不是|还|约的|贷的|申请的|提交的|预约的|一共|欠|断缴|去年|现在)|帮我(?:查|看)|查(?:一下|下|查)?我|看看我|我.{0,8}(?:了没|了吗|没有$|没$)",
        "record": r"余额|进度|到账|批下来|审批|审核|通过了|办好|办到|制好|出来没|出来了|批了|打到卡|缴费记录|明细|缴了|交了多少|缴满|几分|违章|罚单|欠了|欠多少|欠税|还剩|还有多少|有多少|状态|结果|编号|档案|中签|排到|轮到|多少分|正常|是多少|查一下|信用记录|失信|什么时候能(?:取|领)|处理得怎|到哪|受理号|办件",
        "complaint": r"投诉|举报|检举|揭发|反映|反应|申诉|申訴|维权|建议|提议|建言|希望|盼|意见|没人管|没人修|没人处理|管不管|扰民|太差|态度|乱收|坏了|堵了|坏掉|臭|吵|噪|拖欠|跑路|不退|不认账|不作为|推来推去|踢皮球|不盖章|偷排|排污|贪污|侵吞|违建|违法搭建|占道|占用|占着|拒载|绕路|太慢|太低|太长|不合理|太难用|闪退|不办事|赶紧派|怎么举报|找谁",
        "person": r"人工|真人|活人|客服|接线|工作人员|坐席|座席|专员|机器人|换人|换个人|叫人|跟人|和人|转人",
        "chat": r"你好|您好|谢|再见|拜拜|早安|早上好|晚安|下午好|辛苦|在吗|你是谁|你叫|你会|你能|你是|你多大|你几岁|哈哈|嘻嘻|呵呵|聪明|好的|好吧|好嘞|知道了|知道啦|明白|收到|懂了|不用了|打扰|快乐|开心|心情|陪我|无聊|测试|hello|hi$|hey|thank|bye|goodmorning|whoareyou",
        "trade": r"天气|下雨|怎么做$|做法|好吃|好看|电影|电视剧|小说|股|基金|彩票|双色球|乐透|星座|运势|翻译|翻成|写(?:一|个|份|首|段|篇)|帮我写|作文|诗|笑话|段子|唱|减肥|瘦|女朋友|追女|手机|电脑|蓝屏|微信|汇率|日元|美元|机票|火车票|高铁票|比赛|世界杯|游戏|python|java|方程|平方|数学|语文|英语|六级|作者|朝|恐龙|太阳|黑洞|宠物|猫|养花|修剪|梦见|梦到|起名|取个名|去哪玩|旅游|酒店|weather|poem|joke|recipe|cook|recommend|movie|game",
        "question_mark": r"吗$|呢$|什么|怎么|多少|哪|几|如何|谁|吗",
        "english": r"^[a-z0-9]+$",
    }.items()
}
SHORT_UNITS = 4
CUE_NAMES = (*_CUES, "beyond_documents", "short", "length")


def wants_person(text: str) -> bool:
    """Tell whether a question asks for a person, and for nothing else."""
    units = visible_units(text)
    if len(units) <= _PERSON_UNITS and _PERSON.search(units):
        return not _CUES["handling"].search(re.sub(r"在哪|怎么(?:联系|找|转|接)", "", units))
    return bool(_PERSON_EN.search(text.lower()))


def asks_something(text: str) -> bool:
    """Tell whether words are about a rule or about getting something done."""
    units = visible_units(text)
    return any(_CUES[cue].search(units) for cue in ("handling", "rule"))


def cues_of(text: str) -> NDArray[np.float32]:
    """Return the cues in a question's words, in the order of `CUE_NAMES`."""
    units = visible_units(text)
    found = [float(bool(cue.search(units))) for cue in _CUES.values()]
    found += [float(beyond_documents(text)), float(len(units) <= SHORT_UNITS), math.log1p(len(units)) / 4]
    return np.array(found, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Router:
    """The learned model.

    Attributes:
        encoder: Fingerprint of the encoder whose vectors it was learned from; it knows no others.
        centre: Mean of the questions it was learned from, float32 of shape (dim,).
        vector_weights: float32 of shape (len(Route), dim).
        cue_weights: float32 of shape (len(Route), len(CUE_NAMES)).
        bias: float32 of shape (len(Route),).
    """

    encoder: str
    centre: Vectors
    vector_weights: Vectors
    cue_weights: Vectors
    bias: Vectors

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "Router":
        """Read the learned weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other routes or cues.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            routes, cues = list(kept["routes"]), list(kept["cues"])
            arrays = [np.array(kept[name], dtype=np.float32) for name in _ARRAYS]
            router = cls(str(kept["encoder"]), *arrays)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"route weights {path} cannot be read: {error}") from error
        if routes != list(Route) or cues != list(CUE_NAMES):
            raise SettingsError(f"route weights {path} are for routes {routes} and cues {cues}")
        shapes = [array.shape for array in arrays]
        dim = router.centre.size
        if shapes != [(dim,), (len(routes), dim), (len(routes), len(cues)), (len(routes),)]:
            raise SettingsError(f"route weights {path} have the shapes {shapes}")
        return router

    def kept(self) -> dict[str, object]:
        """Return what `load` reads."""
        arrays = {name: np.round(getattr(self, name), 4).tolist() for name in _ARRAYS}
        return {"encoder": self.encoder, "routes": list(Route), "cues": list(CUE_NAMES), **arrays}

    def probabilities(self, text: str, vector: Vectors) -> Vectors:
        """Return how likely each route is, in the order of `Route`, of a question with this vector."""
        logits = self.vector_weights @ (vector - self.centre) + self.cue_weights @ cues_of(text) + self.bias
        likely = np.exp(logits - logits.max())
        return np.asarray(likely / likely.sum(), dtype=np.float32)

    def guess(self, text: str, vector: Vectors) -> RouteGuess:
        """Return the likeliest route."""
        likely = self.probabilities(text, vector)
        best = int(likely.argmax())
        return RouteGuess(tuple(Route)[best], float(likely[best]))


_ARRAYS = ("centre", "vector_weights", "cue_weights", "bias")
