"""Bytes to text: a byte order mark, then UTF-8, then GB18030; anything else is refused, not guessed.

GB18030 decodes nearly any bytes, so what it yields is trusted only if it reads as Chinese. The
shares below were measured on real statutes: their characters are to 99 % of GB 2312's first level
(traditional Chinese 60 to 70 %), while UTF-8 read as GB18030 gives 10 to 16 %, and Big5 read
as GB18030 is to more than half kana and symbols.
"""

import codecs
import re
import unicodedata

from knowledge_base.errors import UnreadableFile

MIN_COMMON_HANZI = 0.35
MIN_READABLE = 0.85
_ENOUGH_HANZI = 8
_SAMPLE_CHARS = 200_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_HANZI = re.compile("[\u3400-\u9fff]")
_READABLE_IN_GB = re.compile(
    "[\\s -~\u00b0\u00b1\u00b7\u00d7\u00f7\u2010-\u203b\u20ac\u2103\u2116\u2150-\u218f\u2190-\u2199"
    "\u2460-\u24ff\u2500-\u27bf\u3000-\u303f\u3400-\u9fff\uff00-\uffef\U00020000-\U0003ffff]"
)
_LATIN_SUPPLEMENT = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]")
_REPLACEMENT = "\ufffd"
_CURE = "请用记事本另存为 UTF-8 编码后再导入"


def decode(data: bytes, *, declared: str = "") -> str:
    """Decode the bytes of a text file.

    Args:
        declared: An encoding the file names itself, tried after a byte order mark and before the rest.

    Raises:
        UnreadableFile: If no encoding fits, or the result is binary or garbled; gives the position.
    """
    text, encoding = _decode(data, declared)
    text = text.rstrip("\x1a")  # the end-of-file mark of DOS editors
    if found := _CONTROL.search(text):
        hint = "，像是没有字节顺序标记的 UTF-16" if _looks_like_utf16(data) else ""
        raise UnreadableFile(
            f"不是文本文件或编码不对：第 {_line(text, found.start())} 行有控制字符"
            f"（U+{ord(found.group()):04X}）{hint}；{_CURE}"
        )
    if lost := text.count(_REPLACEMENT):
        line = _line(text, text.index(_REPLACEMENT))
        raise UnreadableFile(
            f"文字已有损坏：有 {lost} 个无法还原的字符，第一个在第 {line} 行；请从原始文件重新导出"
        )
    _check_reads_as_text(text[:_SAMPLE_CHARS], encoding)
    return text


def _decode(data: bytes, declared: str) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise UnreadableFile(
                    f"编码不对：文件标明 {encoding}，第 {error.start} 字节起却不是；{_CURE}"
                ) from error
    failures: list[str] = []
    # What calls itself gb2312 or gbk is often wider; GB18030 contains both.
    named = "gb18030" if declared.lower() in {"gb2312", "gbk", "gb_2312-80"} else declared
    for encoding in filter(None, (named, "utf-8", "gb18030")):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            failures.append(f"按 {encoding} 第 {error.start} 字节起读不通")
        except LookupError:
            failures.append(f"没有名为 {encoding} 的编码")
    hint = "（像是没有字节顺序标记的 UTF-16）" if _looks_like_utf16(data) else ""
    raise UnreadableFile(f"编码不对{hint}：{'，'.join(failures)}；{_CURE}")


def _check_reads_as_text(text: str, encoding: str) -> None:
    hanzi = _HANZI.findall(text)
    common = sum(map(_is_common, hanzi))
    if len(hanzi) >= _ENOUGH_HANZI and common < MIN_COMMON_HANZI * len(hanzi):
        raise UnreadableFile(
            f"编码不对：按 {encoding} 读出的 {len(hanzi)} 个汉字里常用字只占 {common / len(hanzi):.0%}"
            f"（至少应有 {MIN_COMMON_HANZI:.0%}），是乱码；{_CURE}"
        )
    if encoding == "gb18030":
        readable = len(_READABLE_IN_GB.findall(text))
    else:
        garbage = sum(unicodedata.category(character) in {"Co", "Cn", "Cs"} for character in text)
        readable = len(text) - garbage - len(_LATIN_SUPPLEMENT.findall(text))
    if readable < MIN_READABLE * len(text):
        raise UnreadableFile(
            f"编码不对：按 {encoding} 读出的 {len(text)} 个字符里可读的只占 {readable / len(text):.0%}"
            f"（至少应有 {MIN_READABLE:.0%}），是乱码；{_CURE}"
        )


def _is_common(character: str) -> bool:
    encoded = character.encode("gb2312", errors="ignore")
    return len(encoded) == 2 and encoded[0] <= 0xD7


def _looks_like_utf16(data: bytes) -> bool:
    zeros = data[:4096].count(0)
    return len(data) % 2 == 0 and 0 < zeros < 0.6 * min(len(data), 4096)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
