"""What is quoted from a 条: always one stretch of the stored text, never more than answers."""

from hypothesis import given
from hypothesis import strategies as st

from bot.responders.extractive import LIST_CHARS, WINDOW_CHARS, Quotation, quote
from bot.responders.layout import Part
from bot.turn import Evidence
from knowledge_base.records import ChunkKind
from tests.bot.builders import STARTS_AT, chunk_of, evidence_of, query_of

LIST = query_of("需要什么材料？")
TERM = query_of("多久办好？")
SENTENCE = "申请人应当依照本条例的规定如实填报登记事项，并对填报内容的真实性负责。"


def verbatim(evidence: Evidence, quotation: Quotation) -> bool:
    start, end = quotation.start - evidence.start, quotation.end - evidence.start
    return bool(quotation.text) and evidence.text[start:end] == quotation.text


def test_a_short_article_is_quoted_whole_without_its_label() -> None:
    evidence = evidence_of(chunk_of("第五条　养犬登记应当在三十日内办理。\n登记不收费。", article="第五条"))
    quotation = quote(evidence, TERM)
    assert quotation.text == "养犬登记应当在三十日内办理。\n登记不收费。"
    assert (quotation.start, quotation.end) == (STARTS_AT + 4, STARTS_AT + 25)
    assert quotation.verbatim


def test_an_article_that_is_only_its_label_is_quoted_as_it_is() -> None:
    assert quote(evidence_of(chunk_of("第五条　", article="第五条")), TERM).text == "第五条"


def test_of_a_long_article_the_sentences_around_the_best_are_quoted() -> None:
    best = "公安机关应当自受理之日起五个工作日内办结。"
    text = f"第六条　{SENTENCE * 5}{best}{SENTENCE * 5}"
    evidence = evidence_of(chunk_of(text), best=best[:6])
    quotation = quote(evidence, TERM)
    assert best in quotation.text
    assert len(quotation.text) <= WINDOW_CHARS
    assert quotation.text.startswith("申请人")
    assert quotation.text.endswith("。")
    assert verbatim(evidence, quotation)


def test_beside_the_answer_fewer_sentences_do() -> None:
    best = "公安机关应当自受理之日起五个工作日内办结。"
    evidence = evidence_of(chunk_of(f"第六条　{SENTENCE * 5}{best}"), best=best[:6])
    assert quote(evidence, TERM, brief=True).text == f"{SENTENCE * 2}{best}"


def test_the_sentence_that_holds_a_duration_is_the_one_for_how_long() -> None:
    """All sentences being equally near in meaning, the kind of answer asked for decides."""
    text = f"第六条　{SENTENCE * 5}本证有效期十五年。{SENTENCE * 5}"
    assert "有效期十五年" in quote(evidence_of(chunk_of(text)), query_of("有效期多久？")).text


MATERIALS = ("（一）犬主的居民身份证；", "（二）犬只的狂犬病免疫证明；", "（三）居住证明。")
LEAD = "申请养犬登记的，应当提交下列材料："


def test_of_a_long_article_a_list_is_quoted_with_what_introduces_it() -> None:
    text = "\n".join((f"第七条　{SENTENCE * 7}", LEAD, *MATERIALS))
    evidence = evidence_of(chunk_of(text), best="（二）")
    quotation = quote(evidence, TERM)
    assert quotation.text == "\n".join((LEAD, *MATERIALS))
    assert quotation.parts == (Part(LEAD, MATERIALS),)
    assert verbatim(evidence, quotation)


def test_a_question_for_a_list_gets_the_only_list() -> None:
    text = "\n".join((f"第七条　{SENTENCE * 7}", LEAD, *MATERIALS))
    assert quote(evidence_of(chunk_of(text), best="申请人"), LIST).parts == (Part(LEAD, MATERIALS),)


def test_an_item_of_several_sentences_does_not_end_the_list() -> None:
    long = f"（一）犬主的身份证明。{SENTENCE * 3}"
    text = "\n".join((f"第七条　{SENTENCE * 4}", LEAD, long, *MATERIALS[1:]))
    assert quote(evidence_of(chunk_of(text), best="（三）"), LIST).parts == (
        Part(LEAD, (long, *MATERIALS[1:])),
    )


def test_of_a_list_too_long_the_best_item_is_quoted() -> None:
    items = [f"（{number}）{SENTENCE}" for number in "一二三四五六七八九十"] * 3
    items[4] = "（五）犬只死亡的，应当在十五日内注销登记。"
    text = "\n".join((f"第八条　{LEAD}", *items))
    assert len(text) > LIST_CHARS
    quotation = quote(evidence_of(chunk_of(text), best="（五）"), TERM)
    assert quotation.text == items[4]
    assert quotation.parts == (Part(items[4]),)


