"""The commands from the terminal's side, on a service and an index that live in memory."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from bot.answer import Answer, Question
from bot.settings import Settings
from eval.commands import register
from knowledge_base.errors import WenzhengError
from knowledge_base.records import ChunkDraft, ChunkKind, DocumentMeta
from retrieval.contracts import Encoder, Hit, Passage, SearchFilter

if TYPE_CHECKING:
    from tests.eval.conftest import HashEncoder, Library

RUNNER = CliRunner()


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


class MemoryService:
    """Cites the rule in force whatever is asked, and the superseded one when the question says so."""

    def __init__(self, library: "Library", encoder: "HashEncoder") -> None:
        self.store, self.encoder = library, encoder
        self.consultation = self.index = self
        self.days: list[date | None] = []
        self.closed = False

    def answer(self, question: Question) -> Answer:
        self.days.append(question.as_of)
        return self.store.answer(1 if "以前" in question.question else 2, text="三十日内办理")

    def get(self) -> "MemoryService":
        return self

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        return [[Hit(3, 0.9, 0.9, 1.0), Hit(2, 0.8, 0.8, 1.0)] for _ in questions]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def service(library: "Library", encoder: "HashEncoder", monkeypatch: pytest.MonkeyPatch) -> MemoryService:
    service = MemoryService(library, encoder)
    monkeypatch.setattr("bot.assembly.open_service", lambda settings: service)
    return service


@pytest.fixture
def answer_set(tmp_path: Path) -> Path:
    lines = [
        {
            "id": number,
            "type": "fact",
            "question": question,
            "region": "云岭省/云州市",
            "status": "answered",
            "expected": [{"file": "云州/养犬规定.md", "article": "第五条"}],
            "must_include": [["三十日"]],
        }
        for number, question in (("now", "养犬登记几天内办？"), ("before", "以前养犬登记几天内办？"))
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_the_group_lists_its_commands(app: typer.Typer) -> None:
    listed = RUNNER.invoke(app, ["eval", "--help"]).output
    assert all(name in listed for name in ("retrieval", "compare", "answers", "coverage"))
    assert "--questions" in RUNNER.invoke(app, ["bench", "--help"]).output


def test_the_help_keeps_its_square_brackets(app: typer.Typer) -> None:
    """Rich takes `[adapt]` for a style, and would leave it out."""
    listed = RUNNER.invoke(app, ["eval", "adapter", "--help"]).output
    assert "要装wenzheng[adapt]，" in "".join(listed.split())


def test_answers_prints_the_table_and_the_worst_and_saves_the_run(
    app: typer.Typer, service: MemoryService, answer_set: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    arguments = [
        "eval",
        "answers",
        str(answer_set),
        "--data-dir",
        str(tmp_path / "data"),
        "--output",
        str(runs),
    ]
    ran = RUNNER.invoke(app, [*arguments, "--as-of", "2026-11-23", "--worst", "3"])
    assert ran.exit_code == 0, ran.output
    assert "| fact | 2 | 50.0% (1/2) |" in ran.stdout
    assert "| 2 | 1 | 0 | 0 |" in ran.stdout
    assert "**before**（fact）以前养犬登记几天内办？" in ran.stdout
    assert "应引条文在检索第 2 位" in ran.stdout
    assert service.days == [date(2026, 11, 23)] * 2
    assert service.closed
    (run,) = runs.iterdir()
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "results.json",
        "report.md",
        "by_type.png",
    }
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert config["options"]["as_of"] == "2026-11-23"
    assert config["encoder"]["fingerprint"] == "hash-1"


def test_answers_in_json_are_nothing_but_json(
    app: typer.Typer, service: MemoryService, answer_set: Path, tmp_path: Path
) -> None:
    ran = RUNNER.invoke(
        app, ["eval", "answers", str(answer_set), "--json", "--output", str(tmp_path / "runs")]
    )
    assert json.loads(ran.stdout)["overall"]["right_first"] == {"hits": 1, "of": 2, "share": 0.5}


def test_a_day_that_is_none_is_refused(app: typer.Typer, answer_set: Path) -> None:
    ran = RUNNER.invoke(app, ["eval", "answers", str(answer_set), "--as-of", "2026-13-01"])
    assert ran.exit_code == 2
    assert "2026-13-01" in ran.output


def test_a_malformed_line_ends_the_command_with_its_number(app: typer.Typer, answer_set: Path) -> None:
    answer_set.write_text("{}\n", encoding="utf-8")
    ran = RUNNER.invoke(app, ["eval", "answers", str(answer_set)])
    assert isinstance(ran.exception, WenzhengError)
    assert "set.jsonl:1: id: Field required" in str(ran.exception)


class FirstIsBest:
    """Finds every passage in the order of the corpus."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder) -> None:
        encoder.encode_passages([passage.text for passage in passages])
        self._size = len(passages)

    def search(
        self, questions: Sequence[str], *, k: int = 20, where: SearchFilter | None = None
    ) -> list[list[Hit]]:
        return [[Hit(row, 1.0 / (row + 1), 0.5, 0.0) for row in range(min(k, self._size))] for _ in questions]

    search_dense = search_lexical = search


