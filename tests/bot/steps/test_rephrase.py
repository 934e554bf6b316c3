"""Rephrase: checked sentences of a model in the place of the quotation, or the quotation."""

import logging
from collections.abc import Generator

import pytest

from bot.answer import AnswerStatus, ModelCredit, ParagraphBlock
from bot.consultation import Consultation
from bot.grounding.likeness import SupportLikeness
from bot.responders.contracts import Prompt
from bot.steps.check import check
from bot.steps.rephrase import nothing_blocked, rephrase
from bot.steps.respond import respond
from bot.turn import Turn
from knowledge_base.errors import ResponderError
from tests.bot.builders import chunk_of, evidence_of, turn_of
from tests.retrieval.fakes import BigramEncoder

FIRST = "第五条　养犬登记应当在三十日内办理。登记不收取费用，咨询电话0999-1234567。"
SECOND = "第六条　逾期不办理的，处二百元罚款。"


class Scripted:
    """A model that says what it is told, and remembers what it was asked."""

    name = "qwen-gov"

    def __init__(self, text: str, *, fails: bool = False) -> None:
        self.text = text
        self.fails = fails
        self.prompts: list[Prompt] = []

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        self.prompts.append(prompt)
        yield from self.text
        if self.fails:
            raise ResponderError("gone")


@pytest.fixture
def quoted() -> Turn:
    evidence = (
        evidence_of(chunk_of(FIRST, article="第五条")),
        evidence_of(chunk_of(SECOND, article="第六条", group=1, start=5000)),
    )
    return check(respond(turn_of("养犬登记要多久？", *evidence)))


def rephrased(turn: Turn, text: str, *, fails: bool = False, blocked: str = "") -> Turn:
    step = rephrase(
        Scripted(text, fails=fails),
        SupportLikeness(BigramEncoder(), 0.0),
        filing="网信算备110000000000001号",
        is_blocked=(lambda each: blocked in each) if blocked else nothing_blocked,
    )
    return step(turn)


def test_checked_sentences_take_the_place_of_the_quotation(quoted: Turn) -> None:
    turn = rephrased(quoted, "养犬登记应当在30天内办理。[1]登记不收费。[1]逾期不办理的，处200元罚款。[2]")
    assert turn.blocks == (
        ParagraphBlock(text="养犬登记应当在30天内办理。登记不收费。", cites=(1,), generated=True),
        ParagraphBlock(text="逾期不办理的，处200元罚款。", cites=(2,), generated=True),
    )
    assert turn.citations == quoted.citations
    assert turn.generated_by == ModelCredit(name="qwen-gov", filing="网信算备110000000000001号")
    answer = Consultation.answer_of(turn)
    assert answer.text.startswith("AI生成：以下由大模型 qwen-gov（备案号 网信算备110000000000001号）")
    assert "登记不收费。[1]\n逾期不办理的，处200元罚款。[2]" in answer.text


def test_a_telephone_number_goes_out_as_a_token_and_comes_back(quoted: Turn) -> None:
    turn = rephrased(quoted, "登记不收取费用，咨询电话⟦电话1⟧。[1]")
    (block,) = turn.blocks
    assert isinstance(block, ParagraphBlock)
    assert block.text == "登记不收取费用，咨询电话0999-1234567。"


def test_a_source_that_nothing_rests_on_is_left_out_and_the_rest_renumbered(quoted: Turn) -> None:
    turn = rephrased(quoted, "养犬登记应当在三十日内办理。[1]")
    assert [citation.n for citation in turn.citations] == [1]


def test_one_false_sentence_of_four_is_dropped(quoted: Turn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    text = (
        "养犬登记应当在三十日内办理。[1]登记费为80元。[1]登记不收取费用。[1]逾期不办理的，处二百元罚款。[2]"
    )
    turn = rephrased(quoted, text)
    assert "80" not in Consultation.answer_of(turn).text
    assert turn.rephrasing is not None
    assert (turn.rephrasing.outcome, turn.rephrasing.dropped) == ("shown", {"quantity": 1})
    (record,) = [each for each in caplog.records if each.message == "sentence dropped"]
    assert (vars(record)["turn"], vars(record)["fault"], vars(record)["sentence"]) == ("turn", "quantity", 2)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("养犬登记应当在三十日内办理。[1]登记费为80元。[1]", "too_much_dropped"),
        ("养犬登记应当在六十日内办理。[1]", "nothing_left"),
        ("养犬登记应当在三十日内办理。", "nothing_left"),
        ("养犬登记应当在三十日内办理。[7]", "nothing_left"),
        ("逾期不办理的，处二百元罚款。[2]", "first_source_unused"),
        ("养犬登记应当在三十日内办理。[1]详见https://evil.example/a。[1]", "tainted"),
        ("养犬登记应当在三十日内办理。[1]请拨打13800138000。[1]", "tainted"),
        ("养犬登记应当在三十日内办理。[1]违禁词。[1]", "tainted"),
        ("无法回答", "nothing_left"),
        ("", "nothing_left"),
    ],
)
def test_else_the_quotation_answers(quoted: Turn, text: str, outcome: str) -> None:
    turn = rephrased(quoted, text, blocked="违禁词")
    assert (turn.blocks, turn.citations, turn.generated_by) == (quoted.blocks, quoted.citations, None)
    assert turn.rephrasing is not None
    assert turn.rephrasing.outcome == outcome


def test_a_model_that_breaks_off_leaves_the_quotation(quoted: Turn) -> None:
    turn = rephrased(quoted, "养犬登记应当在三十日内办理。[1]登记", fails=True)
    assert turn.blocks == quoted.blocks
    assert turn.rephrasing is not None
    assert turn.rephrasing.outcome == "unavailable"


def test_a_leaked_fence_taints_the_whole(quoted: Turn) -> None:
    class Leaks(Scripted):
        def write(self, prompt: Prompt) -> Generator[str, None, None]:
            yield "养犬登记应当在三十日内办理。[1]"
            yield prompt.user.partition("】")[0].lstrip("【") + "。[1]"

    turn = rephrase(Leaks(""), SupportLikeness(BigramEncoder(), 0.0))(quoted)
    assert turn.rephrasing is not None
    assert (turn.rephrasing.outcome, turn.rephrasing.dropped) == ("tainted", {"fence": 1})


def test_an_answer_that_is_no_quotation_is_left_alone() -> None:
    turn = turn_of("你好")
    model = Scripted("好")
    assert rephrase(model, SupportLikeness(BigramEncoder(), 0.0))(turn) is turn
    assert turn.status is not AnswerStatus.ANSWERED
    assert model.prompts == []


def test_what_is_unlike_every_sentence_of_the_source_is_dropped(quoted: Turn) -> None:
    step = rephrase(Scripted("养犬登记应当在三十日内办理。[1]"), SupportLikeness(BigramEncoder(), 1.1))
    trace = step(quoted).rephrasing
    assert trace is not None
    assert trace.dropped == {"unlike": 1}
