"""The Protocol that every language model is put behind."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: how to behave, and the question with its sources."""

    system: str
    user: str


class Responder(Protocol):
    """A language model that puts sources into words. Called from several threads at once."""

    @property
    def name(self) -> str:
        """What the model is called, as it is shown to a citizen."""
        ...

    def write(self, prompt: Prompt) -> Generator[str, None, None]:
        """Yield the model's text in pieces as it is written, at least one of them not empty.

        Closing the iterator stops the model.

        Raises:
            ResponderError: If it cannot be reached, takes too long, breaks off, or says nothing.
        """
        ...
