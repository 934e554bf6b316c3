"""What a list of words must hold to: nothing blank, too long or double, and nothing that contradicts another.

Faults name row and column, so that they can be mended in the sheet the words came from.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from knowledge_base.words import PackagedWords, Word, WordDraft, WordKind

MAX_CHARS = 40
MAX_TERMS = 8
MAX_FREQUENCY = 10_000_000
COLUMNS: Mapping[WordKind, tuple[str, ...]] = {
    WordKind.DICTIONARY: ("词", "词频", "词性"),
    WordKind.SYNONYM: ("口语", "公文用语", "双向"),
    WordKind.STOP: ("词",),
    WordKind.TYPO: ("错", "对"),
}
"""The columns of each kind's sheet, the word itself first."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f|]")
_HAN = re.compile(r"[㐀-鿿豈-﫿]{2,}")
_TAG = re.compile(r"[a-z]{0,5}")


@dataclass(frozen=True, slots=True)
class WordFault:
    """What is wrong with a word, and where."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"第 {self.row} 行，{self.column}：{self.reason}"


@dataclass(frozen=True, slots=True)
class _Lists:
    """All lists as they would be: the project's with the operators' on top."""

    dictionary: frozenset[str]
    stopwords: frozenset[str]
    synonyms: Mapping[str, tuple[str, ...]]
    one_way: Mapping[str, tuple[str, ...]]
    official: frozenset[str]
    typos: Mapping[str, str]

    @classmethod
    def of(cls, words: Sequence[Word], packaged: PackagedWords) -> "_Lists":
        hidden = {(word.kind, word.word) for word in words if word.hides}
        own = [word for word in words if not word.hides and word.word]
        by_kind = {kind: [word for word in own if word.kind is kind] for kind in WordKind}

        def with_own(kind: WordKind, theirs: frozenset[str]) -> frozenset[str]:
            left = {word for word in theirs if (kind, word) not in hidden}
            return frozenset(left | {word.word for word in by_kind[kind]})

        packaged_synonyms = {
            word: terms for word, terms in packaged.synonyms.items() if (WordKind.SYNONYM, word) not in hidden
        }
        own_synonyms = by_kind[WordKind.SYNONYM]
        synonyms = packaged_synonyms | {word.word: word.terms for word in own_synonyms}
        two_way = {word.word for word in own_synonyms if word.two_way}
        dictionary = with_own(WordKind.DICTIONARY, packaged.dictionary)
        return cls(
            dictionary=dictionary,
            stopwords=with_own(WordKind.STOP, packaged.stopwords),
            synonyms=synonyms,
            one_way={word: terms for word, terms in synonyms.items() if word not in two_way},
            official=dictionary | frozenset(chain.from_iterable(synonyms.values())),
            typos={word.word: word.terms[0] for word in by_kind[WordKind.TYPO] if word.terms},
        )


def faults_of(
    drafts: Sequence[WordDraft], after: Sequence[Word], packaged: PackagedWords
) -> tuple[WordFault, ...]:
    """Return what is wrong with drafts, by row; empty when they hold.

    Args:
        drafts: Folded words to be added.
        after: All the operators' words as they would be with them.
        packaged: What comes with the project.
    """
    lists = _Lists.of(after, packaged)
    seen: dict[tuple[WordKind, str], int] = {}
    faults: list[WordFault] = []
    for draft in drafts:
        word = draft.word
        found = list(_of_itself(word))
        key = (word.kind, word.word)
        if key in seen:
            found.append((0, f"“{word.word}”与第 {seen[key]} 行重复，请只留一行"))
        seen.setdefault(key, draft.row)
        if not found and not word.hides:
            found = list(_CONFLICTS[word.kind](word, lists, packaged))
        faults += [WordFault(draft.row, COLUMNS[word.kind][column], reason) for column, reason in found]
    return tuple(faults)


_Found = Iterator[tuple[int, str]]
"""Faults as the place of the column and the reason."""


def _of_itself(word: Word) -> _Found:
    yield from ((0, reason) for reason in _text_faults(word.word))
    yield from ((1, reason) for term in word.terms for reason in _text_faults(term))
    match word.kind:
        case WordKind.DICTIONARY:
            if word.word and not _HAN.fullmatch(word.word):
                yield 0, f"“{word.word}”要是两个以上的汉字：数字、字母和单字本来就单独成词"
            if word.frequency is not None and not 1 <= word.frequency <= MAX_FREQUENCY:
                yield 1, f"词频 {word.frequency} 不在 1 到 {MAX_FREQUENCY} 之间；不知道就留空"
            if not _TAG.fullmatch(word.tag):
                yield 2, f"词性“{word.tag}”要是至多五个小写字母，如 n、v、nt；不知道就留空"
        case WordKind.SYNONYM if not word.hides:
            if not word.terms:
                yield 1, "没有公文用语"
            if len(word.terms) > MAX_TERMS:
                yield 1, f"公文用语有 {len(word.terms)} 个，最多 {MAX_TERMS} 个"
            if word.word and word.word in word.terms:
                yield 1, f"“{word.word}”不能是自己的公文用语"
        case WordKind.STOP:
            if len(word.word.split()) > 1:
                yield 0, f"“{word.word}”里有空格，一行只能是一个词"
        case WordKind.TYPO if not word.hides:
            yield from _typo_faults(word)


def _text_faults(text: str) -> Iterator[str]:
    if not text:
        yield "是空的"
    elif len(text) > MAX_CHARS:
        yield f"有 {len(text)} 个字，最多 {MAX_CHARS} 个"
    if _UNFIT.search(text):
        yield "含有控制字符或竖线，请去掉"
    elif text and not any(character.isalnum() for character in text):
        yield f"“{text}”没有文字"


def _typo_faults(word: Word) -> _Found:
    if len(word.terms) != 1:
        yield 1, f"正确写法有 {len(word.terms)} 个，要恰好 1 个"
    elif word.word and word.word in word.terms[0]:
        # 民工→农民工 would make 农农民工 of a text that is right.
        yield 0, f"“{word.word}”是正确写法“{word.terms[0]}”的一部分，写对了的也会被改；改用同义词"
    if len(word.word) == 1:
        yield 0, f"“{word.word}”只有一个字，会改到别的词里去"


def _dictionary_conflicts(word: Word, lists: _Lists, packaged: PackagedWords) -> _Found:
    del packaged
    if word.word in lists.typos:
        yield 0, f"“{word.word}”在错字表里是“{lists.typos[word.word]}”的错写；先移除那条错字"


def _synonym_conflicts(word: Word, lists: _Lists, packaged: PackagedWords) -> _Found:
    if word.word in lists.stopwords:
        yield 0, f"“{word.word}”也是停用词，两者只能留一个；先移除停用词"
    for term in word.terms:
        if term in lists.stopwords:
            yield 1, f"“{term}”也是停用词，检索时会被略去；换一个，或先移除停用词"
        if term in lists.typos:
            yield 1, f"“{term}”在错字表里是“{lists.typos[term]}”的错写；写正确的，或先移除那条错字"
    if not word.two_way:
        if packaged.synonyms.get(word.word) == word.terms:
            yield 0, f"自带的词表里已有“{word.word}”，公文用语也一样，不必再加"
        if circle := _circle(word.word, lists.one_way):
            yield 1, f"单向的同义词绕成了圈：{'→'.join(circle)}；互通的请标为双向"


def _stop_conflicts(word: Word, lists: _Lists, packaged: PackagedWords) -> _Found:
    if word.word in packaged.stopwords:
        yield 0, f"自带的停用词里已有“{word.word}”，不必再加"
    if word.word in lists.synonyms:
        yield 0, f"“{word.word}”也是同义词表里的口语，两者只能留一个；先移除那条同义词"
    elif any(word.word in terms for terms in lists.synonyms.values()):
        yield 0, f"“{word.word}”是同义词表里的公文用语，不能略去不查"


def _typo_conflicts(word: Word, lists: _Lists, packaged: PackagedWords) -> _Found:
    del packaged
    if word.word in lists.official:
        yield 0, f"“{word.word}”本身是公文用语或词典里的词，不是错写"
    right = word.terms[0]
    if right in lists.typos:
        yield 1, f"“{right}”在错字表里又是“{lists.typos[right]}”的错写；直接写最后的那个"
    wrong_of = sorted(wrong for wrong, other in lists.typos.items() if other == word.word)
    if wrong_of:
        yield 0, f"“{word.word}”在错字表里是“{wrong_of[0]}”的正确写法；先改那一条"


_CONFLICTS = {
    WordKind.DICTIONARY: _dictionary_conflicts,
    WordKind.SYNONYM: _synonym_conflicts,
    WordKind.STOP: _stop_conflicts,
    WordKind.TYPO: _typo_conflicts,
}


def _circle(start: str, one_way: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the shortest way from a word over its terms back to it; empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        onward = []
        for way in ways:
            for term in one_way.get(way[-1], ()):
                if term == start:
                    return (*way, start)
                if term not in seen:
                    seen.add(term)
                    onward.append((*way, term))
        ways = onward
    return ()
