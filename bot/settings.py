"""Settings: read once at start from `WENZHENG_*` and a TOML file, typed and checked."""

import logging
import os
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

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

from bot.desk.hours import read_spans
from bot.tickets.records import RATING_CATEGORY
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
        adapter: A low-rank adapter (LoRA) to merge into the encoder: a folder, or `none`. Empty means the one
            `wenzheng adapt` put to use, else the one that comes with the embedded default.
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
        link_check_hours: How often the serving process checks the links of service items; 0 means never.
        rate_limit: Questions one client may send, in the `limits` notation.
        desk_hours: When people answer, such as `["09:00-12:00", "13:00-17:30"]`; none means never.
        desk_every_day: On weekends and holidays, too.
        desk_closed_on: Days on which they do not all the same.
        desk_max_waiting: As many may wait; who comes then is offered a ticket.
        desk_lost_s: An agent without a sign of life for so long is lost, and their conversations go back.
        desk_silent_s: So does a conversation whose citizen has waited so long for the agent's word.
        desk_long_wait_s: Who has waited so long is offered a ticket as well.
        offer_person_after: A person is offered after so many unanswered questions in a row; 0 is never.
        offer_person_words: A person is offered where one of these is in a question, such as `行政复议`.
        ticket_due_workdays: The categories of tickets, and in how many workdays each is due.
        ticket_departments: Whose the tickets of a category are; the others are `ticket_department`'s.
        contact_key: Seals contacts; empty means a key file in `data_dir`, made when it is needed.
        webhook_url: Where every step of a ticket is announced; empty for nowhere.
        webhook_secret: Signs what is sent there and what comes back; empty takes nothing in.
        webhook_with_contact: Send consented contacts along.
        profile_days: What a citizen told to be matched to policies is deleted after so many days without use.
        remind_days: So many days before the last day of a policy, who may fit it is reminded.
        draft_variants: How many other wordings a FAQ draft made of unanswered questions takes at most.
        gate_questions: The labelled answer set a FAQ entry is tried on before it is published; none means
            the one that comes with the sample.
        gate_faq_questions: Likewise, the labelled set of which question is whose.
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
    adapter: str = ""
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
    link_check_hours: int = Field(default=0, ge=0, le=8760)
    rate_limit: str = "60/minute"
    allowed_origins: tuple[str, ...] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    desk_hours: tuple[str, ...] = ("09:00-12:00", "13:00-17:30")
    desk_every_day: bool = False
    desk_closed_on: tuple[date, ...] = ()
    desk_max_waiting: int = Field(default=200, ge=1)
    desk_lost_s: float = Field(default=30, ge=5)
    desk_silent_s: float = Field(default=180, ge=10)
    desk_long_wait_s: float = Field(default=600, ge=10)
    offer_person_after: int = Field(default=2, ge=0)
    offer_person_words: tuple[str, ...] = ()
    ticket_due_workdays: dict[str, Annotated[int, Field(ge=1, le=365)]] = {
        "咨询": 5,
        "求助": 5,
        "建议": 15,
        "投诉": 15,
        "举报": 15,
        RATING_CATEGORY: 5,
    }
    ticket_departments: dict[str, str] = {}
    ticket_department: str = "政务服务便民热线"
    contact_key: SecretStr = SecretStr("")
    webhook_url: str = Field(default="", pattern=r"^$|^https?://")
    webhook_secret: SecretStr = SecretStr("")
    webhook_with_contact: bool = False
    profile_days: int = Field(default=180, ge=1, le=3650)
    remind_days: int = Field(default=14, ge=1, le=365)
    draft_variants: int = Field(default=8, ge=0, le=20)
    gate_questions: Path | None = None
    gate_faq_questions: Path | None = None

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

    @field_validator("desk_hours")
    @classmethod
    def _hours_are_spans(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        read_spans(hours)
        return hours

    @field_validator("ticket_due_workdays")
    @classmethod
    def _ratings_have_a_category(cls, due: dict[str, int]) -> dict[str, int]:
        if set(due) <= {RATING_CATEGORY}:
            raise ValueError("needs at least one category that a citizen can choose")
        return {RATING_CATEGORY: 5} | due

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> "Settings":
        if self.webhook_url and not self.webhook_secret.get_secret_value():
            raise ValueError("webhook_url is set and webhook_secret is not: what is sent must be signed")
        return self

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
