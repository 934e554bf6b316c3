"""The words people say, found in what they ask, and the lists themselves."""

import timeit
import warnings
from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.errors import SettingsError
from knowledge_base.words import Word, WordKind
from retrieval import lexicon as lexicon_module
from retrieval.cutting import Source
from retrieval.lexicon import DICTIONARY, STOPWORDS, TABLES, Lexicon, load_lexicon

LEXICON = load_lexicon()
DATA = Path(lexicon_module.__file__).with_name("data")


def expanded(text: str, lexicon: Lexicon = LEXICON) -> dict[str, tuple[str, ...]]:
    return {expansion.matched: expansion.official for expansion in lexicon.expand(text)}


def rows(name: str) -> Iterator[tuple[list[str], list[str]]]:
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            spellings, official = line.split("\t")
            yield spellings.split("|"), official.split("|")


def words(name: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split(" ")[0] for line in lines if not line.startswith("#")]


def write_lists(folder: Path, **changed: str) -> Path:
    """Write a small, sound set of lists with some of them replaced."""
    lists = {
        "synonyms": "# phrase\tterms\n老板\t用人单位\n老板娘\t经营者|用人单位\n民工\t农民工\n",
        "english": "# phrase\tterms\nwork permit\t工作许可\nwork\t就业\n",
        "taiwan_hk": "# word\tterms\n計程車|计程车\t出租汽车\n",
        "stopwords": "# word\n请问\n怎么\n",
        "government": "# word freq pos\n工伤认定 3 n\n",
    } | changed
    for name in (*TABLES, STOPWORDS, DICTIONARY):
        (folder / name).write_text(lists[name.split(".")[0]], encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("老板不给工资怎么办", {"老板": ("用人单位",), "不给工资": ("拖欠工资", "劳动报酬")}),
        ("领证要带啥", {"领证": ("结婚登记",), "要带啥": ("申请材料", "提交下列材料")}),
        ("签证过期了要罚多少", {"签证过期": ("非法居留", "停留期限"), "要罚多少": ("罚款",)}),
        ("How long is maternity leave?", {"How long": ("期限", "日内"), "maternity leave": ("产假",)}),
        ("身分證掉了", {"身分證": ("居民身份证",)}),
        ("身分证掉了", {"身分证": ("居民身份证",)}),
        ("工伤认定申请由社会保险行政部门受理", {}),
        ("", {}),
    ],
)
def test_a_question_is_read_in_official_terms(question: str, found: dict[str, tuple[str, ...]]) -> None:
    assert expanded(question) == found


def test_offsets_address_the_question() -> None:
    question = "我 老板 overstayed his VISA"
    places = [(found.matched, found.start, found.end) for found in LEXICON.expand(question)]
    assert places == [("老板", 2, 4), ("overstayed", 5, 15), ("VISA", 20, 24)]


def test_the_longest_phrase_wins_and_none_overlap(tmp_path: Path) -> None:
    small = load_lexicon(write_lists(tmp_path))
    assert expanded("老板娘说老板走了", small) == {"老板娘": ("经营者", "用人单位"), "老板": ("用人单位",)}
    assert expanded("a work permit for work", small) == {"work permit": ("工作许可",), "work": ("就业",)}


def test_nothing_is_read_inside_an_official_word() -> None:
    assert expanded("农民工、中小企业、个体工商户、住房公积金、行政复议和人民法院") == {}
    assert expanded("民工的公积金") == {"民工": ("农民工",), "公积金": ("住房公积金",)}


def test_a_phrase_that_reaches_beyond_an_official_word_still_counts() -> None:
    assert expanded("劳动合同到期") == {"合同到期": ("终止劳动合同", "期满")}


@pytest.mark.parametrize(
    ("written", "matched"),
    [
        ("two visas", "visas"),
        ("the employer's duty", "employer's"),
        ("the employer’s duty", "employer’s"),
        ("WORK  PERMIT", "WORK  PERMIT"),
        ("part-time", "part-time"),
        ("part time", "part time"),
    ],
)
def test_english_matches_in_any_case_number_and_spacing(written: str, matched: str) -> None:
    assert [found.matched for found in LEXICON.expand(written)] == [matched]


