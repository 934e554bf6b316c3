"""Words that do not hold are refused with row, column and cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.word_rules import MAX_CHARS, MAX_TERMS, faults_of
from knowledge_base.words import PackagedWords, Word, WordDraft, WordKind

DICTIONARY, SYNONYM, STOP, TYPO = WordKind.DICTIONARY, WordKind.SYNONYM, WordKind.STOP, WordKind.TYPO
PACKAGED = PackagedWords(
    frozenset({"公积金", "工伤认定"}),
    frozenset({"请问", "怎么"}),
    {"老板": ("用人单位",), "领证": ("结婚登记",)},
)


def told(*words: Word, beside: tuple[Word, ...] = ()) -> list[str]:
    """Return the faults of words added to those in use, one a row."""
    folded = [word.folded() for word in words]
    after = {(word.kind, word.word): word for word in (*beside, *folded)}
    drafts = [WordDraft(row, word) for row, word in enumerate(folded, start=1)]
    return [str(fault) for fault in faults_of(drafts, tuple(after.values()), PACKAGED)]


@pytest.mark.parametrize(
    "word",
    [
        Word(DICTIONARY, "灵活就业"),
        Word(DICTIONARY, "公积金", frequency=900, tag="n"),
        Word(SYNONYM, "炒鱿鱼", ("解除劳动合同", "辞退")),
        Word(SYNONYM, "租房补贴", ("住房租赁补贴",), two_way=True),
        Word(SYNONYM, "老板", ("雇主",)),
        Word(STOP, "麻溜"),
        Word(TYPO, "公鸡金", ("公积金",)),
        Word(STOP, "请问", hides=True),
    ],
)
def test_sound_words_hold(word: Word) -> None:
    assert told(word) == []


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        (Word(STOP, "  "), "第 1 行，词：是空的"),
        (Word(SYNONYM, "甲", ("字" * (MAX_CHARS + 1),)), "第 1 行，公文用语：有 41 个字，最多 40 个"),
        (Word(SYNONYM, "炒鱿鱼", ()), "第 1 行，公文用语：没有公文用语"),
        (
            Word(SYNONYM, "炒鱿鱼", tuple(map(str, range(MAX_TERMS + 1)))),
            "第 1 行，公文用语：公文用语有 9 个，最多 8 个",
        ),
        (Word(SYNONYM, "辞退", ("辞退",)), "第 1 行，公文用语：“辞退”不能是自己的公文用语"),
        (Word(STOP, "请 问"), "第 1 行，词：“请 问”里有空格，一行只能是一个词"),
        (Word(STOP, "？！"), "第 1 行，词：“?!”没有文字"),
        (Word(SYNONYM, "甲|乙", ("丙",)), "第 1 行，口语：含有控制字符或竖线，请去掉"),
        (
            Word(DICTIONARY, "4050"),
            "第 1 行，词：“4050”要是两个以上的汉字：数字、字母和单字本来就单独成词",
        ),
        (
            Word(DICTIONARY, "灵活就业", frequency=0),
            "第 1 行，词频：词频 0 不在 1 到 10000000 之间；不知道就留空",
        ),
        (
            Word(DICTIONARY, "灵活就业", tag="名词"),
            "第 1 行，词性：词性“名词”要是至多五个小写字母，如 n、v、nt；不知道就留空",
        ),
        (Word(TYPO, "公鸡金", ()), "第 1 行，对：正确写法有 0 个，要恰好 1 个"),
        (Word(TYPO, "公", ("供暖",)), "第 1 行，错：“公”只有一个字，会改到别的词里去"),
        (
            Word(TYPO, "民工", ("农民工",)),
            "第 1 行，错：“民工”是正确写法“农民工”的一部分，写对了的也会被改；改用同义词",
        ),
    ],
)
def test_what_a_word_lacks_by_itself_is_told_with_row_and_column(word: Word, fault: str) -> None:
    assert fault in told(word)


@pytest.mark.parametrize(
    ("word", "beside", "fault"),
    [
        (Word(SYNONYM, "请问", ("咨询",)), (), "口语：“请问”也是停用词"),
        (Word(SYNONYM, "咋整", ("怎么",)), (), "公文用语：“怎么”也是停用词"),
        (Word(STOP, "老板"), (), "词：“老板”也是同义词表里的口语"),
        (Word(STOP, "用人单位"), (), "词：“用人单位”是同义词表里的公文用语"),
        (Word(STOP, "请问"), (), "词：自带的停用词里已有“请问”"),
        (Word(SYNONYM, "老板", ("用人单位",)), (), "口语：自带的词表里已有“老板”"),
        (Word(TYPO, "工伤认定", ("工伤鉴定",)), (), "错：“工伤认定”本身是公文用语或词典里的词"),
        (Word(TYPO, "结婚登记", ("结婚登计",)), (), "错：“结婚登记”本身是公文用语或词典里的词"),
        (
            Word(TYPO, "社堡卡", ("社保佧",)),
            (Word(TYPO, "社保佧", ("社保卡",)),),
            "对：“社保佧”在错字表里又是“社保卡”的错写",
        ),
        (
            Word(TYPO, "社保佧", ("社保卡",)),
            (Word(TYPO, "社堡卡", ("社保佧",)),),
            "错：“社保佧”在错字表里是“社堡卡”的正确写法",
        ),
        (
            Word(DICTIONARY, "公鸡金"),
            (Word(TYPO, "公鸡金", ("公积金",)),),
            "词：“公鸡金”在错字表里是“公积金”的错写",
        ),
        (
            Word(SYNONYM, "丙词", ("甲词",)),
            (Word(SYNONYM, "甲词", ("乙词",)), Word(SYNONYM, "乙词", ("丙词",))),
            "公文用语：单向的同义词绕成了圈：丙词→甲词→乙词→丙词",
        ),
        (Word(SYNONYM, "用人单位", ("老板",)), (), "圈：用人单位→老板→用人单位；互通的请标为双向"),
    ],
)
def test_words_that_contradict_others_are_told(word: Word, beside: tuple[Word, ...], fault: str) -> None:
    assert any(fault in each for each in told(word, beside=beside)), told(word, beside=beside)


def test_hiding_the_other_settles_a_conflict() -> None:
    assert told(Word(SYNONYM, "请问", ("咨询",)), beside=(Word(STOP, "请问", hides=True),)) == []
    assert told(Word(STOP, "老板"), beside=(Word(SYNONYM, "老板", hides=True),)) == []


def test_a_two_way_synonym_is_no_circle() -> None:
    assert told(Word(SYNONYM, "用人单位", ("老板",), two_way=True)) == []


def test_the_same_word_twice_in_a_sheet_is_told_after_folding() -> None:
    words = (Word(STOP, "麻溜"), Word(STOP, " 麻溜 "), Word(TYPO, "麻溜地", ("马上",)))
    assert told(*words) == ["第 2 行，词：“麻溜”与第 1 行重复，请只留一行"]
    assert told(Word(STOP, "勞駕"), Word(STOP, "劳驾"))[0].startswith("第 2 行")


@given(
    st.lists(
        st.tuples(st.sampled_from("甲乙丙丁"), st.sampled_from("甲乙丙丁")),
        max_size=5,
        unique_by=lambda e: e[0],
    )
)
def test_a_circle_is_told_exactly_where_following_the_arrows_comes_back(pairs: list[tuple[str, str]]) -> None:
    arrows = dict(pairs)

    def comes_back(start: str) -> bool:
        at = arrows[start]
        for _ in arrows:
            if at == start:
                return True
            at = arrows.get(at, "")
        return False

    faults = told(*(Word(SYNONYM, f"{a}词", (f"{b}词",)) for a, b in pairs))
    rows = {int(fault.split(" ")[1]) for fault in faults}
    assert rows == {row for row, (start, _) in enumerate(pairs, start=1) if comes_back(start)}