@pytest.mark.slow
def test_retrieval_prints_a_line_for_each_system_and_keeps_the_vectors(
    app: typer.Typer, encoder: "HashEncoder", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(
        passages: Sequence[Passage], encoder: Encoder, *, on_progress: Callable[[int], None] | None = None
    ) -> FirstIsBest:
        return FirstIsBest(passages, encoder)

    monkeypatch.setattr("retrieval.encoder.SentenceEncoder.load", lambda *name, **options: encoder)
    monkeypatch.setattr("retrieval.hybrid.build_hybrid", build)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "text": "养犬登记"}\n', encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "养犬"}\n', encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n", encoding="utf-8")
    data = tmp_path / "data"
    for _ in range(2):
        ran = RUNNER.invoke(
            app,
            [
                "eval",
                "retrieval",
                "--beir",
                str(tmp_path),
                "--data-dir",
                str(data),
                "--output",
                str(tmp_path / "runs"),
            ],
        )
        assert ran.exit_code == 0, ran.output
    assert [line.split(" | ")[0] for line in ran.stdout.splitlines()[2:]] == [
        "| dense",
        "| lexical",
        "| hybrid",
    ]
    assert encoder.passages_encoded == 1
    assert len(list((data / "eval-cache").glob("hash-1-*.npy"))) == 1
    assert len(list((tmp_path / "runs").iterdir())) == 2


def law(text: str, *labels: str) -> tuple[str, tuple[ChunkDraft, ...]]:
    """Cut a text of one line an article into a chunk for each label named."""
    drafts = []
    for group, label in enumerate(labels):
        start = text.index(label)
        end = (text + "\n").index("\n", start)
        drafts.append(ChunkDraft(ChunkKind.ARTICLE, group, label, (), "", start, end, text[start:end]))
    return text, tuple(drafts)


@pytest.mark.parametrize(
    ("labels", "exit_code", "said"),
    [(("第一条", "第二条"), 0, ""), (("第一条",), 1, "云州/养犬规定.md：缺失 第二条；重复 无")],
)
def test_coverage_fails_where_an_article_is_lost(
    app: typer.Typer, tmp_path: Path, labels: tuple[str, ...], exit_code: int, said: str
) -> None:
    from knowledge_base.database import open_database
    from knowledge_base.landing import DocumentDraft
    from knowledge_base.store import KnowledgeStore

    text, chunks = law("第一条 养犬应当登记。\n第二条 登记不收费。", *labels)
    url = Settings(data_dir=tmp_path / "data").sqlalchemy_url
    KnowledgeStore(open_database(url)).land(
        "云州/养犬规定.md", [DocumentDraft("", DocumentMeta(title="养犬规定"), text, chunks)]
    )
    ran = RUNNER.invoke(app, ["eval", "coverage", "--data-dir", str(tmp_path / "data"), "--json"])
    assert ran.exit_code == exit_code
    assert json.loads(ran.stdout)["articles"] == 2
    assert said in ran.stderr


@pytest.mark.slow
def test_index_prints_a_line_for_each_filter_and_saves_the_run(app: typer.Typer, tmp_path: Path) -> None:
    options = ["--passages", "900", "--kind", "flat", "--questions", "8", "--output", str(tmp_path)]
    ran = RUNNER.invoke(app, ["eval", "index", *options, "--json"])
    assert ran.exit_code == 0, ran.output
    (result,) = json.loads(ran.stdout)["index"]
    assert (result["rows"], result["kind"], result["chosen"]) == (900, "flat", True)
    assert [search["recall"] for search in result["searches"]] == [1.0] * 4
    (folder,) = tmp_path.iterdir()
    assert "| 900 | flat（采用） | 900 | 1.0000 |" in (folder / "report.md").read_text(encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["options"]["passages"] == [900]


def test_index_knows_its_kinds(app: typer.Typer) -> None:
    assert "clustered" in RUNNER.invoke(app, ["eval", "index", "--passages", "9", "--kind", "hnsw"]).output
