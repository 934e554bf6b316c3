"""A model in this process, run by transformers: a folder, or one GGUF file."""

import threading
import time
from collections.abc import Generator
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from bot.responders.contracts import Prompt
from bot.responders.openai_endpoint import MAX_TOKENS
from knowledge_base.errors import ResponderError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class LocalResponder:
    """A causal language model. It writes one text at a time: on a CPU two at once are slower than in turn."""

    def __init__(
        self,
        name: str,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        *,
        timeout_s: float,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self.name = name
        self._model = model
        self._tokenizer = tokenizer
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens
        self._one_at_a_time = threading.Lock()

    @classmethod
    def load(cls, path: Path, *, timeout_s: float) -> "LocalResponder":
        """Load a model folder or a `.gguf` file, or a folder that holds exactly one.

        Raises:
            ResponderError: If there is none, or transformers cannot read it.
        """
        found = [path] if path.is_file() else sorted(path.glob("*.gguf"))
        gguf = found[0] if len(found) == 1 and found[0].suffix == ".gguf" else None
        if gguf is None and not (path / "config.json").is_file():
            raise ResponderError(f"WENZHENG_LLM_MODEL {path} 不是模型文件夹，也不是一个 .gguf 文件")
        try:
            from transformers import AutoModelForCausalLM, AutoTokenizer

            folder, given = (gguf.parent, {"gguf_file": gguf.name}) if gguf else (path, {})
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **given)
            model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **given)
        except (ImportError, OSError, ValueError, KeyError, RuntimeError) as error:
            raise ResponderError(f"语言模型 {path} 不能载入（GGUF 需要附加项 llm）：{error}") from error
        model.eval()  # type: ignore[no-untyped-call]
        return cls(gguf.stem if gguf else path.name, model, tokenizer, timeout_s=timeout_s)

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

        ends = time.monotonic() + self._timeout_s
        if not self._one_at_a_time.acquire(timeout=self._timeout_s):
            raise ResponderError(f"{self.name}: busy for {self._timeout_s:g} s")
        stopped = threading.Event()
        failed: list[Exception] = []

        class Stop(StoppingCriteria):
            def __call__(self, input_ids: "torch.Tensor", _scores: object, **_: object) -> "torch.Tensor":
                return input_ids.new_full((input_ids.shape[0],), stopped.is_set(), dtype=_bool())

        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, timeout=0.5, skip_special_tokens=True
        )

        def generate() -> None:
            try:
                self._model.generate(  # type: ignore[operator]
                    **self._inputs(prompt),
                    streamer=streamer,
                    max_new_tokens=self._max_tokens,
                    do_sample=False,
                    stopping_criteria=StoppingCriteriaList([Stop()]),
                )
            except Exception as error:  # told to whoever reads, who is in another thread
                failed.append(error)
                streamer.end()  # type: ignore[no-untyped-call]
            finally:
                # Released here and not by the reader: a reader that leaves does not end a step at once.
                self._one_at_a_time.release()

        threading.Thread(target=generate, name="local-model", daemon=True).start()
        said = False
        try:
            while True:
                if time.monotonic() > ends:
                    raise ResponderError(f"{self.name}: not done after {self._timeout_s:g} s")
                try:
                    piece = next(streamer)
                except Empty:
                    continue
                except StopIteration:
                    break
                if piece:
                    said = True
                    yield piece
        finally:
            stopped.set()
        if failed:
            raise ResponderError(f"{self.name}: {type(failed[0]).__name__}: {failed[0]}") from failed[0]
        if not said:
            raise ResponderError(f"{self.name}: said nothing")

    def _inputs(self, prompt: Prompt) -> dict[str, "torch.Tensor"]:
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        if self._tokenizer.chat_template:
            encoded = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        else:  # a base model goes on writing where the text ends
            encoded = self._tokenizer(f"{prompt.system}\n\n{prompt.user}\n\n", return_tensors="pt")
        return dict(encoded)  # type: ignore[arg-type]


def _bool() -> "torch.dtype":
    import torch

    return torch.bool
