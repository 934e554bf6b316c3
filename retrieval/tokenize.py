"""Words for lexical search: jieba in search mode over a government dictionary.

Text is folded first (NFKC, lower case, Traditional to Simplified) so that a question typed in
Taipei or on a full-width keyboard meets the words of the documents.
"""

import logging
import re
import warnings
from functools import cache, cached_property
from typing import TYPE_CHECKING

from knowledge_base.folding import fold
from retrieval.cutting import Cutting

if TYPE_CHECKING:
    import jieba

_WORD = re.compile(r"[0-9a-z]+(?:\.[0-9]+)?%?|[㐀-鿿豈-﫿]+")


class Tokenizer:
    """Cuts text into words. The first use in a process loads jieba's dictionary, about half a second."""

    def __init__(self, cutting: Cutting) -> None:
        self._cutting = cutting

    @cached_property
    def _jieba(self) -> "jieba.Tokenizer":
        return _cutter(self._cutting)

    def fold(self, text: str) -> str:
        """Return the text in NFKC, lower case and Simplified characters."""
        return fold(text)

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
        return [word for word in self.every_word(text) if word not in self._cutting.stopwords]

    def every_word(self, text: str) -> list[str]:
        """Return the words of a passage, long ones and those inside them."""
        return [
            word
            for run in _WORD.findall(self.fold(text))
            for word in (self._jieba.cut_for_search(run) if run[0] >= "㐀" else (run,))
        ]


@cache
def _plain() -> "jieba.Tokenizer":
    """Return jieba with its own dictionary of half a million words; it is copied, never changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes, told when it is first compiled
        import jieba

    jieba.setLogLevel(logging.WARNING)
    plain = jieba.Tokenizer()
    plain.initialize()
    return plain


_made: dict[str, "jieba.Tokenizer"] = {}


def _cutter(cutting: Cutting) -> "jieba.Tokenizer":
    """Return jieba with a dictionary of ours on top.

    Another dictionary is another object: one that other threads are cutting with cannot be changed.
    Two are kept at hand, that of the index in use and that of the one to come.
    """
    if (made := _made.get(cutting.fingerprint)) is not None:
        return made
    plain = _plain()
    cutter = type(plain)()
    cutter.FREQ, cutter.total, cutter.initialized = plain.FREQ.copy(), plain.total, True
    for each in cutting.dictionary:
        cutter.add_word(each.word, each.frequency)
    # Not `del_word`: it would tell jieba's model of unknown words, which all dictionaries share.
    cutter.FREQ.update(dict.fromkeys(cutting.apart, 0))
    for older in list(_made)[:-1]:
        _made.pop(older, None)
    return _made.setdefault(cutting.fingerprint, cutter)
