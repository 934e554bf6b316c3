"""How likely two questions ask the same: by meaning, with rules for what one cosine does not see.

Questions of two regions, one with a negation and one without, and two that state different figures are never
the same: 一级 and 三级, 50岁 and 45岁, 有证 and 没证. Beyond that the cosine counts, less something where the
two want different things. How much, and from where on, is measured (`wenzheng eval clusters --write`); words
shared were tried and added nothing.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.grounding.quantities import find_quantities
from bot.learning.clustering import APART, Floats
from knowledge_base.errors import SettingsError
from retrieval.contracts import Encoder, Vectors
from retrieval.query import Query, QueryReader
from retrieval.questions import wants_of

WEIGHTS_FILE = Path(__file__).parents[1] / "data" / "sameness.json"

# A question by negation (能不能, 有没有) denies nothing, nor does what only tells how it came about.
_NO_DENIAL = re.compile(
    r"(.)[不没](?=\1)|[有没]没有|可不可以|愿不愿意|需不需要|让不让|不知道|不晓得|不清楚|不懂|不小心|找不到|不见了?"
    r"|不想|不收[钱费]|不亮|差不多|没人|没地方|没有?(?=[?？。]|$)|不(?=[?？。]|$)"
    r"|无偿|无人机|无线|未来|非常|非遗|特别|类别|级别|性别|别人|别的"
)
_DENIAL = re.compile(r"[不没未无非别]|拒绝")
# What calls for an answer of its own; how, where and whether are mostly answered by one.
_SHARP_WANTS = {
    "amount": "amount",
    "date": "time",
    "duration": "time",
    "penalty": "penalty",
    "materials": "materials",
}
# What tells two of a kind apart: 一级 and 三级, 二孩 and 三孩, C1.
_SORT = re.compile(r"第?[一二三四五六七八九十两\d]+(?:级|孩|胎|类|档|期|套|次|个孩子)|[a-z]+\d*")
_NUMBERED = {"胎": "孩", "个孩子": "孩"}


@dataclass(frozen=True, slots=True)
class Sense:
    """What is compared of a question besides its vector."""

    region: str
    denies: bool
    sorts: frozenset[str]
    figures: dict[str, frozenset[tuple[object, ...]]]
    wants: frozenset[str]


def sense_of(query: Query, region: str) -> Sense:
    """Read what tells a question apart from one nearly the same."""
    figures: dict[str, set[tuple[object, ...]]] = {}
    for each in find_quantities(query.text):
        figures.setdefault(each.kind, set()).add(each.values)
    return Sense(
        region=region,
        denies=_DENIAL.search(_NO_DENIAL.sub("", query.text)) is not None,
        sorts=frozenset(_sort(found[0]) for found in _SORT.finditer(query.text)),
        figures={kind: frozenset(values) for kind, values in figures.items()},
        wants=frozenset(_SHARP_WANTS[each] for each in wants_of(query.text) if each in _SHARP_WANTS),
    )


def _sort(written: str) -> str:
    written = written.removeprefix("第")
    for ending, same in _NUMBERED.items():
        if written.endswith(ending):
            return written.removesuffix(ending) + same
    return written


def may_be_same(one: Sense, other: Sense) -> bool:
    """Tell whether nothing speaks against two questions being one; what only one of them states does not."""
    return (
        one.region == other.region
        and one.denies == other.denies
        and (not one.sorts or not other.sorts or one.sorts == other.sorts)
        and all(
            one.figures[kind] == other.figures[kind] for kind in one.figures.keys() & other.figures.keys()
        )
    )


@dataclass(frozen=True, slots=True)
class Sameness:
    """Compares questions by the encoder that the index in use was built with.

    Attributes:
        wants_weigh: What it takes from the cosine that the two want different things (a price, a time).
        threshold: From which similarity on two questions are one.
    """

    wants_weigh: float
    threshold: float

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> "Sameness":
        """Read what was measured.

        Raises:
            SettingsError: If the file is missing or unreadable.
        """
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(float(kept["wants_weigh"]), float(kept["threshold"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"weights of sameness {path} cannot be read: {error}") from error

    def similarity(self, vectors: Vectors, senses: Sequence[Sense]) -> Floats:
        """Return how alike n questions are, float64 of shape (n, n); `APART` for what cannot be the same.

        Args:
            vectors: Of the questions, float32 of shape (n, dim), unit length.
        """
        alike = (vectors @ vectors.T).astype(np.float64)
        for place, one in enumerate(senses):
            for before in range(place):
                alike[place, before] = alike[before, place] = self._adjusted(
                    float(alike[place, before]), one, senses[before]
                )
        return alike

    def similarity_to_first(self, vectors: Vectors, senses: Sequence[Sense]) -> Floats:
        """Return how alike each other question is to the first, float64 of shape (n - 1,)."""
        cosines = vectors[1:] @ vectors[0]
        return np.array(
            [
                self._adjusted(float(cosine), senses[0], other)
                for cosine, other in zip(cosines, senses[1:], strict=True)
            ]
        )

    def _adjusted(self, cosine: float, one: Sense, other: Sense) -> float:
        if not may_be_same(one, other):
            return APART
        differ = one.wants != other.wants and not one.wants & other.wants
        return cosine - self.wants_weigh * differ


def read_senses(
    reader: QueryReader, encoder: Encoder, questions: Sequence[tuple[str, str]]
) -> tuple[Vectors, list[Sense]]:
    """Return vectors, float32 of shape (n, dim), and senses of n questions, each given with its region."""
    queries = [reader.read(text) for text, _ in questions]
    if not queries:
        return np.empty((0, encoder.dim), dtype=np.float32), []
    vectors = encoder.encode_queries([query.encoder_text for query in queries])
    return vectors, [sense_of(query, region) for query, (_, region) in zip(queries, questions, strict=True)]
