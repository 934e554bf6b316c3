"""Settings: read once, typed, and wrong ones named at the start."""

from pathlib import Path

import pytest

from bot.settings import Settings, read_settings
from knowledge_base.errors import SettingsError


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty working directory and none of our variables."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WENZHENG_{name.upper()}", raising=False)


def test_without_settings_everything_has_a_default() -> None:
    settings = read_settings()
    assert settings.data_dir == Path("data")
    assert (settings.hotline, settings.max_question_chars, settings.home_region) == ("12345", 500, "")
    assert (settings.reranker, settings.reranker_budget_ms) == ("", 300)
    assert settings.models_dir == Path("data/models")
    assert settings.sqlalchemy_url == f"sqlite:///{Path('data/wenzheng.db').resolve()}"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("wenzheng.toml").write_text(
        'hotline = "0999-12345"\nhome_region = "云岭省/云州市"\n', encoding="utf-8"
    )
    monkeypatch.setenv("WENZHENG_HOTLINE", "12333")
    settings = read_settings()
    assert (settings.hotline, settings.home_region) == ("12333", "云岭省/云州市")


def test_a_directory_given_on_the_command_line_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WENZHENG_DATA_DIR", "/somewhere")
    assert read_settings().data_dir == Path("/somewhere")
    assert read_settings(tmp_path / "mine").data_dir == tmp_path / "mine"


def test_another_database_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENZHENG_DATABASE_URL", "postgresql://db/wenzheng")
    assert read_settings().sqlalchemy_url == "postgresql://db/wenzheng"


@pytest.mark.parametrize("uri", ["http://milvus:19530", "https://m.example", "unix:/run/m.sock", "m.db"])
def test_a_milvus_may_be_named_and_its_token_is_not_shown(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("WENZHENG_MILVUS_URI", uri)
    monkeypatch.setenv("WENZHENG_MILVUS_TOKEN", "geheim")
    settings = read_settings()
    assert settings.milvus_uri == uri
    assert "geheim" not in f"{settings!r} {settings.model_dump_json()}"


def test_a_password_is_not_shown_where_the_address_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENZHENG_DATABASE_URL", "mysql://wenzheng:geheim@db/wenzheng")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MAX_QUESTION_CHARS", "many", "max_question_chars: .*integer"),
        ("MAX_QUESTION_CHARS", "9", "max_question_chars: .*20"),
        ("ENCODER_RUNTIME", "cuda", "encoder_runtime: "),
        ("RERANKER_BUDGET_MS", "0", "reranker_budget_ms: .*1"),
        ("LOG_LEVEL", "loud", "log_level: "),
        ("DATABASE_URL", "mysql://db/wenzheng", "database_url: .*SQLite and PostgreSQL"),
        ("DATABASE_URL", "wenzheng.db", "database_url: .*cannot be understood"),
        ("MILVUS_URI", "milvus.example:19530", "milvus_uri: "),
        ("MILVUS_URI", "http://root:geheim@milvus:19530", "milvus_uri: "),
        ("MILVUS_PREFIX", "云州", "milvus_prefix: "),
        ("MILVUS_INDEX", "IVF", "milvus_index: "),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str) -> None:
    monkeypatch.setenv(f"WENZHENG_{name}", value)
    with pytest.raises(SettingsError, match=reason):
        read_settings()


def test_an_unknown_setting_in_the_file_is_named() -> None:
    Path("wenzheng.toml").write_text('hot_line = "12345"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="hot_line"):
        read_settings()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(SettingsError, match="is a file, a directory is needed"):
        read_settings()


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().hotline = "1"


def test_a_list_that_is_not_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENZHENG_ALLOWED_ORIGINS", "https://portal.example")
    with pytest.raises(SettingsError, match="allowed_origins"):
        read_settings()


def test_a_misspelt_variable_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WENZHENG_HOTLNE", "12333")
    assert read_settings().hotline == "12345"
    assert "WENZHENG_HOTLNE is no setting and is ignored; WENZHENG_HOTLINE is one" in caplog.text


def test_an_endpoint_needs_the_name_of_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENZHENG_LLM_URL", "http://127.0.0.1:8000/v1")
    with pytest.raises(SettingsError, match="llm_model is not"):
        read_settings()
    monkeypatch.setenv("WENZHENG_LLM_MODEL", "qwen")
    monkeypatch.setenv("WENZHENG_LLM_KEY", "sk-geheim")
    settings = read_settings()
    assert (settings.llm_url, settings.llm_model) == ("http://127.0.0.1:8000/v1", "qwen")
    assert "sk-geheim" not in repr(settings)
