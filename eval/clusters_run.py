"""`wenzheng eval clusters`: do questions that ask the same come together, and near misses stay apart?

The two numbers of `bot.learning.sameness` are chosen on the half `tune` and judged on the half `test`.
Regions, negations and figures are rules, and not learned.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bot.learning.clustering import group
from bot.learning.sameness import WEIGHTS_FILE, Sameness, Sense, read_senses
from eval.datasets import DatasetError, read_rows
from eval.reports import Table
from retrieval.contracts import Encoder, Vectors
from retrieval.query import QueryReader

WANTS_WEIGH = tuple(weigh / 100 for weigh in range(0, 21, 2))
THRESHOLDS = tuple(level / 100 for level in range(70, 98))


class ClusteredQuestion(BaseModel):
    """One line of the set.

    Attributes:
        cluster: Name of what it asks, the same for those that one answer would do for.
        near: The cluster it is a near miss of; empty for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    region: str | None
    cluster: str = Field(min_length=1)
    near: str
    split: Literal["tune", "test"]


@dataclass(frozen=True, slots=True)
class ClusterScores:
    """How groups agree with the labels.

    Attributes:
        precision, recall: Of the pairs put together, and of those that belong together.
        v_measure: Harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg, 2007).
        near_misses_mixed: Groups that hold a cluster and its near miss.
    """

    questions: int
    clusters: int
    groups: int
    precision: float
    recall: float
    v_measure: float
    near_misses_mixed: int

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class ClustersResult:
    """What was chosen, how it does on both halves, and the groups of the second that mix clusters."""

    chosen: Sameness
    tune: ClusterScores
    test: ClusterScores
    mixed: tuple[tuple[str, ...], ...]

    def tables(self) -> list[Table]:
        rows = tuple(
            (name, str(each.questions), str(each.clusters), str(each.groups), f"{each.precision:.3f}",
             f"{each.recall:.3f}", f"{each.f1:.3f}", f"{each.v_measure:.3f}", str(each.near_misses_mixed))
            for name, each in (("调", self.tune), ("测", self.test))
        )  # fmt: skip
        header = (
            "一半",
            "题数",
            "应有组",
            "实有组",
            "成对精确率",
            "成对召回率",
            "成对 F1",
            "V 值",
            "混入近似组",
        )
        chosen = Table(
            ("问的方面不同时减去", "阈值"),
            ((f"{self.chosen.wants_weigh:.2f}", f"{self.chosen.threshold:.2f}"),),
        )
        mixed = Table(("测的一半里混在一起的",), tuple(("；".join(each),) for each in self.mixed))
        return [Table(header, rows), chosen, *([mixed] if self.mixed else [])]


def read_clustered(path: Path) -> tuple[ClusteredQuestion, ...]:
    """Read the set.

    Raises:
        DatasetError: If it is missing or malformed, an id comes twice, or a cluster is in both halves.
    """
    questions: dict[str, ClusteredQuestion] = {}
    halves: dict[str, str] = {}
    for number, each in read_rows(path, ClusteredQuestion):
        if each.id in questions:
            raise DatasetError(f"{path}:{number}: id {each.id!r} comes twice")
        if halves.setdefault(each.cluster, each.split) != each.split:
            raise DatasetError(f"{path}:{number}: cluster {each.cluster!r} is in both halves")
        questions[each.id] = each
    return tuple(questions.values())


def run_clusters(
    questions: Sequence[ClusteredQuestion], reader: QueryReader, encoder: Encoder
) -> ClustersResult:
    """Choose on `tune` by pairwise F1, the more precise of equals; judge on `test`."""
    halves = {}
    for split in ("tune", "test"):
        of_split = [each for each in questions if each.split == split]
        asked = [(each.question, each.region or "") for each in of_split]
        halves[split] = (of_split, *read_senses(reader, encoder, asked))
    chosen = _chosen(*halves["tune"])
    tune, _ = _scored(chosen, *halves["tune"])
    test, groups = _scored(chosen, *halves["test"])
    labelled = halves["test"][0]
    mixed = tuple(
        tuple(labelled[at].question for at in members)
        for members in groups
        if len({labelled[at].cluster for at in members}) > 1
    )
    return ClustersResult(chosen, tune, test, mixed)


def _chosen(labelled: Sequence[ClusteredQuestion], vectors: Vectors, senses: Sequence[Sense]) -> Sameness:
    tried = []
    for weigh in WANTS_WEIGH:
        similarity = Sameness(weigh, 0.0).similarity(vectors, senses)
        for threshold in THRESHOLDS:
            scores = score_groups(labelled, group(similarity, threshold))
            tried.append((round(scores.f1, 4), scores.precision, Sameness(weigh, threshold)))
    return max(tried, key=lambda each: each[:2])[2]


def _scored(
    sameness: Sameness, labelled: Sequence[ClusteredQuestion], vectors: Vectors, senses: Sequence[Sense]
) -> tuple[ClusterScores, list[list[int]]]:
    groups = group(sameness.similarity(vectors, senses), sameness.threshold)
    return score_groups(labelled, groups), groups


def score_groups(labelled: Sequence[ClusteredQuestion], groups: Sequence[Sequence[int]]) -> ClusterScores:
    """Compare groups of places with the labels."""
    found = {at: number for number, members in enumerate(groups) for at in members}
    names = [each.cluster for each in labelled]
    near = {frozenset((each.cluster, each.near)) for each in labelled if each.near}
    pairs = list(combinations(range(len(labelled)), 2))
    together = [pair for pair in pairs if found[pair[0]] == found[pair[1]]]
    belong = [pair for pair in pairs if names[pair[0]] == names[pair[1]]]
    right = sum(names[one] == names[other] for one, other in together)
    held = [{names[at] for at in members} for members in groups]
    return ClusterScores(
        questions=len(labelled),
        clusters=len(set(names)),
        groups=len(groups),
        precision=right / len(together) if together else 1.0,
        recall=right / len(belong) if belong else 1.0,
        v_measure=v_measure(names, [str(found[at]) for at in range(len(labelled))]),
        near_misses_mixed=sum(any(pair <= of_group for pair in near) for of_group in held),
    )


def v_measure(labels: Sequence[str], groups: Sequence[str]) -> float:
    """Return the V-measure of groups against labels, in [0, 1]; 1.0 where each is the other's renaming."""
    label, in_group, both = (
        _entropy(labels),
        _entropy(groups),
        _entropy(list(zip(labels, groups, strict=True))),
    )
    homogeneity = 1 - (both - in_group) / label if label else 1.0
    completeness = 1 - (both - label) / in_group if in_group else 1.0
    total = homogeneity + completeness
    return 2 * homogeneity * completeness / total if total else 0.0


def _entropy(values: Sequence[object]) -> float:
    shares = np.array(list(Counter(values).values())) / len(values)
    return float(-(shares * np.log(shares)).sum())


def keep(result: ClustersResult, file: Path, encoder: Encoder, path: Path = WEIGHTS_FILE) -> None:
    """Write what was chosen, and from what, where `Sameness.load` reads it."""
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
        "encoder": encoder.fingerprint,
        "wants_weigh": result.chosen.wants_weigh,
        "threshold": result.chosen.threshold,
        "test": {**asdict(result.test), "f1": round(result.test.f1, 4)},
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
