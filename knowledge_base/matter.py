"""The words around the body of an official document (GB/T 9704): header, signature, imprint.

发文机关标志, 发文字号, 标题, adoption history and 主送机关 stand before the body; 附件说明, 署名,
成文日期, 附注, 抄送 and 印发 after it. They are kept, and hardly ever an answer.
"""

import re
from collections.abc import Sequence

from knowledge_base.dates import DATE

_ISSUER_CODE = r"(?:(?![的年号和及与令日])[\u4e00-\u9fff]){2,12}"
DOC_NUMBER = rf"(?:{_ISSUER_CODE}(?:[〔\[【（(]\s?\d{{4}}\s?[〕\]】）)])\s?第?\s?\d{{1,4}}\s?号)"

_ORGAN = re.compile(
    r"[\u4e00-\u9fff（）()、]{1,40}"
    r"(?:政府|办公厅|办公室|委员会|局|厅|部|委|院|会|中心|公安|银行|税务|署|行|处|站|所|队|集团|公司)"
)
_SIGNATURE_DATE = re.compile(rf"(.*?){DATE}[）)]?")
_MATTER = re.compile(
    rf"{DATE}.*(?:通过|公布|发布|修正|修订|批准|施行|印发|颁布|公告|实施|执行|生效)[^。]{{0,12}}"
    rf"|[（(].*{DATE}.*[）)]"
    rf"|{DOC_NUMBER}|.{{0,20}}(?:令|公告)\s?[（(]?第?\s?\d+\s?号[）)]?"
    r"|目\s*[录次]"
    r"|[（(]此件(?:主动公开|公开发布|依申请公开|不予公开|删减后公开).{0,6}[）)]"
    r"|(?:公开方式|公开属性|信息公开(?:选项|类别|属性))[：:].*"
    r"|(?:抄送|抄报|分送|主送|签发人|索引号|主题分类|发文机关|成文日期|发布日期|发文日期|发文字号|文号|有效性|废止日期|实施日期|更新日期|更新时间|发布时间)[：:].*"
)
_NOTE = re.compile(r"附件?\s?[：:].*")
_RECIPIENTS = re.compile(
    r"(?:各|市|县|区|省|有关|直属|驻).{0,120}"
    r"(?:政府|部门|单位|机构|局|委|办|公司|企业|银行|中心|处|园区|院校|学校|街道)[）)]?[：:]"
)
_SENTENCE_MARKS = re.compile("[。！？；!?;]")
_MAX_TITLE_LINE_CHARS = 80
_MAX_MATTER_CHARS = 300
_MAX_SIGNER_CHARS = 80
MAX_SIGNERS = 4


def is_matter(line: str) -> bool:
    """Tell whether the line is, by its own words, no part of the body."""
    words = line.strip()
    if len(words) > _MAX_MATTER_CHARS:
        return False
    return bool(_MATTER.fullmatch(words) or _RECIPIENTS.fullmatch(words))


def is_signer(words: str) -> bool:
    """Tell whether the words are the names of one or more authorities, parted by spaces."""
    names = words.split() if len(words) <= _MAX_SIGNER_CHARS else []
    return bool(names) and all(_ORGAN.fullmatch(name) for name in names)


def is_signature_date(line: str) -> bool:
    """Tell whether the line is a 成文日期 (with or without the 署名 before it)."""
    words = line.strip()
    found = _SIGNATURE_DATE.fullmatch(words) if len(words) <= _MAX_SIGNER_CHARS else None
    return found is not None and (not found[1] or is_signer(found[1]))


def signers_above(lines: Sequence[str]) -> int:
    """Count the 署名 lines at the end of `lines`, at most 4."""
    count = 0
    for line in reversed(lines[-MAX_SIGNERS:]):
        if not is_signer(line):
            break
        count += 1
    return count


def opens_note(line: str) -> bool:
    """Tell whether the line begins an 附件说明: `附件：1.申请表`."""
    return _NOTE.fullmatch(line.strip()) is not None


def opens_sentence(line: str) -> bool:
    """Tell whether the line reads as running text rather than as a title or a name."""
    words = line.strip()
    if len(words) > _MAX_TITLE_LINE_CHARS or _SENTENCE_MARKS.search(words):
        return True
    return words.endswith(("：", ":")) and not is_matter(words)
