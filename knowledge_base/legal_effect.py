"""When a document is in force: what its own words say, and what follows from others. Pure functions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from knowledge_base.dates import COUNT, DATE, later, read_date, read_number
from knowledge_base.matter import DOC_NUMBER
from knowledge_base.records import DocumentMeta, Inference
from knowledge_base.structure import Rank, marker_of

_DOCUMENT = r"(?:本|上述|以上)[\u4e00-\u9fff]{1,10}?"
_IN_FORCE = r"起?(?:正式|开始)?(?:施行|实施|执行|生效|试行)(?=[，。；,;、（(]|$)"
_START = re.compile(
    rf"(?:{_DOCUMENT}|^|[，。；,])\s?(?:[自从由于])\s?(?P<day>{DATE})\s?(?:零时|0时)?{_IN_FORCE}"
    rf"|{_DOCUMENT}\s?(?:[自从由])\s?(?P<event>(?:发布|公布|印发|颁布|发文|下发|公告)之日|即日)\s?"
    rf"(?:起(?:满|的?第)?\s?(?P<days>{COUNT})\s?(?:个?(?P<unit>日|天|月|工作日))(?:后|之后)?)?{_IN_FORCE}"
)
_SPAN = re.compile(
    rf"(?:[自从由]\s?)(?P<from>{DATE})\s?起?\s?(?:[，,]?\s?)(?:施行|实施|执行)?[，,]?\s?[至到]\s?(?P<to>{DATE})"
)
_UNTIL = re.compile(
    rf"(?:有效期|执行期|实施期|施行期|期限)[\u4e00-\u9fff]{{0,4}}?(?:截至|截止到|截止|至|到)\s?(?P<to>{DATE})"
)
_LASTS = re.compile(
    rf"(?:有效期|试行期|执行期|实施期|施行期|试行)(?:限)?(?:为|：|:|暂定为|暂定)?\s?(?P<count>{COUNT})\s?(?:个)?(?P<unit>年|月)"
)
_ENDS = re.compile(
    r"(?:同时|即行|一并|相应|随之|即)?(?:予以)?(?:废止|失效)|(?:同时)?停止(?:执行|施行)|不再(?:执行|施行)"
)
_ENDS_ON = re.compile(rf"[自从]\s?({DATE})\s?起?(?:同时|即行)?(?:予以)?(?:废止|失效|停止执行)")
_TITLE = re.compile(r"《((?:[^《》]|《[^《》]*》)*)》")
_REVISED = re.compile(rf"({DATE})(?:(?!{DATE}).){{0,120}}?(?:修正|修订|修改)")
_STARTED = re.compile(rf"^({DATE})\s?起?(?:施行|实施|执行|生效)$", re.M)
_PARTIAL = re.compile(r"^(?:（[^）]*）)?\s?(?:中|第[一二三四五六七八九十百\d]+[条章款项]|有关|的?部分)")
_GROUND = re.compile(r"(?:根据|依据|依照|按照|关于修改|关于废止)[^，；]{0,6}$")
_TAIL_LINES = 8
_TAIL_ARTICLES = 3
_REVISED_AFTER = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class EffectPeriod:
    """The days a version is in force: from the first to before `effective_to`; None is open.

    `effective_to` of `date.min` means it is never to be cited. `review` holds what an operator
    should look at, in Chinese.
    """

    effective_from: date | None
    effective_to: date | None
    review: tuple[str, ...] = ()

    def covers(self, day: date) -> bool:
        """Tell whether the version is in force on `day`."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day < self.effective_to
        )


@lru_cache(maxsize=16384)
def normalise_title(title: str) -> str:
    """Reduce a title to what two writings of it share, so that 《X》 in a text finds the document X."""
    plain = re.sub(r"\s", "", title)
    while plain.startswith("《") and plain.endswith("》"):
        plain = plain[1:-1]
    plain = re.sub(
        r"[（(](?:\d{4}年?)?(?:试行|暂行|修订|修正|修改|征求意见稿|废止)?(?:版|稿|本)?[）)]$", "", plain
    )
    return re.sub(r"[《》〈〉<>「」“”]|中华人民共和国", "", plain) or plain