@pytest.mark.parametrize("text", ["visage", "televisa", "2visa", "taxidermy"])
def test_english_matches_whole_words_only(text: str) -> None:
    assert LEXICON.expand(text) == ()


PIECES = st.sampled_from(
    ["老板", "公积金", "住房公积金", "visa", "work permit", "N+1", "，", " ", "İ", "ſ", "\x00", "吗"]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_expansions_are_in_order_apart_and_verbatim(text: str) -> None:
    end = 0
    for found in LEXICON.expand(text):
        assert end <= found.start < found.end
        assert text[found.start : found.end] == found.matched
        assert all(found.official)
        end = found.end


def test_fifty_characters_take_less_than_a_fifth_of_a_millisecond() -> None:
    question = (
        "老板拖着工资不给还把我炒了，我在工地上干活摔断了腿，"
        + "想去告他，多久能拿到钱，要带啥，去哪里办理手续呢"
    )
    assert len(question) == 50
    best = min(timeit.repeat(lambda: LEXICON.expand(question), number=20, repeat=20)) / 20
    assert best < 0.0002


def test_stopwords_and_dictionary_are_given_out() -> None:
    assert {"请问", "怎么", "吗", "我", "我们", "一下", "可以", "有没有"} <= LEXICON.cutting.stopwords.keys()
    assert [each.word for each in LEXICON.cutting.dictionary] == words(DICTIONARY)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"synonyms": "老板\n"}, r"synonyms\.tsv line 1: 1 columns, 2 wanted"),
        ({"synonyms": "# head\n老板\t用人单位\t三\n"}, r"synonyms\.tsv line 2: 3 columns, 2 wanted"),
        ({"english": "visa\t签证|\n"}, r"english\.tsv line 1: a phrase or term is blank"),
        ({"english": " \t签证\n"}, r"english\.tsv line 1: a phrase or term is blank"),
        (
            {"taiwan_hk": "老板\t用人单位\n"},
            r"taiwan_hk\.tsv line 1: “老板” already stands in .*synonyms\.tsv line 2",
        ),
        ({"stopwords": "请问 怎么\n"}, r"stopwords\.txt line 1: 2 words, 1 wanted"),
        ({"government": "工伤认定 n\n"}, r"government\.dict\.txt line 1: 2 fields, 3 wanted"),
        ({"government": "工伤认定 many n\n"}, r"government\.dict\.txt line 1: "),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, changed: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_lexicon(write_lists(tmp_path, **changed))


def test_a_missing_or_wrongly_encoded_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"synonyms\.tsv: cannot be read"):
        load_lexicon(tmp_path)
    write_lists(tmp_path)
    (tmp_path / STOPWORDS).write_bytes("请问".encode("gb18030"))
    with pytest.raises(SettingsError, match=r"stopwords\.txt: not UTF-8 at byte 0"):
        load_lexicon(tmp_path)


@pytest.mark.parametrize(
    ("name", "least"), [("synonyms.tsv", 1200), ("english.tsv", 500), ("taiwan_hk.tsv", 80)]
)
def test_tables_are_sound(name: str, least: int) -> None:
    entries = list(rows(name))
    assert len(entries) >= least
    for spellings, official in entries:
        assert all(official)
        assert len(set(official)) == len(official), spellings
        assert not set(spellings) & set(official), spellings
        assert not set(official) & LEXICON.cutting.stopwords.keys(), spellings
        assert all(spelling == spelling.strip().lower() for spelling in spellings), spellings


def test_chinese_is_written_in_the_characters_it_is_matched_in() -> None:
    fold = opencc.OpenCC("t2s").convert
    for spellings, official in rows("synonyms.tsv"):
        assert [fold(word) for word in (*spellings, *official)] == [*spellings, *official]
    for spellings, _ in rows("taiwan_hk.tsv"):
        assert fold(spellings[0]) == spellings[-1], "as written, then as folded"


def test_stopwords_are_sound() -> None:
    stopwords = words(STOPWORDS)
    assert len(stopwords) >= 200
    assert len(set(stopwords)) == len(stopwords)


