"""How likely the best evidence is to answer the question, and from where on an answer is given.

A logistic model over a few readable signals. One score does not do: the best cosine of a question
nothing answers is hardly lower than that of one the documents do answer. Weights and threshold are
learned by `wenzheng eval calibrate` and kept in `data/confidence.json` with what they were learned from.
"""

import math
import re
from pathlib import Path
from typing import Self

from bot.logistic import LogisticModel
from bot.turn import Turn
from retrieval.cues import CUES, Cue, held
from retrieval.ranking import FEATURES

WEIGHTS_FILE = Path(__file__).parent / "data" / "confidence.json"
SIGNALS = (
    "dense",
    "best_span",
    "coverage",
    "coverage_of_three",
    "title_coverage",
    "document",
    "lead_over_second",
    "lead_over_fifth",
    "terms_missing",
    "share_of_terms_missing",
    "cues_met",
    "cues_unmet",
    "amount_unmet",
    "duration_unmet",
    "headed",
    "headed_otherwise",
    "topic",
    "unserved",
    "beyond_documents",
    "follow_up",
    "words",
    "characters",
)
_BEYOND_DOCUMENTS = re.compile(
    # the state of things right now
    r"今天|明天|昨天|刚刚|此刻|实时|这个月|排队|排到|叫号|余号|天气|下雨|气温|路况|堵车|中签率|摇号结果|均价|房价|股票|基金|汇率"
    r"|油价|票价|离我(?:最?近|多远)"
    # a person's own record or number
    r"|我的\S{0,8}(?:余额|进度|分数|记录|明细|状态|案子|案件)|(?:手机|微信|私人|住址)(?:号码?)?(?:是|多少|吗)"
    r"|身份证号|账号密码|(?:帮我|给我)?查(?:查|一下|下)我|帮我(?:查|看)"
    # opinions, forecasts, advice of another trade
    r"|你觉得|你认为|你喜欢|推荐|预测|会不会涨|哪家(?:好|强)|选谁|靠谱吗|什么病|吃什么药|怎么治|彩票|星座|算命"
    # work to be done by a machine
    r"|写一?[个首段篇份]|帮我写|作文|代码|编程|程序|python|java|翻译成|讲个?笑话|唱|做饭|菜谱|攻略|作业|方程",
)


def beyond_documents(question: str) -> bool:
    """Tell whether a question asks what no document holds: live data, a person's own record, an opinion."""
    return bool(_BEYOND_DOCUMENTS.search(question))


def signals(turn: Turn) -> tuple[float, ...]:
    """Return the signals of a turn with at least one piece of evidence, in the order of `SIGNALS`."""
    query, best = turn.query, turn.evidence[0]
    if query is None:
        raise ValueError("a turn is judged after it is rewritten")
    named = dict(zip(FEATURES, best.features, strict=True))
    scores = sorted((each.hit.score for each in turn.evidence), reverse=True)
    top_three = turn.evidence[:3]
    together = "".join(f"{each.chunk.document.meta.title}{each.text}" for each in top_three)
    covered = sum(word in together for word in query.words) / len(query.words) if query.words else 0.0
    own = f"{best.chunk.document.meta.title}{' '.join(best.chunk.draft.heading_path)}{best.text}"
    missing = sum(term not in own for term in query.terms)
    unmet = query.cues & ~held(best.text)
    return (
        named["dense"],
        named["best_span"],
        named["coverage"],
        covered,
        named["title_coverage"],
        named["document"],
        scores[0] - scores[min(1, len(scores) - 1)],
        scores[0] - scores[min(4, len(scores) - 1)],
        float(missing),
        missing / len(query.terms) if query.terms else 0.0,
        float(sum(1 for cue in CUES if cue in query.cues and cue not in unmet)),
        float(sum(1 for cue in CUES if cue in unmet)),
        float(Cue.AMOUNT in unmet),
        float(Cue.DURATION in unmet),
        named["headed"],
        named["headed_otherwise"],
        named["topic"],
        float(bool(turn.unserved)),
        float(beyond_documents(query.text)),
        float(bool(query.context)),
        math.log1p(len(query.words)),
        math.log1p(len(query.text)),
    )


class Confidence(LogisticModel):
    """How likely the evidence is to answer; from the threshold on an answer is given."""

    __slots__ = ()

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> Self:
        """Read the calibrated weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other signals.
        """
        return cls.read(path, SIGNALS, what="confidence")