def test_of_an_item_too_long_the_sentences_around_the_best_are_quoted() -> None:
    best = "逾期不办的，处二百元罚款。"
    text = "\n".join((f"第八条　{LEAD}", f"（一）{SENTENCE * 20}{best}", f"（二）{SENTENCE * 10}"))
    quotation = quote(evidence_of(chunk_of(text), best=best[:4]), TERM)
    assert best in quotation.text
    assert len(quotation.text) <= WINDOW_CHARS


def test_beside_the_answer_a_longer_list_is_not_quoted_whole() -> None:
    items = [f"（{number}）第{number}种材料的原件和复印件一式两份；" for number in "一二三四五六七"]
    evidence = evidence_of(chunk_of("\n".join((f"第七条　{LEAD}", *items))), best="（三）")
    assert len(quote(evidence, LIST).parts[0].items) == 7
    assert len(quote(evidence, LIST, brief=True).text) <= 100


def test_only_the_matched_piece_of_a_split_article_has_cosines() -> None:
    """The rest of the 条 counts as no nearer than the farthest sentence of the piece."""
    piece = f"{SENTENCE * 3}登记证遗失的，应当补办。"
    whole = f"第九条　{SENTENCE * 8}\n{piece}"
    quotation = quote(evidence_of(chunk_of(piece), whole=whole, best="登记证遗失"), query_of("丢了怎么办"))
    assert "登记证遗失的，应当补办。" in quotation.text


HEADER = "年龄段 | 每人每月标准"
ROWS = ("80周岁至89周岁 | 80元", "90周岁至99周岁 | 150元", "100周岁以上 | 500元")


def test_a_small_table_is_shown_whole_and_quoted_verbatim() -> None:
    row = chunk_of(ROWS[1], kind=ChunkKind.TABLE_ROW, lead=HEADER)
    evidence = evidence_of(row, whole="\n".join(ROWS))
    quotation = quote(evidence, TERM)
    assert quotation.text == "\n".join(ROWS)
    assert quotation.parts[0].items[2] == "年龄段：100周岁以上；每人每月标准：500元"
    assert not quotation.verbatim  # the columns' names are not part of the rows
    assert verbatim(evidence, quotation)


def test_of_a_large_table_the_row_that_matched_is_quoted() -> None:
    rows = [f"{age}周岁 | {age * 2}元" for age in range(60, 100)]
    evidence = evidence_of(
        chunk_of("90周岁 | 180元", kind=ChunkKind.TABLE_ROW, lead=HEADER), whole="\n".join(rows)
    )
    quotation = quote(evidence, TERM)
    assert quotation.text == "90周岁 | 180元"
    assert quotation.parts == (Part("", ("年龄段：90周岁", "每人每月标准：180元")),)
    assert verbatim(evidence, quotation)


def test_a_table_among_the_words_of_an_article_gives_its_row() -> None:
    evidence = evidence_of(
        chunk_of(ROWS[0], kind=ChunkKind.TABLE_ROW, lead=HEADER),
        whole="第九条　标准如下：\n" + "\n".join(ROWS),
    )
    assert quote(evidence, TERM).text == ROWS[0]


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            (
                "第五条　",
                "（一）身份证；",
                "（二）户口簿。",
                "1.申请表",
                "下列材料：",
                SENTENCE,
                SENTENCE * 8,
                "甲 | 乙",
            )
        ),
    ),
    min_size=1,
    max_size=12,
).map("\n".join)


@given(TEXTS.filter(str.strip), st.data())
def test_a_quotation_is_always_a_stretch_of_the_text(text: str, data: st.DataObject) -> None:
    piece = data.draw(st.sampled_from([text, *(line for line in text.split("\n") if line.strip())]))
    kind = data.draw(st.sampled_from((ChunkKind.ARTICLE, ChunkKind.TABLE_ROW)))
    evidence = evidence_of(chunk_of(piece, kind=kind), whole=text)
    for brief in (False, True):
        quotation = quote(evidence, LIST, brief=brief)
        assert verbatim(evidence, quotation)
        assert quotation.text.strip() == quotation.text or kind is ChunkKind.TABLE_ROW
        if quotation.verbatim:
            shown = [words for part in quotation.parts for words in (part.text, *part.items)]
            assert all(line in quotation.text for words in shown for line in words.split("\n"))
