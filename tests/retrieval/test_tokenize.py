"""From any writing to the words of the lexical index."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge_base.errors import IndexDamaged
from knowledge_base.words import Word, WordKind
from retrieval.cutting import Cutting
from retrieval.lexicon import load_lexicon
from retrieval.tokenize import Tokenizer

LEXICON = load_lexicon()
TOKENIZER = Tokenizer(LEXICON.cutting)

WRITING = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["公积金", "什么", "機車", "後", "乾", "么", "著作权", "ＡＢ", "İ", "ẞ", "12.5%", "３", " ", "，"]
        ),
        max_size=12,
    ).map("".join),
)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("住房公積金怎麼提取", "住房公积金怎么提取"),
        ("ＶＩＳＡ　２０２６", "visa 2026"),
        ("社保 Card", "社保 card"),
        ("为什么乾隆年间的著作权还有", "为什么乾隆年间的著作权还有"),
    ],
)
def test_full_width_capitals_and_traditional_characters_are_folded(typed: str, folded: str) -> None:
    assert TOKENIZER.fold(typed) == folded


@given(WRITING)
@example("İ\u0323")
def test_folding_twice_changes_nothing_more(text: str) -> None:
    folded = TOKENIZER.fold(text.replace("薴", ""))  # the one character that opencc simplifies in two steps
    assert TOKENIZER.fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("住房公积金", ["住房", "公积", "积金", "公积金", "住房公积金"]),
        ("请问怎么提取公积金吗", ["提取", "公积", "积金", "公积金"]),
        ("罚款 200.50 元，比例5%", ["罚款", "200.50", "元", "比例", "5%"]),
        ("VISA-free 30 days", ["visa", "free", "30", "days"]),
        ("工傷認定", ["工伤", "认定", "工伤认定"]),
        ("，。！", []),
        ("", []),
    ],
)
def test_words_are_cut_long_and_short_without_stop_words(text: str, words: list[str]) -> None:
    assert TOKENIZER.words(text) == words


@given(WRITING)
def test_no_word_is_a_stop_word_and_every_word_stands_in_the_folded_text(text: str) -> None:
    folded = TOKENIZER.fold(text)
    for word in TOKENIZER.words(text):
        assert word not in LEXICON.cutting.stopwords
        assert word in folded
        assert word == word.strip()


@given(WRITING)
def test_words_are_the_same_however_the_text_is_composed(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert TOKENIZER.words(composed) == TOKENIZER.words(unicodedata.normalize("NFD", text))


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=30))
def test_a_cut_run_joins_up_again(run: str) -> None:
    assert "".join(TOKENIZER.cut(run)) == run


def cutter(*words: Word) -> Tokenizer:
    return Tokenizer(load_lexicon(words=words).cutting)


def test_an_operators_word_is_kept_whole_and_nobody_elses_words_change() -> None:
    text = "青岚惠民卡怎么办"
    before = TOKENIZER.words(text)
    own = cutter(Word(WordKind.DICTIONARY, "青岚惠民卡"))
    assert "青岚惠民卡" in own.words(text)
    assert "青岚惠民卡" not in before
    assert TOKENIZER.words(text) == before


def test_a_hidden_word_is_no_longer_kept_whole_and_a_hidden_stop_word_is_searched() -> None:
    assert "停工留薪期" in TOKENIZER.cut("停工留薪期")
    assert "停工留薪期" not in cutter(Word(WordKind.DICTIONARY, "停工留薪期", hides=True)).cut("停工留薪期")
    assert "怎么" in cutter(Word(WordKind.STOP, "怎么", hides=True)).words("怎么办理")
    assert "办理" not in cutter(Word(WordKind.STOP, "办理")).words("怎么办理")


def test_what_is_kept_with_an_index_cuts_in_the_same_way(tmp_path: Path) -> None:
    cutting = load_lexicon(
        words=(
            Word(WordKind.DICTIONARY, "青岚惠民卡", frequency=50, tag="n"),
            Word(WordKind.DICTIONARY, "停工留薪期", hides=True),
            Word(WordKind.STOP, "麻溜"),
        )
    ).cutting
    cutting.save(tmp_path)
    again = Cutting.load(tmp_path)
    assert again == cutting
    assert again.fingerprint == cutting.fingerprint
    (tmp_path / "words.json").write_text("{}", encoding="utf-8")
    with pytest.raises(IndexDamaged, match=r"words\.json cannot be read"):
        Cutting.load(tmp_path)
