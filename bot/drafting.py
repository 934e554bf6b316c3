"""Drafting questions for an article: what it answers, put as a citizen would ask. Drafts only.

The drafter of this module reads the article's own structure: its cues (see `retrieval.cues`), the words
around them, and the subject of the sentence, the heading or the title. It words nothing it cannot point to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge_base.errors import FaqError
from knowledge_base.faq.records import FaqRow
from knowledge_base.legal_effect import normalise_title
from knowledge_base.records import ChunkKind
from knowledge_base.sentences import sentence_spans
from knowledge_base.store import KnowledgeStore, StoredText
from knowledge_base.structure import marker_of
from retrieval.cues import Cue, held

MAX_DRAFTS = 4
_MAX_SUBJECT_CHARS = 26
_MAX_ANSWER_CHARS = 600

_PLACE = re.compile(r"^[\u4e00-\u9fff]{2,4}?(?:省|市|县|区|州)(?=[\u4e00-\u9fff\d“])")
_ISSUED = re.compile(r"^.*?关于(?:印发|进一步做好|做好|进一步|调整|实施|加强)?")
_KIND = re.compile(
    r"(?:工作)?(?:管理|实施|发放|运行)?(?:办法|条例|规定|细则|方案|措施|意见|通知|通告|指南|有关事项)(?:的通知)?(?:（[^）]*）)?$"
)
_GUIDE = re.compile(r"(?:办事|办理|申领|申请)?指南(?:（[^）]*）)?$")
_NUMERAL = r"[\d.０-９一二两三四五六七八九十百千万]+"
_MONEY = re.compile(
    r"(?P<what>[^，。；：、\n]{0,18}?(?:标准|限额|金额|额度|比例|费率|补贴|补助金|补助|津贴|登记费|审验费|工本费|服务费|租金|押金|奖励))"
    rf"(?:由[^，。；]{{1,16}})?(?:提高到|确定为|不超过|不低于|不得超过|不得低于|限额为|为|按照)?(?:每人)?(?:每月|每年)?{_NUMERAL}(?:万?元|%|倍)"
)
_DEADLINE = re.compile(rf"{_NUMERAL}个?(?:工作日|日|天|个月|月|年)内[，]?")
_FINE = re.compile(r"处[^，。；]{0,24}罚款|没收|吊销|责令|警告")
_BREACH = re.compile(r"(?:违反本[^，]*规定，)?(?P<deed>[^，。；：\n]{3,26})的，")
_CHARGE = re.compile(r"(?P<who>[^，。；：\n]{2,20}?)(?:统一)?负责(?P<what>[^，。；：\n]{2,24})")
_CASES = re.compile(r"(?:下列|以下)(?P<kind>情形|条件|材料|行为|规定|程序|顺序)")
_HEADINGS = (
    ("材料", "办理{topic}需要哪些材料？"),
    ("条件", "办理{topic}要符合什么条件？"),
    ("对象", "哪些人可以办理{topic}？"),
    ("时限", "办理{topic}需要多长时间？"),
    ("收费", "办理{topic}收费吗？"),
    ("流程", "{topic}怎么办理？"),
    ("地点", "{topic}在哪里办理？"),
    ("电话", "{topic}打什么电话咨询？"),
    ("有效期", "{topic}的有效期是多久？"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArticleText:
    """A 条, an item or a section of a guide, as stored, with what is needed to cite it.

    Attributes:
        place: Its label, else its heading.
        text: Its words without the label.
    """

    title: str
    doc_number: str
    region: str
    place: str
    heading: str
    text: str

    @property
    def reference(self) -> str:
        number = f"（{self.doc_number}）" if self.doc_number else ""
        return f"《{self.title}》{number}{self.place}"


class QuestionDrafter(Protocol):
    """Drafts questions that an article answers. A language model may stand behind it."""

    def draft(self, article: ArticleText) -> list[FaqRow]:
        """Return drafts, the likeliest first; each answer is a quotation of the article."""
        ...


class StructureDrafter:
    """Drafts by rules over the article's structure; the same article always gives the same drafts."""

    def draft(self, article: ArticleText) -> list[FaqRow]:
        answer = article.text.strip()
        questions = [each for each in dict.fromkeys(_questions(article)) if each]
        if not answer or len(answer) > _MAX_ANSWER_CHARS:
            return []
        return [
            FaqRow(question, answer, (article.reference,), region=article.region)
            for question in questions[:MAX_DRAFTS]
        ]


