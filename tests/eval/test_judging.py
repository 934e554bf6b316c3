"""Right and safe, each decided by hand on a library of three rules (see `conftest.Library`)."""

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answer, AnswerStatus, QuoteSpan
from eval.datasets import ExpectedArticle, LabelledQuestion
from eval.judging import (
    Judgement,
    Rate,
    count_safety,
    is_right,
    judge,
    missing_words,
    normalise_words,
    score_answers,
)

if TYPE_CHECKING:
    from tests.eval.conftest import Library

TODAY = date(2026, 11, 23)
YUNZHOU = frozenset({"全国", "云岭省", "云岭省/云州市"})


def ask(**changes: object) -> LabelledQuestion:
    return LabelledQuestion.model_validate(
        {
            "id": "s1",
            "type": "fact",
            "question": "养犬登记几天内办？",
            "status": "answered",
            "expected": [{"file": "云州/养犬规定.md", "article": "第五条"}],
            "must_include": [["30日", "三十日"]],
        }
        | changes
    )


UNANSWERABLE = {"status": "no_answer", "expected": [], "must_include": []}


def judged(library: "Library", answer: Answer | None, **changes: object) -> Judgement:
    return judge(ask(**changes), answer, store=library, day=TODAY, visible=YUNZHOU)


def test_the_right_article_first_with_the_words(library: "Library") -> None:
    one = judged(library, library.answer(2, text="应当在三十日内办理。"))
    assert (one.right_place, one.words_missing, one.answered, one.safe) == (1, (), True, True)
    assert one.cited == ("云州/养犬规定.md 第五条",)


def test_the_same_label_in_another_file_is_wrong(library: "Library") -> None:
    assert judged(library, library.answer(3)).right_place is None


def test_the_place_of_the_right_citation_counts_from_one(library: "Library") -> None:
    assert judged(library, library.answer(1, 3, 2)).right_place == 3


def test_titles_beside_a_refusal_answer_nothing(library: "Library") -> None:
    one = judged(library, library.answer(2, text="三十日", status=AnswerStatus.NO_ANSWER))
    assert (one.right_place, one.words_missing, one.answered) == (None, (("30日", "三十日"),), False)


def test_a_rejected_question_is_unanswered(library: "Library") -> None:
    one = judged(library, None)
    assert (one.status, one.answered, one.right_place, one.safe) == ("rejected", False, None, True)


def test_a_superseded_and_a_foreign_document_are_unsafe_whatever_the_status(library: "Library") -> None:
    one = judged(library, library.answer(1, 3, status=AnswerStatus.NO_ANSWER), **UNANSWERABLE)
    assert one.not_in_force == ("云州/旧养犬规定.md 第三条",)
    assert one.foreign == ("海州/养犬规定.md 第五条",)
    assert not one.safe


def test_the_superseded_document_may_be_cited_for_a_day_it_was_in_force(library: "Library") -> None:
    answer = library.answer(1)
    on = {
        day: judge(ask(), answer, store=library, day=day, visible=YUNZHOU).not_in_force
        for day in (date(2019, 12, 31), date(2020, 1, 1), date(2023, 12, 31), date(2024, 1, 1))
    }
    assert [bool(names) for names in on.values()] == [True, False, False, True]


def test_what_the_question_expects_is_not_foreign(library: "Library") -> None:
    one = judged(library, library.answer(3), expected=[{"file": "海州/养犬规定.md", "article": "第五条"}])
    assert (one.right_place, one.foreign) == (1, ())


def test_a_quote_must_stand_where_it_says(library: "Library") -> None:
    good = library.cite(2, quote="第五条 养犬登记")
    moved = good.model_copy(update={"span": QuoteSpan(start=1, end=1 + len(good.quote))})
    altered = good.model_copy(update={"quote": "第五条 养猫登记"})
    empty = good.model_copy(update={"quote": "", "span": QuoteSpan(start=0, end=0)})
    unknown = good.model_copy(update={"document": good.document.model_copy(update={"id": 99})})
    for citation, verbatim in (
        (good, True),
        (moved, False),
        (altered, False),
        (empty, False),
        (unknown, False),
    ):
        answer = library.answer(2).model_copy(update={"citations": (citation,)})
        assert (judged(library, answer).not_verbatim == ()) is verbatim


def test_a_heading_may_stand_for_the_label_where_there_is_no_article() -> None:
    expected = [ExpectedArticle(file="a.md", article="办理材料")]
    assert is_right(expected, file="a.md", article="", heading_path=("办事指南", "办理 材料"))
    assert is_right(expected, file="a.md", article="二、（一）", heading_path=("办理材料",))
    assert not is_right(expected, file="a.md", article="", heading_path=("办理材料", "申请表"))
    assert not is_right(expected, file="a.md", article="第三条", heading_path=("办理材料",))
    assert not is_right(expected, file="b.md", article="办理材料", heading_path=())


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("在３０ 日内办理，收５％", ()),
        ("在三十日内办理，收5%", ()),
        ("在三十日内办理", (("5%", "百分之五"),)),
        ("", (("30日", "三十日"), ("5%", "百分之五"))),
    ],
)
def test_one_alternative_of_each_group_must_be_there(text: str, missing: tuple[tuple[str, ...], ...]) -> None:
    assert missing_words(text, (("30日", "三十日"), ("5%", "百分之五"))) == missing


@given(st.text(alphabet="三十日内0３%％aＡ，, \u3000", min_size=1))
def test_a_text_holds_its_own_words_however_it_is_spaced(text: str) -> None:
    assert missing_words(text, [[text]]) == missing_words(" ".join(text), [[text]]) == ()
    assert normalise_words(normalise_words(text)) == normalise_words(text)


def test_rates_count_by_hand(library: "Library") -> None:
    judgements = [
        judged(library, library.answer(2, text="三十日")),  # right at once, words there
        judged(library, library.answer(1, 3, 2, text="二百元")),  # right third, words missing, two unsafe
        judged(library, library.answer(3, 3, 3, 2, text="三十日"), must_include=[]),  # right fourth only
        judged(library, library.answer(status=AnswerStatus.NO_ANSWER)),  # wrongly refused
        judged(
            library, library.answer(status=AnswerStatus.OUT_OF_SCOPE), **UNANSWERABLE
        ),  # refused, in other words
        judged(library, library.answer(2), **UNANSWERABLE),  # answered what cannot be
    ]
    scores = score_answers(judgements)
    assert scores.questions == 6
    assert scores.right_first == Rate(1, 4, 0.25)
    assert scores.right_in_three == Rate(2, 4, 0.5)
    assert scores.words_present == Rate(1, 3, 1 / 3)
    assert scores.status_right == Rate(4, 6, 4 / 6)
    assert scores.wrongly_refused == Rate(1, 4, 0.25)
    assert scores.rightly_refused == Rate(1, 2, 0.5)
    safety = count_safety(judgements)
    assert (safety.citations, safety.not_in_force, safety.foreign, safety.not_verbatim) == (9, 1, 4, 0)


def test_nothing_to_count_is_no_share() -> None:
    assert score_answers([]).right_first == Rate(0, 0, None)
