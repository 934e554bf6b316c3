"""A model's text, as it arrives in pieces, read into sentences with the sources they name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SENTENCE_CHARS = 400
_MARK = re.compile(
    r"\s*[\[【［]\s*\^?(?:摘录|资料|来源|依据)?\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]】］]"
)
_END = re.compile(r"[。！？!?]+[”’」』）)]*|\n+")
_DECORATION = re.compile(r"\*\*|__|`+|^\s*(?:#{1,6}|[-*•]|>)\s+|^\s*(?:答|回答)[:：]\s*", re.MULTILINE)
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence without its marks, and the numbers of the sources it names, each once."""

    text: str
    cites: tuple[int, ...]


class SentenceReader:
    """Gives out each sentence once it is clear that it, and the marks behind it, are complete."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, piece: str) -> Iterator[CitedSentence]:
        """Take a piece and yield the sentences it completes."""
        self._buffer += piece
        yield from self._ready(final=False)

    def finish(self) -> Iterator[CitedSentence]:
        """Yield what is left; a sentence broken off has no mark and so no source."""
        yield from self._ready(final=True)

    def _ready(self, *, final: bool) -> Iterator[CitedSentence]:
        # Thoughts of a reasoning model are nobody's to read; while they are open, all waits.
        if "<think>" in self._buffer and "</think>" not in self._buffer and not final:
            return
        self._buffer = _THINKING.sub("", self._buffer)
        while True:
            ended = _END.search(self._buffer, len(self._buffer) - len(self._buffer.lstrip()))
            if ended is None:
                if not final and len(self._buffer) <= MAX_SENTENCE_CHARS:
                    return
                stop = len(self._buffer)
            else:
                stop = ended.end()
                while mark := _MARK.match(self._buffer, stop):
                    stop = mark.end()
                rest = self._buffer[stop:].lstrip(" \t")
                if not final and (not rest or re.match(r"[\[【［][^\]】］\n]{0,12}\Z", rest)):
                    return
            sentence = self._buffer[:stop]
            self._buffer = self._buffer[stop:]
            read = _read(sentence)
            if read.text:
                yield read
            if not self._buffer.strip():
                return


def _read(sentence: str) -> CitedSentence:
    numbers = [int(number) for mark in _MARK.finditer(sentence) for number in re.findall(r"\d+", mark[1])]
    text = _DECORATION.sub("", _MARK.sub("", sentence)).strip()
    return CitedSentence(text, tuple(dict.fromkeys(numbers)))
