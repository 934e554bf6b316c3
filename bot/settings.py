"""Settings: read once at start from `WENZHENG_*` and a TOML file, typed and checked."""

import logging
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from knowledge_base.errors import SettingsError

PREFIX = "WENZHENG_"

_log = logging.getLogger(__name__)


class Settings(BaseSettings):
    """Everything an operator can set. The environment wins over `wenzheng.toml`.

    Attributes:
        data_dir: Holds all state: database, models, indexes. Two directories never mix.
        database_url: SQLAlchemy URL; empty means SQLite under `data_dir`.
        milvus_uri: Milvus, `http://host:19530`, or a `.db` file for Milvus Lite; empty means FAISS. Without a
            password, as it is shown where Milvus fails: that is `milvus_token`.
        milvus_prefix: Begins the name of every collection made.
        milvus_index: `FLAT` is exact; the others are quicker on millions of passages and may miss some.
        encoder: A sentence-transformers model by name or path; empty means the embedded default.
        adapter: Folder of a low-rank adapter (LoRA) to merge into the encoder; empty means none.
        encoder_runtime: `auto` uses OpenVINO where the model allows it, else torch.
        reranker: A cross-encoder by name or path, for a second look at the best candidates; empty means none.
        reranker_budget_ms: Time that second look may take, for each question.
        llm_url: An OpenAI-compatible endpoint such as `http://host:8000/v1`; empty means none.
        llm_model: Name of the model there; without `llm_url`, a folder or `.gguf` file to run in this
            process. Empty means no language model: answers are quoted.
        llm_filing: The model's 备案号, shown with every answer it wrote.
        llm_timeout_s: Time a whole answer of the model may take; then the quotation answers.
        llm_retries: How often a request that failed before its first word is sent again.
        llm_concurrency: Answers the model may be writing at once; beyond, the quotation answers.
        home_region: Region the page preselects, such as `云岭省/云州市`; empty lets the documents decide.
        hotline: The line a citizen is sent to when nothing here answers.
        max_question_chars: Longest question taken.
        ocr_review_below: Lines that OCR read with less confidence are listed for review.
        rate_limit: Questions one client may send, in the `limits` notation.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file="wenzheng.toml", extra="forbid", frozen=True
    )

    data_dir: Path = Path("data")
    database_url: str = ""
    milvus_uri: str = Field(default="", pattern=r"^$|^(https?|tcp)://[^@]+$|^unix:.+|\.db$")
    milvus_token: SecretStr = SecretStr("")
    milvus_prefix: str = Field(default="wenzheng", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    milvus_index: Literal["FLAT", "HNSW", "AUTOINDEX"] = "FLAT"
    encoder: str = ""
    adapter: Path | None = None
    encoder_runtime: Literal["auto", "openvino", "torch"] = "auto"
    encoder_threads: int = Field(default=0, ge=0, description="0 means one per core")
    reranker: str = ""
    reranker_budget_ms: int = Field(default=300, ge=1, le=10_000)
    llm_url: str = Field(default="", pattern=r"^$|^https?://[^@\s]+$")
    llm_model: str = ""
    llm_key: SecretStr = SecretStr("")
    llm_filing: str = ""
    llm_timeout_s: float = Field(default=20.0, gt=0, le=600)
    llm_retries: int = Field(default=1, ge=0, le=5)
    llm_concurrency: int = Field(default=4, ge=1, le=256)
    home_region: str = ""
    hotline: str = "12345"
    max_question_chars: int = Field(default=500, ge=20, le=2000)
    max_file_mb: int = Field(default=64, ge=1)
    ocr_review_below: float = Field(default=0.85, ge=0, le=1)
    rate_limit: str = "60/minute"
    allowed_origins: tuple[str, ...] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: str) -> str:
        try:
            if url and make_url(url).get_backend_name() not in ("sqlite", "postgresql"):
                raise ValueError("SQLite and PostgreSQL are supported, this is neither")
        except ArgumentError:
            # The reason is left out: it would show the address, and with it a password.
            raise ValueError(
                "cannot be understood; it looks like postgresql+psycopg://user:password@host/name"
            ) from None
        return url

    @model_validator(mode="after")
    def _data_dir_is_usable(self) -> "Settings":
        if self.data_dir.exists() and not self.data_dir.is_dir():
            raise ValueError(f"data_dir {self.data_dir} is a file, a directory is needed")
        return self

    @model_validator(mode="after")
    def _model_is_named(self) -> "Settings":
        if self.llm_url and not self.llm_model:
            raise ValueError("llm_url is set but llm_model is not: name the model that endpoint serves")
        return self

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'wenzheng.db').resolve()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # not read: two sources are enough to look through
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(data_dir: Path | None = None) -> Settings:
    """Read the settings once; a given `data_dir` wins over environment and file.

    Raises:
        SettingsError: If a value is unknown, mistyped or out of range; names each.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1)
            _log.warning("%s is no setting and is ignored%s", name, f"; {near[0]} is one" if near else "")
    try:
        return Settings() if data_dir is None else Settings(data_dir=data_dir)
    except SourceError as error:
        # A list that is not JSON, or a TOML file that is not TOML, fails before any value is looked at.
        raise SettingsError(f"settings cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        )
        raise SettingsError(f"settings are wrong: {faults}") from error
