"""How near a sentence is in meaning to its source, by the service's own encoder.

One cosine does not see that 可以 became 不得, or 80元 90元: figures, modality and words are compared by
themselves (`bot.grounding.checking`). What this adds is order: the source's words shuffled into another
statement are less like every sentence of it. The threshold is measured by `wenzheng eval support --write`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import SettingsError
from knowledge_base.sentences import sentence_spans
from retrieval.contracts import Encoder, Vectors

THRESHOLD_FILE = Path(__file__).parents[1] / "data" / "support.json"


@dataclass(frozen=True, slots=True)
class SupportLikeness:
    """The encoder and the least cosine, in [-1, 1], of a sentence and the nearest of its source."""

    encoder: Encoder
    threshold: float

    @classmethod
    def load(cls, encoder: Encoder, path: Path = THRESHOLD_FILE) -> "SupportLikeness":
        """Read the measured threshold.

        Raises:
            SettingsError: If the file is missing or unreadable.
        """
        try:
            threshold = float(json.loads(path.read_text(encoding="utf-8"))["threshold"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"support threshold {path} cannot be read: {error}") from error
        return cls(encoder, threshold)

    def vectors(self, source: str) -> Vectors:
        """Return the vectors of a source's sentences, and of the whole where there are several."""
        return self.encoder.encode_passages(sentences_to_compare(source))

    def nearest(self, sentence: str, source: Vectors) -> float:
        """Return the highest cosine of the sentence and any row of `vectors`."""
        return float((source @ self.encoder.encode_passages([sentence])[0]).max())


def sentences_to_compare(source: str) -> Sequence[str]:
    """Return the sentences of a source, and the whole of it: a paraphrase may span several."""
    sentences = [source[start:end] for start, end in sentence_spans(source)]
    return [*sentences, source] if len(sentences) > 1 else [source]