def articles_of(store: KnowledgeStore, document: str, place: str = "") -> list[ArticleText]:
    """Return the articles of the newest version of a document that is shown, by title or file name.

    Args:
        place: Label or heading of the one wanted; empty for all.

    Raises:
        FaqError: If there is no such document before the citizens, or no such place in it.
    """
    wanted = normalise_title(document)
    named = [
        store.document_text(text.document.id)
        for text in store.iter_texts()
        if wanted == normalise_title(text.document.meta.title) or document == text.document.source_file
    ]
    texts = [text for text in named if text is not None and not text.withdrawn]
    if not texts:
        raise FaqError(f"知识库里没有公开的《{document.strip('《》')}》")
    newest = max(texts, key=lambda text: (text.effective_from or date.min, text.version_id))
    articles = [each for each in _articles(newest) if not place or place in (each.place, each.heading)]
    if place and not articles:
        raise FaqError(f"《{newest.document.meta.title}》里没有“{place}”")
    return articles


def _articles(stored: StoredText) -> Iterator[ArticleText]:
    meta = stored.document.meta
    groups: dict[int, list[int]] = {}
    for at, chunk in enumerate(stored.chunks):
        if chunk.draft.kind in (ChunkKind.ARTICLE, ChunkKind.ITEM, ChunkKind.PARAGRAPH):
            groups.setdefault(chunk.draft.group, []).append(at)
    for places in groups.values():
        first, last = stored.chunks[places[0]].draft, stored.chunks[places[-1]].draft
        heading = _unnumbered(first.heading_path[-1]) if first.heading_path else ""
        if place := first.article or heading:
            text = stored.text[first.start : last.end]
            yield ArticleText(meta.title, meta.doc_number, meta.region, place, heading, _unlabelled(text))


def _questions(article: ArticleText) -> Iterator[str]:
    topic = topic_of(article.title)
    if _GUIDE.search(article.title) or "办事指南" in article.title:
        for word, question in _HEADINGS:
            if word in article.heading:
                yield question.format(topic=topic)
                break
    cues = held(article.text)
    if cues & Cue.LIST or _CASES.search(article.text):
        yield from _about_list(article.text)
    for start, end in sentence_spans(article.text):
        sentence = article.text[start:end]
        if Cue.PENALTY in cues and _FINE.search(sentence):
            yield from _about_penalty(sentence)
        elif Cue.AMOUNT in cues:
            yield from _about_amount(sentence, topic)
        if Cue.DURATION in cues:
            yield from _about_deadline(sentence, f"{topic}的{article.heading}" if article.heading else topic)
        if Cue.AUTHORITY in cues:
            yield from _about_authority(sentence)


def topic_of(title: str) -> str:
    """Return what a document is about: 《云州市住房公积金提取管理办法》 is about 住房公积金提取."""
    topic = re.sub(r"《|》|“|”", "", title)
    topic = _ISSUED.sub("", topic) if "关于" in topic else topic
    topic = _PLACE.sub("", topic)
    return _KIND.sub("", _GUIDE.sub("", topic)).removesuffix("的") or title


