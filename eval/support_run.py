"""`wenzheng eval support`: how well each check tells a supported sentence from one that is not.

The similarity threshold is the highest that keeps all but one in a hundred of the supported sentences: what
it drops besides is gain, since figures, modality and words are compared by themselves.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.grounding.checking import disagreement
from bot.grounding.likeness import THRESHOLD_FILE, SupportLikeness
from bot.grounding.statements import SourceText
from eval.reports import Table, percent
from retrieval.contracts import Encoder

LOST_AT_MOST = 0.01
_MARGIN = 0.005


@dataclass(frozen=True, slots=True)
class SupportPair:
    """A source and a sentence, labelled; `kind` says what was done to the sentence."""

    source: str
    sentence: str
    supported: bool
    kind: str


@dataclass(frozen=True, slots=True)
class SupportOutcome:
    """One pair with the highest cosine and what the comparison of words found; empty for nothing."""

    pair: SupportPair
    cosine: float
    fault: str


@dataclass(frozen=True, slots=True)
class SupportResult:
    """All pairs, and the threshold they give."""

    threshold: float
    outcomes: tuple[SupportOutcome, ...]


def read_pairs(path: Path) -> tuple[SupportPair, ...]:
    """Read the labelled pairs, one JSON object a line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return tuple(SupportPair(row["source"], row["sentence"], row["supported"], row["kind"]) for row in rows)


def measure_support(pairs: Sequence[SupportPair], encoder: Encoder) -> SupportResult:
    """Compare every pair, by meaning and by words."""
    likeness = SupportLikeness(encoder, 0.0)
    vectors = {source: likeness.vectors(source) for source in dict.fromkeys(pair.source for pair in pairs)}
    outcomes = []
    for pair in pairs:
        found = disagreement(pair.sentence, [SourceText(pair.source)])
        cosine = likeness.nearest(pair.sentence, vectors[pair.source])
        outcomes.append(SupportOutcome(pair, round(cosine, 4), found.fault.value if found else ""))
    return SupportResult(threshold_of(outcomes), tuple(outcomes))


def threshold_of(outcomes: Sequence[SupportOutcome]) -> float:
    """Return the highest threshold that loses no more of the supported sentences than allowed."""
    kept = sorted(each.cosine for each in outcomes if each.pair.supported)
    return round(kept[int(LOST_AT_MOST * len(kept))] - _MARGIN, 4)


def support_table(result: SupportResult) -> Table:
    """Return, for each kind of sentence, how many pass by meaning, by words, and by both."""
    kinds = dict.fromkeys((each.pair.supported, each.pair.kind) for each in result.outcomes)
    rows = []
    for supported, kind in sorted(kinds, reverse=True):
        those = [
            each for each in result.outcomes if (each.pair.supported, each.pair.kind) == (supported, kind)
        ]
        alike = [each for each in those if each.cosine >= result.threshold]
        agreeing = [each for each in those if not each.fault]
        both = [each for each in alike if not each.fault]
        rows.append(
            (
                "有依据" if supported else "无依据",
                kind,
                str(len(those)),
                percent(len(alike) / len(those)),
                percent(len(agreeing) / len(those)),
                percent(len(both) / len(those)),
            )
        )
    header = ("标注", "种类", "句", f"相似度 ≥ {result.threshold:.3f}", "字句核对通过", "两项都通过")
    return Table(header, tuple(rows))


def keep(result: SupportResult, file: Path, encoder: str, path: Path = THRESHOLD_FILE) -> None:
    """Write the threshold, and what it was measured on, where `SupportLikeness.load` reads it."""
    kept = {
        "measured_at": datetime.now(UTC).date().isoformat(),
        "measured_on": {
            "file": file.name,
            "pairs": len(result.outcomes),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "encoder": encoder,
        },
        "threshold": result.threshold,
    }
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
