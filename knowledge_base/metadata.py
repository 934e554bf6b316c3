"""Reading what a document says of itself: title, 发文字号, issuer, date, level and region.

`describe` is the whole of it: what the text says, what the manifest corrects, and the words of
the text on its own effect, in this order, because 自发布之日起 needs the right 发布日期.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from knowledge_base.dates import DATE, find_dates, read_date
from knowledge_base.legal_effect import with_stated_effect
from knowledge_base.manifest import ManifestRow, merge
from knowledge_base.matter import (
    DOC_NUMBER,
    is_matter,
    is_signature_date,
    is_signer,
    opens_sentence,
    signers_above,
)
from knowledge_base.normalising import SourceText
from knowledge_base.records import NATIONAL, BlockKind, DocumentMeta, Inference
from knowledge_base.regions import Gazetteer, load_gazetteer
from knowledge_base.structure import Rank, marker_of

_FRONT_BLOCKS = 40
_MAX_TITLE_CHARS = 120
_MAX_TITLE_LINES = 4
_KINDS = (
    "法|条例|规定|办法|细则|规则|决定|决议|命令|公告|通告|通知|通报|意见|方案|批复|函|指南|须知|解读|问答"
    "|标准|目录|清单|规程|措施|政策|制度|章程|计划|规划|要点|预案|说明|表"
)
_TITLE_END = re.compile(rf"(?:{_KINDS})(?:[（(][^）)]{{1,12}}[）)])?$")
_LETTERHEAD = re.compile(r"(.{2,40}?)文\s?件$")
_ATTACHMENT_LABEL = re.compile(r"附(?:件|录|表)?\s?[\d一二三四五六七八九十]*\s?[：:]?")
_ORDER = re.compile(
    r"((?![年月日])[\u4e00-\u9fff]{2,30}(?:令|公告))\s?[（(]?第?\s?([〇零一二三四五六七八九十百\d]+)\s?号[）)]?"
)
_NUMBER = re.compile(DOC_NUMBER)
_ASSEMBLY = re.compile(
    r"([\u4e00-\u9fff]{0,16}?)第[一二三四五六七八九十]+届(?:全国)?人民代表大会(常务委员会)?"
)
_STARTS = re.compile(r"\s?起?(?:施行|执行|实施|生效)")
_DATE_IN_NAME = re.compile(r"[（(](\d{4}-\d{2}-\d{2})[）)]\.\w+$")
_PLACE = re.compile(
    r"(?!中华人民共和国|全国|国家|各|有关|本)[\u4e00-\u9fff]{2,7}?(?:省|市|县|区|自治州)(?=[\u4e00-\u9fff])"
)
_DATE_SUFFIX = re.compile(r"\s*[（(]\d{4}-\d{2}-\d{2}[）)]$")
_DAYS = ("published", "effective_from", "effective_to")
_FIELDS = {
    "title": re.compile(r"(?:标题|名称|文件名称)\s?[：:]\s?(.+)"),
    "doc_number": re.compile(r"(?:发文字号|文号|文件编号)\s?[：:]\s?(.+)"),
    "issuer": re.compile(
        r"(?:发文机关|发布机构|发布机关|制定机关|发文单位|实施主体|实施机构)\s?[：:]\s?(.+)"
    ),
    "published": re.compile(
        rf"(?:发布日期|发文日期|公布日期|成文日期|印发日期)\s?[：:]\s?({DATE}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}})"
    ),
    "effective_from": re.compile(
        rf"(?:实施日期|施行日期|生效日期)\s?[：:]\s?({DATE}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}})"
    ),
    "effective_to": re.compile(
        rf"(?:废止日期|失效日期)\s?[：:]\s?({DATE}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}})"
    ),
}


@dataclass(frozen=True, slots=True)
class _Front:
    """The lines before the body, and the 成文日期 with the 署名 above it."""

    lines: tuple[str, ...]
    title_block: str
    signed: str
    signers: tuple[str, ...]


def describe(
    source: SourceText, filename: str, row: ManifestRow | None = None, gazetteer: Gazetteer | None = None
) -> DocumentMeta:
    """Return all that is known of a document: read from its text, the manifest winning, effect included."""
    return with_stated_effect(merge(row, read_metadata(source, filename, gazetteer)), source.text)


def read_metadata(source: SourceText, filename: str, gazetteer: Gazetteer | None = None) -> DocumentMeta:
    """Read metadata from the text; the file's path only helps where the text is silent.

    Everything read is listed in `inferred` with its evidence.

    Args:
        filename: Path relative to the ingested folder, with `/`.
        gazetteer: Knows the regions a title, issuer or folder may name; the packaged one by default.
    """
    front = _front(source)
    facts: dict[str, tuple[str, str]] = dict(_stated_fields(front.lines))
    facts.setdefault("title", _title(front, filename))
    title = facts["title"][0]
    for name, fact in (
        ("doc_number", _doc_number(front)),
        ("issuer", _issuer(front, title)),
        ("published", _published(front, filename)),
    ):
        if fact:
            facts.setdefault(name, fact)
    issuer = facts.get("issuer", ("", ""))[0]
    facts["level"] = _level(title, issuer, front)
    facts["region"] = _region(title, issuer, filename, gazetteer or load_gazetteer())
    days = {name: read_date(facts[name][0]) for name in _DAYS if name in facts}
    return DocumentMeta(
        title=title,
        level=facts["level"][0],
        region=facts["region"][0],
        doc_number=facts.get("doc_number", ("", ""))[0],
        issuer=issuer,
        published=days.get("published"),
        effective_from=days.get("effective_from"),
        effective_to=days.get("effective_to"),
        inferred=tuple(Inference(name, *fact) for name, fact in facts.items()),
    )


def _front(source: SourceText) -> _Front:
    blocks = [placed.block for placed in source.blocks]
    lines: list[str] = []
    title = ""
    for index, block in enumerate(blocks[:_FRONT_BLOCKS]):
        marker = marker_of(block.text)
        if block.kind is BlockKind.TABLE_ROW or (marker and marker.rank is Rank.ARTICLE):
            break
        heads = block.kind is BlockKind.HEADING and marker is None
        if heads and block.level == 1 and not title:
            title = block.text
        if (marker or (block.kind is BlockKind.HEADING and block.text != title)) and index:
            break
        lines.append(block.text)
        if opens_sentence(block.text) and not is_matter(block.text):
            break
    texts = [block.text for block in blocks]
    dated = [n for n, text in enumerate(texts) if n >= len(lines) and is_signature_date(text)]
    if not dated:
        return _Front(tuple(lines), title, "", ())
    first = dated[0]
    count = signers_above(texts[:first])
    own = re.sub(DATE + r"$", "", texts[first].strip()).strip()
    return _Front(tuple(lines), title, texts[first], (*texts[first - count : first], *([own] if own else [])))


def _stated_fields(lines: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for line in lines:
        for name, pattern in _FIELDS.items():
            found = pattern.fullmatch(line.strip())
            if not found:
                continue
            value = found[1].strip()
            day = read_date(value) if name in _DAYS else None
            if day or name not in _DAYS:
                yield name, (day.isoformat() if day else value, line)


def _title(front: _Front, filename: str) -> tuple[str, str]:
    if front.title_block:
        return _tidy(front.title_block), front.title_block
    words = list(islice(_title_lines(front.lines), _MAX_TITLE_LINES))
    joined = ["".join(words[: n + 1]) for n in range(len(words))]
    complete = [title for title in joined if _TITLE_END.search(title) and len(title) <= _MAX_TITLE_CHARS]
    if complete:
        # 关于提高…标准 / 有关事项的通知: such a title runs on to the last line that can end it.
        title = complete[-1] if "关于" in complete[0] else complete[0]
        return _tidy(title), title
    if words and len(words[0]) <= _MAX_TITLE_CHARS:
        return _tidy(words[0]), words[0]
    name = PurePosixPath(filename).name
    stem = name[: name.rfind(".")] if "." in name else name
    return _tidy(_DATE_SUFFIX.sub("", stem)), filename


def _title_lines(lines: Sequence[str]) -> Iterator[str]:
    """The first run of lines that read as a title."""
    begun = False
    for line in lines:
        other = is_matter(line) or _LETTERHEAD.fullmatch(line) or _ATTACHMENT_LABEL.fullmatch(line)
        if other or opens_sentence(line) or line.endswith(("：", ":")):
            if begun:
                return
            continue
        begun = True
        yield line.strip()


def _tidy(title: str) -> str:
    plain = re.sub(r"\s+", " ", title).strip()
    plain = re.sub(r"(?<=[\u4e00-\u9fff）》]) (?=[\u4e00-\u9fff（《])", "", plain)
    return plain[1:-1] if plain.startswith("《") and plain.find("》") == len(plain) - 1 else plain


def _doc_number(front: _Front) -> tuple[str, str] | None:
    for line in front.lines:
        found = _NUMBER.search(line)
        if found and len(line) <= len(found[0]) + 24 and "《" not in line:
            return re.sub(r"\s", "", found[0]), line
    for line in reversed(front.lines):
        order = _ORDER.search(line)
        if order and "《" not in line[: order.start()]:
            return re.sub(r"\s", "", f"{order[1]}第{order[2]}号"), line
    return None


def _issuer(front: _Front, title: str) -> tuple[str, str] | None:
    for line in front.lines:
        head = _LETTERHEAD.fullmatch(line.strip())
        if head:
            return _tidy(head[1]), line
    if front.signers:
        return "、".join(_tidy(each) for each in front.signers), front.signed
    for line in front.lines:
        order = _ORDER.search(line)
        if order:
            words = re.sub(
                r"^中华人民共和国(?=国务院)|第[一二三四五六七八九十]+届|(?:令|公告)$", "", order[1]
            )
            if "主席" not in words:
                return words, line
    for line in front.lines:
        # 批准 is said by the province of what a city has passed.
        found = _ASSEMBLY.search(line)
        if found and "批准" not in line[found.end() : found.end() + 20]:
            place = re.sub(r"^.*日", "", found[1]) or "全国"
            return f"{place}人民代表大会{found[2] or ''}", line
        if "国务院" in line and is_matter(line):
            return "国务院", line
    named = title.partition("关于")[0]
    return (named, title) if named != title and is_signer(named) else None


def _published(front: _Front, filename: str) -> tuple[str, str] | None:
    """成文日期 of a circular, else the latest day in a law's history or in brackets after its file name."""
    if front.signed:
        found = next(find_dates(front.signed), None)
        if found:
            return found.day.isoformat(), front.signed
    history = [
        (each.day, line)
        for line in front.lines
        if (is_matter(line) or re.match(DATE, line))
        for each in find_dates(line)
        if not _STARTS.match(line, each.start + len(each.words))
    ]
    named = _DATE_IN_NAME.search(PurePosixPath(filename).name)
    day = read_date(named[1]) if named else None
    if day:
        history.append((day, filename))
    if not history:
        return None
    latest, line = max(history, key=lambda pair: pair[0])
    return latest.isoformat(), line


