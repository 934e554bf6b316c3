"""What words mean while a questionnaire is under way, and what they must not be taken for."""

import pytest

from bot.life_events.words import SKIP_LABEL, Wanted, Wish, read_answer, read_whole, read_wish, whole
from knowledge_base.life_events.records import EventQuestion


def question(*options: str) -> EventQuestion:
    """A question with options `value=label`."""
    pairs = [option.split("=") for option in options]
    listed = [{"value": value, "label": label} for value, label in pairs]
    return EventQuestion.model_validate({"id": "q", "text": "问题是什么？", "options": listed})


YES_NO = question("yes=是", "no=不是")
INSURED = question(
    "employee=单位交的职工医保", "flexible=自己交的职工医保（灵活就业）", "resident=居民医保", "none=没有参加"
)
ORDER = question("first=第一个", "second=第二个", "third=第三个")
CERTIFIED = question("heavy=有，一级或者二级", "other=有，其他等级", "no=没有")
POOR = question("dibao=低保家庭", "edge=低保边缘家庭", "no=都不是")


LOCAL = EventQuestion.model_validate(
    {
        "id": "local",
        "text": "爸爸妈妈至少有一方是云州户口吗？",
        "options": [{"value": "yes", "label": "是"}, {"value": "no", "label": "不是"}],
    }
)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("一方是云州户口", "yes"),
        ("都不是云州户口", "no"),
        ("都是外地户口", None),
        ("云州户口怎么迁", None),
        ("口", None),
    ],
)
def test_to_say_the_words_of_a_question_again_answers_it(said: str, value: str | None) -> None:
    assert read_answer(said, LOCAL) == value


@pytest.mark.parametrize(
    ("asked", "said", "value"),
    [
        (YES_NO, "是", "yes"),
        (YES_NO, "是的。", "yes"),
        (YES_NO, "嗯", "yes"),
        (YES_NO, "不是", "no"),
        (YES_NO, "没有", "no"),
        (YES_NO, "第二个", "no"),
        (YES_NO, "對", "yes"),
        (INSURED, "居民医保", "resident"),
        (INSURED, "应该是居民医保吧", "resident"),
        (INSURED, "灵活就业", "flexible"),
        (INSURED, "没有", "none"),
        (INSURED, "职工医保", None),
        (INSURED, "居民医保怎么交", None),
        (INSURED, "3", "resident"),
        (ORDER, "第二个", "second"),
        (ORDER, "二", "second"),
        (ORDER, "第九个", None),
        (CERTIFIED, "有", None),
        (CERTIFIED, "没有", "no"),
        (POOR, "都不是", "no"),
        (YES_NO, "落户要带什么", None),
        (YES_NO, "", None),
    ],
)
def test_words_choose_one_option_or_none(asked: EventQuestion, said: str, value: str | None) -> None:
    assert read_answer(said, asked) == value


def test_a_tapped_option_says_which_question_it_answers() -> None:
    assert whole(ORDER, "第一个") == "问题是什么？第一个"
    assert read_whole("问题是什么？第一个", ORDER) == "first"
    assert read_whole(whole(ORDER, SKIP_LABEL), ORDER) == ""
    assert read_whole("第一个", ORDER) is None
    assert read_whole("问题是什么？随便", ORDER) is None


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("跳过", Wanted(Wish.SKIP)),
        ("不知道", Wanted(Wish.SKIP)),
        ("上一题", Wanted(Wish.BACK)),
        ("算了", Wanted(Wish.STOP)),
        ("重新回答", Wanted(Wish.RESTART)),
        ("还差什么", Wanted(Wish.REMAINING)),
        ("还有哪些没办？", Wanted(Wish.REMAINING)),
        ("继续办新生儿", Wanted(Wish.RESUME, "新生儿")),
        ("继续", Wanted(Wish.RESUME, "")),
        ("出生证办好了", Wanted(Wish.DONE, "出生证")),
        ("我已经办好了", Wanted(Wish.DONE, "")),
        ("第2步办完了", Wanted(Wish.DONE, "第2步")),
        ("出生证没办好", None),
        ("出生证办好了以后去哪", None),
        ("落户办好了吗", None),
        ("还差什么材料才能落户", None),
        ("社保断了怎么办", None),
    ],
)
def test_wishes_are_read_strictly(said: str, wanted: Wanted | None) -> None:
    assert read_wish(said, asking=True) == wanted


def test_some_wishes_make_sense_only_where_a_question_waits() -> None:
    assert read_wish("跳过", asking=False) is None
    assert read_wish("算了", asking=False) is None
