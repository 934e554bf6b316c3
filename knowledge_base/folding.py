"""One form for text that is to be matched: NFKC, lower case, Simplified characters."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import opencc


def fold(text: str) -> str:
    """Return the text in NFKC, lower case and Simplified characters."""
    simplified: str = _to_simplified().convert(normal(text))
    return simplified


def normal(text: str) -> str:
    """Return the text in NFKC and lower case; its characters stay Traditional where they are."""
    lower = unicodedata.normalize("NFKC", text).lower()
    # Lower case can undo the normal form: İ becomes i and a dot, which has to find its place again.
    return unicodedata.normalize("NFKC", lower)


@cache
def _to_simplified() -> "opencc.OpenCC":
    import opencc

    return opencc.OpenCC("t2s")