def _level(title: str, issuer: str, front: _Front) -> tuple[str, str]:
    """效力层级 by the first rule that holds, and the words that decided."""
    history = " ".join(front.lines)
    assembly = re.search(r"人民代表大会(?:常务委员会)?$", issuer)
    council = issuer == "国务院" or re.search(
        r"国务院令|国务院(?:第\S+次常务会议|批准|关于修改)|政务院", history
    )
    ordered = re.search(r"令\s?[（(]?第?\s?\S+号", history)
    regulation = re.search(r"条例(?:[（(].*)?$", title)
    rules = (
        ("办事指南", title, re.search(r"指南|须知|办事|办理流程|一次性告知", title)),
        (
            "规范性文件",
            title,
            re.search(r"(?:通知|意见|公告|通告|批复|方案|函)(?:[（(].*)?$", title),
        ),
        ("法律", issuer, assembly and issuer.startswith("全国")),
        ("地方性法规", issuer, assembly),
        ("行政法规", issuer or title, council),
        ("地方政府规章", issuer, ordered and "政府" in issuer),
        ("部门规章", issuer, ordered and re.search(r"部|总局|委员会|署|银行", issuer)),
        ("地方性法规", title, regulation and _PLACE.match(title)),
        ("行政法规", title, regulation),
        ("法律", title, re.match("中华人民共和国.*法$", title)),
    )
    held = ((level, evidence) for level, evidence, holds in rules if holds)
    return next(held, ("规范性文件", issuer or title))


def _region(title: str, issuer: str, filename: str, gazetteer: Gazetteer) -> tuple[str, str]:
    folder = "/".join(PurePosixPath(filename).parts[:-1])
    # A county's document names its city too, so the deepest place named by one source wins.
    for words in (title, issuer, folder):
        named = [each for each in gazetteer.named_regions(words) if not each.foreign]
        if named:
            deepest = max(named, key=lambda each: each.path.count("/"))
            return deepest.path, words
    own = _PLACE.match(title) or _PLACE.match(issuer)
    return (own[0], own.string) if own else (NATIONAL, "未见地名")
