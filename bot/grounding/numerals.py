"""Numbers as official documents write them, in Arabic figures, in Chinese, or in both."""

import re
from decimal import Decimal

_WIDTHS = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}
_WIDTHS |= {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
_WIDTHS |= {
    ord("％"): "%",
    ord("．"): ".",
    ord("〇"): "零",
    ord("○"): "零",
    ord("Ｏ"): "零",
    ord("㎡"): "平方米",
}
_WIDTHS |= {ord("～"): "~", ord("〜"): "~", ord("－"): "-", ord("–"): "-", ord("—"): "-"}
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}


def fold_figures(text: str) -> str:
    """Return the text with half-width figures and letters, without spaces; figures are found in this."""
    return re.sub(r"[^\S\n]+", "", text.translate(_WIDTHS))


def read_figure(words: str) -> Decimal:
    """Read `1,200`, `1.2万`, `三十`, `两千零五`, `二零二六`, `十二点五` or `半`.

    Raises:
        ValueError: If it is no number.
    """
    if words == "半":
        return Decimal("0.5")
    arabic = re.fullmatch(r"(\d[\d,，]*(?:\.\d+)?)([十百千万亿]*)", words)
    if arabic:
        value = Decimal(re.sub("[,，]", "", arabic[1]))
        for multiplier in arabic[2]:
            value *= (_TENS | _MYRIADS)[multiplier]
        return value
    whole, point, decimals = words.partition("点")
    if not re.fullmatch(r"[零一二两三四五六七八九十百千万亿]+", whole):
        raise ValueError(f"{words!r} is no number")
    value = Decimal(_whole(whole))
    if point:
        if not decimals or not set(decimals) <= set(_DIGITS):
            raise ValueError(f"{words!r} is no number")
        value += Decimal("0." + "".join(str(_DIGITS[digit]) for digit in decimals))
    return value


def _whole(words: str) -> int:
    if not set(words) & set(_TENS | _MYRIADS):
        return int("".join(str(_DIGITS[digit]) for digit in words))
    for unit in ("亿", "万"):
        if unit in words:
            above, _, below = words.rpartition(unit)
            return (_whole(above) if above else 1) * _MYRIADS[unit] + (_whole(below) if below else 0)
    total, digit = 0, 0
    for char in words:
        if char in _TENS:
            total, digit = total + (digit or 1) * _TENS[char], 0
        else:
            digit = _DIGITS[char]
    return total + digit
