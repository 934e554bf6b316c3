"""A second look at the best candidates, by a cross-encoder that reads question and passage together.

Off unless `WENZHENG_RERANKER` names a model. It decides order only: within its time it reads candidates
in the order of the first ranking, as many as fit; those read are ordered by its score and come first,
those not reached follow in the order they had. A hit keeps its score and its features, so the confidence
in an answer is judged by the signals of the first ranking, taken of whichever passage now comes first:
the scale of a cross-encoder's scores differs from model to model, and no threshold is learned on it.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge_base.errors import EncoderError
from retrieval.contracts import Vectors

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# Candidates read in one pass: small, so that little is lost when time runs out; the passes pad little, too.
BATCH = 4

_log = logging.getLogger(__name__)


class PairScorer(Protocol):
    """Tells how well passages answer a question. Safe to call from several threads."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, passages: Sequence[str]) -> Vectors:
        """Return float32 of shape (n,): higher is better, comparable for one question only."""
        ...


class CrossEncoderScorer:
    """A `PairScorer` over one sentence-transformers CrossEncoder."""

    def __init__(self, model: "CrossEncoder", name: str) -> None:
        """Take a loaded model.

        Raises:
            EncoderError: If it gives more than one number for a pair.
        """
        if model.num_labels != 1:
            raise EncoderError(f"reranker {name} gives {model.num_labels} numbers for a pair, 1 is needed")
        self.name = name
        self._model = model
        # The tokenizer is set up anew by each call: two at once would trip over each other.
        self._lock = threading.Lock()

    @classmethod
    def load(cls, name_or_path: str) -> "CrossEncoderScorer":
        """Load a model by hub name or folder; it is run on the CPU.

        Raises:
            EncoderError: If it cannot be found or loaded, or does not fit.
        """
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(name_or_path, device="cpu")
        except Exception as error:  # whatever the libraries raise for a folder that holds no such model
            raise EncoderError(f"reranker {name_or_path} cannot be loaded: {error}") from error
        return cls(model, name_or_path)

    def score(self, question: str, passages: Sequence[str]) -> Vectors:
        with self._lock:
            scores = self._model.predict(
                [(question, passage) for passage in passages],
                batch_size=max(1, len(passages)),
                show_progress_bar=False,
            )
        return np.asarray(scores, dtype=np.float32).reshape(len(passages))


class Reranker:
    """Puts candidates in the order of a `PairScorer`, as far as a time budget reaches."""

    def __init__(
        self,
        scorer: PairScorer,
        *,
        budget_ms: float,
        batch: int = BATCH,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scorer = scorer
        self._budget_s = budget_ms / 1000
        self._batch = batch
        self._monotonic_s = monotonic_s

    def order(self, question: str, passages: Sequence[str]) -> list[int]:
        """Return the places of the passages, given best first, in their new order; each exactly once.

        The first batch is always read. Another is begun only if the slowest so far would still end within
        the budget; so the budget is kept wherever a batch takes no longer than those before it. Equal scores
        keep their order. A scorer that fails is logged and leaves the order as it was.
        """
        begun = self._monotonic_s()
        now, slowest_s = begun, 0.0
        scores: list[float] = []
        while len(scores) < len(passages) and (not scores or now - begun + slowest_s <= self._budget_s):
            batch = passages[len(scores) : len(scores) + self._batch]
            try:
                scores += self._scorer.score(question, batch).tolist()
            except Exception:  # a citizen gets the first ranking rather than no answer
                _log.exception("reranker %s failed; the order stays as it was", self._scorer.name)
                return list(range(len(passages)))
            before, now = now, self._monotonic_s()
            slowest_s = max(slowest_s, now - before)
        read = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [*read, *range(len(scores), len(passages))]
