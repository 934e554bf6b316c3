"""A whole calibration over a small library: what it learns is what the packages read afterwards."""

import hashlib
import json
from pathlib import Path

import pytest

from bot import confidence
from bot.assembly import Service
from bot.confidence import Confidence
from bot.settings import Settings
from eval import calibration_run
from eval.calibration_run import Calibration, run_calibration
from knowledge_base.database import open_database
from retrieval import ranking
from retrieval.ranking import Ranking
from tests.retrieval.fakes import BigramEncoder

SUBJECTS = (
    "养犬登记",
    "公积金提取",
    "户口迁移",
    "居住证签注",
    "生育津贴",
    "失业保险金",
    "残疾人补贴",
    "婚姻登记",
)
LINES = "\n".join(
    f"第{number}条　{subject}应当在{number}十日内办理，由{subject}经办机构负责。"
    for number, subject in zip("一二三四五六七八", SUBJECTS, strict=True)
)
FILE = "便民事项办理规定.md"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration")
    (folder / FILE).write_text(f"便民事项办理规定\n{LINES}", encoding="utf-8")
    data_dir = folder / "data"
    data_dir.mkdir()
    service = open_with_bigrams(Settings(data_dir=data_dir))
    assert service.ingest(folder / FILE, region="全国").ok
    service.close()
    return data_dir


@pytest.fixture(scope="module")
def answer_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight questions with an answer and eight without."""
    answerable = [
        {
            "id": subject,
            "type": "fact",
            "question": f"{subject}多久办理？",
            "status": "answered",
            "expected": [{"file": FILE, "article": f"第{number}条"}],
        }
        for number, subject in zip("一二三四五六七八", SUBJECTS, strict=True)
    ]
    others = [
        {
            "id": f"u{number}",
            "type": "unanswerable",
            "question": f"火星{number}号飞船票价",
            "status": "no_answer",
            "expected": [],
        }
        for number in range(8)
    ]
    lines = [json.dumps(line, ensure_ascii=False) for line in (*answerable, *others)]
    path = tmp_path_factory.mktemp("set") / "answers.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def open_with_bigrams(settings: Settings, *, ranking: Ranking | None = None) -> Service:
    return Service(settings, open_database(settings.sqlalchemy_url), BigramEncoder(), ranking=ranking)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """Where the weights go instead of into the packages: ranking, confidence."""
    paths = (tmp_path / "ranking.json", tmp_path / "confidence.json")
    monkeypatch.setattr(ranking, "WEIGHTS_FILE", paths[0])
    monkeypatch.setattr(confidence, "WEIGHTS_FILE", paths[1])
    monkeypatch.setattr(calibration_run, "open_service", open_with_bigrams)
    return paths


@pytest.mark.slow
def test_what_was_learned_is_read_again_with_what_it_was_learned_from(
    weights: tuple[Path, Path], data_dir: Path, answer_set: Path
) -> None:
    learned = run_calibration([(answer_set, data_dir)], write=True)
    assert learned.ranking.questions == 8
    assert learned.ranking.in_candidates == 1.0
    assert (learned.confidence.answerable, learned.confidence.unanswerable) == (8, 8)
    kept = json.loads(weights[0].read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(answer_set.read_bytes()).hexdigest()
    assert kept["learned_from"] == [{"file": "answers.jsonl", "questions": 16, "sha256": sha256}]
    assert Ranking.load(weights[0]).weights.tolist() == pytest.approx(list(learned.ranking.weights.values()))
    assert Confidence.load(weights[1]).threshold == learned.confidence.threshold


@pytest.mark.slow
def test_nothing_is_kept_unless_asked(weights: tuple[Path, Path], data_dir: Path, answer_set: Path) -> None:
    run_calibration([(answer_set, data_dir)], write=False)
    assert not any(path.exists() for path in weights)


@pytest.mark.slow
def test_the_report_is_readable(weights: tuple[Path, Path], data_dir: Path, answer_set: Path) -> None:
    learned: Calibration = run_calibration([(answer_set, data_dir)], write=False)
    report = learned.markdown()
    assert "| answers.jsonl | 16 |" in report
    assert f"| 作答阈值 | {learned.confidence.threshold:.3f} |" in report
    assert "（8 题）" in report
    assert "| title_coverage |" in report
