"""Every responder keeps the same contract, whichever model is behind it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.responders.breaker import GuardedResponder
from bot.responders.contracts import Prompt, Responder
from bot.responders.local_model import LocalResponder
from bot.responders.openai_endpoint import OpenAIResponder
from eval.model_stub import Failure, ModelStub
from knowledge_base.errors import ResponderError

PROMPT = Prompt("只用摘录。", "养犬登记要多久？")
TEXT = "养犬登记应当在三十日内办理。[1]"


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few thousand random weights with a tokenizer of single characters, as a folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    characters = ["<unk>", "<s>", "</s>", *dict.fromkeys(PROMPT.system + PROMPT.user + TEXT + "\n")]
    tokenizer = Tokenizer(models.WordLevel({c: n for n, c in enumerate(characters)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    folder = tmp_path_factory.mktemp("tiny")
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>"
    )
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(characters),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


Open = Callable[[], Responder]


@pytest.fixture(params=["endpoint", "guarded", pytest.param("local", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest) -> Iterator[Responder]:
    with ExitStack() as stack:
        if request.param == "local":
            loaded = LocalResponder.load(request.getfixturevalue("tiny_model"), timeout_s=60)
            yield LocalResponder("tiny", loaded._model, loaded._tokenizer, timeout_s=60, max_tokens=12)
            return
        url = stack.enter_context(ModelStub(lambda _system, _user: TEXT).serving())
        endpoint = OpenAIResponder(url, "stub-model", key="geheim", timeout_s=10, retries=0)
        yield GuardedResponder(endpoint, at_once=2) if request.param == "guarded" else endpoint


def test_it_has_a_name_to_show(opened: Responder) -> None:
    assert opened.name


def test_it_writes_in_pieces(opened: Responder) -> None:
    pieces = list(opened.write(PROMPT))
    assert len(pieces) > 1
    assert "".join(pieces).strip()


def test_the_same_prompt_gives_the_same_text(opened: Responder) -> None:
    assert "".join(opened.write(PROMPT)) == "".join(opened.write(PROMPT))


def test_whoever_stops_reading_stops_it(opened: Responder) -> None:
    pieces = opened.write(PROMPT)
    next(pieces)
    pieces.close()
    assert list(opened.write(PROMPT))


def test_the_endpoint_is_asked_for_a_stream_with_the_key_and_both_messages() -> None:
    stub = ModelStub(lambda _system, _user: TEXT)
    with stub.serving() as url:
        responder = OpenAIResponder(url, "qwen", key="sk-1", timeout_s=10, retries=0)
        assert "".join(responder.write(PROMPT)) == TEXT
    (body,) = stub.bodies
    assert (body["model"], body["stream"], body["temperature"]) == ("qwen", True, 0)
    assert stub.prompts == [PROMPT.user]
    assert stub.keys == ["Bearer sk-1"]


@pytest.mark.parametrize("failure", [Failure.REFUSES, Failure.BREAKS_OFF, Failure.BABBLES, Failure.IS_SILENT])
def test_however_it_fails_it_is_one_fault(failure: Failure) -> None:
    with ModelStub(lambda _system, _user: TEXT, failure).serving() as url, pytest.raises(ResponderError):
        list(OpenAIResponder(url, "stub", timeout_s=10, retries=0).write(PROMPT))


def test_a_model_that_drips_is_broken_off_in_time() -> None:
    with ModelStub(lambda _system, _user: TEXT * 20, Failure.DRIPS).serving() as url:
        begun = time.monotonic()
        with pytest.raises(ResponderError, match=r"0\.5 s"):
            list(OpenAIResponder(url, "stub", timeout_s=0.5, retries=0).write(PROMPT))
    assert time.monotonic() - begun < 5


def test_nobody_there_is_a_fault_too() -> None:
    with pytest.raises(ResponderError):
        list(OpenAIResponder("http://127.0.0.1:9/v1", "stub", timeout_s=2, retries=0).write(PROMPT))


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResponderError, match="WENZHENG_LLM_MODEL"):
        LocalResponder.load(tmp_path, timeout_s=1)


@pytest.mark.slow
def test_a_local_model_that_is_too_slow_is_stopped(tiny_model: Path) -> None:
    responder = LocalResponder.load(tiny_model, timeout_s=60)
    hurried = LocalResponder("tiny", responder._model, responder._tokenizer, timeout_s=0.001, max_tokens=500)
    with pytest.raises(ResponderError, match=r"0\.001 s"):
        list(hurried.write(PROMPT))
