"""Making a line fit to be stored and quoted, without changing how it is written."""

import re
import unicodedata

# Controls other than white space are among them: none means anything in a text, and no database but SQLite
# stores a NUL.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_WHITESPACE = re.compile(r"\s+")
_LINE_END = re.compile("\r\n|[\n\r\v\f\u0085\u2028\u2029]")


def tidy(text: str) -> str:
    """Return `text` on one line: NFC, no invisible characters, each run of white space one space.

    Full-width punctuation and digits stay as written (NFC, not NFKC).
    """
    return _WHITESPACE.sub(" ", unicodedata.normalize("NFC", _INVISIBLE.sub("", text))).strip()


def split_lines(text: str) -> list[str]:
    """Return the tidied lines of `text`, blank ones left out."""
    return [line for raw in _LINE_END.split(text) if (line := tidy(raw))]
