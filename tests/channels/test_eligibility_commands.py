"""The commands of eligibility rules, as an operator uses them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import knowledge_base
from bot.conversations import Conversations
from bot.profiles.consent import CONSENT_VERSION
from bot.profiles.store import Profiles
from bot.sealing import Seal
from channels.cli import app
from knowledge_base.database import open_database
from knowledge_base.eligibility.records import Profile
from knowledge_base.services.sheets import read_catalogue
from knowledge_base.services.store import ServiceStore

SAMPLE = Path(knowledge_base.__file__).parent / "sample"
PERSON = Profile(
    birth_year=1940,
    region="云岭省/云州市/江东区",
    tags=frozenset({"本地户籍"}),
    enterprise=frozenset(),
    without=frozenset({"离休干部生活补贴"}),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    engine = open_database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    ServiceStore(engine).take_in(read_catalogue(SAMPLE / "services").batch, by="张三")
    engine.dispose()
    return tmp_path


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["eligibility", *arguments, "--data-dir", str(data)])


def consent(data: Path, before: timedelta) -> str:
    engine = open_database(f"sqlite:///{data / 'wenzheng.db'}")
    conversation = Conversations(engine).open()[0].id
    profiles, then = Profiles(engine, Seal(data)), datetime.now(UTC) - before
    profiles.consent(conversation, CONSENT_VERSION, now=then)
    profiles.save(conversation, PERSON, now=then)
    engine.dispose()
    return conversation


def test_rules_go_out_as_a_workbook_and_come_in_again(data: Path, tmp_path: Path) -> None:
    assert run(data, "import", str(SAMPLE / "eligibility.json")).output == "新增 23，改动 0，未变 0\n"
    book = tmp_path / "规则.xlsx"
    assert run(data, "export", str(book)).output == f"写出 23 条：{book}\n"
    linted = run(data, "lint", str(book)).output.splitlines()
    assert linted[0] == (
        "提醒：elder-allowance-city“依据”：库里没有现行有效的"
        "《云州市人民政府关于调整全市高龄津贴标准的通知》一、，市民只看得到名称"
    )
    assert linted[-1] == "23 条规则，没有发现问题"
    assert run(data, "import", str(book)).output == "新增 0，改动 0，未变 23\n"


def test_reach_says_how_many_and_not_who(data: Path) -> None:
    run(data, "import", str(SAMPLE / "eligibility.json"))
    conversation = consent(data, timedelta())
    said = run(data, "reach", "elder-allowance-city").output
    assert said == "第 1 人  符合\n符合 1，可能符合 0，不符合 0\n"
    assert conversation not in said
    refused = run(data, "reach", "nothing")
    assert refused.exit_code == 1
    assert "没有编码为 nothing 的资格规则" in str(refused.exception or refused.output)


def test_remind_shows_whom_and_why_before_it_writes(data: Path) -> None:
    conversation = consent(data, timedelta(days=1))
    run(data, "import", str(SAMPLE / "eligibility.json"))
    dry = run(data, "remind", "--dry-run").output
    assert "第 1 人  elder-allowance-city  您现在可能符合“高龄津贴”（免申即享）：年满80周岁" in dry
    assert dry.endswith("会提醒 2 条，1 人\n")
    assert conversation not in dry
    assert run(data, "remind").output.endswith("写入提醒 2 条，1 人\n")
    assert run(data, "remind").output == "写入提醒 0 条，0 人\n"