def stated_effect(text: str, published: date | None) -> tuple[Inference, ...]:
    """Read what a text says of its own effect and of the documents it ends.

    Gives `effective_from`, `effective_to` (the first day no longer in force) for the document
    itself, and `effective_to` with a `target` (a title as written, else a 发文字号) for each it
    ends. A revised text is in force from its revision, not from the day its first version began.

    Args:
        text: The stored text of the main document.
        published: 发布日期, for `自发布之日起`; None if unknown.
    """
    lines = text.split("\n")
    tail = "\n".join(_closing_lines(lines))
    front = "\n".join(_front_lines(lines))
    stated = _stated_start(tail, front, published)
    begins = stated[0] if stated else published
    found = [_as_revised(stated, front, published)] if stated else []
    found += _stated_end(tail, begins)
    found += _endings(tail, begins)
    return tuple(found)


def with_stated_effect(meta: DocumentMeta, text: str) -> DocumentMeta:
    """Return `meta` with what its text says of its effect; what is known already stays."""
    said = stated_effect(text, meta.published)
    own = {each.field: date.fromisoformat(each.value) for each in said if not each.target}
    known = {"effective_from": meta.effective_from, "effective_to": meta.effective_to}
    return replace(
        meta,
        effective_from=meta.effective_from or own.get("effective_from"),
        effective_to=meta.effective_to or own.get("effective_to"),
        inferred=(*meta.inferred, *(each for each in said if each.target or not known[each.field])),
    )


def is_target(inference: Inference, other: DocumentMeta) -> bool:
    """Tell whether `other` is the document whose end `inference` states.

    A 发文字号 written right after the title decides where `other` bears one too.
    """
    if not inference.target:
        return False
    number = re.search(rf"《{re.escape(inference.target)}》\s?[（(]({DOC_NUMBER})", inference.evidence)
    if number and other.doc_number:
        return _plain_number(number[1]) == _plain_number(other.doc_number)
    if re.fullmatch(rf"{DOC_NUMBER}|第\d+号", inference.target):
        return _plain_number(inference.target) == _plain_number(other.doc_number)
    return normalise_title(inference.target) == normalise_title(other.title)


def _plain_number(doc_number: str) -> str:
    return re.sub(r"\s|第(?=\d)", "", doc_number).translate(str.maketrans("[【（(]】）)", "〔〔〔〔〕〕〕〕"))


def resolve(
    own: DocumentMeta, *, successor_start: date | None = None, ended_by_others: Sequence[date] = ()
) -> EffectPeriod:
    """Settle when a version is in force.

    Args:
        own: Its metadata, manifest and text already merged (the manifest wins).
        successor_start: First day of the document named in `superseded_by` (or its 发布日期).
        ended_by_others: Days on which other documents say they end this one.
    """
    begins = own.effective_from or own.published
    inferred = {inference.field for inference in own.inferred if not inference.target}
    review: list[str] = []
    if own.effective_to and "effective_to" not in inferred:
        ends: date | None = own.effective_to
    else:
        # An ending said before this text began speaks of an earlier text of the same title.
        candidates = [day for day in ended_by_others if begins is None or day > begins]
        candidates += [day for day in (own.effective_to, successor_start) if day]
        ends = min(candidates, default=None)
    if ends is None and own.superseded_by:
        ends = date.min
        review.append(f"已被 {own.superseded_by} 替代，但其生效日期未知：不作为答复依据")
    elif ends is None and own.repealed:
        ends = date.min
        review.append("清单标明已废止，但废止日期未知：不作为答复依据")
    if begins and ends and date.min < ends <= begins:
        review.append(f"失效日期 {ends} 不晚于生效日期 {begins}：从未有效")
    if begins is None:
        review.append("生效日期和发布日期均未知：视为一直有效")
    return EffectPeriod(begins, ends, tuple(review))


def _front_lines(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:60]:
        marker = marker_of(line)
        if marker and marker.rank is Rank.ARTICLE:
            return
        yield line


def _closing_lines(lines: Sequence[str]) -> list[str]:
    """The last 条 of a law, the last lines of a circular, and any line that begins 本…自…."""
    filled = [line.strip() for line in lines if line.strip()]
    articles = [n for n, line in enumerate(filled) if (m := marker_of(line)) and m.rank is Rank.ARTICLE]
    first = articles[-_TAIL_ARTICLES:][0] if articles else max(0, len(filled) - _TAIL_LINES)
    opening = re.compile(rf"^(?:第\S+条\s)?{_DOCUMENT}[自从由]")
    return [_words(line) for n, line in enumerate(filled) if n >= first or opening.match(line)]


