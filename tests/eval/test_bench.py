"""The bench from end to end, on a service that answers from memory."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.answer import Answer, Question
from bot.settings import Settings
from eval import bench
from eval.bench import (
    BenchError,
    encoder_texts,
    report_bench,
    run_bench,
    runtimes_table,
    sample_passages,
    speed_table,
)
from eval.cold_start import ColdStart, ColdStartError, FirstAnswer, measure_cold_start

if TYPE_CHECKING:
    from tests.eval.conftest import HashEncoder, Library

QUESTIONS = [Question(question=f"养犬登记几天内办？{number}") for number in range(4)]


class MemoryService:
    """Answers every question alike; `opened` lists the data directories."""

    opened: list[Path]

    def __init__(self, settings: Settings, library: "Library", encoder: "HashEncoder") -> None:
        self.opened.append(settings.data_dir)
        self.store = library
        self.encoder = encoder
        self.consultation = self

    def answer(self, question: Question) -> Answer:
        return self.store.answer(2)

    def ingest(self, path: Path, *, manifest: Path | None = None) -> object:
        return None

    def close(self) -> None:
        return None


@pytest.fixture(autouse=True)
def _started(monkeypatch: pytest.MonkeyPatch) -> None:
    start = ColdStart(2.5, FirstAnswer(0.0, 2.0, 0.1, 700.0, 900.0, "answered"))
    monkeypatch.setattr(bench, "measure_cold_start", lambda settings, question: start)
    MemoryService.opened = []


@pytest.mark.parametrize("use_data_dir", [True, False])
@pytest.mark.slow
def test_everything_is_measured_once(
    library: "Library", encoder: "HashEncoder", tmp_path: Path, use_data_dir: bool
) -> None:
    stages: list[str] = []
    result = run_bench(
        Settings(data_dir=tmp_path / "data"),
        QUESTIONS,
        open_service=lambda settings: MemoryService(settings, library, encoder),
        load_torch=lambda settings: encoder,
        corpus=tmp_path,
        manifest=None,
        use_data_dir=use_data_dir,
        on_progress=stages.append,
    )
    scratch, answering = MemoryService.opened
    assert scratch != tmp_path / "data"
    assert answering == (tmp_path / "data" if use_data_dir else scratch)
    assert not scratch.parent.exists()
    assert (result.ingest.chunks, result.counts.chunks, result.questions) == (3, 3, 4)
    assert result.ingest.ratio == pytest.approx(result.ingest.encode_s / result.ingest.ingest_s)
    assert len(result.together.answer.calls_ms) == 200
    assert [one.name for one in result.runtimes] == ["torch", "auto (chosen)"]
    assert len(stages) == 5

    report_bench(tmp_path, result, {"options": {}})
    saved = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert saved["cold_start"]["inside"]["resident_mib"] == 700.0
    assert "| 冷启动至首个回答（秒） | 2.50 |" in (tmp_path / "report.md").read_text(encoding="utf-8")
    for name in ("latency_alone", "latency_together"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len(speed_table(result).rows) == 9
    assert len(runtimes_table(result).rows) == 2


def test_no_question_is_said(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no question to ask"):
        run_bench(
            Settings(data_dir=tmp_path),
            [],
            open_service=lambda settings: pytest.fail("opened"),
            load_torch=lambda settings: pytest.fail("loaded"),
            corpus=tmp_path,
            manifest=None,
            use_data_dir=False,
            on_progress=lambda stage: None,
        )


def test_what_is_encoded_of_a_chunk_names_its_document_first(library: "Library") -> None:
    assert encoder_texts(library)[1] == "养犬规定 第五条\n第五条 养犬登记应当在三十日内办理，不收费。"


def test_passages_for_the_runtimes_are_short_and_few(library: "Library") -> None:
    assert sample_passages(library.iter_texts()) == [one.text for one in library.iter_texts()]


def test_a_process_that_does_not_answer_is_named_with_its_last_words(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    settings = Settings(data_dir=blocked)
    blocked.write_text("a file where a directory is needed", encoding="utf-8")
    with pytest.raises(ColdStartError, match=r"exit code 1: .*is a file, a directory is needed"):
        measure_cold_start(settings, "养犬登记几天内办？")
