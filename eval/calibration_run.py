"""One run of the calibration: ranking first, then, with the new ranking in place, the confidence."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import confidence
from bot.assembly import Service, open_service
from bot.settings import read_settings
from bot.turn import Turn
from eval.calibrate import (
    ConfidenceResult,
    Judged,
    RankingResult,
    judge_candidates,
    learn_confidence,
    learn_ranking,
    turns_of,
)
from eval.datasets import read_answer_set
from eval.reports import Table, percent, to_json
from retrieval import ranking
from retrieval.ranking import Ranking


@dataclass(frozen=True, slots=True)
class LearnedFrom:
    """A labelled set: its file name, how many questions, and the checksum of the file."""

    file: str
    questions: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned, and from what."""

    learned_from: tuple[LearnedFrom, ...]
    ranking: RankingResult
    confidence: ConfidenceResult

    def markdown(self) -> str:
        """Return the result as tables to read."""
        rank, sure = self.ranking, self.confidence
        sets = Table(
            ("标注集", "题数"), tuple((each.file, str(each.questions)) for each in self.learned_from)
        )
        figures = Table(
            ("留出问题上的结果", "数值"),
            (
                ("正确条文居首", percent(rank.at_1)),
                ("正确条文在前三", percent(rank.at_3)),
                ("正确条文在前十", percent(rank.at_10)),
                ("正确条文在候选中", percent(rank.in_candidates)),
                ("作答阈值", f"{sure.threshold:.3f}"),
                ("无依据问题被拒答", f"{percent(sure.refused_unanswerable)}（{sure.unanswerable} 题）"),
                ("有依据问题被误拒", f"{percent(sure.refused_answerable)}（{sure.answerable} 题）"),
            ),
        )
        weights = Table(
            ("特征", "权重"),
            tuple((name, f"{weight:.3f}") for name, weight in [*rank.weights.items(), *sure.weights.items()]),
        )
        return "\n\n".join(table.markdown() for table in (sets, figures, weights))


def run_calibration(sets: Sequence[tuple[Path, Path]], *, write: bool) -> Calibration:
    """Learn from answer sets, each with the data directory that holds its documents.

    Args:
        write: Put the weights into the packages they are read from; otherwise nothing is kept.
    """
    asked = [(read_answer_set(file), data_dir) for file, data_dir in sets]
    learned_from = tuple(
        LearnedFrom(file.name, len(questions), hashlib.sha256(file.read_bytes()).hexdigest())
        for (file, _), (questions, _) in zip(sets, asked, strict=True)
    )
    judged: list[Judged] = []
    for questions, data_dir in asked:
        with _service(data_dir) as service:
            judged += judge_candidates(service, questions)
    learned = learn_ranking(judged)
    turns: list[tuple[Turn, bool]] = []
    for questions, data_dir in asked:
        with _service(data_dir, Ranking.of(learned.weights)) as service:
            turns += turns_of(service, questions)
    sure = learn_confidence(turns)
    if write:
        _keep(ranking.WEIGHTS_FILE, learned, learned_from)
        _keep(confidence.WEIGHTS_FILE, sure, learned_from)
    return Calibration(learned_from, learned, sure)


@contextmanager
def _service(data_dir: Path, learned: Ranking | None = None) -> Iterator[Service]:
    service = open_service(read_settings(data_dir), ranking=learned)
    try:
        yield service
    finally:
        service.close()


def _keep(path: Path, result: RankingResult | ConfidenceResult, learned_from: Sequence[LearnedFrom]) -> None:
    kept = {
        "learned_at": datetime.now(UTC).date().isoformat(),
        "learned_from": learned_from,
        **asdict(result),
    }
    path.write_text(json.dumps(to_json(kept), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
