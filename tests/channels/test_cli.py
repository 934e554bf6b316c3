"""The command line: what it prints, where, and how it ends."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from bot.answer import Question
from bot.settings import Settings
from channels import cli
from channels.metrics import MULTIPROC_VARIABLE
from knowledge_base.errors import EncoderError
from knowledge_base.ingest import FileOutcome, IngestReport, Progress
from knowledge_base.records import DocumentMeta, Inference, OcrLine, OcrPage
from knowledge_base.store import DocumentDraft, KnowledgeStore

if TYPE_CHECKING:
    from tests.channels.conftest import FakeService

LANDED = FileOutcome(
    "a.md", "added", title="云州市养犬管理办法", chunks=12, encoded=12,
    inferred=(Inference("effective_from", "2026-05-01", "自2026年5月1日起施行"),),
    review=("没有写明何时施行，按成文日期计",),
)  # fmt: skip
REFUSED = FileOutcome("b.pdf", "refused", reason="文件有密码，无法读取")


@dataclass
class Taker:
    """Takes in what it is told, and tells how it went."""

    outcomes: tuple[FileOutcome, ...] = (LANDED,)
    taken: list[Path] = field(default_factory=list)
    told: list[tuple[str, bool]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    services: list[Path] = field(default_factory=list)
    life_events: list[Path] = field(default_factory=list)
    rules: list[Path] = field(default_factory=list)
    closed: int = 0

    def take_in_services(self, path: Path) -> None:
        self.services.append(path)

    def take_in_life_events(self, path: Path) -> None:
        self.life_events.append(path)

    def take_in_rules(self, path: Path) -> None:
        self.rules.append(path)

    def ingest(
        self,
        path: Path,
        *,
        manifest: Path | None = None,
        region: str | None = None,
        by: str = "",
        as_draft: bool = False,
        on_progress: Callable[[Progress], None],
    ) -> IngestReport:
        self.taken.append(path)
        self.told.append((by, as_draft))
        on_progress(Progress("read", 1, 1, "a.md"))
        on_progress(Progress("encode", 12, 12))
        return IngestReport(self.outcomes)

    def ingest_page(
        self,
        url: str,
        *,
        region: str | None = None,
        by: str = "",
        as_draft: bool = False,
        on_progress: Callable[[Progress], None],
    ) -> IngestReport:
        self.pages.append(url)
        self.told.append((by, as_draft))
        return IngestReport(self.outcomes)

    def close(self) -> None:
        self.closed += 1


def open_instead(monkeypatch: pytest.MonkeyPatch, service: object) -> None:
    monkeypatch.setattr(cli, "_open", lambda _settings, **_: service)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "160"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_ingest_lists_what_landed_and_what_to_review(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    code, out, _ = run("ingest", str(tmp_path), "--data-dir", str(tmp_path / "data"))
    assert (code, taker.taken, taker.closed) == (0, [tmp_path], 1)
    assert "云州市养犬管理办法" in out
    assert "自2026年5月1日起施行" in out
    assert "存疑，请核对" in out
    assert "没有写明何时施行，按成文日期计" in out
    assert "新增 1" in out


def test_ingest_ends_with_1_when_a_file_was_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    open_instead(monkeypatch, Taker((LANDED, REFUSED)))
    code, out, _ = run("ingest", str(tmp_path), "--json", "--data-dir", str(tmp_path / "data"))
    report = json.loads(out)
    assert code == 1
    assert report["ok"] is False
    assert report["outcomes"][1]["reason"] == "文件有密码，无法读取"
    assert report["outcomes"][0]["inferred"][0]["value"] == "2026-05-01"
    assert report["outcomes"][0]["review"] == ["没有写明何时施行，按成文日期计"]


def test_ingest_says_who_brings_it_and_whether_it_is_a_draft(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    monkeypatch.setenv("LOGNAME", "zhang")
    folder = ("--data-dir", str(tmp_path / "data"))
    run("ingest", str(tmp_path), *folder)
    run("ingest", str(tmp_path), "--draft", "--by", "王某", *folder)
    assert taker.told == [("zhang", False), ("王某", True)]


def test_ingest_of_an_address_takes_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    url = "https://www.yunzhou.example/1.html"
    assert run("ingest", url, "--data-dir", str(tmp_path))[0] == 0
    assert (taker.pages, taker.taken) == ([url], [])
    manifest = tmp_path / "manifest.json"
    manifest.write_text("[]", encoding="utf-8")
    assert run("ingest", url, "--manifest", str(manifest), "--data-dir", str(tmp_path))[0] == 2


def test_ingest_shows_how_files_were_read_and_what_ocr_was_unsure_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unsure = OcrPage(3, (OcrLine("第二条 每日六时开门", 0.62, (0.1, 0.2, 0.9, 0.3)),))
    scan = FileOutcome("扫描.pdf", "added", title="办法", notes=("第 2 页没有认出文字",), ocr=(unsure,))
    open_instead(monkeypatch, Taker((scan,)))
    out = run("ingest", str(tmp_path), "--data-dir", str(tmp_path / "data"))[1]
    assert "第 2 页没有认出文字" in out
    assert re.search(r"扫描\.pdf\s+3\s+0\.62\s+第二条 每日六时开门", out)
    written = json.loads(run("ingest", str(tmp_path), "--json", "--data-dir", str(tmp_path / "data"))[1])
    (page,) = written["outcomes"][0]["ocr"]
    assert page["page"] == 3
    assert page["lines"] == [{"text": "第二条 每日六时开门", "confidence": 0.62, "box": [0.1, 0.2, 0.9, 0.3]}]


def test_ingest_of_nothing_is_a_wrong_call(tmp_path: Path) -> None:
    assert run("ingest", str(tmp_path / "nothing"))[0] == 2


def test_ask_prints_the_answer_and_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: "FakeService"
) -> None:
    open_instead(monkeypatch, service)
    code, out, _ = run(
        "ask", "公积金多久，我电话13812345678", "--as-of", "2026-05-01", "--data-dir", str(tmp_path)
    )
    assert code == 0
    assert "[2] 《云州市住房公积金提取办法》（云金管〔2026〕7号）第三条 · 现行有效" in out
    (asked,) = service.consultation.asked
    assert isinstance(asked, Question)
    assert asked.question == "公积金多久，我电话［手机号］"
    assert str(asked.as_of) == "2026-05-01"
    assert service.closed


def test_ask_as_json_is_the_answer_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: "FakeService"
) -> None:
    open_instead(monkeypatch, service)
    _, out, _ = run("ask", "公积金", "--json", "--data-dir", str(tmp_path))
    assert json.loads(out)["status"] == "answered"


def test_status_says_what_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: "FakeService"
) -> None:
    open_instead(monkeypatch, service)
    code, out, _ = run("status", "--data-dir", str(tmp_path))
    assert code == 0
    assert "文件 1 份，条款 3 条，修订号 3" in out


def test_reindex_builds_the_index_of_what_there_is_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: "FakeService"
) -> None:
    @dataclass
    class Rebuilder:
        rebuilt: int = 0

        def reindex(self, on_progress: Callable[[Progress], None]) -> None:
            on_progress(Progress("encode", 3, 3))
            on_progress(Progress("index", 1, 1))
            self.rebuilt += 1

        ready = staticmethod(service.ready)
        close = staticmethod(service.close)

    rebuilder, opened = Rebuilder(), list[bool]()

    def open_it(_settings: object, *, catch_up: bool) -> Rebuilder:
        opened.append(catch_up)
        return rebuilder

    monkeypatch.setattr(cli, "_open", open_it)
    code, out, err = run("reindex", "--data-dir", str(tmp_path))
    assert (code, rebuilder.rebuilt, opened, service.closed) == (0, 1, [False], True)
    assert out == "索引已重建：文件 1 份，条款 3 条，修订号 3\n"
    assert "建立索引" in err


def test_prepare_makes_the_model_ready_and_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prepared: list[Path] = []

    @dataclass
    class Loaded:
        name: str = "multilingual-e5-small"

    def load(settings: Settings) -> Loaded:
        prepared.append(settings.models_dir)
        return Loaded()

    monkeypatch.setattr("bot.models.load_encoder", load)
    code, out, _ = run("prepare", "--data-dir", str(tmp_path))
    assert (code, prepared) == (0, [tmp_path / "models"])
    assert out == f"编码模型 multilingual-e5-small 已备好：{tmp_path / 'models'}\n"
    assert not (tmp_path / "wenzheng.db").exists()


def test_protocol_writes_the_document(tmp_path: Path) -> None:
    target = tmp_path / "asyncapi.yaml"
    assert run("protocol", "--output", str(target))[0] == 0
    assert target.read_text(encoding="utf-8") == run("protocol")[1]


def test_an_expected_fault_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_settings: object) -> None:
        raise EncoderError("no model at /nowhere")

    monkeypatch.setattr(cli, "_open", refuse)
    monkeypatch.setattr(sys, "argv", ["wenzheng", "status", "--data-dir", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1] == "错误：no model at /nowhere"


def test_a_question_too_long_is_an_expected_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["wenzheng", "ask", "问" * 612, "--data-dir", str(tmp_path)])
    with pytest.raises(SystemExit):
        cli.main()
    assert "错误：问题有 612 个字，最多 500 个字" in capsys.readouterr().err


def test_commands_come_from_entry_points_and_a_broken_one_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @dataclass
    class Found:
        name: str
        value: Callable[[typer.Typer], None] | None

        def load(self) -> Callable[[typer.Typer], None]:
            if self.value is None:
                raise ImportError("No module named 'ranx'")
            return self.value

    registered: list[typer.Typer] = []
    monkeypatch.setattr(
        cli, "entry_points", lambda group: [Found("eval", None), Found("more", registered.append)]
    )
    monkeypatch.setattr(sys, "argv", ["wenzheng", "--help"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert registered == [cli.app]
    assert "命令组 eval 未能载入：No module named 'ranx'" in capsys.readouterr().err


def sample_package(tmp_path: Path) -> Path:
    """A package beside which lies sample knowledge with services."""
    (tmp_path / "package" / "sample" / "services").mkdir(parents=True)
    return tmp_path / "package" / "__init__.py"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    calls: dict[str, object] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **options: calls.update(app=app, **options))
    for variable in ("WENZHENG_DATA_DIR", MULTIPROC_VARIABLE):
        monkeypatch.setenv(variable, "")  # so that it is put back
        monkeypatch.delenv(variable)
    return calls


def test_serve_fills_an_empty_data_directory_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: dict[str, object]
) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    monkeypatch.setattr("knowledge_base.__file__", str(sample_package(tmp_path)))
    data = tmp_path / "data"
    for _ in range(2):
        assert run("serve", "--data-dir", str(data), "--port", "8765", "--workers", "2")[0] == 0
        (data / "wenzheng.db").touch()
    assert [path.name for path in taker.taken] == ["documents"]
    assert taker.services == [taker.taken[0].parent / "services"]
    assert taker.life_events == [taker.taken[0].parent / "life-events"]
    assert taker.rules == [taker.taken[0].parent / "eligibility.json"]
    assert (served["app"], served["port"], served["workers"]) == ("channels.app:create_app", 8765, 2)


def test_serve_tells_which_region_the_page_preselects(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: dict[str, object], store: KnowledgeStore
) -> None:
    serve = ("serve", "--no-sample", "--data-dir", str(tmp_path))
    assert "网页预选的地区：无，由市民选择" in run(*serve)[2]
    meta = DocumentMeta("养犬条例", region="云岭省/云州市")
    store.land("养犬条例.md", [DocumentDraft("", meta, "养犬应当登记。", ())])
    assert "网页预选的地区：云岭省/云州市" in run(*serve)[2]
    monkeypatch.setenv("WENZHENG_HOME_REGION", "海州省")
    assert "网页预选的地区：海州省" in run(*serve)[2]


@pytest.mark.parametrize("arguments", [["--no-sample"], []])
def test_serve_leaves_a_data_directory_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: dict[str, object], arguments: list[str]
) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    if not arguments:
        (tmp_path / "anything").touch()
    assert run("serve", "--data-dir", str(tmp_path), *arguments)[0] == 0
    assert taker.taken == []


def test_a_sample_broken_off_is_finished_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: dict[str, object]
) -> None:
    class Killed(Taker):
        def ingest(self, path: Path, **_: object) -> IngestReport:
            (tmp_path / "wenzheng.db").touch()
            raise EncoderError("killed half-way")

    open_instead(monkeypatch, Killed())
    with pytest.raises(EncoderError):
        run("serve", "--data-dir", str(tmp_path))
    taker = Taker()
    open_instead(monkeypatch, taker)
    run("serve", "--data-dir", str(tmp_path))
    assert [path.name for path in taker.taken] == ["documents"]


def test_a_model_put_there_beforehand_does_not_make_a_directory_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: dict[str, object]
) -> None:
    taker = Taker()
    open_instead(monkeypatch, taker)
    (tmp_path / "models").mkdir()
    run("serve", "--data-dir", str(tmp_path))
    assert len(taker.taken) == 1


@pytest.mark.slow
def test_help_is_quick_as_it_loads_nothing_but_the_terminal() -> None:
    """What is loaded tells how long help takes (a third of a second); a clock would tell how busy we are."""
    code = """
import sys

before = set(sys.modules)
from channels.cli import main

sys.argv = ["wenzheng", "--help"]
try:
    main()
finally:
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    print(*sorted(loaded - sys.stdlib_module_names), file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert all(name in ran.stdout for name in ("ingest", "document", "eval", "bench"))
    ours = {"bot", "channels", "eval", "knowledge_base"}
    terminal = {"annotated_doc", "markdown_it", "mdurl", "pygments", "rich", "shellingham", "typer"}
    assert set(ran.stderr.split()) - ours <= terminal
