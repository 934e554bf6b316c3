"""Words for lexical search: jieba in search mode over a government dictionary.

Text is folded first (NFKC, lower case, Traditional to Simplified) so that a question typed in
Taipei or on a full-width keyboard meets the words of the documents.
"""

import logging
import re
import unicodedata
import warnings
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.lexicon import Lexicon

if TYPE_CHECKING:
    import jieba
    import opencc

_WORD = re.compile(r"[0-9a-z]+(?:\.[0-9]+)?%?|[㐀-鿿豈-﫿]+")


class Tokenizer:
    """Cuts text into words. The first use in a process loads jieba's dictionary, about half a second."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    @cached_property
    def _jieba(self) -> "jieba.Tokenizer":
        return _cutter(self._lexicon.dictionary_path, self._lexicon.fingerprint)

    @cached_property
    def _to_simplified(self) -> "opencc.OpenCC":
        import opencc

        return opencc.OpenCC("t2s")

    def fold(self, text: str) -> str:
        """Return the text in NFKC, lower case and Simplified characters."""
        lower = unicodedata.normalize("NFKC", text).lower()
        # Lower case can undo the normal form: İ becomes i and a dot, which has to find its place again.
        simplified: str = self._to_simplified.convert(unicodedata.normalize("NFKC", lower))
        return simplified

    def cut(self, run: str) -> list[str]:
        """Cut a run of Chinese characters into segments that join up to it again."""
        segments: list[str] = self._jieba.lcut(run, HMM=False)
        return segments

    def frequency(self, word: str) -> int:
        """Return how often jieba's dictionary counted a word; 0 for one it does not know."""
        count: int = self._jieba.FREQ.get(word, 0)
        return count

    def words(self, text: str) -> list[str]:
        """Return the words of a passage, long ones and those inside them, stop words left out."""
        stop = self._lexicon.stopwords
        return [
            word
            for run in _WORD.findall(self.fold(text))
            for word in (self._jieba.cut_for_search(run) if run[0] >= "㐀" else (run,))
            if word not in stop
        ]


@cache
def _cutter(dictionary: Path, fingerprint: str) -> "jieba.Tokenizer":  # noqa: ARG001 a changed dictionary is another
    """Return jieba with a user dictionary; one for the whole process, as it holds half a million words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes, told when it is first compiled
        import jieba

    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    with dictionary.open("rb") as words:
        cutter.load_userdict(words)
    return cutter