def _about_list(text: str) -> Iterator[str]:
    """Ask for the list an opening announces: `申请养犬登记，应当提交下列材料：`."""
    found = _CASES.search(text)
    if found is None:
        return
    kind = found["kind"]
    clause = re.split(r"[。；\n]", text[: found.start()])[-1]
    after = re.split(r"[：。\n]", text[found.end() :])[0].removeprefix("之一的").strip("，的")
    last = after.split("，")[-1]
    modal = next((each for each in ("可以", "应当", "不得") if last.startswith(each)), "")
    deed = last.removeprefix(modal)
    subject = re.split(r"，|(?:同时)?(?:应当|可以|不得|具备|符合|提交|提供|有$|属于|按照)", clause)[0]
    if subject in ("", "出现") and deed:
        yield f"哪些{kind}{deed}？" if kind != "条件" else f"符合哪些条件可以{deed}？"
    elif not _is_subject(subject):
        return
    elif kind == "材料":
        yield f"{subject}需要提交哪些材料？"
    elif kind == "条件":
        yield f"{subject}，符合什么条件可以{deed}？" if deed else f"{subject}要具备什么条件？"
    elif kind == "情形" and deed:
        yield f"{subject}有哪些情形{modal or '可以'}{deed}？"
    elif kind == "行为":
        yield f"{subject}不得有哪些行为？"


def _about_amount(sentence: str, topic: str) -> Iterator[str]:
    for found in _MONEY.finditer(sentence):
        clause = sentence[: found.start("what")]
        condition = re.search(r"([^，。；：\n]{2,24})的，(?:[^，。；：\n]{0,12}，)?$", clause)
        what = re.sub(
            r"^(?:收取|每人|每户|每月|每年|以后)+|(?:为|的)$", "", _unnumbered(found["what"]).strip()
        )
        what = re.sub(r"^[）)]", "", what)
        if condition:
            yield f"{_unnumbered(condition[1])}，{what}是多少？"
        elif len(what) >= 6:
            yield f"{what}是多少？"
        elif _is_subject(topic):
            yield f"{topic}的{what}是多少？"


def _about_deadline(sentence: str, subject: str) -> Iterator[str]:
    """Put the sentence with its span of time left open: 应当在三十日内办理 asks 应当在多长时间内办理."""
    for found in _DEADLINE.finditer(sentence):
        start = max(sentence.rfind(mark, 0, found.start()) for mark in "，。；：）\n") + 1
        end = min(
            (at for mark in "，。；：\n" if (at := sentence.find(mark, found.end())) >= 0),
            default=len(sentence),
        )
        before, act = sentence[start : found.start()], sentence[found.end() : end].strip("。；")
        condition = re.search(r"([^，。；：\n]{2,24}的，)$", sentence[:start])
        said = re.sub(r"^[且并]", "", condition[1]) if condition else ""
        if not said and before.startswith(("应当", "可以", "自")):
            said = subject
        asks = f"{said}{_unnumbered(before)}多长时间内{act}"
        done = (
            2 <= len(act) <= 24
            and not act.endswith("的")
            and not re.search(r"不予|不得|不再|下列|本[办条规]", act)
        )
        if done and len(before) >= 3 and len(asks) <= 60:
            yield f"{asks}？"


def _about_penalty(sentence: str) -> Iterator[str]:
    deeds = [found["deed"] for found in _BREACH.finditer(sentence)]
    if deeds and _is_subject(deeds[0]) and not deeds[0].startswith(("违反", "逾期", "拒不", "仍", "再次")):
        yield f"{deeds[0]}会受到什么处罚？"


def _about_authority(sentence: str) -> Iterator[str]:
    for found in _CHARGE.finditer(sentence):
        if held(found["who"]) & Cue.AUTHORITY and _is_subject(found["what"]):
            yield f"{found['what']}由哪个部门负责？"


def _is_subject(words: str) -> bool:
    return 2 <= len(words) <= _MAX_SUBJECT_CHARS and not re.match(r"本|前|该|其|上述|下列|违反", words)


def _unlabelled(text: str) -> str:
    marker = marker_of(text)
    return text[marker.end :].lstrip(" \u3000") if marker else text


def _unnumbered(words: str) -> str:
    marker = marker_of(words)
    return words[marker.end :].strip() if marker else words.strip()
