"""Rewrite: a follow-up is read together with what it follows on."""

import numpy as np
import pytest

from bot.answer import Message
from bot.steps.rewrite import context_of, rewrite
from bot.turn import Turn
from retrieval.hybrid import HybridIndex
from retrieval.ranking import Ranking
from tests.bot.builders import READER, turn_of
from tests.retrieval.fakes import BigramEncoder

INDEX = HybridIndex.build(
    [], np.empty((0, 64), np.float32), [], encoder=BigramEncoder(), reader=READER, ranking=Ranking.load()
)


def rewritten(turn: Turn) -> Turn:
    return rewrite(lambda: INDEX)(turn)


def said(*lines: str) -> tuple[Message, ...]:
    """The citizen and the assistant in turns."""
    return tuple(
        Message(role="user" if place % 2 == 0 else "assistant", text=line) for place, line in enumerate(lines)
    )


@pytest.mark.parametrize(
    ("lines", "context"),
    [
        ((), ""),
        (("租房提取住房公积金要什么材料？", "身份证。"), "租房提取住房公积金要什么材料？"),
        (
            ("租房提取住房公积金要什么材料？", "身份证。", "那要多久？", "三天。"),
            "租房提取住房公积金要什么材料？ 那要多久？",
        ),
        (
            ("养犬登记怎么办？", "到派出所。", "租房提取住房公积金要什么材料？"),
            "租房提取住房公积金要什么材料？",
        ),
        (("  ", "请说。"), ""),
    ],
)
def test_the_context_is_the_last_line_that_says_what_it_is_about(
    lines: tuple[str, ...], context: str
) -> None:
    assert context_of(said(*lines)) == context


def test_the_context_is_bounded() -> None:
    assert len(context_of(said("公积金" * 300))) == 200


def test_the_query_carries_the_context_and_its_official_terms() -> None:
    turn = rewritten(turn_of("那要多久？", history=said("五险一金里的公积金怎么取？", "见规定。")))
    assert turn.query is not None
    assert turn.query.context == "五险一金里的公积金怎么取?"  # folded
    assert "公积金" in turn.query.context_words
    assert "公积金" not in turn.query.words
    assert turn.query.encoder_text.startswith("五险一金")


def test_a_first_question_stands_alone() -> None:
    turn = rewritten(turn_of("養犬登記要多久？"))
    assert turn.query is not None
    assert (turn.query.text, turn.query.context) == ("养犬登记要多久?", "")
