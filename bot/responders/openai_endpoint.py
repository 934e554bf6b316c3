"""Any endpoint that speaks the OpenAI wire: vLLM, Ollama, llama.cpp, `transformers serve`, DeepSeek, Qwen."""

import time
from collections.abc import Generator

from bot.responders.contracts import Prompt
from knowledge_base.errors import ResponderError

CONNECT_S = 5.0
# Ten sentences or so; a model that goes on longer is not putting three short quotations into words.
MAX_TOKENS = 800


class OpenAIResponder:
    """A model behind an endpoint. The client is imported here, when it is wanted, and not before."""

    def __init__(self, url: str, model: str, *, key: str = "", timeout_s: float, retries: int) -> None:
        try:
            from openai import OpenAI, Timeout
        except ImportError as error:
            raise ResponderError("调用语言模型需要附加项：pip install 'wenzheng[llm]'") from error

        self.name = model
        self._timeout_s = timeout_s
        self._client = OpenAI(
            base_url=url,
            api_key=key or "-",  # the client wants one; an endpoint in one's own machine room may not
            timeout=Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            max_retries=retries,
        )

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        from openai import OpenAIError

        ends = time.monotonic() + self._timeout_s
        said = False
        try:
            with self._client.chat.completions.create(
                model=self.name,
                messages=[
                    {"role": "system", "content": prompt.system},
                    {"role": "user", "content": prompt.user},
                ],
                stream=True,
                temperature=0,
                max_tokens=MAX_TOKENS,
            ) as stream:
                for chunk in stream:
                    # The client's own timeout is for one read; a model that drips keeps each of them.
                    if time.monotonic() > ends:
                        raise ResponderError(f"{self.name}: not done after {self._timeout_s:g} s")
                    piece = chunk.choices[0].delta.content if chunk.choices else None
                    if piece:
                        said = True
                        yield piece
        except (OpenAIError, ValueError, AttributeError, TypeError) as error:
            # A stream that is no stream of chat chunks ends in one of the last three.
            raise ResponderError(f"{self.name}: {type(error).__name__}: {error}") from error
        if not said:
            raise ResponderError(f"{self.name}: said nothing")
