"""Writing the numbers that a word processor or a browser puts before a paragraph by itself."""

import re
from collections.abc import Callable, Mapping

_DIGITS = "〇一二三四五六七八九"
_HEAVENLY_STEMS = "甲乙丙丁戊己庚辛壬癸"
_EARTHLY_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_FORMAL = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_NUMBERED = re.compile(
    r"第?[0-9０-９〇零一二三四五六七八九十百]{1,5}\s*[、.．)）:：条章节款项]"
    r"|[（(][0-9０-９〇一二三四五六七八九十]{1,4}[)）]|[①-⑳]|[a-zA-Z][.)、]"
)


def formatted(number: int, style: str) -> str:
    """Write `number` in a Word number format (ECMA-376 part 1, 17.18.59); unknown ones as digits."""
    return _FORMATS.get(style, str)(number)


def is_numbered(line: str) -> bool:
    """Tell whether the line begins with a number of its own."""
    return _NUMBERED.match(line) is not None


def ends_closed(label: str) -> bool:
    """Tell whether a label needs no space before the text, as after `一、` or `（一）`."""
    return label[-1:] in "、，．：）〉》】)"


def chinese(number: int) -> str:
    """Write 0 to 9999 as Chinese counts: 十二, 二十, 一百零三; others as digits."""
    if not 0 < number < 10_000:
        return "零" if number == 0 else str(number)
    written = ""
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit:
            written += _DIGITS[digit] + unit
        elif written and not written.endswith("零") and number % power:
            written += "零"
    return written.removeprefix("一") if 10 <= number < 20 else written


def _letter(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else str(number)


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return str(number)
    written = ""
    for value, symbol in _ROMAN:
        count, number = divmod(number, value)
        written += symbol * count
    return written


def _from(characters: str) -> Callable[[int], str]:
    return lambda number: characters[number - 1] if 0 < number <= len(characters) else str(number)


def _full_width(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))


_FORMATS: Mapping[str, Callable[[int], str]] = {
    "bullet": lambda _: "",
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02d}",
    "decimalFullWidth": _full_width,
    "decimalFullWidth2": _full_width,
    "decimalEnclosedCircle": _from("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
    "decimalEnclosedCircleChinese": _from("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"),
    "decimalEnclosedParen": _from("⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"),
    "decimalEnclosedFullstop": _from("⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛"),
    "chineseCounting": chinese,
    "chineseCountingThousand": chinese,
    "japaneseCounting": chinese,
    "taiwaneseCounting": chinese,
    "taiwaneseCountingThousand": chinese,
    "ideographDigital": lambda number: "".join(_DIGITS[int(digit)] for digit in str(number)),
    "chineseLegalSimplified": lambda number: chinese(number).translate(_FORMAL),
    "ideographTraditional": _from(_HEAVENLY_STEMS),
    "ideographZodiac": _from(_EARTHLY_BRANCHES),
    "lowerLetter": _letter,
    "upperLetter": lambda number: _letter(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
}
