"""The main text of a web page that was fetched: from its title to its signature, without what is around.

trafilatura finds where the main text begins and ends; the words between are those of
`knowledge_base.loaders.html`, which loses none, so that what is quoted stands on the page.
"""

import re
from html import unescape

from knowledge_base.errors import UnreadableFile
from knowledge_base.loaders import html
from knowledge_base.loaders.cleaning import tidy
from knowledge_base.loaders.decoding import decode
from knowledge_base.matter import is_signature_date
from knowledge_base.records import Block, BlockKind, Reading

MIN_MAIN_CHARS = 20
ENOUGH_CHARS = 6  # shorter lines stand in menus as well
TITLE_WITHIN = 12
SIGNATURE_WITHIN = 5

_UNSURE = frozenset({"iso-8859-1", "latin-1", "us-ascii", "ascii", "windows-1252"})
_NUMBER = re.compile(r"^(?:\d{1,3}|[a-zA-Z]{1,4})[.)、]\s*")
# 政府网站 name the title of an article in their head, by a standard of their own.
_META_TITLE = re.compile(r"""<meta\s+[^>]*name\s*=\s*["']ArticleTitle["'][^>]*>""", re.IGNORECASE)
_CONTENT = re.compile(r"""content\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def read(data: bytes, *, charset: str = "") -> Reading:
    """Return the blocks of the main text, its title first as a heading where the page names one.

    Args:
        charset: As the server says; one that is only a server's default is not believed.

    Raises:
        UnreadableFile: If no main text is found (as in a list of links, or a page made by script), or
            the bytes are not text.
    """
    import trafilatura

    declared = html.declared_charset(data) or ("" if charset.lower() in _UNSURE else charset)
    page = decode(data, declared=declared)
    blocks = html.read_text(page)
    main = trafilatura.extract(page, favor_recall=True, include_comments=False, include_tables=True) or ""
    words = _squeezed(main)
    inside = [position for position, block in enumerate(blocks) if _stands_in(block, words)]
    if len(words) < MIN_MAIN_CHARS or not inside:
        raise UnreadableFile(
            "网页里没有找到正文：可能是栏目页、要登录，或正文由脚本生成；请打开具体的文章页，或在浏览器里另存后导入"
        )
    first, last = inside[0], inside[-1]
    for position in range(last + 1, min(last + 1 + SIGNATURE_WITHIN, len(blocks))):
        if is_signature_date(blocks[position].text):
            last = position
    title, at = _title(page, blocks, first)
    begin = min(first, at) if at >= 0 else first
    kept = (block for place, block in enumerate(blocks[: last + 1]) if place >= begin and place != at)
    heading = (Block(BlockKind.HEADING, title, level=1),) if title else ()
    return Reading((*heading, *kept))


def _stands_in(block: Block, words: str) -> bool:
    parts = [_squeezed(_NUMBER.sub("", part.strip())) for part in block.text.split("|")]
    return sum(map(len, parts)) >= ENOUGH_CHARS and all(part in words for part in parts)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s|]+", "", text)


def _title(page: str, blocks: tuple[Block, ...], first: int) -> tuple[str, int]:
    """Return the article's title, and the block it is, -1 where it stands in the head of the page only."""
    named = _META_TITLE.search(page)
    content = _CONTENT.search(named[0]) if named else None
    given = tidy(unescape(content[1] or content[2] or "")) if content else ""
    titled = _TITLE.search(page)
    whole = _squeezed(unescape(titled[1])) if titled else ""
    best, at = "", -1
    for position in range(max(0, first - TITLE_WITHIN), min(first + 3, len(blocks))):
        text = _squeezed(blocks[position].text)
        fits = text == _squeezed(given) if given else text in whole
        if fits and len(text) >= max(ENOUGH_CHARS, len(best)):
            best, at = text, position
    return (blocks[at].text, at) if at >= 0 else (given, -1)