def _words(line: str) -> str:
    marker = marker_of(line)
    return line[marker.end :].strip() if marker else line


def _stated_start(tail: str, front: str, published: date | None) -> tuple[date, str] | None:
    """The day the first version of the text began, with the words that say so."""
    for found in _START.finditer(tail):
        day = read_date(found["day"]) if found["day"] else _after_event(found, published)
        if day:
            return day, _sentence(tail, *found.span())
    for found in _SPAN.finditer(tail):
        day = read_date(found["from"])
        if day:
            return day, _sentence(tail, *found.span())
    return next(_dated(_STARTED, front), None)


def _as_revised(stated: tuple[date, str], front: str, published: date | None) -> Inference:
    """The day the text as it now reads began: that of its latest revision, where there was one since."""
    begins, evidence = stated
    revised = max(_dated(_REVISED, front), default=None, key=lambda pair: pair[0])
    if revised and revised[0] > begins:
        begins, evidence = revised
        if published and published > begins:
            begins = published
    elif published and published - begins > _REVISED_AFTER:
        begins, evidence = published, f"{evidence}（发布于{published}，应为修改后的文本）"
    return Inference("effective_from", begins.isoformat(), evidence)


def _dated(pattern: re.Pattern[str], text: str) -> Iterator[tuple[date, str]]:
    for found in pattern.finditer(text):
        day = read_date(found[1])
        if day:
            yield day, _sentence(text, *found.span())


def _after_event(found: re.Match[str], published: date | None) -> date | None:
    if published is None or not found["days"]:
        return published
    count = read_number(found["days"])
    return later(published, months=count) if found["unit"] == "月" else later(published, days=count)


def _stated_end(tail: str, begins: date | None) -> list[Inference]:
    for line in tail.split("\n"):
        if not re.search(rf"施行|实施|执行|印发|发布|生效|^{_DOCUMENT}", line):
            continue
        for pattern in (_UNTIL, _SPAN):
            found = pattern.search(line)
            last = read_date(found["to"]) if found else None
            if found and last:
                return [
                    Inference("effective_to", later(last, days=1).isoformat(), _sentence(line, *found.span()))
                ]
        found = _LASTS.search(line)
        if found and begins:
            count = read_number(found["count"])
            end = later(begins, years=count) if found["unit"] == "年" else later(begins, months=count)
            return [Inference("effective_to", end.isoformat(), _sentence(line, *found.span()))]
    return []


def _endings(tail: str, begins: date | None) -> list[Inference]:
    endings: list[Inference] = []
    for sentence in re.split(r"(?<=[。；])|\n", tail):
        ending = next(reversed(list(_ENDS.finditer(sentence))), None)
        if ending is None or not re.fullmatch(r"[。；，\s]*", sentence[ending.end() :]):
            continue
        said = sentence[: ending.start()]
        on = _ENDS_ON.search(sentence)
        day = read_date(on[1]) if on else begins
        if day is None:
            continue
        for target in _targets(said):
            endings.append(Inference("effective_to", day.isoformat(), sentence.strip(), target))
        if on and re.match(_DOCUMENT, sentence) and "《" not in said:
            endings.append(Inference("effective_to", day.isoformat(), sentence.strip()))
    return endings


def _targets(said: str) -> Iterator[str]:
    """Titles (else 发文字号) that the words before 废止 name as a whole."""
    named = False
    for found in _TITLE.finditer(said):
        before, after = said[: found.start()], said[found.end() :]
        # A 修正案 or 决定 that lies between a title and its date is not what ends.
        if (
            _PARTIAL.match(after)
            or _GROUND.search(before)
            or re.match(r".{0,4}(?:第.次)?(?:修正|修订)", after)
        ):
            continue
        named = True
        yield found[1]
    if not named:
        for found in re.finditer(rf"{DOC_NUMBER}|第\d+号(?=文件|文)", said):
            yield found[0]


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence that holds `text[start:end]`."""
    left = max(text.rfind(mark, 0, start + 1) for mark in "。；\n")
    right = min((n for mark in "。；\n" if (n := text.find(mark, end)) >= 0), default=len(text) - 1)
    return text[left + 1 : right + 1].strip()
