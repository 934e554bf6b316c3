"""The order of candidates: a linear score over a few readable features.

The weights are learned by `wenzheng eval calibrate` from labelled questions (a listwise softmax over
the candidates of each question) and kept in `data/ranking.json` with what they were learned from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import SettingsError
from retrieval.arithmetic import dot
from retrieval.contracts import Vectors
from retrieval.cues import CUES, Cue
from retrieval.table import PassageTable, Trait

FEATURES = (
    "dense",
    "best_span",
    "cued_span",
    "lexical",
    "coverage",
    "title_coverage",
    "document",
    "topic",
    *(f"holds_{cue.name.lower()}" for cue in CUES if cue.name),
    "headed",
    "headed_otherwise",
    "penalties_unasked",
    "general",
    "final",
    "purpose",
    "local",
    "length",
    "length_headed",
)
WEIGHTS_FILE = Path(__file__).parent / "data" / "ranking.json"
_DOCUMENT_TEMPERATURE = 0.01


@dataclass(frozen=True, slots=True)
class Candidates:
    """The passages in question for one query, and how they match it; all arrays of shape (c,).

    Attributes:
        rows: Rows of the table.
        dense: Cosine of query and passage.
        best_span: Highest cosine of the query with a span of the passage.
        cued_span: The same over spans that hold the kind of answer asked for; without one, the lowest of all.
        lexical: BM25 over the highest BM25 among the candidates, in [0, 1].
        coverage: Share of the query's word weight found in the passage, in [0, 1].
        title_coverage: The same for the title and headings.
        topic: Whether the passage stands in a document the dialogue is about.
    """

    rows: NDArray[np.int64]
    dense: Vectors
    best_span: Vectors
    cued_span: Vectors
    lexical: Vectors
    coverage: Vectors
    title_coverage: Vectors
    topic: NDArray[np.bool_]


def features(candidates: Candidates, cues: Cue, table: PassageTable) -> NDArray[np.float32]:
    """Return float32 of shape (c, len(FEATURES)), columns in the order of `FEATURES`."""
    rows = candidates.rows
    traits = table.traits[rows]
    held, headed = table.cues[rows], table.headed[rows]
    announced = (headed & cues) > 0
    length = np.log(np.maximum(table.lengths[rows], 1)) / 6.0
    columns = [
        candidates.dense,
        candidates.best_span,
        candidates.cued_span,
        candidates.lexical,
        candidates.coverage,
        candidates.title_coverage,
        _document_support(candidates, table.documents[rows]),
        candidates.topic,
        *(((held & cue) > 0) * float(cue in cues) for cue in CUES),
        announced,
        (headed > 0) & ~announced & bool(cues),
        ((traits & Trait.PENALTIES) > 0) * float(Cue.PENALTY not in cues),
        (traits & Trait.GENERAL) > 0,
        (traits & Trait.FINAL) > 0,
        (traits & Trait.PURPOSE) > 0,
        table.depths[rows] / 2.0,
        length,
        # 办理时限 over 3个工作日 says all in few words: there, short is no fault.
        length * announced,
    ]
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _document_support(candidates: Candidates, documents: NDArray[np.int32]) -> Vectors:
    """Return how much the other candidates of its document speak for each: a softened sum of their matches.

    A document on the subject has several passages near the question; a stray one has a single passage.
    """
    match = candidates.dense + candidates.best_span + 0.1 * candidates.lexical
    weight = np.exp((match - match.max()) / (4 * _DOCUMENT_TEMPERATURE))
    _, place = np.unique(documents, return_inverse=True)
    total = np.bincount(place, weights=weight)
    return np.asarray((total[place] - weight) / max(float(weight.sum()), 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Weights of the features, float32 of shape (len(FEATURES),)."""

    weights: NDArray[np.float32]

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "Ranking":
        """Read the weights.

        Raises:
            SettingsError: If the file is missing, unreadable or names other features.
        """
        try:
            weights = json.loads(path.read_text(encoding="utf-8"))["weights"]
            named = {name: float(weight) for name, weight in weights.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"ranking weights {path} cannot be read: {error}") from error
        if set(named) != set(FEATURES):
            raise SettingsError(f"ranking weights {path} name {sorted(named)}, expected {sorted(FEATURES)}")
        return cls.of(named)

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Ranking":
        """Return the ranking with these weights, one for each of `FEATURES`."""
        return cls(np.array([weights[name] for name in FEATURES], dtype=np.float32))

    def score(self, matrix: NDArray[np.float32]) -> Vectors:
        """Return float32 of shape (c,)."""
        return dot(matrix, self.weights)
