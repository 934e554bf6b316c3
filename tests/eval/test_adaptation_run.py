"""What an adapter is trained on: both kinds of questions, and the passages worth telling apart."""

from importlib.util import find_spec

import pytest

from eval.datasets import ArticleQuestion, BeirDocument, BeirSet, DatasetError
from tests.retrieval.fakes import BigramEncoder

pytestmark = [
    pytest.mark.slow,  # importing torch and the trainer takes seconds
    pytest.mark.skipif(find_spec("peft") is None, reason="wenzheng[adapt] is not installed"),
]

LAWS = BeirSet(
    "laws",
    "train",
    (
        BeirDocument("a1", "养犬条例 第五条", "养犬登记应当在三十日内办理。"),
        BeirDocument("a2", "养犬条例 第六条", "养犬登记费每年二百元。"),
        BeirDocument("a3", "退休办法 第一条", "男职工年满六十周岁退休。"),
    ),
    {"q1": "养犬登记几日内办理"},
    {"q1": {"a1": 1, "a3": 0}},
)
OWN = ArticleQuestion(style="colloquial", question="狗证一年多少钱", law="养犬条例", article="第六条")


def test_both_kinds_of_questions_come_with_candidates() -> None:
    from eval.adaptation_run import gather

    gathered = gather(LAWS, [OWN], BigramEncoder())
    assert [(each.text, each.right) for each in gathered.questions] == [
        ("养犬登记几日内办理", (0,)),
        ("狗证一年多少钱", (1,)),
    ]
    assert 1 in gathered.questions[0].wrong
    assert gathered.passages[0] == "养犬条例 第五条\n养犬登记应当在三十日内办理。"


def test_an_article_that_is_not_in_the_corpus_is_named() -> None:
    from eval.adaptation_run import gather

    missing = OWN.model_copy(update={"article": "第九条"})
    with pytest.raises(DatasetError, match="《养犬条例》第九条 is not in the corpus laws"):
        gather(LAWS, [missing], BigramEncoder())
