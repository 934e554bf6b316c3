"""The fixed words of the service, in one place so that operators can have them changed."""

from collections.abc import Mapping

from bot.identity import Identity
from knowledge_base.records import NATIONAL, Chunk

NO_ANSWER = "这个问题，我在现行有效的文件里没有找到可靠的依据，不能随意回答。"
NO_ANSWER_REGION = "我这里没有{place}的地方文件，只能查到全国统一的规定，没有找到能回答这个问题的条文。"
CLOSEST = "内容最接近的文件（仅供参考，未必回答您的问题）："
HOTLINE = "您可以拨打政务服务便民热线 {hotline}（24 小时），由工作人员为您查询。"
ASK_REGION = "这件事各地规定不同，全国没有统一的规定。请选择您所在的地区："
ASK_REGION_WITHIN = "{place}没有这方面的统一规定，下列地方有自己的规定。请选择您所在的地区："
REST_OF = "{place}其他地方"
DIFFERS = "以上是{scope}的规定。{regions}另有规定，选择您所在的地区可以查看。"
RELATED = "相关规定："
CURATED = "以下是人工整理的问答，由工作人员根据下列文件编写，不是文件原文："
CURATED_SOURCE = "依据"
ASK_SERVICE = "您要办的是下面哪一件？请选择，也可以换个说法再问："
ASK_SIDE: Mapping[tuple[Identity, Identity], str] = {
    (Identity.PERSON, Identity.ENTERPRISE): "个人和企业办的不是同一件。您是个人，还是企业、单位？",
    (Identity.LOCAL, Identity.OUTSIDER): "本市户籍和外地户籍办的不是同一件。您的户籍在本市吗？",
}
SIDE_LABELS: Mapping[Identity, str] = {
    Identity.PERSON: "个人（含个体工商户）",
    Identity.ENTERPRISE: "企业、单位",
    Identity.LOCAL: "本市户籍",
    Identity.OUTSIDER: "外地户籍",
}
SIDE_SAID: Mapping[Identity, str] = {
    Identity.PERSON: "我是个人，{question}",
    Identity.ENTERPRISE: "我们是企业，{question}",
    Identity.LOCAL: "我是本市户籍，{question}",
    Identity.OUTSIDER: "我是外地户籍，{question}",
}
PERHAPS_THESE = "那是下面这些吗？也可以换个说法再问，或者说“转人工”。"
NONE_OF_THEM = "好的，都不是。请用您自己的话再说说：要办什么、给谁办、遇到了什么情况？也可以直接说“转人工”。"
ASK_SERVICE_REGION = "“{name}”由各地办理。请选择您所在的地区："
BASIS = "依据"
BASIS_NAMED = "设定依据：{laws}。"
OFFER_PERSON = "需要的话，可以转人工客服。"
OFFER_PERSON_ANGRY = "很抱歉没有帮到您。需要的话，可以转人工客服，由工作人员为您处理。"
PERSON_LABEL = "转人工客服"
CALL_PERSON = "转人工"
GENERATED = "AI生成：以下由{model}根据下列现行有效文件改写，逐句核对过，以原文为准。"
EMPTY = "知识库里还没有文件，暂时无法回答。"


def place_name(region: str) -> str:
    """Return how a region is called on screen: the last part of its path."""
    return region.rsplit("/", 1)[-1]


def source_name(chunk: Chunk) -> str:
    """Return where a chunk stands, as it is cited: 《标题》（文号）第X条, or the heading with its number."""
    meta = chunk.document.meta
    number = f"（{meta.doc_number}）" if meta.doc_number else ""
    return f"《{meta.title}》{number}{_place_in_document(chunk)}"


def _place_in_document(chunk: Chunk) -> str:
    article = chunk.draft.article
    heading = chunk.draft.heading_path[-1] if chunk.draft.heading_path else ""
    if not article:
        return f"“{heading}”" if heading else ""
    numeral = article.split("、")[0] + "、"
    if heading.startswith(numeral) and article.startswith(numeral):
        # A circular: 二、 alone says nothing, 二、补贴标准 does.
        return heading + article.removeprefix(numeral)
    return article


def model_name(name: str, filing: str) -> str:
    """Return how a language model is named to a citizen: with its 备案号 where it has one."""
    return f"大模型 {name}（备案号 {filing}）" if filing else f"大模型 {name}"


def scope_of(region: str) -> str:
    """Return a region as the scope of a rule."""
    return "全国统一" if region == NATIONAL else place_name(region)