@pytest.mark.slow
def test_the_dictionary_keeps_government_terms_whole() -> None:
    terms = words(DICTIONARY)
    assert len(terms) >= 1500
    assert len(set(terms)) == len(terms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 has invalid escapes
        import jieba
    jieba.setLogLevel("WARNING")
    cutter = jieba.Tokenizer()
    with (DATA / DICTIONARY).open("rb") as lines:
        cutter.load_userdict(lines)
    assert cutter.lcut("向人社局申请工伤认定") == ["向", "人社局", "申请", "工伤认定"]
    assert cutter.lcut("停工留薪期内的劳动报酬") == ["停工留薪期", "内", "的", "劳动报酬"]
    assert cutter.lcut("异地就医可以一网通办吗") == ["异地就医", "可以", "一网通办", "吗"]
    assert set(cutter.lcut_for_search("不动产登记")) >= {"不动产", "登记", "不动产登记"}
    broken = [term for term in terms if cutter.lcut(term, HMM=False) != [term]]
    assert broken == []


def own(*words: Word) -> Lexicon:
    return load_lexicon(words=words)


def synonym(word: str, *terms: str, two_way: bool = False) -> Word:
    return Word(WordKind.SYNONYM, word, terms, two_way=two_way)


def test_an_operators_synonym_is_read_and_told_apart() -> None:
    (found,) = own(synonym("薅羊毛", "补贴申领")).expand("怎么薅羊毛")
    assert (found.matched, found.official, found.source) == ("薅羊毛", ("补贴申领",), Source.OPERATORS)
    assert expanded("怎么薅羊毛") == {}


def test_an_operators_synonym_takes_the_place_of_the_packaged_one_or_hides_it() -> None:
    assert expanded("老板来了", own(synonym("老板", "雇主方"))) == {"老板": ("雇主方",)}
    assert expanded("老板来了", own(Word(WordKind.SYNONYM, "老板", hides=True))) == {}


def test_a_one_way_synonym_is_not_read_back_and_a_two_way_one_is() -> None:
    one, two = own(synonym("房补金", "租赁津贴")), own(synonym("房补金", "租赁津贴", two_way=True))
    assert expanded("租赁津贴多少", one) == {}
    assert expanded("租赁津贴多少", two) == {"租赁津贴": ("房补金",)}
    assert expanded("房补金多少", two) == {"房补金": ("租赁津贴",)}
    assert one.named("租赁津贴多少") == two.named("租赁津贴多少") == ("租赁津贴",)
    assert two.named("房补金多少") == ()


def test_typos_are_mended_but_not_inside_an_official_word() -> None:
    lexicon = own(Word(WordKind.TYPO, "积金", ("基金",)), Word(WordKind.TYPO, "社堡", ("社保",)))
    assert [(found.matched, found.official) for found in lexicon.mend("社堡和公积金")] == [
        ("社堡", ("社保",))
    ]
    assert LEXICON.mend("社堡") == ()


def test_an_index_cut_otherwise_keeps_its_cutting_and_gets_todays_synonyms() -> None:
    now = own(synonym("薅羊毛", "补贴申领"), Word(WordKind.DICTIONARY, "青岚惠民卡"))
    then = now.cut_by(LEXICON.cutting)
    assert then.cutting is LEXICON.cutting
    assert expanded("薅羊毛", then) == {"薅羊毛": ("补贴申领",)}
    assert now.named("青岚惠民卡") == ("青岚惠民卡",)
    assert then.named("青岚惠民卡") == ()


def test_only_dictionary_and_stop_list_change_the_fingerprint() -> None:
    same = own(synonym("薅羊毛", "补贴申领"), Word(WordKind.TYPO, "社堡", ("社保",)))
    assert same.cutting.fingerprint == LEXICON.cutting.fingerprint
    for word in (
        Word(WordKind.DICTIONARY, "青岚惠民卡"),
        Word(WordKind.DICTIONARY, "公积金中心", hides=True),
        Word(WordKind.STOP, "麻溜"),
        Word(WordKind.STOP, "请问", hides=True),
    ):
        assert own(word).cutting.fingerprint != LEXICON.cutting.fingerprint, word
