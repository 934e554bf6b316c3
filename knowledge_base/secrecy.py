"""Recognising the secrecy marking (密级) a document bears, and not the words in running text.

GB/T 9704-2012 7.2.2: the marking stands in the first lines at the top left, beside or below the
份号, as `秘密★1年`; older papers write it alone, or after `密级：`.
"""

import re
from collections.abc import Iterator, Sequence

from knowledge_base.records import Block, BlockKind

HEAD_BLOCKS = 12

_MARK = r"(?:绝\s*密|机\s*密|秘\s*密|絕\s*密|機\s*密|祕\s*密)"
_STAR = r"[★☆＊*✭]"
_COUNT = "[0-9０-９一二三四五六七八九十]{1,3}"
_TERM = rf"(?:长期|長期|永久|启用前|啟用前|解密前|公布前|{_COUNT}\s*(?:年|个月|個月|月|天|日))"
_STARRED = rf"{_MARK}\s*级?\s*{_STAR}\s*{_TERM}?"
_BARE = rf"{_MARK}\s*级?\s*{_TERM}?"
_COPY_NUMBER = r"(?:份\s*号\s*[:：]?|编\s*号\s*[:：]?|[Nn][Oo]\s*[.．:：]?|№)?\s*[0-9０-９]{1,8}\s*(?:号|份)?"
_URGENCY = r"(?:特\s*急|加\s*急|特\s*提|平\s*急|急\s*件)"
_BESIDE = rf"(?:{_COPY_NUMBER}|{_URGENCY})"
_OPEN, _CLOSE = r"[【\[［（(〔]?\s*", r"\s*[】\]］）)〕]?"


def _line(marking: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{_BESIDE}[\s|]*)?{_OPEN}(?P<marking>{marking}){_CLOSE}(?:[\s|]*{_BESIDE})?")


_ALONE_STARRED = _line(_STARRED)
_ALONE = _line(rf"{_STARRED}|{_BARE}")
_LABELLED = re.compile(
    rf"(?:^|[\s|，,；;])(?:密\s*级(?:和保密期限|及保密期限)?|保密等级|保密级别|秘密等级)\s*[:：|]\s*"
    rf"{_OPEN}(?P<marking>{_STARRED}|{_BARE}){_CLOSE}(?=\s|$|[|，,；;。])"
)
_IN_HEAD_LINE = re.compile(rf"(?:^|\s)(?P<marking>{_STARRED})(?=\s|$)")


def secrecy_marking(blocks: Sequence[Block]) -> str | None:
    """Return the marking a document bears, as written without spaces, or None.

    A starred marking that has a line (or table cell) to itself counts anywhere, so that a marked
    附件 is found; the other forms count among the first `HEAD_BLOCKS` blocks.
    """
    for position, block in enumerate(blocks):
        in_head = position < HEAD_BLOCKS
        for line in _lines(block):
            found = (_ALONE if in_head else _ALONE_STARRED).fullmatch(line)
            if not found and in_head:
                found = _LABELLED.search(line) or _IN_HEAD_LINE.search(line)
            if found:
                return re.sub(r"\s", "", found.group("marking"))
    return None


def _lines(block: Block) -> Iterator[str]:
    yield block.text.strip()
    if block.kind is BlockKind.TABLE_ROW:
        yield block.header
        cells = (cell.strip() for cell in f"{block.text}|{block.header}".split("|"))
        # In a table with a header, a bare word in a column is a value and not a marking of the file.
        yield from (cell for cell in cells if not block.header or re.search(_STAR, cell))
